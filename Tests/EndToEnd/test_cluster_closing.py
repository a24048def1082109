"""Closing events of nodes that are lost: a survivor tells the app, once for each connection, in the words of each dialect."""

import asyncio
import base64
import collections
import json
import signal
import urllib.parse

import pytest
import yaml

from app import FakeApp
from brokers import broker, engine  # noqa: F401
from client import connect
from cluster import cluster, flags_for, join, nodes_of  # noqa: F401
from crowd import Crowd
from eventually import eventually, eventually_blocking, settled, stays
from grip_backend import GripApp
from slip_app import SECRET, polite, verified

CROWD = 300
# The number of an event behind which there is none, whatever the number of the one before it.
LAST = 2**53 - 1


def closings(app):
    """How often the app was told of the end of each connection, by ids."""
    return collections.Counter(webhook.id for webhook in app.webhooks for event in webhook.events if event["type"] == "close")


def ids_on(app, name):
    return {identity for identity in app.ids() if identity.split(".")[0] == name}


async def kept(nodes, *names):
    """Returns when others keep what these nodes have by now: changes go out ten times a second, and a question and its answer go the same way."""
    await asyncio.sleep(0.3)
    for name in names:
        for other in nodes:
            other.get("/v1/connections?limit=1")
        assert nodes[name].running()


async def told_once(app, ids, within):
    """Awaits that the app has been told of the end of just these, and insists that it hears of none twice."""
    await eventually(
        lambda: set(closings(app)) >= set(ids), f"the app hears of {len(ids)} ends", within,
        show=lambda: f"{len(set(closings(app)) & set(ids))} of {len(ids)}")
    await settled(lambda: sum(closings(app).values()), "the number of ends", quiet=1.5, within=20)
    assert closings(app) == collections.Counter(ids), f"{sum(closings(app).values())} ends were told, {len(ids)} are due"


async def test_ends_of_a_killed_nodes_connections_are_told_once(cluster, app):
    nodes = cluster()
    with Crowd(nodes["a"], CROWD) as crowd:
        crowd.open("/chat?c=room")
        stays_open = [await join(nodes[name]) for name in "bc"]
        lost = ids_on(app, "a")
        assert len(lost) == CROWD
        await kept(nodes, "a")
        nodes.crash("a")
        await told_once(app, lost, within=nodes.lease + 15)
        for webhook in app.webhooks:
            if "close" in webhook.types:
                [event] = webhook.events
                assert (event["code"], event["clean"]) == (1006, False) and event["seq"] == LAST and "node a was lost" in event["error"], event
        for socket in stays_open:
            await socket.ping()
            await socket.close()


async def test_the_event_has_what_the_app_knows_the_connection_by(cluster, app):
    nodes = cluster(names="ab")
    socket = await join(nodes["a"], "room", more="&name=ann")
    identity = app.last_id()
    nodes["a"].act({"type": "setState", "to": identity, "state": {"user": "Ann", "note": "ü"}})
    await socket.send("one")
    await eventually(lambda: app.texts() == ["one"], "the app gets the message", show=app.transcript)
    [message] = [webhook for webhook in app.webhooks if "message" in webhook.types]
    # The answer of the app was read, so the number of the last event is known to the others.
    await socket.send("two")
    await eventually(lambda: app.texts() == ["one", "two"], "the app gets the message", show=app.transcript)
    await kept(nodes, "a")
    nodes.crash("a")
    await told_once(app, [identity], within=nodes.lease + 10)
    [closing] = [webhook for webhook in app.of(identity) if "close" in webhook.types]
    known = {key: value for key, value in message.connection.items() if key != "channels"}
    assert {key: value for key, value in closing.connection.items() if key != "channels"} == known
    assert known["state"] == {"user": "Ann", "note": "ü"} and known["path"] == "/" and "name=ann" in known["query"]


async def test_connections_that_had_ended_are_not_told_again(cluster, app):
    nodes = cluster()
    before = [await join(nodes["a"]) for _ in range(20)]
    gone = ids_on(app, "a")
    for socket in before:
        await socket.close()
    await eventually(lambda: len(closings(app)) == 20, "their ends are told", show=lambda: closings(app))
    with Crowd(nodes["a"], 50) as crowd:
        crowd.open()
        lost = ids_on(app, "a") - gone
        await kept(nodes, "a")
        nodes.crash("a")
        await told_once(app, gone | lost, within=nodes.lease + 10)


