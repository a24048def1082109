"""Apps of `holdfast grip` that take their time, or a part: partial acceptance, polling, and pings that they answer themselves."""

import asyncio
import time

from client import connect, received, refusal, round_trip
from eventually import eventually, stays
from grip_backend import EVENTS, Answer, Event, accept, polite, reply, script, subscribe, text
from grip_gateway import app, gateway, grip, publish, told  # noqa: F401
from rawsocket import RawClient, handshake


# Partial acceptance

async def test_part_of_a_message_comes_again(gateway, app):
    app.behaviour = script(accept(), reply(headers=[("Content-Bytes-Accepted", "5")]), reply(text("end")))
    async with connect(gateway) as socket:
        await socket.send("[foo][hello")
        first = await told(app, 2)
        assert (first.raw, first.header("content-bytes-replayed")) == (b"TEXT b\r\n[foo][hello\r\n", None)
        await round_trip(socket)
        await socket.send(" world]")
        assert await received(socket) == "end"
        second = app.requests[2]
        assert second.raw == b"TEXT 6\r\n[hello\r\nTEXT 7\r\n world]\r\n"
        assert second.header("content-bytes-replayed") == "6"
        await socket.send("after")
        assert await received(socket) == "after"
        assert app.requests[3].raw == b"TEXT 5\r\nafter\r\n" and app.requests[3].header("content-bytes-replayed") is None


async def test_part_of_several_messages_comes_again(gateway, app):
    gate = app.gate()

    def held(request):
        gate.hold()
        return reply()

    some, none = (reply(headers=[("Content-Bytes-Accepted", taken)]) for taken in ("7", "0"))
    app.behaviour = script(accept(), held, some, none, reply(text("end")))
    async with connect(gateway) as socket:
        await socket.send("first")
        await told(app, 2)
        await socket.send(b"\x00\x01\x02\x03")
        await socket.send("abcdef")
        await round_trip(socket)
        gate.open()
        await told(app, 3)
        await socket.send("more")
        assert (await told(app, 4)).raw == b"TEXT 3\r\ndef\r\nTEXT 4\r\nmore\r\n"
        await socket.send("last")
        assert await received(socket) == "end"
        final = app.requests[4]
        assert final.raw == b"TEXT 3\r\ndef\r\nTEXT 4\r\nmore\r\nTEXT 4\r\nlast\r\n"
        assert final.header("content-bytes-replayed") == "7"


async def test_what_was_not_accepted_comes_before_the_close(gateway, app):
    app.behaviour = script(accept(), reply(headers=[("Content-Bytes-Accepted", "2")]))
    async with connect(gateway) as socket:
        await socket.send("hello")
        await told(app, 2)
        await round_trip(socket)
    await eventually(lambda: app.events("CLOSE"), "the app is told of the close", show=app.transcript)
    assert [(event.type, event.bytes) for event in app.events()] == [
        ("OPEN", b""), ("TEXT", b"hello"), ("TEXT", b"llo"), ("CLOSE", b"\x03\xe8")]


# Polling

async def test_app_may_think_about_a_client(gateway, app):
    wait = reply(headers=[("Keep-Alive-Interval", "1"), ("Set-Meta-Tries", "1")])
    app.behaviour = script(wait, accept(text("welcome"), headers=[("Keep-Alive-Interval", "0")]))
    async with connect(gateway) as socket:
        assert await received(socket) == "welcome"
    first, second = app.requests[:2]
    assert first.types == second.types == ["OPEN"] and first.id == second.id
    assert second.header("meta-tries") == "1"


async def test_app_may_think_about_a_client_and_turn_it_away(gateway, app):
    app.behaviour = script(reply(headers=[("Keep-Alive-Interval", "1")]), Answer(403, [("Content-Type", "text/plain")], "no\n"))
    response = await refusal(gateway)
    assert (response.status_code, response.body) == (403, b"no\n")


def test_client_that_leaves_while_the_app_thinks(gateway, app):
    app.behaviour = lambda request: reply(headers=[("Keep-Alive-Interval", "1")])
    with RawClient(gateway) as client:
        client.send(handshake())
        while not app.requests:
            assert not client.readable(0.05)
    # Meanwhile OPEN would have come again, and a third time.
    with RawClient(gateway) as other:
        other.send(handshake("/other"))
        while len([request for request in app.requests if request.path == "/other"]) < 3:
            assert not other.readable(0.05)
    assert len([request for request in app.requests if request.path == "/" and request.types == ["OPEN"]]) == 1


async def test_app_is_called_without_news(gateway, app):
    app.behaviour = script(accept(headers=[("Keep-Alive-Interval", "1")]), reply(), reply(text("once more"), headers=[("Keep-Alive-Interval", "0")]))
    async with connect(gateway) as socket:
        began = time.monotonic()
        assert await received(socket) == "once more"
        assert 1.5 < time.monotonic() - began < 6
        assert [request.raw for request in app.requests[1:]] == [b"", b""]
        await stays(lambda: len(app.requests) == 3, "the interval is off", during=1.5)


async def test_refresh(gateway, app):
    app.behaviour = script(accept(subscribe("room"), text("on")), reply(text("refreshed")))
    async with connect(gateway) as socket:
        assert await received(socket) == "on"
        publish(gateway, {"channel": "room", "ws-message": {"action": "refresh"}})
        assert await received(socket) == "refreshed"
        assert app.requests[1].raw == b"" and app.requests[1].header("content-type") == EVENTS


# Pings

async def test_app_that_answers_pings_itself(grip, app):
    gateway = grip(route={"autoPong": False, "events": ["open", "message", "close", "ping", "pong"]})

    def behaviour(request):
        pongs = [Event("PONG", event.content) for event in request.events if event.type == "PING"]
        return reply(*pongs) if "PING" in request.types else polite()(request)

    app.behaviour = behaviour
    async with connect(gateway) as socket:
        await round_trip(socket)
        pong = await socket.ping(b"payload")
        await asyncio.wait_for(pong, 10)
        await socket.pong(b"unasked")
        await eventually(lambda: app.events("PONG"), "the app hears of the pong", show=app.transcript)
    assert ("PING", b"payload") in app.events() and app.events("PONG")[0].bytes == b"unasked"


async def test_pings_of_the_app_are_answered_by_the_client(grip, app):
    gateway = grip(route={"events": ["open", "message", "close", "pong"]})
    app.behaviour = polite(Event("PING", b"are you there?"))
    async with connect(gateway):
        await eventually(lambda: app.events("PONG"), "the app hears of the pong", show=app.transcript)
    assert app.events("PONG")[0].bytes == b"are you there?"
