"""What a message and a connection cost in allocations. Unlike times they repeat, on any machine, so a change that adds some is found here.

`HOLDFAST_ALLOCATIONS=print dev/e2e -k allocations` prints all figures beside what is allowed, and judges none. Whoever lowers a figure lowers
its line of the table as well: to what was measured and a half, or to the next whole number where it wavers by more than a tenth from run to
run. All are for one event loop, and for a release build as `dev/build` makes it.
"""

import json
import os

import pytest

import grip_backend
import slip_app
from abuse import KIB
from allocations import Ledger, Publisher, interposer
from app import FakeApp, echo, reply
from crowd import Crowd, frames_in
from eventually import eventually_blocking
from gateway import SANITIZED
from neighbours import WANTED
from rawsocket import TEXT, RawClient, frame

ALLOWED = {
    # Allocations for a message of 64 bytes that the app sends back; one client.
    "round trip, json": 13,
    "round trip, grip": 14,
    "round trip, slip": 27,
    # For a publication through the control API that reaches nobody. On a busy machine fewer requests come with one read, and each costs more.
    "publication, one to a request, json": 6.5,
    "publication, one to a request, grip": 38,
    "publication, 100 to a request, json": 6,
    "publication, 100 to a request, grip": 13.2,
    # For each subscriber of a publication.
    "delivery, one by one, json": 0.1,
    "delivery, one by one, grip": 0.1,
    "delivery, ten at once, json": 0.1,
    "delivery, ten at once, grip": 0.1,
    # For a request to the control API and its message.
    "push to a connection by its id": 5.5,
    # From the accepted socket to the upgrade, with the webhook that asks the app: what was measured and 5 %.
    "handshake with the app's yes": 89,
    # What malloc gave a connection that has said nothing yet, and that it still has.
    "idle connection, blocks": 23,
    "idle connection, bytes": 3300,
    "ping of an idle connection": 2.6,
    # Not for each, but for all of them. Their deadlines stay in the wheel until they are due: two of 32 bytes for each connection.
    "kept of 1,000 connections that have gone, blocks": 32,
    "kept of 1,000 connections that have gone, KiB": 96,
}

pytestmark = pytest.mark.skipif(SANITIZED or WANTED, reason="the figures are those of a plain release build with one route")

PRINTS = os.environ.get("HOLDFAST_ALLOCATIONS") == "print"
CHANNEL = "bench"
PAYLOAD = "x" * 64
MESSAGE = frame(TEXT, PAYLOAD.encode())
PING = b"\x89"
ROUNDS, BATCH = 200, 100


class Figures:
    """What was measured in a test, held against what is allowed."""

    def __init__(self, capsys):
        self._capsys, self._measured = capsys, {}

    def note(self, name, value, unit="allocations"):
        """A figure; its name is its line in the table."""
        self._measured[name] = (value, unit)

    def judge(self):
        if PRINTS:
            with self._capsys.disabled():
                for name, (value, unit) in self._measured.items():
                    print(f"\n{name:52} {value:8.2f} of {ALLOWED[name]:8.2f} {unit} allowed", end="")
            return
        too_many = [f"{name}: {value:.2f} {unit}, at most {ALLOWED[name]:g} allowed" for name, (value, unit) in self._measured.items()
                    if value > ALLOWED[name]]
        assert not too_many, "; ".join(too_many)


@pytest.fixture
def figures(capsys):
    return Figures(capsys)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return interposer(tmp_path_factory.mktemp("allocations"))


@pytest.fixture
def dialect(request):
    return getattr(request, "param", "json")


@pytest.fixture
def app(dialect):
    """An app that puts each connection on the channel, and sends each message back."""
    if dialect == "grip":
        app = grip_backend.GripApp(grip_backend.polite(grip_backend.subscribe(CHANNEL)))
    elif dialect == "slip":
        app = FakeApp("/slip", slip_app.polite(slip_app.subscribe(CHANNEL), TEXT=lambda webhook, event: [
            slip_app.event("TEXT", webhook, data=event["data"])]))
    else:
        app = FakeApp(healthy=reply(open=[{"type": "subscribe", "channel": CHANNEL}], message=echo))
    with app:
        yield app


@pytest.fixture
def counted(app, dialect, launch, library, tmp_path):
    """Starts a gateway whose allocations are counted; they are its `ledger`."""

    def start(*flags):
        ledger = Ledger(library, tmp_path / "counts")
        command = {"json": ["serve", app.url], "grip": ["grip", app.url, "--sig-key", "changeme"], "slip": ["slip"]}[dialect]
        steering = {"TARGET_URL": app.url, "JWT_SECRET": slip_app.SECRET} if dialect == "slip" else {}
        gateway = launch(*command, "--threads", "1", *flags, extra_environment={**ledger.environment, **steering})
        gateway.ledger = ledger
        return gateway

    return start


def receive(crowd, count=1):
    """Reads so many messages from each."""
    for data in crowd.read_until(lambda data: len(frames_in(data)[0]) >= count):
        assert len(frames_in(data)[0]) == count, data


