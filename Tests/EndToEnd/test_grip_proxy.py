"""Plain HTTP requests through `holdfast grip`: passed on to the app and back, as they come, and no further than is good."""

import asyncio
import http.client
import itertools
import socket
import threading
import time

import httpx
import jwt
import pytest

from app import after_interim, chunked, close_delimited, raw
from client import connect, received
from eventually import PAUSE, eventually, eventually_blocking
from grip_backend import Answer, Event, encoded_events, polite
from grip_gateway import app, gateway, get, grip, http as address  # noqa: F401
from held import Held
from rawsocket import RawClient

PLAIN = ("Content-Type", "text/plain")
HELLO = Answer(200, [PLAIN], "hello\n")
KEY = "a-key-of-more-than-the-32-bytes-that-PyJWT-wants"


def plain(status, headers, body):
    """What the behaviours of `app.py` are made of."""
    return lambda request: (status, headers, body)


# What passes

@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"])
def test_method_path_and_body_pass(gateway, app, method):
    app.behaviour = lambda request: Answer(200, [PLAIN, ("X-Seen", f"{request.method} {request.path}")], request.raw)
    body = b"\x00\xff" * 100 if method in ("POST", "PUT", "PATCH", "REPORT") else b""
    answer = get(gateway, "/a%20b/%2F/..;x?q=1&&r=%C3%BC", method=method, content=body or None)
    assert (answer.status_code, answer.content) == (200, body)
    assert answer.headers["x-seen"] == f"{method} /a%20b/%2F/..;x?q=1&&r=%C3%BC"


# The app's own reason, and the one that the client gets: what a status is usually called.
STATUSES = [(200, "Fine", "OK"), (201, "Made", "Created"), (299, "", None), (400, "No", "Bad Request"), (418, "Pot", "I'm a teapot"),
            (500, "Oops", "Internal Server Error"), (599, "What", None)]


@pytest.mark.parametrize("status, reason, usual", STATUSES)
def test_status_and_headers_pass(gateway, app, status, reason, usual):
    app.behaviour = raw(
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Odd:  spaced\t\r\n".encode()
        + b"Content-Length: 3\r\n\r\nabc", keep=True)
    answer = get(gateway)
    assert (answer.status_code, answer.content) == (status, b"abc")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"] and answer.headers["x-odd"] == "spaced"
    if usual:
        assert answer.reason_phrase == usual


def test_headers_of_the_client_pass(gateway, app):
    app.behaviour = lambda request: HELLO
    with RawClient(gateway) as client:
        client.send(
            b"GET / HTTP/1.1\r\nHost: example.test\r\nCookie: a=1\r\nX-Twice: one\r\nX-Twice: two\r\nX-Empty:\r\nAuthorization: Basic dTpw\r\n"
            b"User-Agent: test\r\nAccept: text/plain\r\nRange: bytes=0-1\r\nMeta-User: ann\r\n\r\n")
        assert client.response().status == 200
    request = app.requests[0]
    assert request.all("x-twice") == ["one", "two"] and request.header("x-empty") == ""
    for name, value in {
        "host": "example.test", "cookie": "a=1", "authorization": "Basic dTpw", "user-agent": "test", "accept": "text/plain", "range": "bytes=0-1",
        "meta-user": "ann",
    }.items():
        assert request.header(name) == value, request.headers


def test_hop_by_hop_headers_do_not_pass(gateway, app):
    app.behaviour = lambda request: Answer(200, [
        PLAIN, ("Connection", "X-Back"), ("X-Back", "1"), ("Keep-Alive", "timeout=7"), ("Upgrade", "h2c"), ("X-Stays", "1"),
    ], "hello\n")
    with RawClient(gateway) as client:
        client.send(
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nTrailer: X-T\r\n"
            b"Proxy-Connection: keep-alive\r\nX-Stays: 1\r\n\r\n")
        response = client.response()
    request = app.requests[0]
    for name in ("x-hop", "keep-alive", "te", "trailer", "proxy-connection"):
        assert request.header(name) is None, request.headers
    assert request.header("x-stays") == "1"
    for name in ("x-back", "upgrade"):
        assert response.header(name) is None, response
    assert response.header("keep-alive") != "timeout=7" and response.header("x-stays") == "1"


