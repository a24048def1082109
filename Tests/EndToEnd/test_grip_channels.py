"""What a connection of `holdfast grip` gets of its channels: filters, amounts, timers, and after it was detached."""

import json
import threading
import time

import httpx
import pytest

from client import all_received, connect, ending, received, refusal
from eventually import eventually
from grip_backend import accept, control, polite, reply, script, subscribe, text
from grip_gateway import app, encoded, gateway, grip, joined, message, on, publish, room, say  # noqa: F401
from rawsocket import PING, PONG, TEXT, RawClient


# Filters

FILTERS = {
    "skip-self drops": (["skip-self"], {"user": "ann"}, {"sender": "ann"}, None),
    "skip-self sends": (["skip-self"], {"user": "ann"}, {"sender": "bob"}, "hello"),
    "skip-self without a user": (["skip-self"], {}, {"sender": "ann"}, "hello"),
    "skip-users drops": (["skip-users"], {"user": "ann"}, {"skip_users": "bob, ann"}, None),
    "skip-users sends": (["skip-users"], {"user": "ann"}, {"skip_users": "bob,annie"}, "hello"),
    "require-sub drops": (["require-sub"], {}, {"require_sub": "members"}, None),
    "require-sub sends": (["require-sub"], {}, {"require_sub": "room"}, "hello"),
    "two of them": (["skip-self", "require-sub"], {"user": "ann"}, {"sender": "bob", "require_sub": "members"}, None),
    "one that is unknown": (["nonsense"], {}, {}, "hello"),
    "none": ([], {"user": "ann"}, {"sender": "ann"}, "hello"),
}


@pytest.mark.parametrize("case", FILTERS)
async def test_filter(gateway, app, case, joined):
    filters, facts, meta, expected = FILTERS[case]
    setting = [control("set-meta", name=name, value=value) for name, value in facts.items()]
    app.behaviour = polite(*setting, subscribe("room", *filters), text("on"))
    [socket] = await joined(gateway)
    publish(gateway, message("room", "hello", meta=meta), message("room", "end"))
    assert await received(socket) == (expected or "end")


async def test_each_gets_its_own(gateway, app, joined):
    names = iter(["Ann", "Bob"])

    def behaviour(request):
        if "OPEN" not in request.types:
            return reply()
        return accept(control("set-meta", name="name", value=next(names)), subscribe("room", "var-subst"), text("on"))

    app.behaviour = behaviour
    ann, bob = await joined(gateway, 2)
    assert publish(gateway, {"channel": "room", "ws-message": {"content": "Hello %(name)s, 100%%", "content-filters": ["var-subst"]}}) == [2]
    assert [await received(ann), await received(bob)] == ["Hello Ann, 100%", "Hello Bob, 100%"]


# Channels of a route

async def test_prefix_of_the_routes_channels(grip, app, joined):
    app.behaviour = on("room")
    gateway = grip(grip={"channelPrefix": "chat-"})
    [socket] = await joined(gateway)
    assert publish(gateway, message("room", "x"), message("chat-room", "hello")) == [0, 1]
    assert await received(socket) == "hello"


async def test_channel_that_everybody_is_on(grip, app, joined):
    app.behaviour = polite(control("unsubscribe", channel="all"), text("on"))
    gateway = grip(grip={"subscribe": ["all"]})
    sockets = await joined(gateway, 2)
    assert say(gateway, "all", "hello") == 2
    assert [await received(socket) for socket in sockets] == ["hello", "hello"]


# Many and much

async def test_two_thousand_large_messages_at_once(room, joined):
    """8 KiB each, by four publishers, as fast as they can; nothing is lost, and each publisher's order is kept."""
    [socket] = await joined(room)
    publishers, each = 4, 500
    failures = []

    def pour(publisher):
        with httpx.Client(trust_env=False, timeout=30) as client:
            for number in range(each):
                body = json.dumps({"items": [message("room", f"{publisher} {number} ".ljust(8192, "x"))]})
                answer = client.post(room.control_url + "/publish/", content=body, headers={"content-type": "application/json"})
                if answer.text != "Published\n":
                    failures.append(answer.text)

    threads = [threading.Thread(target=pour, args=(publisher,)) for publisher in range(publishers)]
    for thread in threads:
        thread.start()
    got = [await received(socket, within=30) for _ in range(publishers * each)]
    for thread in threads:
        thread.join()
    assert not failures
    assert {len(one) for one in got} == {8192}
    for publisher in range(publishers):
        assert [int(one.split()[1]) for one in got if one.startswith(f"{publisher} ")] == list(range(each))


async def test_a_thousand_items_in_one_request(room, joined):
    [socket] = await joined(room)
    assert publish(room, *[message("room", f"item {number}") for number in range(1000)]) == [1] * 1000
    assert await all_received(socket, 1000) == [f"item {number}" for number in range(1000)]


