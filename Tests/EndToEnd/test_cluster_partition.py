"""Splits of the network: a node loses the broker, or the broker's servers lose one another. Whatever was split finds together again.

Each node lives in a network namespace with two links: one to its clients, its app and this process, which stays, and one to the others, which is cut.
"""

import asyncio
import collections

import pytest
from websockets.asyncio.client import connect as websocket

from app import FakeApp
from brokers import NATSCluster, engine, start_broker  # noqa: F401
from client import ending, received, round_trip
from cluster import CLIENTS, JOIN, flags_for, hang_up, nodes_of, put
from eventually import eventually, settled, stays
from gateway import Gateway, free_port
from network import network  # noqa: F401

# Longer than a bus takes to notice that its server is silent: a node that is cut off must not judge the others.
LEASE = 8.0
# How long it may take until a silent broker is given up: what is cut tells nobody.
NOTICED = 45.0


class Distant(Gateway):
    """A gateway in a namespace."""

    def __init__(self, namespace, *arguments):
        self.namespace, port = namespace, free_port()
        addresses = ["--listen", f"{namespace.address}:0", "--control", f"{namespace.address}:{port}"]
        super().__init__(*arguments, *addresses, control_port=port, token="the token", before_exec=namespace.enter)

    @property
    def control_url(self):
        return f"http://{self.namespace.address}:{self.control_port}"

    def url(self, path="/"):
        return f"ws://{self.namespace.address}:{self.port}{path}"


@pytest.fixture
def app(network, request):  # noqa: F811
    """An app that every namespace reaches: at the address by which each of them knows this process."""
    with FakeApp(healthy=JOIN, host="0.0.0.0") as app:
        request.node.fake_app = app
        yield app


def node(launch, app, namespace, name, broker, *flags):
    target = f"http://{namespace.home}:{app.port}{app.path}"
    return launch(namespace, "serve", target, *flags_for(broker, name, LEASE), *flags, kind=Distant)


class At:
    """A broker by the address that one of its clients knows."""

    def __init__(self, broker, host):
        self.urls = [broker.url.replace(broker.host, host)]


async def join(gateway, channel="room"):
    socket = await websocket(gateway.url(f"/?c={channel}"), proxy=None, ping_interval=None, compression=None)
    CLIENTS.append(socket)
    assert await received(socket) == "on"
    return socket


async def knows(gateway, *names, within=NOTICED):
    await eventually(lambda: set(nodes_of(gateway)) == set(names), f"it knows {names}", within, show=lambda: nodes_of(gateway))


async def shows(gateway, *ids, within=10.0):
    def shown():
        return {entry["id"] for entry in gateway.connections("?limit=1000")}

    await eventually(lambda: shown() == set(ids), "the views agree", within, show=lambda: (shown(), ids))


async def talk(gateways, sockets):
    """Publishes at each, and insists that all hear it once."""
    for number, gateway in enumerate(gateways):
        await eventually(lambda gateway=gateway: gateway.metric("holdfast_broker_up") == 1, "it has its broker", show=gateway.transcript)
        put(gateway, "room", f"{number}")
        for socket in sockets:
            assert await received(socket) == f"{number}"


def closings(app):
    return collections.Counter(webhook.id for webhook in app.webhooks for event in webhook.events if event["type"] == "close")


class Star:
    """Two namespaces for nodes, each with a link of its own to that of the broker."""

    def __init__(self, network, engine, folder):  # noqa: F811
        middle = network.namespace()
        self.places = [network.namespace() for _ in range(2)]
        self.links = [network.link(middle, place) for place in self.places]
        self.broker = start_broker(engine, folder, inside=middle.inside, host=middle.address, listen="0.0.0.0")


@pytest.fixture
def star(network, engine, tmp_path):  # noqa: F811
    made = Star(network, engine, tmp_path / "broker")
    yield made
    made.broker.kill()


@pytest.fixture
async def split(star, app, launch):
    """Starts nodes a and b on the star, and returns them with the link of a."""

    def start(*flags):
        return [
            *(node(launch, app, place, name, At(star.broker, link.first), *flags) for name, place, link in zip("ab", star.places, star.links)),
            star.links[0],
        ]

    yield start
    await hang_up()
    for link in star.links:
        link.heal()


class Halves:
    """Two namespaces, each with a server of one NATS cluster, and the link between them."""

    def __init__(self, network, folder):  # noqa: F811
        self.places = [network.namespace() for _ in range(2)]
        self.link = network.link(*self.places)
        self.broker = NATSCluster(folder, [{"inside": place.inside, "host": place.address, "listen": "0.0.0.0"} for place in self.places])
        one, other = self.broker.servers
        one.peers, other.peers = [(self.link.second, other.route_port)], [(self.link.first, one.route_port)]
        self.broker.start().wait()


