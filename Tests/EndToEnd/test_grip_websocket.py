"""WebSocket-over-HTTP by `holdfast grip`: what it does better than Pushpin, and what it does when something goes wrong."""

import time

import jwt
import pytest
from websockets.exceptions import ConnectionClosed

from app import garbage, reset_mid_answer
from client import all_received, connect, ending, received, refusal, round_trip
from eventually import eventually, stays
from grip_backend import EVENTS, Answer, Event, accept, binary, close, control, polite, reply, script, subscribe, text
from grip_gateway import app, gateway, grip, on, say, told  # noqa: F401
from rawsocket import CLOSE, TEXT, RawClient, frame, handshake

KEY = "a-key-of-more-than-the-32-bytes-that-PyJWT-wants"


async def heard(app, *kinds):
    """Waits until the app has heard these events, and no others, in this order."""
    await eventually(lambda: [event.type for event in app.events()] == list(kinds), f"the app hears of {kinds}", show=app.transcript)


# The requests

async def test_connection_id_is_the_gateways_own(gateway, app):
    async with connect(gateway) as socket:
        await socket.send("hello")
        assert await received(socket) == "hello"
        ids = {request.id for request in app.requests}
        assert ids == {connection["id"] for connection in gateway.connections()}
        assert [connection["dialect"] for connection in gateway.connections()] == ["grip"]
    await heard(app, "OPEN", "TEXT", "CLOSE")
    assert {request.id for request in app.requests} == ids


SPOOFS = {
    "Meta-User": "admin", "Grip-Sig": "a.b.c", "Grip-Feature": "nothing", "Grip-Last": "room; last-id=1", "Grip-Hold": "stream",
    "Connection-Id": "of-somebody-else", "Content-Bytes-Replayed": "5", "Content-Type": "text/plain", "Accept": "text/html",
    "Content-Encoding": "gzip", "Sec-WebSocket-Extensions": "x-nonsense", "Expect": "100-continue", "Keep-Alive": "timeout=1", "TE": "gzip",
    "Proxy-Connection": "keep-alive",
    "Trailer": "x-y", "X-Forwarded-Proto": "https",
}


@pytest.mark.parametrize("name", SPOOFS)
def test_client_cannot_say_what_the_gateway_says(gateway, app, name):
    with RawClient(gateway) as client:
        client.open(extra=[(name, SPOOFS[name])])
        client.send(frame(TEXT, b"hello"))
        assert client.frame() == (TEXT, b"hello")
    for request in app.requests:
        assert SPOOFS[name] not in [value for key, value in request.headers if key.lower() == name.lower()], request.headers
        assert len(request.all(name)) <= 1, request.headers


def test_headers_that_the_client_names_in_connection_stay_here(gateway, app):
    with RawClient(gateway) as client:
        client.open(connection="Upgrade, X-Hop", extra=[("X-Hop", "1"), ("X-Stays", "1")])
    assert app.requests[0].header("x-hop") is None and app.requests[0].header("x-stays") == "1"


async def test_all_that_waits_goes_in_one_request(gateway, app):
    gate = app.gate()

    def held(request):
        gate.hold()
        return reply()

    app.behaviour = script(accept(), held)
    async with connect(gateway) as socket:
        await socket.send("first")
        await told(app, 2)
        for number in range(30):
            await socket.send(f"message {number}" if number % 2 else b"\x00%d" % number)
        await round_trip(socket)
        gate.open()
        batch = await told(app, 3)
        assert [event.bytes for event in batch.events] == [b"message %d" % n if n % 2 else b"\x00%d" % n for n in range(30)]
        assert batch.types == ["BINARY", "TEXT"] * 15
        await all_received(socket, 30)


async def test_signature(grip, app):
    gateway = grip("--sig-key", KEY, "--sig-iss", "somebody")
    async with connect(gateway):
        token = app.requests[0].header("grip-sig")
    claims = jwt.decode(token, KEY, algorithms=["HS256"])
    assert claims.keys() == {"iss", "exp"} and claims["iss"] == "somebody"
    assert 1800 < claims["exp"] - time.time() <= 3660, claims


async def test_signature_with_a_key_in_base64(grip, app):
    gateway = grip("--sig-key", "base64:" + "A" * 40 + "//8=")
    async with connect(gateway):
        pass
    assert jwt.decode(app.requests[0].header("grip-sig"), b"\x00" * 30 + b"\xff\xff", algorithms=["HS256"])["iss"] == "pushpin"


async def test_no_signature_without_a_key(gateway, app):
    async with connect(gateway):
        assert app.requests[0].header("grip-sig") is None


