"""Publications in a cluster: published anywhere they reach everybody once, in each form, in order; who is not on a channel hears nothing of it."""

import asyncio
import concurrent.futures
import json
import threading

import pytest

from app import FakeApp, reply
from brokers import broker, engine, start_broker  # noqa: F401
from client import all_received, connect, ending, received, round_trip
from cluster import cluster, flags_for, heard_by, join, messages, nodes_of, nothing_more, put, subject, wanted  # noqa: F401
from eventually import eventually, eventually_blocking, stays
from gateway import run
from grip_backend import Answer, GripApp, accept, subscribe, text
from grip_backend import reply as grip_reply
from grip_gateway import http, message, publish
from held import Held
from wsify import command
from wsify import publish as wsify_publish

LINGER = 1.0


async def test_published_anywhere_reaches_everywhere_once(cluster, broker):
    nodes = cluster()
    sockets = [await join(node, "room") for node in nodes for _ in range(3)]
    await heard_by(broker, "room", 3)
    for name, node in nodes.nodes.items():
        answer = put(node, "room", f"from {name}")
        assert answer["delivered"] == 3, "those of this node, and no others, are counted"
    for socket in sockets:
        assert sorted(await all_received(socket, 3)) == ["from a", "from b", "from c"]
    put(nodes["a"], "room", "end")
    assert [await received(socket) for socket in sockets] == ["end"] * 9


async def test_the_command_tells_how_far_it_went(cluster, broker):
    nodes = cluster(names="ab")
    socket = await join(nodes["b"], "room")
    await heard_by(broker, "room", 1)
    for name, said in (("a", "delivered to 0 connections here, carried to 1 other node\n"), ("b", "delivered to 1 connection here, carried to 1 other node\n")):
        ended = run("publish", "room", f"from {name}", "--control", nodes[name].control_url)
        assert ended.returncode == 0 and ended.stdout == said, ended
        assert await received(socket) == f"from {name}"
    broker.kill()
    away = "delivered to 1 connection here, carried to no other node: none is there, or the broker is away and it waits\n"
    await eventually(lambda: run("publish", "room", "away", "--control", nodes["b"].control_url).stdout == away, "it says that it waits")


async def test_answers_of_the_app_publish_everywhere(cluster, broker, app):
    nodes = cluster()
    sockets = [await join(node, "room") for node in nodes]
    await heard_by(broker, "room", 3)
    app.behaviour = reply(open=wanted, message=lambda event, _: [{"type": "publish", "channel": "room", "text": event["text"]}])
    await sockets[0].send("hello")
    assert [await received(socket) for socket in sockets] == ["hello"] * 3


FORMS = ["", "plain", "ünï \U0001f388 \0 text", b"", b"\x00\xff\x01", b"x" * 700_000, "y" * 200_000]


@pytest.mark.parametrize("content", FORMS, ids=lambda one: repr(one)[:20])
async def test_forms_arrive_as_they_were(cluster, broker, content):
    nodes = cluster(names="ab")
    socket = await join(nodes["a"], "room")
    await heard_by(broker, "room", 1)
    put(nodes["b"], "room", content)
    assert await received(socket) == content


@pytest.mark.parametrize("channel", [
    "plain-Name7", "room/7", "a.b.*.>", "with space", "_x", "Ünïcödé \U0001f388", "x" * 256, "ü" * 128, "a_2E", "*", ">", "%00",
], ids=lambda one: one[:14])
async def test_any_channel_name(cluster, broker, channel):
    nodes = cluster(names="ab")
    socket, other = await join(nodes["a"], channel), await join(nodes["a"], channel[:-1] + "~")
    await eventually(lambda: len(broker.subjects("holdfast.c.")) == 2, "both channels are heard", show=lambda: broker.subjects())
    put(nodes["b"], channel, "hello")
    put(nodes["b"], channel[:-1] + "~", "end")
    assert [await received(socket), await received(other)] == ["hello", "end"]


