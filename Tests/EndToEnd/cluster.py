"""Several gateways on one broker, named `a`, `b`, `c`, and what their tests have in common.

Requests go to the node that the test says; conditions that spread from node to node are waited for, never slept for.
"""

import asyncio
import signal
import urllib.parse

import pytest

from app import reply
from client import connect, received
from eventually import eventually, eventually_blocking

# Long enough for a node on a machine that does many other things, and short enough to wait for.
LEASE = 3.0
# What the contract between nodes allows for an answer, with time for this machine.
SECOND = 1.0
SLACK = 1.5


def subject(channel, cluster="holdfast"):
    """The broker's name for a channel: letters, digits and hyphens as they are, any other byte in hex."""
    plain = "".join(chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or byte == 0x2D) else f"_{byte:02X}" for byte in channel.encode())
    return f"{cluster}.c.{plain}"


def wanted(event, webhook):
    """The actions of an app that subscribes a client to each `c` of its query, and says `on`."""
    asked = urllib.parse.parse_qs(webhook.connection["query"])
    return [*({"type": "subscribe", "channel": channel} for channel in asked.get("c", [])), {"type": "send", "text": "on"}]


JOIN = reply(open=wanted)


def flags_for(broker, name=None, lease=LEASE):
    """The flags of a gateway on this broker."""
    return [
        *(word for url in broker.urls for word in ("--broker", url)), *(["--node", name] if name else []), "--cluster-lease", f"{lease:g}s",
    ]


class Cluster:
    """The gateways by their names: `cluster["a"]`, or `a, b, c = cluster`."""

    def __init__(self, launch, app, broker, names, flags, lease, options):
        self.launch, self.app, self.broker, self.flags, self.lease, self.options = launch, app, broker, flags, lease, options
        self.nodes = {}
        for name in names:
            self.start(name)
        self.meet()

    def start(self, name, *flags, **options):
        """A node of this name; in place of one that has ended."""
        self.nodes[name] = self.launch(
            "serve", self.app.url, *flags_for(self.broker, name, self.lease), *self.flags, *flags, **{**self.options, **options})
        return self.nodes[name]

    def __getitem__(self, name):
        return self.nodes[name]

    def __iter__(self):
        return iter(self.nodes.values())

    def meet(self, *names, within=10.0):
        """Waits until each of these nodes, or of all that run, knows just these."""
        names = names or [name for name, node in self.nodes.items() if node.running()]
        for name in names:
            eventually_blocking(
                lambda name=name: set(nodes_of(self[name])) == set(names), f"{name} knows {', '.join(names)}", within,
                show=lambda name=name: nodes_of(self[name]))
        return self

    def crash(self, name):
        """kill -9. Returns the gateway that was."""
        gone = self.nodes.pop(name)
        gone.kill()
        gone.wait()
        return gone

    def freeze(self, name):
        self[name].signal(signal.SIGSTOP)
        return self[name]

    def thaw(self, name):
        self[name].signal(signal.SIGCONT)


def nodes_of(gateway):
    """The list of nodes as this one has it, by name."""
    answer = gateway.get("/v1/nodes")
    assert answer.status_code == 200, f"GET /v1/nodes: {answer.status_code} {answer.text}"
    return {entry["name"]: entry for entry in answer.json()["nodes"]}


# The clients of the test that runs.
CLIENTS = []


async def hang_up():
    """Ends all clients, without a word: at its end a gateway would wait for the answers of those whose test is over."""
    while CLIENTS:
        CLIENTS.pop().transport.abort()
    # What is aborted is closed in the loop's next turn.
    await asyncio.sleep(0)


@pytest.fixture
async def cluster(broker, app, launch):
    """Starts gateways on the broker, named by letters, which know one another when this returns. Their app subscribes clients as they ask."""
    app.healthy = app.behaviour = JOIN
    made = []

    def start(*flags, names="abc", on=None, lease=LEASE, **options):
        made.append(Cluster(launch, app, on or broker, names, flags, lease, options))
        return made[-1]

    yield start
    await hang_up()
    # Those that a failed test left frozen could not end.
    for one in made:
        for node in one:
            if node.running():
                node.signal(signal.SIGCONT)


async def join(gateway, *channels, more=""):
    """A client on these channels."""
    query = urllib.parse.urlencode([("c", channel) for channel in channels])
    socket = await connect(gateway, f"/?{query}{more}")
    CLIENTS.append(socket)
    assert await received(socket) == "on"
    return socket


async def heard_by(broker, channel, nodes, within=5.0):
    """Awaits until the broker has so many subscriptions of a channel."""
    await eventually(
        lambda: broker.subscribers(subject(channel)) == nodes, f"{channel} is heard by {nodes} nodes", within,
        show=lambda: broker.subjects("holdfast.c."))


def put(gateway, channel, content, query="", **options):
    """Publishes, and returns the answer. Bytes are a binary message."""
    if isinstance(content, bytes):
        options["headers"] = {"content-type": "application/octet-stream"}
    answer = gateway.post(f"/v1/channels/{urllib.parse.quote(channel, safe='')}/messages{query}", content=content, **options)
    assert answer.status_code == 202, f"{answer.status_code} {answer.text}"
    return answer.json()


async def nothing_more(*sockets, by):
    """Insists that no message came before the one that `by()` makes come, which says `end`."""
    await asyncio.to_thread(by)
    got = [await received(socket) for socket in sockets]
    assert all(message == "end" for message in got), got


# What the metrics call the messages between nodes.

def messages(gateway, what):
    """How many messages between nodes were `sent`, `received`, `dropped` or `repeated` since the start."""
    return int(gateway.metric("holdfast_broker_messages_total", outcome=what))