@pytest.fixture
def halves(network, tmp_path):  # noqa: F811
    made = Halves(network, tmp_path / "broker")
    yield made
    made.broker.kill()


@pytest.fixture
async def split_in_halves(halves, app, launch):
    """Starts nodes a and b, each at a server of its own, and returns them with the link between the servers."""

    def start():
        return [*(node(launch, app, place, name, server) for name, place, server in zip("ab", halves.places, halves.broker.servers)), halves.link]

    yield start
    await hang_up()
    halves.link.heal()


@pytest.mark.timeout(240)
async def test_a_node_loses_the_broker_and_finds_it_again(split, app):
    """The others take it for lost, and tell the app. Its clients stay until it is back, and are then sent away: their app knows them for gone."""
    a, b, link = split()
    here, there = await join(a), await join(b)
    [id_here, id_there] = app.ids()
    await knows(a, "a", "b")
    await shows(b, id_here, id_there)
    # What is to be known of a connection goes to the other node ten times a second.
    await asyncio.sleep(0.3)
    link.cut()
    await knows(b, "b")
    await shows(b, id_there)
    await eventually(lambda: closings(app)[id_here] == 1, "b tells the app of a's connection", 20, show=app.transcript)
    await eventually(lambda: a.metric("holdfast_broker_up") == 0, "a notices", NOTICED)
    # What a holds is its own: clients are served, and nobody is told that b's are gone.
    put(a, "room", "local")
    assert await received(here) == "local"
    link.heal()
    assert (await ending(here, within=NOTICED))[0] == 1012
    assert await received(there) == "local", "what was published meanwhile comes late"
    await knows(a, "a", "b")
    await knows(b, "a", "b")
    await settled(lambda: sum(closings(app).values()), "the number of ends", quiet=1.5)
    assert closings(app) == {id_here: 1}, "the app heard of that end once, and of no other"
    again = await join(a)
    await shows(a, id_there, app.last_id())
    await shows(b, id_there, app.last_id())
    await round_trip(there)
    await talk([a, b], [again, there])


@pytest.mark.timeout(240)
async def test_without_closing_events_clients_outlive_the_split(split, app):
    a, b, link = split("--cluster-closing-events", "none")
    here, there = await join(a), await join(b)
    await knows(a, "a", "b")
    link.cut()
    await knows(b, "b")
    await eventually(lambda: a.metric("holdfast_broker_up") == 0, "a notices", NOTICED)
    link.heal()
    await knows(a, "a", "b")
    await knows(b, "a", "b")
    await talk([a, b], [here, there])
    assert not closings(app)


@pytest.mark.timeout(240)
async def test_a_short_break_is_no_loss(split, app):
    """Shorter than the lease: nobody is taken for lost, and what was published meanwhile arrives, once."""
    a, b, link = split("--cluster-lease", "20s")
    here, there = await join(a), await join(b)
    await knows(a, "a", "b")
    link.cut()
    for number in range(100):
        put(a, "room", str(number))
    await stays(lambda: set(nodes_of(b)) == {"a", "b"}, "b's view", during=2)
    link.heal()
    for socket in (here, there):
        assert [await received(socket, within=NOTICED) for _ in range(100)] == [str(number) for number in range(100)]
    await talk([a, b], [here, there])
    assert not closings(app)


@pytest.mark.timeout(240)
async def test_the_broker_falls_in_halves_and_heals(split_in_halves, app):
    """Either half takes the other for lost, and tells the app of its connections; when they are one again, all views agree."""
    a, b, link = split_in_halves()
    here, there = await join(a), await join(b)
    [id_here, id_there] = app.ids()
    await knows(a, "a", "b")
    await asyncio.sleep(0.3)
    link.cut()
    await knows(a, "a")
    await knows(b, "b")
    for gateway, socket, text in ((a, here, "in one half"), (b, there, "in the other")):
        assert put(gateway, "room", text)["delivered"] == 1
        assert await received(socket) == text
    await eventually(lambda: closings(app) == {id_here: 1, id_there: 1}, "each half tells of the other's", 20, show=app.transcript)
    link.heal()
    assert [(await ending(socket, within=NOTICED))[0] for socket in (here, there)] == [1012, 1012]
    await knows(a, "a", "b")
    await knows(b, "a", "b")
    await settled(lambda: sum(closings(app).values()), "the number of ends", quiet=1.5)
    assert closings(app) == {id_here: 1, id_there: 1}
    sockets = [await join(gateway) for gateway in (a, b)]
    await shows(a, *app.ids()[2:])
    await shows(b, *app.ids()[2:])
    await talk([a, b], sockets)
