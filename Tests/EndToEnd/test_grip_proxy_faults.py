"""Faulty apps and faulty clients with `holdfast grip` between them: plain HTTP."""

import httpx
import pytest

from app import garbage, in_turn, raw, reset_mid_answer
from grip_backend import Answer
from grip_gateway import app, gateway, get, grip  # noqa: F401
from rawsocket import Ended, RawClient

PLAIN = ("Content-Type", "text/plain")
HELLO = Answer(200, [PLAIN], "hello\n")


# Faults of the app

FAILURES = {"no HTTP": garbage(), "no answer": raw(b""), "half a head": raw(b"HTTP/1.1 200 OK\r\nContent-")}


@pytest.mark.parametrize("failure", ["no HTTP", "no answer", "half a head"])
def test_answer_that_is_none(gateway, app, failure):
    app.behaviour = FAILURES[failure]
    assert get(gateway, method="POST", content=b"x").status_code == 502
    app.behaviour = lambda request: HELLO
    assert get(gateway).text == "hello\n"


@pytest.mark.parametrize("failure", ["less than it says", "an end amid the chunks", "a reset"])
def test_answer_that_breaks_off(gateway, app, failure):
    """The client must not take half an answer for a whole one."""
    app.behaviour = {
        "less than it says": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"),
        "an end amid the chunks": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"), "a reset": reset_mid_answer(),
    }[failure]
    try:
        answer = get(gateway)
    except httpx.RemoteProtocolError:
        return
    except httpx.ReadError:
        return
    assert answer.status_code == 502, answer.text


def test_app_that_is_not_there(gateway, app):
    app.kill()
    answer = get(gateway)
    assert answer.status_code == 502 and str(app.port) not in answer.text
    app.start()
    app.behaviour = lambda request: HELLO
    assert get(gateway).text == "hello\n"


def test_debug_says_why(grip, app):
    gateway = grip(grip={"debug": True})
    app.behaviour = lambda request: Answer(200, [("Grip-Hold", "forever"), ("Grip-Channel", "room")], "x")
    answer = get(gateway)
    assert answer.status_code == 502 and "forever" in answer.text, answer.text


def test_app_that_closes_kept_connections(gateway, app):
    """A GET on a kept connection that has just been closed is made again; the client does not notice."""
    app.behaviour = lambda request: HELLO
    for _ in range(20):
        assert get(gateway).text == "hello\n"
        app.close_kept_connections()


def test_post_is_not_made_twice(gateway, app):
    app.behaviour = in_turn(lambda request: HELLO, raw(b""), lambda request: HELLO)
    assert get(gateway).text == "hello\n"
    assert get(gateway, method="POST", content=b"x").status_code == 502
    assert [request.method for request in app.requests] == ["GET", "POST"]


# Faults of the client

REQUESTS = {
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: nonsense\r\n\r\nabc",
    "a bad length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a bad chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n", "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a space in a name": b"GET / HTTP/1.1\r\nHost: x\r\nX A: 1\r\n\r\n",
    "a folded line": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n", "no version": b"GET /\r\n\r\n",
    "a zero byte": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n",
    "a very long head": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"a" * 70_000 + b"\r\n\r\n", "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("fault", REQUESTS)
def test_request_that_is_none_never_reaches_the_app_as_two(gateway, app, fault):
    """What could be read in two ways is refused, or reaches the app as one request that can be read in one way only."""
    app.behaviour = lambda request: HELLO
    with RawClient(gateway) as client:
        client.send(REQUESTS[fault])
        try:
            status = client.response().status
        except Ended:
            status = None
    if fault not in ("length and chunks", "no host", "two hosts", "a folded line", "no version"):
        assert status is None or 400 <= status < 600, status
    assert len(app.requests) <= 1
    for request in app.requests:
        assert not (request.header("content-length") and request.header("transfer-encoding")), request.headers
        assert "\x00" not in str(request.headers)
    app.behaviour = lambda request: HELLO
    assert get(gateway).text == "hello\n"