async def test_request_of_a_trusted_proxy_is_passed_on(grip, app):
    """A GRIP proxy in front of this one carries the instructions out: they go to it as they are."""
    app.behaviour = script(accept(subscribe("room"), text("hello")), lambda request: reply(*request.events))
    gateway = grip(grip={"upstreamKey": KEY})
    token = jwt.encode({"iss": "upstream", "exp": int(time.time()) + 100}, KEY)
    with RawClient(gateway) as client:
        client.send(handshake(extra=[("Grip-Sig", token), ("Grip-Feature", "mine"), ("Sec-WebSocket-Extensions", "grip")]))
        response = client.response()
        assert response.status == 101 and response.header("sec-websocket-extensions") == "grip", response
        assert client.frame() == (TEXT, subscribe("room").bytes)
        assert client.frame() == (TEXT, b"m:hello")
        client.send(frame(TEXT, b"m:as it is"))
        assert client.frame() == (TEXT, b"m:as it is")
        assert say(gateway, "room", "x") == 0
    assert app.requests[0].header("grip-feature") == "mine"


@pytest.mark.parametrize("token", [
    jwt.encode({"iss": "upstream", "exp": int(time.time()) + 100}, "another-key-which-is-not-the-one-of-the-proxy"),
    jwt.encode({"iss": "upstream", "exp": int(time.time()) - 100}, KEY), "nonsense",
], ids=["of another key", "expired", "nonsense"])
def test_request_of_a_stranger_is_not_passed_on(grip, app, token):
    gateway = grip(grip={"upstreamKey": KEY})
    with RawClient(gateway) as client:
        client.send(handshake(extra=[("Grip-Sig", token)]))
        assert client.response().header("sec-websocket-extensions") is None
    assert app.requests[0].header("grip-sig") is None


# By connection id, which Pushpin cannot

async def test_send_to_one_connection(gateway, app):
    app.behaviour = on()
    async with connect(gateway) as ann, connect(gateway) as bob:
        assert [await received(ann), await received(bob)] == ["on", "on"]
        first, second = (request.id for request in app.requests)
        assert gateway.post(f"/v1/connections/{first}/messages", content="for Ann").status_code == 202
        sent = gateway.post(f"/v1/connections/{second}/messages", content=b"\x00\xff", headers={"content-type": "application/octet-stream"})
        assert sent.status_code == 202
        assert [await received(ann), await received(bob)] == ["for Ann", b"\x00\xff"]


async def test_close_one_connection(gateway, app):
    async with connect(gateway) as ann, connect(gateway) as bob:
        first = app.requests[0].id
        assert gateway.delete(f"/v1/connections/{first}?code=4005&reason=enough").status_code == 202
        assert await ending(ann) == (4005, "enough")
        await heard(app, "OPEN", "OPEN", "CLOSE")
        assert (app.requests[2].id, app.requests[2].events[0].close) == (first, (4005, "enough"))
        await round_trip(bob)


async def test_subscribe_one_connection(gateway, app):
    async with connect(gateway) as socket:
        identity = app.requests[0].id
        assert gateway.put(f"/v1/connections/{identity}/channels/room").status_code == 204
        assert say(gateway, "room", "hello") == 1
        assert await received(socket) == "hello"
        assert gateway.get("/v1/channels/room").json()["subscribers"] == 1


# When the app fails