async def test_message_of_almost_a_megabyte(room, joined):
    [socket] = await joined(room)
    assert say(room, "room", "x" * 1_000_000) == 1
    assert say(room, "room", b"\xff" * 700_000) == 1
    assert [len(one) for one in await all_received(socket, 2)] == [1_000_000, 700_000]


async def test_more_than_twenty_subscriptions(gateway, app, joined):
    channels = [f"room-{number}" for number in range(100)]
    app.behaviour = on(*channels)
    [socket] = await joined(gateway)
    assert publish(gateway, *[message(channel, channel) for channel in channels]) == [1] * 100
    assert await all_received(socket, 100) == channels


async def test_too_many_subscriptions_are_no_secret(grip, app):
    many = [subscribe(f"room-{number}") for number in range(11)]
    app.behaviour = script(accept(), reply(*many), reply(), accept(*many))
    gateway = grip("--max-channels", "10")
    async with connect(gateway) as socket:
        await socket.send("hello")
        code, reason = await ending(socket)
        assert code == 1011 and reason, (code, reason)
        await eventually(lambda: app.events("DISCONNECT"), "the app is told", show=app.transcript)
    assert (await refusal(gateway)).status_code == 502


async def test_control_message_longer_than_a_frame(gateway, app, joined):
    app.behaviour = polite(control("subscribe", channel="room", note="x" * 100_000), text("on"))
    [socket] = await joined(gateway)
    assert say(gateway, "room", "hello") == 1
    assert await received(socket) == "hello"


# Timers and modes of a connection

KINDS = {"text": ("content", "alive", "alive"), "binary": ("content-bin", encoded(b"\x00\xff"), b"\x00\xff")}


@pytest.mark.parametrize("mode", ["idle", "interval"])
@pytest.mark.parametrize("kind", KINDS)
async def test_keep_alive(gateway, app, kind, mode, joined):
    member, content, expected = KINDS[kind]
    app.behaviour = polite(control("keep-alive", message_type=kind, timeout=1, mode=mode, **{member: content}), text("on"))
    [socket] = await joined(gateway)
    async with socket:
        began = time.monotonic()
        assert await all_received(socket, 2) == [expected] * 2
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind, opcode", [("ping", PING), ("pong", PONG)])
def test_keep_alive_by_control_frames(gateway, app, kind, opcode):
    app.behaviour = polite(control("keep-alive", message_type=kind, content="are you there?", timeout=1), text("on"))
    with RawClient(gateway) as client:
        assert client.open().frame() == (TEXT, b"on")
        assert [client.frame(), client.frame()] == [(opcode, b"are you there?")] * 2


async def test_keep_alive_is_only_for_the_idle(gateway, app, joined):
    app.behaviour = on("room", more=[control("keep-alive", content="alive", timeout=2)])
    [socket] = await joined(gateway)
    async with socket:
        began, number = time.monotonic(), 0
        # Busy for longer than the timeout, and at no moment idle for as much as half of it.
        while time.monotonic() - began < 2.5:
            number += 1
            say(gateway, "room", f"news {number}")
            assert await received(socket) == f"news {number}"
        assert await received(socket) == "alive"


async def test_keep_alive_ends(gateway, app, joined):
    app.behaviour = polite(control("keep-alive", content="alive", timeout=1), control("keep-alive"), text("on"))
    [socket] = await joined(gateway)
    async with socket:
        with pytest.raises(AssertionError, match="no message"):
            await received(socket, within=1.8)


async def test_message_for_later(gateway, app, joined):
    app.behaviour = polite(control("send-delayed", content="later", timeout=1), text("on"))
    [socket] = await joined(gateway)
    async with socket:
        await socket.send("now")
        assert await all_received(socket, 2) == ["now", "later"]


async def test_second_message_for_later_sends_the_first(gateway, app):
    app.behaviour = polite(
        control("send-delayed", content="one", timeout=60), control("send-delayed", content_bin=encoded(b"\x00"), message_type="binary", timeout=60),
        text("on"), control("flush-delayed"), text("end"))
    async with connect(gateway) as socket:
        assert await all_received(socket, 4) == ["one", "on", b"\x00", "end"]


async def test_detached(gateway, app, joined):
    app.behaviour = on("room", more=[control("detach")])
    [socket] = await joined(gateway)
    async with socket:
        await eventually(lambda: app.events("CLOSE"), "the app is told that it is over", show=app.transcript)
        identity = app.requests[0].id
        await socket.send("nobody hears this")
        assert say(gateway, "room", "published") == 1
        gateway.post(f"/v1/connections/{identity}/messages", content="for you only")
        assert await all_received(socket, 2) == ["published", "for you only"]
    await eventually(lambda: not gateway.connections(), "the connection is gone")
    assert [event.type for event in app.events()] == ["OPEN", "CLOSE"]
