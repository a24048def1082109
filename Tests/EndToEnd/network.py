"""Network namespaces, and links between them that can be cut: for tests of what happens when nodes lose sight of one another.

Each namespace has a link to this process, which stays. What is cut loses packets without a word, as a switch does that is turned off.
"""

import ctypes
import functools
import os
import subprocess

import pytest

CLONE_NEWNET = 0x40000000


def ip(*words):
    """One command of iproute2."""
    done = subprocess.run(["ip", *map(str, words)], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, f"ip {' '.join(map(str, words))}: {done.stderr}"
    return done.stdout


@functools.cache
def unavailable():
    """Why there can be no namespaces here; nothing where they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    name = f"hf{os.getpid()}x"
    try:
        ip("netns", "add", name)
        try:
            ip("-n", name, "link", "add", "one", "type", "veth", "peer", "name", "other")
        finally:
            ip("netns", "del", name)
    except (AssertionError, OSError) as failure:
        return f"no network namespaces here: {failure}"
    return None


class Namespace:
    """A machine of its own, as far as the network goes. `address` is where this process reaches it, `home` where it reaches this process."""

    def __init__(self, name, number):
        self.name = name
        # Addresses that another run of these tests is not likely to have at the same time.
        net = f"10.77.{os.getpid() % 31 * 8 + number}"
        self.home, self.address = f"{net}.1", f"{net}.2"
        ip("netns", "add", name)
        outside, inside = f"{name}o", f"{name}i"
        ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name)
        ip("addr", "add", f"{self.home}/30", "dev", outside)
        ip("-n", name, "addr", "add", f"{self.address}/30", "dev", inside)
        ip("link", "set", outside, "up")
        for device in ("lo", inside):
            ip("-n", name, "link", "set", device, "up")

    @property
    def inside(self):
        """The words that begin a command there."""
        return ["ip", "netns", "exec", self.name]

    def enter(self):
        """For a child between fork and exec: from here on it is there."""
        with open(f"/run/netns/{self.name}", "rb") as there:
            if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def remove(self):
        # A namespace takes its links with it, but only by and by.
        for command in (["link", "del", f"{self.name}o"], ["netns", "del", self.name]):
            subprocess.run(["ip", *command], capture_output=True, timeout=10)


class Link:
    """A cable between two namespaces; `first` and `second` are their addresses on it."""

    def __init__(self, one, other, number):
        self.one, self.device = one, f"{one.name}-{number}"
        self.first, self.second = f"10.78.{number}.1", f"10.78.{number}.2"
        far = f"{other.name}-{number}"
        ip("-n", one.name, "link", "add", self.device, "type", "veth", "peer", "name", far, "netns", other.name)
        ip("-n", one.name, "addr", "add", f"{self.first}/30", "dev", self.device)
        ip("-n", other.name, "addr", "add", f"{self.second}/30", "dev", far)
        ip("-n", other.name, "link", "set", far, "up")
        self.heal()

    def cut(self):
        ip("-n", self.one.name, "link", "set", self.device, "down")

    def heal(self):
        ip("-n", self.one.name, "link", "set", self.device, "up")


class Network:
    """The namespaces and links of one test."""

    def __init__(self):
        self.namespaces, self.links = [], []

    def namespace(self):
        number = len(self.namespaces) + 1
        self.namespaces.append(Namespace(f"hf{os.getpid() % 100_000}{'abcdefgh'[number - 1]}", number))
        return self.namespaces[-1]

    def link(self, one, other):
        self.links.append(Link(one, other, len(self.links) + 1))
        return self.links[-1]

    def remove(self):
        for namespace in self.namespaces:
            namespace.remove()


@pytest.fixture
def network():
    if reason := unavailable():
        pytest.skip(reason)
    made = Network()
    yield made
    made.remove()