async def test_long_names_that_begin_alike_are_told_apart(cluster, broker):
    """Names beyond what a subject holds are cut and hashed."""
    nodes = cluster(names="ab")
    names = ["x" * 250 + str(number) for number in range(5)]
    sockets = [await join(nodes["a"], name) for name in names]
    await eventually(lambda: len(broker.subjects("holdfast.c.")) == 5, "all five are heard", show=lambda: broker.subjects())
    for name in names:
        put(nodes["b"], name, name[-1])
    assert [await received(socket) for socket in sockets] == list("01234")


async def test_order_of_each_publisher_is_kept(cluster, broker):
    """Two publishers at each node, as fast as they can, to two channels at once."""
    nodes = cluster()
    sockets = [await join(node, "room", "hall") for node in nodes]
    await heard_by(broker, "room", 3)
    await heard_by(broker, "hall", 3)
    each = 150

    def pour(node, name):
        for number in range(each):
            results = node.act(*({"type": "publish", "channel": channel, "text": f"{name}:{channel}:{number}"} for channel in ("room", "hall")))
            assert all(result["status"] == "ok" for result in results), results

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        work = [pool.submit(pour, node, f"{name}{copy}") for name, node in nodes.nodes.items() for copy in range(2)]
        await asyncio.gather(*map(asyncio.wrap_future, work))
    for socket in sockets:
        got = {}
        for word in await all_received(socket, 6 * 2 * each):
            name, channel, number = word.split(":")
            got.setdefault((name, channel), []).append(int(number))
        assert len(got) == 12 and all(numbers == list(range(each)) for numbers in got.values()), {key: len(value) for key, value in got.items()}


async def test_one_batch_stays_in_order_across_nodes(cluster, broker):
    nodes = cluster(names="ab")
    socket = await join(nodes["a"], "room", "hall")
    await heard_by(broker, "room", 1)
    await heard_by(broker, "hall", 1)
    nodes["b"].act(*({"type": "publish", "channel": "room" if number % 2 else "hall", "text": str(number)} for number in range(1000)))
    assert await all_received(socket, 1000) == [str(number) for number in range(1000)]


async def test_who_is_excepted_gets_nothing_on_any_node(cluster, broker, app):
    nodes = cluster(names="ab")
    ann = await join(nodes["a"], "room")
    id_of_ann = app.last_id()
    bob = await join(nodes["a"], "room")
    await heard_by(broker, "room", 1)
    publication = {"type": "publish", "channel": "room"}
    nodes["b"].act({**publication, "text": "not for ann", "except": [id_of_ann]}, {**publication, "text": "end"})
    assert [await received(ann), await received(bob), await received(bob)] == ["end", "not for ann", "end"]


async def test_closing_a_channel_closes_on_every_node(cluster, broker):
    nodes = cluster()
    sockets = [await join(node, "room") for node in nodes]
    bystander = await join(nodes["b"], "hall")
    await heard_by(broker, "room", 3)
    nodes["a"].act({"type": "closeChannel", "channel": "room", "code": 4001, "reason": "over"})
    assert [await ending(socket) for socket in sockets] == [(4001, "over")] * 3
    await round_trip(bystander)


# Ids

async def test_an_id_counts_once_in_the_whole_cluster(cluster, broker):
    """The second publication of an id is dropped wherever it is made, once the first has come there."""
    nodes = cluster()
    sockets = [await join(node, "room") for node in nodes]
    await heard_by(broker, "room", 3)
    assert "duplicate" not in put(nodes["a"], "room", "once", "?id=7")
    assert [await received(socket) for socket in sockets] == ["once"] * 3
    for name in "abc":
        answer = put(nodes[name], "room", "again", "?id=7")
        assert answer.get("duplicate"), f"{name} takes it for new: {answer}"
    put(nodes["b"], "room", "end", "?id=8")
    assert [await received(socket) for socket in sockets] == ["end"] * 3