async def test_graceful_stop_tells_by_itself(cluster, app):
    nodes = cluster()
    with Crowd(nodes["a"], CROWD) as crowd:
        crowd.open()
        lost = ids_on(app, "a")
        nodes["a"].stop()
        assert set(closings(app)) == lost
        await stays(lambda: closings(app) == collections.Counter(lost), "the ends that were told", during=nodes.lease + 1)


async def test_nobody_tells_where_that_is_wanted(cluster, app):
    nodes = cluster("--cluster-closing-events", "none")
    with Crowd(nodes["a"], 20) as crowd:
        crowd.open()
        nodes.crash("a")
        nodes.meet("b", "c", within=nodes.lease + 10)
        await stays(lambda: not closings(app), "silence", during=2)


async def test_the_app_is_away_when_it_is_to_be_told(cluster, app):
    nodes = cluster("--webhook-close-budget", "30s")
    with Crowd(nodes["a"], 50) as crowd:
        crowd.open()
        lost = ids_on(app, "a")
        await kept(nodes, "a")
        app.kill()
        nodes.crash("a")
        nodes.meet("b", "c", within=nodes.lease + 10)
        app.start()
        await told_once(app, lost, within=20)


async def test_two_nodes_are_killed_in_a_row(cluster, app):
    """The last one tells for both: for the second also what it had not been asked to keep while the first was there."""
    nodes = cluster()
    with Crowd(nodes["a"], 100) as first, Crowd(nodes["b"], 100) as second:
        first.open()
        second.open()
        lost, later = ids_on(app, "a"), ids_on(app, "b")
        await kept(nodes, "a", "b")
        nodes.crash("a")
        await told_once(app, lost, within=nodes.lease + 10)
        nodes.meet("b", "c", within=nodes.lease + 10)
        await kept(nodes, "b")
        nodes.crash("b")
        await told_once(app, lost | later, within=nodes.lease + 10)


async def test_the_keeper_is_killed_first(cluster, app):
    """What it kept is kept by another, before the one that it was kept for is killed."""
    nodes = cluster()
    with Crowd(nodes["a"], CROWD) as crowd:
        crowd.open()
        lost = ids_on(app, "a")
        await kept(nodes, "a")
        nodes.crash("b")
        nodes.meet("a", "c", within=nodes.lease + 10)
        # 500 records each 100 ms go to the new keeper.
        await asyncio.sleep(0.5)
        await kept(nodes, "a")
        nodes.crash("a")
        await told_once(app, lost, within=nodes.lease + 10)


async def test_a_node_comes_between_and_keeps(cluster, app):
    """A newcomer that is next in the ring takes the records over; the one before it forgets them, and nobody tells twice."""
    nodes = cluster(names="ac")
    with Crowd(nodes["a"], CROWD) as crowd:
        crowd.open()
        lost = ids_on(app, "a")
        nodes.start("b")
        nodes.meet()
        await asyncio.sleep(0.5)
        await kept(nodes, "a")
        nodes.crash("a")
        await told_once(app, lost, within=nodes.lease + 10)