def test_grip_headers_of_a_client_do_not_pass(gateway, app):
    app.behaviour = lambda request: HELLO
    get(gateway, headers={"grip-sig": "a.b.c", "grip-last": "room; last-id=1", "grip-hold": "stream", "grip-feature": "none"})
    request = app.requests[0]
    assert {name.lower() for name, _ in request.headers if name.lower().startswith("grip-")} == {"grip-feature"}
    assert "filter:skip-self" in request.header("grip-feature")


def test_grip_headers_of_the_app_do_not_pass(gateway, app):
    app.behaviour = lambda request: Answer(200, [PLAIN, ("Grip-Channel", "room"), ("Grip-Nonsense", "1")], "hello\n")
    answer = get(gateway)
    assert (answer.status_code, answer.text) == (200, "hello\n")
    assert not [name for name in answer.headers if name.startswith("grip-")]


def test_request_is_signed(grip, app):
    app.behaviour = lambda request: HELLO
    get(grip("--sig-key", KEY))
    claims = jwt.decode(app.requests[0].header("grip-sig"), KEY, algorithms=["HS256"])
    assert claims.keys() == {"iss", "exp"} and claims["iss"] == "pushpin"


def test_client_cannot_speak_for_a_gateway(gateway, app):
    answer = get(gateway, method="POST", content=encoded_events(Event("OPEN")), headers={"content-type": "application/websocket-events"})
    assert answer.status_code == 403 and not app.requests


# How bodies are delimited

def test_head(gateway, app):
    app.behaviour = lambda request: HELLO
    answer = get(gateway, method="HEAD")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "6")
    assert get(gateway).text == "hello\n"


@pytest.mark.parametrize("status", [204, 304])
def test_status_without_a_body(gateway, app, status):
    app.behaviour = lambda request: Answer(status, [("ETag", '"1"')])
    with httpx.Client(trust_env=False) as client:
        for _ in range(2):
            answer = client.get(address(gateway))
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (status, b"", '"1"')


DELIMITED = {"chunked": chunked, "close": close_delimited, "interim": after_interim}


@pytest.mark.parametrize("how", DELIMITED)
def test_body_of_the_app(gateway, app, how):
    body = bytes(range(256)) * 20
    app.behaviour = DELIMITED[how](plain(200, {"content-type": "text/plain"}, body))
    with httpx.Client(trust_env=False) as client:
        for _ in range(2):
            assert client.get(address(gateway)).content == body


def test_chunked_body_of_the_client(gateway, app):
    app.behaviour = lambda request: Answer(200, [PLAIN], request.raw)
    with httpx.Client(trust_env=False) as client:
        for _ in range(2):
            answer = client.post(address(gateway), content=iter([b"one ", b"two ", b"x" * 100_000]))
            assert answer.content == b"one two " + b"x" * 100_000