def publication(dialect, count):
    """Path, body and type of a request that publishes so many messages."""
    if dialect == "grip":
        item = {"channel": CHANNEL, "formats": {"ws-message": {"content": PAYLOAD}}}
        return "/publish/", json.dumps({"items": [item] * count}), "application/json"
    if count == 1:
        return f"/v1/channels/{CHANNEL}/messages", PAYLOAD, "text/plain"
    return "/v1/actions", json.dumps({"actions": [{"type": "publish", "channel": CHANNEL, "text": PAYLOAD}] * count}), "application/json"


@pytest.mark.parametrize("dialect", ["json", "grip", "slip"], indirect=True)
def test_round_trip(counted, dialect, figures):
    gateway = counted()
    with RawClient(gateway).open() as client:

        def converse():
            for _ in range(ROUNDS):
                client.send(MESSAGE).frame()

        converse()
        figures.note(f"round trip, {dialect}", gateway.ledger.least(converse) / ROUNDS)
    figures.judge()


@pytest.mark.parametrize("dialect", ["json", "grip"], indirect=True)
def test_publication(counted, dialect, figures):
    gateway = counted()
    with Publisher(gateway) as publisher:
        single, batch = publication(dialect, 1), publication(dialect, BATCH)

        def many(request, times):
            return lambda: [publisher.post(*request) for _ in range(times)]

        for name, request, times, items in (("one to a request", single, ROUNDS, 1), (f"{BATCH} to a request", batch, 10, BATCH)):
            many(request, times)()
            figures.note(f"publication, {name}, {dialect}", gateway.ledger.least(many(request, times)) / times / items)
    figures.judge()


@pytest.mark.parametrize("dialect", ["json", "grip"], indirect=True)
def test_delivery(counted, dialect, figures):
    """What 100 subscribers more cost, in publications one by one and in ten at once."""
    gateway, few, times = counted(), 10, 20
    with Publisher(gateway) as publisher, Crowd(gateway, few) as audience:
        audience.open()

        def cost(count):
            request = publication(dialect, count)

            def work():
                for _ in range(times):
                    publisher.post(*request)
                    receive(audience, count)

            work()
            return gateway.ledger.least(work) / times / count

        before = [cost(1), cost(10)]
        newcomers = Crowd(gateway, 100).open()
        audience.sockets += newcomers.sockets
        for name, count, least in zip(("one by one", "ten at once"), (1, 10), before, strict=True):
            figures.note(f"delivery, {name}, {dialect}", (cost(count) - least) / 100)
    figures.judge()


def test_push_to_a_connection(counted, app, figures):
    gateway = counted()
    with Publisher(gateway) as publisher, RawClient(gateway).open() as client:
        path = f"/v1/connections/{app.last_id()}/messages"

        def push():
            for _ in range(ROUNDS):
                publisher.post(path, PAYLOAD, "text/plain")
                assert client.frame() == (TEXT, PAYLOAD.encode())

        push()
        figures.note("push to a connection by its id", gateway.ledger.least(push) / ROUNDS)
    figures.judge()


def test_connection(counted, figures):
    """A handshake with the app's yes, and what the connection holds while it is idle. One after the other: the app's connections stay few."""
    gateway, count = counted(), 200
    clients = []
    try:
        clients += [RawClient(gateway).open() for _ in range(count)]
        before = gateway.ledger.settled()
        clients += [RawClient(gateway).open() for _ in range(count)]
        change = gateway.ledger.settled() - before
        figures.note("handshake with the app's yes", change.allocations / count)
        figures.note("idle connection, blocks", change.blocks / count, "blocks")
        figures.note("idle connection, bytes", change.bytes / count, "bytes")
    finally:
        for client in clients:
            client.close()
    figures.judge()


def test_pings_of_idle_connections(counted, figures):
    """What it costs to ping connections in which nothing else happens."""
    gateway = counted("--ping-interval", "2s", "--pong-timeout", "60s")

    def cost_of_pinging(count):
        with Crowd(gateway, count) as crowd:
            crowd.open()
            gateway.ledger.settled()
            return gateway.ledger.of(lambda: crowd.read_until(lambda data: data[:1] == PING)).allocations

    few, many = 20, 420
    figures.note("ping of an idle connection", (cost_of_pinging(many) - cost_of_pinging(few)) / (many - few))
    figures.judge()


def test_nothing_stays_of_connections_that_have_gone(counted, figures, app):
    gateway, wave = counted("--webhook-concurrency", "16"), 100

    def come_and_go(waves):
        for _ in range(waves):
            with Crowd(gateway, wave) as crowd:
                crowd.open().send(MESSAGE)
                receive(crowd)
        eventually_blocking(lambda: len(app.events("close")) == len(app.ids()), "the app hears of each end")
        return gateway.ledger.settled()

    before = come_and_go(10)
    change = come_and_go(10) - before
    figures.note("kept of 1,000 connections that have gone, blocks", change.blocks, "blocks")
    figures.note("kept of 1,000 connections that have gone, KiB", change.bytes / KIB, "KiB")
    figures.judge()