async def test_a_node_is_killed_while_it_shuts_down(cluster, app):
    """It tells some itself, a survivor the rest. What it was telling at that moment may be told again: nobody but the app knows that it heard it."""
    nodes = cluster("--drain-spread", "2s", "--drain-deadline", "20s")
    with Crowd(nodes["a"], CROWD) as crowd:
        crowd.open()
        lost = ids_on(app, "a")
        await kept(nodes, "a")
        nodes["a"].signal(signal.SIGTERM)
        await eventually(lambda: len(closings(app)) > CROWD // 4, "some ends are told", show=lambda: len(closings(app)))
        nodes.crash("a")
        by_itself = len(closings(app))
        assert by_itself < CROWD, "it was too quick for this test"
        await eventually(lambda: set(closings(app)) == lost, "all ends are told", nodes.lease + 10, show=lambda: len(closings(app)))
        await settled(lambda: sum(closings(app).values()), "the number of ends", quiet=1.5, within=20)
        repeats = sum(closings(app).values()) - CROWD
        # Those of the last tenth of a second, and of somewhat more on a busy machine: so long changes are gathered for the keeper.
        assert repeats <= CROWD // 5, f"{repeats} ends were told twice"


async def test_a_node_is_back_under_its_name_before_anybody_noticed(cluster, app):
    """The old one's connections are told as ended, and those of the new one are left alone."""
    nodes = cluster(lease=6.0)
    with Crowd(nodes["a"], 50) as crowd:
        crowd.open()
        lost = ids_on(app, "a")
        await kept(nodes, "a")
        nodes.crash("a")
        nodes.start("a")
        nodes.meet(within=5)
        socket = await join(nodes["a"])
        await told_once(app, lost, within=10)
        await stays(lambda: closings(app) == collections.Counter(lost), "the ends that were told", during=nodes.lease + 1)
        await socket.ping()
        await socket.close()


# Each dialect

class Case:
    """A dialect: its route, its app, what opens a connection, and which of the app's requests tell an end (by what names the connection there)."""

    def __init__(self, route, app, ends, path="/", opened=None):
        self.route, self.app, self.ends, self.path, self.opened = route, app, ends, path, opened


def json_ends(app):
    return [webhook.id for webhook in app.webhooks if "close" in webhook.types]


def wsaas_ends(app):
    return [webhook.path for webhook in app.webhooks if webhook.method == "DELETE"]


def grip_ends(app):
    return [request.id for request in app.requests for event in request.events if event.type in ("DISCONNECT", "CLOSE")]


def slip_ends(app):
    for webhook in app.webhooks:
        verified(webhook)
    return [webhook.body["connectionId"] for webhook in app.webhooks for event in webhook.events if event["type"] == "CLOSE"]


def wsify_ends(app):
    return [json.dumps(webhook.body["args"]["query"]) for webhook in app.webhooks if webhook.body["command"] == "disconnect"]


WSAAS_YES = (200, {"content-type": "application/json"}, b'{"code":"OK"}')
CASES = {
    "json": Case({"secret": ["whsec_" + base64.b64encode(b"s" * 32).decode()]}, lambda: FakeApp(), json_ends),
    "wsaas": Case({"wsaas": {"localAddress": "http://127.0.0.1:9"}}, lambda: FakeApp("/websocket", lambda webhook: WSAAS_YES), wsaas_ends),
    "grip": Case({}, lambda: GripApp(), grip_ends),
    "slip": Case({"slip": {"jwtSecret": SECRET}}, lambda: FakeApp("/slip", polite()), slip_ends),
    "wsify": Case({"wsify": {"disconnect": True}}, lambda: FakeApp("/authorize", lambda webhook: (200, {}, b"")), wsify_ends),
}


@pytest.fixture(params=CASES)
def dialect(request):
    return request.param


@pytest.fixture
def dialect_app(dialect, request):
    with CASES[dialect].app() as app:
        request.node.fake_app = app
        yield app


async def test_each_dialect_is_told_in_its_own_words(broker, dialect, dialect_app, launch, tmp_path):
    case = CASES[dialect]
    file = tmp_path / "holdfast.yaml"
    route = {"name": dialect, "path": "/*", "dialect": dialect, "target": dialect_app.url, **case.route}
    file.write_text(yaml.safe_dump({"routes": [route]}))
    nodes = {name: launch("serve", "-c", file, *flags_for(broker, name)) for name in "ab"}
    for node in nodes.values():
        eventually_blocking(lambda node=node: len(nodes_of(node)) == 2, "they know each other", show=lambda node=node: nodes_of(node))
    sockets = [await connect(nodes["a"], f"/?{urllib.parse.urlencode({'number': number})}") for number in range(5)]
    await asyncio.sleep(0.3)
    assert len(nodes["b"].connections()) == 5
    assert case.ends(dialect_app) == []
    nodes["a"].kill()
    nodes["a"].wait()
    await eventually(lambda: len(set(case.ends(dialect_app))) == 5, "the app hears of five ends", 15, show=dialect_app.transcript)
    await settled(lambda: len(case.ends(dialect_app)), "the number of ends", quiet=1.5)
    assert len(case.ends(dialect_app)) == 5, dialect_app.transcript()
    for socket in sockets:
        socket.transport.abort()