@pytest.mark.parametrize("size", [1, 65_536, 20_000_000])
def test_large_bodies_both_ways(gateway, app, size):
    app.behaviour = lambda request: Answer(200, [PLAIN], request.raw)
    body = bytes(range(256)) * (size // 256 + 1)
    answer = get(gateway, method="POST", content=body[:size])
    assert answer.content == body[:size]


def test_body_after_100_continue(gateway, app):
    app.behaviour = lambda request: Answer(200, [PLAIN], request.raw)
    with RawClient(gateway) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        first = client.response()
        assert first.status == 100, first
        assert client.send(b"hello").response().body == b"hello"


def test_several_requests_on_one_connection(gateway, app):
    app.behaviour = lambda request: Answer(200, [PLAIN], f"{request.path} {request.raw.decode()}")
    with RawClient(gateway) as client:
        client.send(b"".join(b"POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n%d" % (n, n) for n in range(9)))
        assert [client.response().body for _ in range(9)] == [b"/%d %d" % (n, n) for n in range(9)]
        client.send(b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert client.response().body == b"/last " and client.has_ended()


def test_http_1_0(gateway, app):
    app.behaviour = chunked(plain(200, {"content-type": "text/plain"}, b"hello"))
    with RawClient(gateway) as client:
        client.send(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
        response = client.response()
        assert response.body == b"hello" and response.header("transfer-encoding") is None
        assert client.has_ended()


# As it comes

def test_answer_streams(gateway, app):
    """Each piece reaches the client before the next one is written."""
    step = threading.Semaphore(0)

    def write(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"one", b"two", b"three"):
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            step.acquire(timeout=10)
        connection.sendall(b"0\r\n\r\n")
        return True

    app.behaviour = lambda request: write
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.request("GET", "/")
    response = connection.getresponse()
    for piece in (b"one", b"two", b"three"):
        assert response.read1() == piece
        step.release()
    assert response.read() == b""
    connection.close()


class Upload:
    """An app that shows the body of a request while it comes."""

    def __init__(self):
        self.received, self.ended = b"", None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        connection, _ = self._listener.accept()
        with connection:
            try:
                while piece := connection.recv(65536):
                    self.received += piece
                    if self.received.endswith(b"0\r\n\r\n") or b"the end" in self.received:
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken")
                self.ended = "closed"
            except OSError:
                self.ended = "reset"

    def close(self):
        self._listener.close()


@pytest.fixture
def upload():
    upload = Upload()
    yield upload
    upload.close()


def test_request_streams(upload, launch):
    gateway = launch("grip", f"http://127.0.0.1:{upload.port}")
    with RawClient(gateway) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"one", b"two", b"three"):
            client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            eventually_blocking(lambda: piece in upload.received, f"the app has {piece!r}", show=lambda: upload.received)
        assert client.send(b"0\r\n\r\n").response().body == b"taken"


def test_upload_of_a_client_that_leaves_is_broken_off(upload, launch):
    """The app must not take half a body for a whole one."""
    gateway = launch("grip", f"http://127.0.0.1:{upload.port}")
    with RawClient(gateway) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf of it")
        eventually_blocking(lambda: b"half of it" in upload.received, "the app has half", show=lambda: upload.received)
    eventually_blocking(lambda: upload.ended, "the app's connection ends", show=lambda: upload.received)
    assert upload.received.endswith(b"half of it")


def test_app_is_left_when_the_client_leaves(gateway, app):
    """A download that nobody wants any more does not go on for ever."""
    written = [0]

    def pour(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
            written[0] += 65536

    ended = threading.Event()

    def endless(connection):
        try:
            pour(connection)
        finally:
            ended.set()

    app.behaviour = lambda request: endless
    with RawClient(gateway) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually_blocking(lambda: written[0] > 1_000_000, "the download is under way")
    assert ended.wait(10), "the app still writes"


def test_slow_reader_holds_the_app_back(gateway, app):
    """What the client does not read is not collected in the gateway."""
    written = [0]

    def pour(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 200000000\r\n\r\n")
        for _ in range(200_000_000 // 100_000):
            connection.sendall(b" " * 100_000)
            written[0] += 100_000
        return True

    app.behaviour = lambda request: pour
    before = gateway.resident_bytes()
    with RawClient(gateway, receive_buffer=65536) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually_blocking(lambda: written[0] > 0, "the download is under way")
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < 1:
            if written[0] != seen:
                seen, since = written[0], time.monotonic()
            threading.Event().wait(PAUSE)
        assert written[0] < 60_000_000, written[0]
        assert gateway.resident_bytes() - before < 60_000_000


# What the route says of headers and paths

def seen_by_app(gateway, app, path="/", **headers):
    app.behaviour = lambda request: HELLO
    get(gateway, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return app.requests[-1]


def test_host(grip, app):
    assert seen_by_app(grip(), app).header("host").startswith("127.0.0.1:")
    assert seen_by_app(grip(), app, host="example.test").header("host") == "example.test"
    assert seen_by_app(grip(grip={"host": "inner.test"}), app, host="example.test").header("host") == "inner.test"


def test_headers_that_are_set(grip, app):
    gateway = grip(grip={"setHeaders": ["X-Set: 1", "X-Gone:", "User-Agent: mine"]})
    request = seen_by_app(gateway, app, x_set="of the client", x_gone="1", user_agent="theirs", x_stays="1")
    assert (request.header("x-set"), request.header("user-agent"), request.header("x-stays")) == ("1", "mine", "1")
    assert not request.header("x-gone")


FORWARDED_FOR = {
    "": "1.1.1.1, 2.2.2.2", "append": "1.1.1.1, 2.2.2.2, 127.0.0.1", "truncate:0,append": "127.0.0.1", "truncate:1": "2.2.2.2",
    "truncate:1,append": "2.2.2.2, 127.0.0.1",
}


@pytest.mark.parametrize("rule", FORWARDED_FOR)
def test_forwarded_for(grip, app, rule):
    gateway = grip(grip={"xForwardedFor": rule} if rule else {"debug": False})
    assert seen_by_app(gateway, app, x_forwarded_for="1.1.1.1, 2.2.2.2").header("x-forwarded-for") == FORWARDED_FOR[rule]


def test_forwarded_proto(grip, app):
    assert seen_by_app(grip(), app, x_forwarded_proto="https").header("x-forwarded-proto") in (None, "http")
    assert seen_by_app(grip(grip={"acceptXForwardedProto": True}), app, x_forwarded_proto="https").header("x-forwarded-proto") == "https"


def test_prefix_of_the_path_is_replaced(grip, app):
    gateway = grip(route={"path": "/api/*"}, grip={"replacePrefix": "/v1"})
    assert seen_by_app(gateway, app, "/api/chat?x=1").path == "/v1/chat?x=1"
    assert get(gateway, "/elsewhere").status_code == 404


def test_path_of_the_target_is_in_front(grip, app):
    gateway = grip(route={"target": app.url + "/site"})
    assert seen_by_app(gateway, app, "/chat?x=1").path == "/site/chat?x=1"


def test_loop_is_refused(grip, app):
    gateway = grip(grip={"cdnLoop": "me"})
    assert seen_by_app(gateway, app, cdn_loop="other").header("cdn-loop").replace(" ", "") == "other,me"
    asked = len(app.requests)
    assert get(gateway, headers={"cdn-loop": "other, me; x=1"}).status_code in (400, 508, 502) and len(app.requests) == asked


def test_pages_of_other_origins(grip, app):
    app.behaviour = lambda request: HELLO
    assert "access-control-allow-origin" not in get(grip(), headers={"origin": "https://a.test"}).headers
    answer = get(grip(grip={"crossOrigin": True}), headers={"origin": "https://a.test"})
    assert answer.headers["access-control-allow-origin"] in ("*", "https://a.test")


def test_route_that_only_passes_on(grip, app):
    app.behaviour = lambda request: Answer(200, [PLAIN, ("Grip-Hold", "stream"), ("Grip-Channel", "room")], "hello\n")
    answer = get(grip(grip={"noGrip": True}))
    assert answer.text == "hello\n"
    assert app.requests[0].header("grip-feature") is None


async def test_many_at_once(gateway, app):
    numbers = itertools.count()
    app.behaviour = lambda request: Answer(200, [PLAIN], f"{request.path} {next(numbers) >= 0}")
    async with httpx.AsyncClient(trust_env=False, timeout=30, limits=httpx.Limits(max_connections=100)) as client:
        answers = await asyncio.gather(*[client.get(address(gateway, f"/{number}")) for number in range(500)])
    assert [answer.text for answer in answers] == [f"/{number} True" for number in range(500)]


async def test_requests_and_websockets_side_by_side(gateway, app):
    app.behaviour = lambda request: HELLO if request.method == "GET" else polite()(request)
    async with connect(gateway) as socket, Held(address(gateway)) as held:
        await held.ended()
        assert held.text == "hello\n"
        await socket.send("hello")
        assert await received(socket) == "hello"


async def test_slow_app_does_not_hold_others_up(gateway, app):
    gate = app.gate()

    def behaviour(request):
        if request.path == "/slow":
            gate.hold()
        return HELLO

    app.behaviour = behaviour
    async with Held(address(gateway, "/slow")) as slow:
        await eventually(lambda: app.requests, "the slow request is with the app")
        assert (await asyncio.to_thread(get, gateway, "/quick")).text == "hello\n"
        assert not slow.done
        gate.open()
        await slow.ended()
