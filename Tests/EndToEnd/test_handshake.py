"""The opening handshake: what is refused and how, and what the app decides."""

import time

import pytest

from app import JSON, always, answer, for_type, held_by, reply
from client import connect, received, refusal
from eventually import eventually, eventually_blocking
from rawsocket import ACCEPT, TEXT, Ended, RawClient, frame, handshake

MALFORMED = {
    "no Host": (handshake(without=["host"]), 400),
    "two Hosts": (handshake(extra=[("host", "other.test")]), 400),
    "no key": (handshake(without=["sec-websocket-key"]), 400),
    "a key that is no base64": (handshake(sec_websocket_key="not base64 at all"), 400),
    "a key of five bytes": (handshake(sec_websocket_key="aGVsbG8="), 400),
    "two keys": (handshake(extra=[("sec-websocket-key", "c2l4dGVlbiBieXRlcyBvay4=")]), 400),
    "an old version": (handshake(sec_websocket_version="8"), 426),
    "a version that is no number": (handshake(sec_websocket_version="latest"), 426),
    "no Upgrade header": (handshake(without=["upgrade"]), 426),
    "another protocol in Upgrade": (handshake(upgrade="h2c"), 426),
    "POST": (handshake(method="POST", extra=[("content-length", "0")]), 405),
    "a head that is too large": (handshake(extra=[("x-long", "a" * 20_000)]), 431),
    "a head of too many small headers": (handshake(extra=[(f"x-{n}", "a" * 20) for n in range(1000)]), 431),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_handshake_is_refused(gateway, app, case):
    request, status = MALFORMED[case]
    with RawClient(gateway) as client:
        response = client.send(request).response()
    assert response.status == status, f"{case}: {response}"
    assert response.body.strip(), f"{case}: {status} without a word of explanation"
    assert not app.webhooks, f"{case}: the app was asked about a handshake that is refused anyway"


@pytest.mark.parametrize("case", ["an old version", "a version that is no number"])
def test_wrong_version_names_the_right_one(gateway, case):
    with RawClient(gateway) as client:
        response = client.send(MALFORMED[case][0]).response()
    assert response.header("sec-websocket-version") == "13", response


def test_plain_get_is_told_what_this_is(gateway):
    with RawClient(gateway) as client:
        response = client.send(b"GET / HTTP/1.1\r\nhost: example.test\r\n\r\n").response()
    assert response.status == 426, response
    assert (response.header("upgrade") or "").lower() == "websocket", response
    assert (response.header("content-type") or "").startswith("text/plain"), response
    text = response.body.decode()
    assert "websocket" in text.lower() and len(text.strip().splitlines()) == 1, f"not one helpful line: {text!r}"


def test_bytes_that_are_no_http_do_no_harm(gateway):
    with RawClient(gateway) as client:
        try:
            assert client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").response().status == 400
        except Ended:
            pass  # Closing without an answer is as good: whoever sent this does not read HTTP.
    with RawClient(gateway) as client:
        client.open()


def test_slow_head_ends_with_408(serve):
    gateway = serve("--handshake-timeout", "1s")
    with RawClient(gateway) as client:
        begun = time.monotonic()
        response = client.send(handshake()[:40]).response()
    assert response.status == 408, response
    assert 0.8 < time.monotonic() - begun < 5, f"408 after {time.monotonic() - begun:.1f} s, the timeout was 1 s"


def test_dripping_head_gains_no_time(serve):
    gateway = serve("--handshake-timeout", "1s")
    with RawClient(gateway) as client:
        begun = time.monotonic()
        for byte in handshake():
            client.send(bytes([byte]))
            if client.readable(within=0.1):
                break
        assert client.response().status == 408
    assert time.monotonic() - begun < 5, "a byte now and then kept the handshake alive"


def test_handshake_timeout_does_not_cover_the_app(serve, app):
    gateway = serve("--handshake-timeout", "1s")
    gate = app.gate()
    app.behaviour = held_by(gate)
    with RawClient(gateway) as client:
        client.send(handshake())
        assert not client.readable(within=2), "the client was answered while the app was still thinking"
        gate.open()
        assert client.response().status == 101


def test_upgrade_has_the_right_accept_key(gateway):
    with RawClient(gateway) as client:
        response = client.send(handshake()).response()
    assert response.status == 101
    assert response.header("sec-websocket-accept") == ACCEPT, response
    assert response.header("upgrade").lower() == "websocket", response
    assert response.header("connection").lower() == "upgrade", response
    assert response.header("sec-websocket-protocol") is None, response
    assert response.header("sec-websocket-extensions") is None, response


@pytest.mark.parametrize("replaced", [
    {"connection": "keep-alive, Upgrade"}, {"connection": "upgrade"}, {"upgrade": "WebSocket"}, {"upgrade": "h2c, websocket"},
], ids=str)
def test_header_values_are_read_leniently(gateway, replaced):
    with RawClient(gateway) as client:
        client.open(**replaced)


def test_head_may_come_byte_by_byte(gateway):
    with RawClient(gateway) as client:
        for byte in handshake():
            client.send(bytes([byte]))
        assert client.response().status == 101


def test_second_request_of_a_kept_connection_may_upgrade(gateway):
    with RawClient(gateway) as client:
        assert client.send(b"GET / HTTP/1.1\r\nhost: example.test\r\n\r\n").response().status == 426
        client.open()


def test_frame_behind_the_handshake_is_kept(gateway, app):
    gate = app.gate()
    app.behaviour = for_type("open", held_by(gate))
    with RawClient(gateway) as client:
        client.send(handshake() + frame(TEXT, b"early"))
        eventually_blocking(lambda: app.webhooks, "the app is asked about the handshake")
        gate.open()
        assert client.response().status == 101
        eventually_blocking(lambda: app.texts() == ["early"], "the early message reaches the app", show=app.transcript)
    assert [webhook.types for webhook in app.webhooks[:2]] == [["open"], ["message"]]


def test_client_that_leaves_during_the_handshake_does_no_harm(gateway, app):
    gate = app.gate()
    app.behaviour = for_type("open", held_by(gate))
    client = RawClient(gateway).send(handshake())
    eventually_blocking(lambda: app.webhooks, "the app is asked about the handshake")
    client.reset()
    gate.open()
    # The app said yes, so it has a connection to forget.
    eventually_blocking(lambda: app.events("close"), "the app is told that the connection it accepted is gone", show=app.transcript)
    assert app.events("close")[0]["clean"] is False


# What the app decides

async def test_no_subprotocol_unless_the_app_chooses(gateway, app):
    async with connect(gateway, subprotocols=["v2.chat", "v1.chat"]) as socket:
        assert socket.subprotocol is None
    assert app.events("open")[0]["protocols"] == ["v2.chat", "v1.chat"]


async def test_app_chooses_the_subprotocol(gateway, app):
    app.behaviour = reply(open=[{"type": "accept", "protocol": "v1.chat"}])
    async with connect(gateway, subprotocols=["v2.chat", "v1.chat"]) as socket:
        assert socket.subprotocol == "v1.chat"
    await eventually(lambda: app.events("close"), "the app is told of the close", show=app.transcript)
    assert app.webhooks[-1].connection["protocol"] == "v1.chat"


async def test_subprotocol_that_was_not_offered_is_the_apps_fault(gateway, app):
    app.behaviour = reply(open=[{"type": "accept", "protocol": "v3.chat"}])
    response = await refusal(gateway, subprotocols=["v2.chat"])
    assert response.status_code == 502
    gateway.expect_log("v3.chat")


async def test_headers_of_accept_reach_the_client(gateway, app):
    app.behaviour = reply(open=[{"type": "accept", "headers": {"set-cookie": "a=1", "x-greeting": "hello"}}])
    async with connect(gateway) as socket:
        headers = socket.response.headers
        assert (headers.get("set-cookie"), headers.get("x-greeting")) == ("a=1", "hello")


@pytest.mark.parametrize("name", ["sec-websocket-accept", "connection", "transfer-encoding"])
async def test_headers_of_accept_cannot_break_the_handshake(gateway, app, name):
    app.behaviour = reply(open=[{"type": "accept", "headers": {name: "broken"}}])
    try:
        async with connect(gateway) as socket:
            assert "broken" not in socket.response.headers.get_all(name)
    except Exception as error:
        response = getattr(error, "response", None)
        assert response is not None and response.status_code == 502, f"neither a sound 101 nor a 502: {error!r}"


async def test_reject_passes_status_headers_and_body(gateway, app):
    app.behaviour = reply(open=[{"type": "reject", "status": 401, "headers": {"www-authenticate": "Basic"}, "body": "who are you?"}])
    response = await refusal(gateway)
    assert (response.status_code, response.headers.get("www-authenticate"), bytes(response.body)) == (401, "Basic", b"who are you?")


async def test_reject_is_403_by_default(gateway, app):
    app.behaviour = reply(open=[{"type": "reject"}])
    assert (await refusal(gateway)).status_code == 403


async def test_plain_refusal_passes_status_type_and_body(gateway, app):
    app.behaviour = always(429, {"content-type": "application/json"}, b'{"error":"later"}')
    response = await refusal(gateway)
    assert (response.status_code, response.headers["content-type"], bytes(response.body)) == (429, "application/json", b'{"error":"later"}')


def test_redirect_of_the_app_is_for_the_client(gateway, app):
    app.behaviour = always(302, {"location": app.url + "/elsewhere", "content-type": "text/plain"}, b"go away")
    with RawClient(gateway) as client:
        response = client.send(handshake()).response()
    assert (response.status, response.body) == (302, b"go away"), response
    assert [webhook.path for webhook in app.webhooks] == ["/hook"], "the gateway followed the redirect itself"


async def test_rejected_handshake_has_no_close_event(gateway, app):
    app.behaviour = reply(open=[{"type": "reject"}])
    await refusal(gateway)
    app.behaviour = reply()
    async with connect(gateway):
        pass
    await eventually(lambda: app.events("close"), "the accepted connection is closed", show=app.transcript)
    refused, accepted = app.ids()
    assert [webhook.types for webhook in app.of(refused)] == [["open"]]
    assert [webhook.types for webhook in app.of(accepted)] == [["open"], ["close"]]


# Routes and origins

ROUTES = {"routes": [{"name": "chat", "path": "/chat"}, {"name": "rooms", "path": "/rooms/*"}]}


def routed(app):
    return {"routes": [{**route, "target": app.url} for route in ROUTES["routes"]]}


@pytest.mark.parametrize("path, route", [("/chat", "chat"), ("/chat?x=1", "chat"), ("/rooms/7", "rooms"), ("/rooms/7/8", "rooms")])
async def test_path_finds_its_route(serve, app, path, route):
    async with connect(serve(config=routed(app)), path):
        assert app.webhooks[0].connection["route"] == route


@pytest.mark.parametrize("path", ["/", "/chat/", "/chats", "/chat/7", "/roomsful", "/CHAT"])
async def test_path_without_route_is_404(serve, app, path):
    response = await refusal(serve(config=routed(app)), path)
    assert response.status_code == 404
    assert not app.webhooks


ORIGINS = ["--origin", "https://example.com", "--origin", "*.example.org"]


@pytest.mark.parametrize("origin", ["https://example.com", "https://a.example.org", None])
async def test_listed_origin_is_let_in(serve, origin):
    async with connect(serve(*ORIGINS), origin=origin):
        pass


@pytest.mark.parametrize("origin", [
    "https://evil.test", "http://example.com", "https://example.com:8443", "https://example.com.evil.test", "https://evilexample.org", "null",
])
async def test_other_origin_is_403(serve, app, origin):
    response = await refusal(serve(*ORIGINS), origin=origin)
    assert response.status_code == 403
    assert not app.webhooks, "the app was asked about an origin that is refused anyway"


async def test_offered_compression_does_no_harm(gateway, app):
    app.behaviour = reply(message=lambda event, _: [{"type": "send", "text": event["text"]}])
    async with connect(gateway, compression="deflate") as socket:
        await socket.send("a" * 10_000)
        assert await received(socket) == "a" * 10_000


async def test_answer_with_json_and_charset_is_understood(gateway, app):
    app.behaviour = lambda webhook: (201, {"content-type": "application/json; charset=utf-8"}, answer()[2])
    async with connect(gateway):
        assert app.webhooks[0].headers["content-type"].startswith(JSON["content-type"])