async def test_the_same_id_at_once_on_each_node_reaches_each_client_once(cluster, broker):
    """Nobody can tell which is the first; none of the clients hears two."""
    nodes = cluster()
    sockets = [await join(node, "room") for node in nodes]
    await heard_by(broker, "room", 3)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for number in range(20):
            start = threading.Barrier(3)

            def both(node, number=number, start=start):
                start.wait()
                return put(node, "room", str(number), f"?id=n{number}")

            list(pool.map(both, nodes))
    put(nodes["a"], "room", "end")
    for socket in sockets:
        got = []
        while (message := await received(socket)) != "end":
            got.append(message)
        assert sorted(got, key=int) == [str(number) for number in range(20)]


# GRIP

@pytest.fixture
def held_app(broker):
    """Holds plain requests, as their paths say, and puts WebSockets on `room`."""

    def behaviour(request):
        if request.is_websocket:
            return accept(subscribe("room"), text("on")) if "OPEN" in request.types else grip_reply()
        hold = "stream" if "stream" in request.path else "response"
        headers = [("Content-Type", "text/plain"), ("Grip-Hold", hold), ("Grip-Channel", "room")]
        return Answer(200, headers, "held\n" if hold == "stream" else "timeout\n")

    with GripApp(behaviour) as app:
        yield app


@pytest.fixture
def grip_pair(broker, held_app, launch):
    nodes = [launch("grip", held_app.url, *flags_for(broker, name)) for name in "ab"]
    for node in nodes:
        eventually_blocking(lambda node=node: len(nodes_of(node)) == 2, "they know each other", show=lambda node=node: nodes_of(node))
    return nodes


async def test_grip_forms_and_held_requests_across_nodes(grip_pair, broker):
    a, b = grip_pair
    async with connect(a) as socket, Held(http(a, "/stream")) as stream, Held(http(a, "/response")) as response:
        assert await received(socket) == "on"
        await stream.holds("held\n")
        await eventually(lambda: a.metric("holdfast_held_requests") == 2, "both are held", show=lambda: a.get("/metrics").text)
        await heard_by(broker, "room", 1)
        publish(b, {"channel": "room", "id": "1", "formats": {
            "ws-message": {"content": "to sockets"}, "http-stream": {"content": "to streams\n"},
            "http-response": {"code": 201, "reason": "Made", "headers": {"x-one": "1"}, "body": "to requests"}}})
        assert await received(socket) == "to sockets"
        await stream.holds("to streams\n")
        await response.ended()
        assert (response.status, response.text, response.headers["x-one"]) == (201, "to requests", "1")
        publish(b, {"channel": "room", "formats": {"ws-message": {"content-bin": "AAH/"}}})
        assert await received(socket) == b"\x00\x01\xff"
        closing = {"ws-message": {"action": "close", "code": 4009, "reason": "bye"}, "http-stream": {"action": "close"}}
        publish(b, {"channel": "room", "formats": closing})
        await stream.ended()
        assert await ending(socket) == (4009, "bye")


async def test_grip_order_by_previous_ids_across_nodes(grip_pair, broker):
    """A publication that names the one before it waits for it, on the node of the subscriber too, and whichever node it came from."""
    a, b = grip_pair
    async with connect(a) as here, connect(b) as there:
        assert [await received(here), await received(there)] == ["on", "on"]
        await heard_by(broker, "room", 2)
        publish(b, message("room", "1", id="i1"))
        assert [await received(here), await received(there)] == ["1", "1"]
        publish(b, message("room", "3", id="i3", prev_id="i2"))
        publish(a, message("room", "2", id="i2", prev_id="i1"))
        assert await all_received(here, 2) == await all_received(there, 2) == ["2", "3"]


async def test_grip_ids_across_nodes(grip_pair, broker):
    a, b = grip_pair
    async with connect(a) as socket:
        assert await received(socket) == "on"
        await heard_by(broker, "room", 1)
        publish(b, message("room", "1", id="i1"))
        assert await received(socket) == "1"
        assert publish(a, message("room", "again", id="i1")) == ["duplicate"]
        publish(b, message("room", "again", id="i1"), message("room", "end"))
        assert await received(socket) == "end"


# Interest

