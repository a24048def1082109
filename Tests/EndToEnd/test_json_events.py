"""What the app is told: webhooks of the json dialect."""

import asyncio
import re

import pytest
import websockets

from app import base64_of, echo, for_type, held_by, reply
from client import connect, ending, received, round_trip
from eventually import eventually, eventually_blocking, stays
from rawsocket import BINARY, CLOSE, PING, PONG, TEXT, Ended, RawClient, frame


async def closed(app, count=1):
    """Waits until the app was told of so many closes, and returns the last of these events."""
    await eventually(lambda: len(app.events("close")) >= count, f"the app gets {count} close events", show=app.transcript)
    return app.events("close")[-1]


def closed_blocking(app):
    return eventually_blocking(lambda: app.events("close"), "the app gets a close event", show=app.transcript)[-1]


async def test_open_tells_of_the_handshake(gateway, app):
    headers = [("Cookie", "a=1"), ("X-Twice", "one"), ("X-Twice", "two")]
    async with connect(gateway, "/rooms/7?room=7&x=%20", origin="https://example.com", additional_headers=headers, subprotocols=["b", "a"]):
        pass
    webhook = app.webhooks[0]
    assert (webhook.method, webhook.path) == ("POST", "/hook")
    assert webhook.headers["content-type"].startswith("application/json")
    assert re.match(r"holdfast/\S+$", webhook.headers["user-agent"]), webhook.headers
    assert re.match(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", webhook.headers["traceparent"]), webhook.headers
    connection = webhook.connection
    assert re.match(r"[A-Za-z0-9._~-]{16,}$", connection["id"]), connection["id"]
    expected = {
        "direction": "inbound", "route": "default", "remoteAddress": "127.0.0.1", "path": "/rooms/7", "query": "room=7&x=%20",
        "state": {}, "channels": [],
    }
    assert {key: connection.get(key) for key in expected} == expected
    event = webhook.events[0]
    assert (event["seq"], event["type"], event["protocols"]) == (1, "open", ["b", "a"])
    assert event["headers"]["cookie"] == ["a=1"]
    assert event["headers"]["x-twice"] == ["one", "two"]
    assert event["headers"]["origin"] == ["https://example.com"]
    assert all(name == name.lower() for name in event["headers"]), event["headers"]


async def test_seq_counts_without_gaps_and_open_comes_alone(gateway, app):
    async with connect(gateway) as socket:
        for n in range(5):
            await socket.send(str(n))
    await closed(app)
    assert app.webhooks[0].types == ["open"]
    assert [event["seq"] for event in app.events()] == [1, 2, 3, 4, 5, 6, 7]
    assert [event["type"] for event in app.events()] == ["open", *["message"] * 5, "close"]
    assert app.texts() == list("01234")


async def test_events_wait_while_a_webhook_is_in_flight_and_then_come_as_one_batch(gateway, app):
    gate = app.gate()
    app.behaviour = for_type("message", held_by(gate))
    async with connect(gateway) as socket:
        await socket.send("first")
        await eventually(lambda: app.events("message"), "the first message reaches the app")
        for n in range(9):
            await socket.send(str(n))
        await round_trip(socket)
        assert app.texts() == ["first"], "a second webhook of the connection left while the first was unanswered"
        gate.open()
        await eventually(lambda: len(app.events("message")) == 10, "all messages reach the app", show=app.transcript)
    assert [len(webhook.events) for webhook in app.webhooks[:3]] == [1, 1, 9], "open, the first message, then a batch"
    assert app.texts() == ["first", *"012345678"]


async def test_connections_do_not_wait_for_each_other(gateway, app):
    gate = app.gate()
    app.behaviour = lambda webhook: (held_by(gate) if webhook.connection["path"] == "/slow" else reply(message=echo))(webhook)
    async with connect(gateway, "/fast") as fast:
        waiting = asyncio.ensure_future(connect(gateway, "/slow"))
        await eventually(lambda: len(app.ids()) == 2, "both handshakes reach the app")
        await fast.send("hello")
        assert await received(fast) == "hello"
        gate.open()
        await (await waiting).close()


@pytest.mark.parametrize("message, field, value", [
    ("hello", "text", "hello"), ("", "text", ""), ("grüße 🎈 \u0000 \" \\ \u2028", "text", "grüße 🎈 \u0000 \" \\ \u2028"),
    (b"\x00\x01\x02", "base64", "AAEC"), (b"", "base64", ""), (bytes(range(256)), "base64", base64_of(bytes(range(256)))),
    ("x" * 1_000_000, "text", "x" * 1_000_000),
], ids=["text", "empty text", "odd text", "binary", "empty binary", "all bytes", "large text"])
async def test_message_arrives_as_text_or_base64(gateway, app, message, field, value):
    async with connect(gateway) as socket:
        await socket.send(message)
        event = (await eventually(lambda: app.events("message"), "the message reaches the app"))[0]
    other = "base64" if field == "text" else "text"
    assert event[field] == value
    assert other not in event


async def test_fragments_become_one_message(gateway, app):
    async with connect(gateway) as socket:
        await socket.send(["one ", "two ", "", "three"])
        await socket.send([b"\x01", b"\x02"])
        await eventually(lambda: len(app.events("message")) == 2, "both messages reach the app", show=app.transcript)
    assert [event.get("text") or event.get("base64") for event in app.events("message")] == ["one two three", "AQI="]


def test_ping_between_fragments_is_answered(gateway, app):
    with RawClient(gateway) as client:
        client.open().send(frame(TEXT, b"half ", fin=False) + frame(PING, b"now") + frame(0, b"whole"))
        assert client.frame() == (PONG, b"now")
        eventually_blocking(lambda: app.texts() == ["half whole"], "the message is put together", show=app.transcript)


async def test_pings_are_answered_and_not_told_by_default(gateway, app):
    async with connect(gateway) as socket:
        await socket.ping(b"payload")
        await socket.pong(b"unasked")
        await round_trip(socket)
        await socket.send("last")
        await eventually(lambda: app.texts() == ["last"], "the message reaches the app")
    await closed(app)
    assert [event["type"] for event in app.events()] == ["open", "message", "close"]


async def test_pings_and_pongs_are_told_where_a_route_wants_them(serve, app):
    events = ["open", "message", "close", "ping", "pong"]
    async with connect(serve(config={"routes": [{"name": "all", "path": "/*", "target": app.url, "events": events}]})) as socket:
        await round_trip(socket)
        await socket.pong(b"unasked")
        await socket.send("last")
        await eventually(lambda: app.texts() == ["last"], "the message reaches the app")
    await closed(app)
    assert [event["type"] for event in app.events()] == ["open", "ping", "pong", "message", "close"]


# The end

@pytest.mark.parametrize("code, reason", [(1000, "bye"), (1001, ""), (3000, "three"), (4999, "grüße"), (1000, "x" * 123)])
async def test_close_tells_code_and_reason(gateway, app, code, reason):
    socket = await connect(gateway)
    await socket.close(code, reason)
    event = await closed(app)
    assert (event["code"], event["reason"], event["clean"]) == (code, reason, True), event
    assert "error" not in event, event
    assert socket.close_code == code, "the gateway's answer has another code"


def test_close_without_a_code_is_1005(gateway, app):
    with RawClient(gateway) as client:
        client.open().send(frame(CLOSE))
        assert client.frame()[0] == CLOSE
        event = closed_blocking(app)
    assert (event["code"], event["clean"]) == (1005, True), event


@pytest.mark.parametrize("leave", [RawClient.close, RawClient.reset], ids=["end of stream", "reset"])
def test_lost_socket_is_1006_and_not_clean(gateway, app, leave):
    client = RawClient(gateway).open()
    leave(client)
    event = closed_blocking(app)
    assert (event["code"], event["clean"]) == (1006, False), event


async def test_close_is_told_once_and_last(gateway, app):
    sockets = [await connect(gateway) for _ in range(20)]
    for socket in sockets:
        await socket.send("last words")
        await socket.close()
    await closed(app, 20)
    await stays(lambda: len(app.events("close")) == 20, "one close event per connection", during=0.5)
    for connection in app.ids():
        events = [event for webhook in app.of(connection) for event in webhook.events]
        assert [event["type"] for event in events] == ["open", "message", "close"], events


async def test_close_waits_for_the_messages_before_it(gateway, app):
    gate = app.gate()
    app.behaviour = for_type("message", held_by(gate))
    socket = await connect(gateway)
    for n in range(5):
        await socket.send(str(n))
    await socket.close()
    await eventually(lambda: app.events("message"), "the first message reaches the app")
    gate.open()
    await closed(app)
    assert [event["seq"] for event in app.events()] == [1, 2, 3, 4, 5, 6, 7]
    assert app.events()[-1]["type"] == "close"


BROKEN = {
    "a frame without a mask": (frame(TEXT, b"bare", masked=False), 1002),
    "a reserved bit": (frame(TEXT, b"odd", reserved=4), 1002),
    "an unknown opcode": (frame(3, b"odd"), 1002),
    "a continuation of nothing": (frame(0, b"odd"), 1002),
    "a fragmented ping": (frame(PING, b"odd", fin=False), 1002),
    "a long ping": (frame(PING, b"x" * 126), 1002),
    "a close frame of one byte": (frame(CLOSE, b"\x03"), 1002),
    "a close frame with code 1005": (frame(CLOSE, b"\x03\xed"), 1002),
    "text that is not UTF-8": (frame(TEXT, b"\xc3\x28"), 1007),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_frame_closes_and_the_app_is_told_why(gateway, app, case):
    data, code = BROKEN[case]
    with RawClient(gateway) as client:
        client.open().send(frame(TEXT, b"fine") + data)
        assert client.close_frame()[0] == code, case
        client.send(frame(CLOSE, code.to_bytes(2, "big")))
        event = closed_blocking(app)
    assert app.texts() == ["fine"], "what came before the broken frame counts"
    assert event.get("error"), f"no word on why the gateway ended the connection: {event}"


@pytest.mark.parametrize("fragments", [[1025], [1000, 25], [1] * 1025], ids=["one frame", "two fragments", "many fragments"])
def test_message_that_is_too_large_closes_with_1009(serve, app, fragments):
    gateway = serve("--max-message-bytes", "1KiB")
    with RawClient(gateway) as client:
        client.open()
        try:
            for index, size in enumerate(fragments):
                client.send(frame(BINARY if index == 0 else 0, b"x" * size, fin=index == len(fragments) - 1))
            code, _ = client.close_frame()
        except (Ended, ConnectionError) as error:
            raise AssertionError(f"ended without a close frame: {error}") from None
        assert code == 1009
        client.send(frame(CLOSE, (1009).to_bytes(2, "big")))
        event = closed_blocking(app)
    assert "1024" in event.get("error", ""), f"the error does not name the limit: {event}"
    assert not app.events("message"), "a part of the message reached the app"


def test_announced_length_beyond_the_limit_is_refused_at_once(serve):
    gateway = serve("--max-message-bytes", "1KiB")
    with RawClient(gateway) as client:
        client.open().send(frame(BINARY, b"x" * 70_000)[:14])
        assert client.close_frame()[0] == 1009, "the gateway waited for the body of a message that it will not take"


async def test_message_of_just_the_limit_passes(serve, app):
    async with connect(serve("--max-message-bytes", "1KiB")) as socket:
        await socket.send("x" * 1024)
        await eventually(lambda: app.texts() == ["x" * 1024], "the message reaches the app")


# What comes along with every webhook

async def test_state_and_channels_come_along(gateway, app):
    app.behaviour = reply(
        open=[{"type": "setState", "state": {"user": "42", "draft": "yes"}}, {"type": "subscribe", "channel": "room-7"}],
        message=[{"type": "setState", "state": {"draft": None}}, {"type": "subscribe", "channel": "room-8"}],
    )
    async with connect(gateway) as socket:
        await socket.send("first")
        await eventually(lambda: len(app.webhooks) == 2, "the first message reaches the app")
        await socket.send("second")
        await eventually(lambda: len(app.webhooks) == 3, "the second message reaches the app")
    await closed(app)
    seen = [(webhook.connection["state"], sorted(webhook.connection["channels"])) for webhook in app.webhooks]
    before, after = {"user": "42", "draft": "yes"}, {"user": "42"}
    assert seen == [({}, []), (before, ["room-7"]), (after, ["room-7", "room-8"]), (after, ["room-7", "room-8"])]


async def test_forwarded_headers_come_along(serve, app):
    route = {"name": "all", "path": "/*", "target": app.url, "forwardHeaders": ["Cookie", "x-tenant"]}
    headers = {"cookie": "a=1", "x-tenant": "acme", "x-other": "no"}
    async with connect(serve(config={"routes": [route]}), additional_headers=headers) as socket:
        await socket.send("hello")
    await closed(app)
    for webhook in app.webhooks:
        assert webhook.connection["headers"] == {"cookie": ["a=1"], "x-tenant": ["acme"]}, webhook


async def test_headers_do_not_come_along_by_default(gateway, app):
    async with connect(gateway, additional_headers={"cookie": "a=1"}) as socket:
        await socket.send("hello")
    await closed(app)
    assert all("headers" not in webhook.connection for webhook in app.webhooks)


async def test_webhooks_reuse_their_http_connections(gateway, app):
    async with connect(gateway) as socket:
        for n in range(20):
            await socket.send(str(n))
            await eventually(lambda: len(app.events("message")) == n + 1, f"message {n} reaches the app")
    peers = {webhook.peer for webhook in app.webhooks}
    assert len(peers) <= 2, f"{len(app.webhooks)} webhooks in a row used {len(peers)} HTTP connections"


async def test_ids_are_unique(gateway, app):
    for _ in range(20):
        async with connect(gateway):
            pass
    assert len(app.ids()) == 20


async def test_nothing_is_read_after_the_gateways_close(gateway, app):
    app.behaviour = reply(message=[{"type": "close", "code": 4000}])
    async with connect(gateway) as socket:
        await socket.send("go")
        assert await ending(socket) == (4000, "")
        with pytest.raises(websockets.ConnectionClosed):
            await socket.send("too late")
    await closed(app)
    assert app.texts() == ["go"]