FAILURES = {
    "500": Answer(500, [], "oops"), "404": Answer(404), "a redirect": Answer(302, [("Location", "/")]),
    "another type": Answer(200, [("Content-Type", "text/html")], "x"),
    "a wrong length": Answer(200, [("Content-Type", EVENTS)], b"TEXT zz\r\nabc\r\n"),
    "less than it says": Answer(200, [("Content-Type", EVENTS)], b"TEXT 5\r\nabc\r\n"),
    "no end of line": Answer(200, [("Content-Type", EVENTS)], b"TEXT"), "OPEN again": reply(Event("OPEN")), "no HTTP": garbage(),
    "a reset": reset_mid_answer(),
    "text that is no UTF-8": reply(text(b"\xff\xfe")), "more accepted than offered": reply(headers=[("Content-Bytes-Accepted", "6")]),
    "acceptance that is no number": reply(headers=[("Content-Bytes-Accepted", "five")]), "a ping that is too long": reply(Event("PING", b"x" * 126)),
    "six filters": reply(subscribe("room", *["skip-self"] * 6)), "a channel name that is too long": reply(subscribe("x" * 300)),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_failure_closes_with_1011_and_the_app_is_told(gateway, app, failure):
    app.behaviour = script(accept(), FAILURES[failure])
    async with connect(gateway) as socket:
        await socket.send("hello")
        code, reason = await ending(socket)
        assert code == 1011 and reason, (code, reason)
    await heard(app, "OPEN", "TEXT", "DISCONNECT")


async def test_app_that_is_gone_hears_of_the_end_later(gateway, app):
    async with connect(gateway) as socket:
        app.kill()
        await socket.send("hello")
        assert (await ending(socket))[0] == 1011
        app.start()
        await eventually(lambda: app.events("DISCONNECT"), "the app is told of the end", show=app.transcript)


async def test_failure_may_be_overlooked(grip, app):
    gateway = grip(route={"webhook": {"onFailure": "drop"}})
    app.behaviour = script(accept(), Answer(500))
    async with connect(gateway) as socket:
        await socket.send("lost")
        await socket.send("hello")
        assert await received(socket) == "hello"


async def test_failure_of_one_does_not_concern_others(gateway, app):
    app.behaviour = lambda request: Answer(500) if b"bad" in request.raw else polite()(request)
    async with connect(gateway) as good, connect(gateway) as bad:
        await bad.send("bad")
        assert (await ending(bad))[0] == 1011
        await good.send("good")
        assert await received(good) == "good"


@pytest.mark.parametrize("failure", ["a wrong length", "OPEN again", "a reset", "no HTTP", "no end of line"])
async def test_failure_of_the_opening(gateway, app, failure):
    app.behaviour = script(FAILURES[failure] if failure != "OPEN again" else reply(Event("OPEN"), Event("OPEN")))
    response = await refusal(gateway)
    assert response.status_code == 502, response
    async with connect(gateway):
        pass


async def test_app_that_is_not_there(gateway, app):
    app.kill()
    assert (await refusal(gateway)).status_code == 502
    app.start()
    async with connect(gateway):
        pass


async def test_silent_drops_are_logged(gateway, app):
    app.behaviour = polite(Event("TEXT", b"no prefix"), control("explode"), text("end"))
    async with connect(gateway) as socket:
        assert await received(socket) == "end"
    gateway.expect_log("prefix")
    gateway.expect_log("explode")


# The end

async def test_client_that_vanishes(gateway, app):
    app.behaviour = script(accept(), otherwise=Answer(500))
    async with connect(gateway) as socket:
        socket.transport.abort()
        await heard(app, "OPEN", "DISCONNECT")
        await stays(lambda: len(app.requests) == 2, "one closing event", during=0.5)


@pytest.mark.parametrize("answer", [
    reply(), reply(close(4001, "x")), reply(close(0)), reply(Event("CLOSE")), Answer(500), Answer(204), garbage(),
    reply(headers=[("Keep-Alive-Interval", "1")]),
], ids=["nothing", "CLOSE", "a bad code", "no code", "500", "204", "no HTTP", "a keep-alive"])
async def test_close_of_a_client_is_answered_at_once_and_told_once(gateway, app, answer):
    gate = app.gate()

    def late(request):
        gate.hold()
        return answer if isinstance(answer, Answer) else answer(request)

    app.behaviour = script(accept(), late)
    async with connect(gateway) as socket:
        await socket.close(4321, "bye")
        assert socket.close_code == 4321
    await heard(app, "OPEN", "CLOSE")
    assert app.requests[1].events[0].close == (4321, "bye")
    gate.open()
    await stays(lambda: [event.type for event in app.events()].count("CLOSE") == 1, "one CLOSE", during=0.3)


async def test_message_before_a_close_comes_before_it(gateway, app):
    async with connect(gateway) as socket:
        for number in range(50):
            await socket.send(f"message {number}")
    await eventually(lambda: app.events("CLOSE"), "the app is told of the close", show=app.transcript)
    assert app.texts() == [f"message {number}" for number in range(50)]
    assert [event.type for event in app.events()][-1] == "CLOSE"


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535])
async def test_code_that_must_not_be_on_the_wire(gateway, app, code):
    app.behaviour = script(accept(), reply(close(code, "why")))
    async with connect(gateway) as socket:
        await socket.send("hello")
        assert (await ending(socket))[0] in (1000, 1005)


# A connection that needs no closing handshake by the app

def test_disconnect_of_the_app_is_a_cut(gateway, app):
    app.behaviour = script(accept(), reply(Event("DISCONNECT")))
    with RawClient(gateway) as client:
        client.open().send(frame(TEXT, b"hello"))
        assert client.has_ended()


async def test_long_message_of_the_app_is_one_message(gateway, app):
    app.behaviour = polite(text("x" * 900_000), binary(b"\xff" * 900_000))
    async with connect(gateway) as socket:
        assert await all_received(socket, 2) == ["x" * 900_000, b"\xff" * 900_000]


async def test_end_of_the_gateway_is_told_to_both(gateway, app):
    async with connect(gateway) as socket:
        await round_trip(socket)
        gateway.signal()
        try:
            while True:
                await received(socket)
        except (AssertionError, ConnectionClosed):
            assert socket.close_code == 1001, socket.close_code
    gateway.wait()
    assert [event.type for event in app.events()][-1] in ("CLOSE", "DISCONNECT") and len(app.events()) == 2


def test_answer_of_an_app_with_grip_but_without_extension_parameters(gateway, app):
    app.behaviour = script(reply(Event("OPEN"), text("hello"), headers=[("sec-websocket-extensions", "x-other, GRIP")]))
    with RawClient(gateway) as client:
        assert client.open().frame() == (TEXT, b"hello")
        client.send(frame(CLOSE))