async def test_one_subscription_per_channel_and_node(cluster, broker):
    """However many clients there are."""
    nodes = cluster()
    sockets = [await join(nodes["a"], "room") for _ in range(20)] + [await join(nodes["b"], "room") for _ in range(5)]
    await heard_by(broker, "room", 2)
    put(nodes["c"], "room", "hello")
    assert [await received(socket) for socket in sockets] == ["hello"] * 25
    assert broker.subjects("holdfast.c.") == {subject("room")}
    await stays(lambda: broker.subscribers(subject("room")) == 2, "two nodes hear the channel", during=0.3)


async def test_who_has_no_subscriber_is_sent_nothing(cluster, broker):
    nodes = cluster()
    socket = await join(nodes["a"], "room")
    await heard_by(broker, "room", 1)

    def channel_messages(name):
        return messages(nodes[name], "received")

    # What nodes tell of themselves comes now and then; a thousand publications would show.
    before = channel_messages("c")
    nodes["b"].act(*({"type": "publish", "channel": "room", "text": str(number)} for number in range(1000)))
    await all_received(socket, 1000)
    assert channel_messages("c") - before < 50


async def test_the_last_one_who_leaves_ends_it_after_a_while(cluster, broker):
    nodes = cluster("--cluster-linger", f"{LINGER:g}s", names="ab")
    first, second = await join(nodes["a"], "room"), await join(nodes["a"], "room")
    await heard_by(broker, "room", 1)
    await first.close()
    await stays(lambda: broker.subscribers(subject("room")) == 1, "the channel is heard while there is one", during=LINGER + 0.3)
    await second.close()
    await stays(lambda: broker.subscribers(subject("room")) == 1, "the channel is heard for a while", during=LINGER / 2)
    third = await join(nodes["a"], "room")
    put(nodes["b"], "room", "hello")
    assert await received(third) == "hello"
    await stays(lambda: broker.subscribers(subject("room")) == 1, "who comes back in time keeps it", during=LINGER + 0.3)
    await third.close()
    await heard_by(broker, "room", 0, within=LINGER + 3)
    put(nodes["b"], "room", "to nobody")
    late = await join(nodes["a"], "room")
    await heard_by(broker, "room", 1)
    await nothing_more(late, by=lambda: put(nodes["b"], "room", "end"))


async def test_clusters_of_other_names_on_one_broker_do_not_meet(cluster, broker):
    ours, theirs = cluster(names="ab"), cluster("--cluster-name", "theirs", names="ab")
    here, there = await join(ours["a"], "room"), await join(theirs["a"], "room")
    await heard_by(broker, "room", 1)
    await eventually(lambda: broker.subscribers(subject("room", "theirs")) == 1, "theirs is heard")
    put(theirs["b"], "room", "theirs")
    assert await received(there) == "theirs"
    await nothing_more(here, by=lambda: put(ours["b"], "room", "end"))


async def test_following_a_channel_shows_what_others_publish(cluster, broker):
    nodes = cluster(names="ab")
    async with Held(f"{nodes['a'].control_url}/v1/channels/room/messages") as follower:
        await follower.holds(": ")
        await heard_by(broker, "room", 1)
        put(nodes["b"], "room", "hello")
        await follower.holds('"text":"hello"')


# wsify's own flags

async def test_wsify_joins_by_its_redis_flags(tmp_path, launch):
    """As one starts several of them there: with the same flags, and no names."""
    server = start_broker("redis", tmp_path / "broker")
    try:
        with FakeApp(path="/authorize", healthy=lambda webhook: (200, {}, b"")) as authorizer:
            flags = ["--authorizer-url", authorizer.url, "--broker-driver", "redis", "--broker-dsn", server.url]
            nodes = [launch("wsify", *flags) for _ in range(3)]
            for node in nodes:
                eventually_blocking(lambda node=node: len(nodes_of(node)) == 3, "they know one another", show=lambda node=node: nodes_of(node))
            async with connect(nodes[0], "/ws") as socket:
                await socket.send(command("join", "news"))
                await heard_by(server, "news", 1)
                assert wsify_publish(nodes[2], {"channel": "news", "content": {"a": 1}}).status_code == 201
                assert json.loads(await received(socket)) == {"a": 1}
            for node in nodes:
                node.stop()
    finally:
        server.kill()
