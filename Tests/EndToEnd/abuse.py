"""The insistence that a gateway stands after an abuse as it stood before: it serves, holds no sockets, and no memory to speak of."""

import contextlib
import pathlib
import re
import threading
import time

import pytest

from app import echo, reply
from crowd import close_frame, raw_frame
from eventually import eventually_blocking
from gateway import SANITIZED
from rawsocket import TEXT, Ended, RawClient

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
# A build with a sanitizer keeps freed memory aside to catch late uses of it, and is many times slower: there, neither is weighed.
# A friendly client connects, says something, hears it back and leaves, all within this time, whatever others have done.
AT_ONCE = 20.0 if SANITIZED else 1.0
# The same while they do it: then this process is attacker, app and friendly client in one, and has to share the machine with the gateway.
MEANWHILE = 20.0 if SANITIZED else 3.0
# Few connections to the app, so that open files can be counted. Each event loop keeps its own for the next webhooks.
LOOPS, WEBHOOKS = 2, 16
BOUNDED = ["--threads", str(LOOPS), "--webhook-concurrency", str(WEBHOOKS)]
LISTENS = "0A"
# Memory that may be added. What malloc has once been given it keeps for the next client, so the most that was needed may stay.
# Twenty friendly clients, their webhooks and a metrics page: 0 to 2 MiB were measured.
SLACK = 4 * MIB
# One socket before its handshake is done: 3.8 to 5.2 KiB were measured.
HANDSHAKE = 8 * KIB
# One open connection with its handshake and webhooks: 6.3 KiB were measured, of which the first read buffer is 0.5.
CONNECTION = 12 * KIB


class Footing:
    """What a gateway needed before an abuse, and what it needs after it."""

    def __init__(self, gateway):
        self.gateway = gateway
        # The first clients make code, buffers and arenas resident that stay so for good.
        for _ in range(4):
            served_at_once(gateway)
        eventually_blocking(lambda: not public_sockets(gateway), "the first clients are gone")
        self.files, self.lines = open_files(gateway) - connections_to_app(gateway), len(gateway.stderr.all())
        forget_peak(gateway)
        self.resident, self.data, self.cpu = status(gateway, "VmRSS"), status(gateway, "VmData"), cpu_seconds(gateway)
        self.begun = time.monotonic()

    def growth(self):
        """Resident bytes more than at the start."""
        return 0 if SANITIZED else status(self.gateway, "VmRSS") - self.resident

    def peak(self):
        """How many more there ever were since the start."""
        return 0 if SANITIZED else status(self.gateway, "VmHWM") - self.resident

    def reserved(self):
        """Private bytes more than at the start, touched or not."""
        return 0 if SANITIZED else status(self.gateway, "VmData") - self.data

    def cpu_spent(self):
        return 0.0 if SANITIZED else cpu_seconds(self.gateway) - self.cpu

    def left_alone(self, within=10.0, but=0):
        """Waits until no client's socket is held any more, or only so many. Those to the app may be: they are kept for the next webhooks."""
        gateway, allowed = self.gateway, self.files + but
        eventually_blocking(lambda: open_files(gateway) - connections_to_app(gateway) <= allowed, f"no more than {allowed} files are open", within,
                            show=lambda: open_files(gateway) - connections_to_app(gateway))

    def regained(self, growth=SLACK, peak=None, within=10.0, lines=20):
        """Insists on health after an abuse: service, files, and memory with at most so many bytes more, then and in between."""
        gateway, peak = self.gateway, peak or growth
        served_at_once(gateway)
        self.left_alone(within)
        eventually_blocking(lambda: self.growth() <= growth, f"no more than {growth / MIB:.1f} MiB have been added to {self.resident / MIB:.1f} MiB",
                            within, show=lambda: f"{self.growth() / MIB:.1f} MiB more")
        print(f"base {self.resident / MIB:.1f} MiB, peak +{self.peak() / MIB:.1f}, after +{self.growth() / MIB:.1f}, "
              f"CPU {self.cpu_spent():.2f} s in {time.monotonic() - self.begun:.1f} s, files {self.files} -> {open_files(gateway)}")
        assert self.peak() <= peak, f"{self.peak() / MIB:.1f} MiB more were needed in between, {peak / MIB:.1f} are enough"
        assert gateway.running(), gateway.transcript()
        logged = len(gateway.stderr.all()) - self.lines
        assert logged <= lines, f"{logged} lines were logged: whoever can do this can fill a disk"


def served_at_once(gateway, within=AT_ONCE):
    """A friendly client is served: let in, heard and answered, and all that soon."""
    begun = time.monotonic()
    with RawClient(gateway, within=5) as client:
        client.open()
        client.send(raw_frame(TEXT, b"still there?"))
        assert client.frame() == (TEXT, b"still there?")
        client.send(close_frame())
        assert client.close_frame()[0] == 1000
    took = time.monotonic() - begun
    assert took < within, f"a friendly client was served within {took:.2f} s only"


@contextlib.contextmanager
def others_served(gateway):
    """Friendly clients come one after the other, and are served soon, as long as this lasts."""
    done, served, failures = threading.Event(), [0], []

    def keep_coming():
        while not done.is_set() and not failures:
            try:
                served_at_once(gateway, MEANWHILE)
                served[0] += 1
            except (AssertionError, Ended, OSError) as error:
                failures.append(error)
            done.wait(0.05)

    thread = threading.Thread(target=keep_coming)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    assert not failures, f"after {served[0]} friendly clients, one was not served: {failures[0]!r}"
    assert served[0], "no friendly client came meanwhile"


def status(gateway, field):
    """A field of /proc/PID/status, in bytes."""
    text = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", text)[1]) * KIB


def forget_peak(gateway):
    """Sets VmHWM to what is resident now."""
    pathlib.Path(f"/proc/{gateway.process.pid}/clear_refs").write_text("5")


def cpu_seconds(gateway):
    fields = pathlib.Path(f"/proc/{gateway.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def open_files(gateway):
    return len(list(pathlib.Path(f"/proc/{gateway.process.pid}/fd").iterdir()))


def public_sockets(gateway):
    """How many living sockets of clients the gateway holds. One that its client has reset is not among them, though the file may still be open."""
    return sum(local == gateway.port for local, _ in _sockets(gateway))


def connections_to_app(gateway):
    """How many sockets the gateway has opened itself."""
    return sum(remote == gateway.app_port for _, remote in _sockets(gateway))


def _sockets(gateway):
    """The two ports of each connected socket of the gateway."""
    own, found = set(), []
    for link in pathlib.Path(f"/proc/{gateway.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            own.add(link.readlink().name)
    for line in pathlib.Path(f"/proc/{gateway.process.pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] != LISTENS and f"socket:[{fields[9]}]" in own:
            found.append(tuple(int(address.rpartition(":")[2], 16) for address in fields[1:3]))
    return found


@pytest.fixture
def stage(serve, app):
    """Starts a gateway before an app that sends each message back, and notes how it stands."""
    app.healthy = app.behaviour = reply(message=echo)

    def start(*flags, **options):
        gateway = serve(*BOUNDED, *flags, **options)
        gateway.app_port = app.port
        return gateway, Footing(gateway)

    return start
