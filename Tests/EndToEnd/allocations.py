"""Counts of what a running gateway asks of malloc: `Tests/Allocations/allocations.c` slips in between and keeps them in a shared file."""

import http.client
import mmap
import socket
import struct
import subprocess
import time
from typing import NamedTuple

from eventually import PATIENCE, eventually_blocking
from gateway import REPOSITORY

SOURCE = REPOSITORY / "Tests" / "Allocations" / "allocations.c"
# The gateway's loops look after their connections several times in this time.
QUIET = 0.15


class Counts(NamedTuple):
    """Allocations and releases so far; blocks and bytes in use."""

    allocations: int
    releases: int
    blocks: int
    bytes: int

    def __sub__(self, other):
        return Counts(*(now - then for now, then in zip(self, other, strict=True)))


def interposer(folder):
    """Builds the library that counts."""
    library = folder / "allocations.so"
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    return library


class Ledger:
    """The counts of one process, which starts with `environment`."""

    def __init__(self, library, file):
        file.write_bytes(bytes(mmap.PAGESIZE))
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), mmap.PAGESIZE)
        self.environment = {"LD_PRELOAD": str(library), "ALLOCATIONS_FILE": str(file)}

    def now(self):
        return Counts(*struct.unpack_from("=4q", self._shared))

    def of(self, work):
        """What was counted while `work()` was done."""
        before = self.now()
        work()
        return self.now() - before

    def least(self, work, times=5):
        """The allocations of the cheapest of some turns: what the gateway does by the clock falls into some and not into others."""
        return min(self.of(work).allocations for _ in range(times))

    def settled(self):
        """The counts once no more blocks come or go."""
        seen, since = self.now(), time.monotonic()

        def quiet():
            nonlocal seen, since
            now = self.now()
            # A loop that looks after its connections allocates a little, and gives it back.
            if abs(now.blocks - seen.blocks) > 2:
                seen, since = now, time.monotonic()
            return time.monotonic() - since > QUIET

        eventually_blocking(quiet, "the gateway has come to rest", PATIENCE, show=self.now)
        return self.now()


class Publisher:
    """A control API's client that keeps its connection, so that a request is the same each time."""

    def __init__(self, gateway):
        self._connection = http.client.HTTPConnection("127.0.0.1", gateway.control_port, timeout=PATIENCE)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def post(self, path, body, kind="application/json"):
        self._connection.request("POST", path, body, {"content-type": kind})
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status in (200, 202), f"POST {path}: {answer.status} {text!r}"
        return text
