"""Control requests of the slip dialect: what they may ask for, who may make them, and what is waited for."""

import asyncio
import socket
import time

import pytest

from app import held_by
from client import all_received, connect, received, round_trip
from slip_app import SECRET, control, polite, subscribe, text, token
from slip_gateway import ConnectLater, app, id_of, slip, start, told  # noqa: F401, F811

DONE = '{"message": "processed successfully"'


# The control API

@pytest.mark.parametrize("path", ["/", "/any/path", "/control?x=1"])
@pytest.mark.parametrize("content_type", ["application/websocket-events", "application/json", "application/json; charset=utf-8"])
def test_any_path_will_do(slip, path, content_type):
    reply = control(slip, path=path, content_type=content_type)
    assert (reply.status_code, reply.text) == (200, DONE + ',"results":[]}')


def test_unknown_connections_are_no_error(slip):
    gone = "n1.0.AAAAAAAAAAAAAAAAAAAAAA"
    reply = control(slip, *({"type": "TEXT", "connectionId": identity, "data": "x"} for identity in ("Jz1aBcdEIAMCKzg=", "", gone)))
    assert reply.status_code == 200
    assert reply.json()["results"] == [{"type": "TEXT", "status": "notFound"}] * 3


@pytest.mark.parametrize("content, detail", [
    (b"", "the body is empty"), (b"nonsense", "not JSON: line 1, column 1"), (b"{}", "events: expected an array"),
    (b'{"events":[{"type":"ACCEPT","connectionId":"x"}]}', "events[0].type: only possible in the answer to OPEN"),
    (b'{"events":[{"type":"TEXT","connectionId":"x"}]}', "events[0].data: expected a string, but it is missing"),
    (b'{"events":[{"type":"SUBSCRIBE","connectionId":"x"}]}', "events[0].channel: expected a string, but it is missing"),
    (b'{"events":[{"type":"PUBLISH_TEXT","data":"x"}]}', "events[0].channelId: expected a string, but it is missing"),
    (b'{"events":[{"type":"NOPE"}]}', 'events[0].type: unknown type "NOPE"'),
])
def test_wrong_commands(slip, content, detail):
    reply = control(slip, content=content)
    assert reply.status_code == 400
    assert reply.text.startswith('{"message": "invalid commands"')
    assert detail in reply.json()["detail"]


@pytest.mark.parametrize("content_type", ["application/websocket-events", "application/json"])
@pytest.mark.parametrize("wrong", {
    "none": "", "no token": "abc", "another secret": token("another secret, which is as long as the one that app and gateway share"), "the secret in plain": "x.y.z",
    "expired": token(exp=int(time.time()) - 1), "ends now": token(exp=int(time.time())), "no end": token(exp=None),
    "to the app": token(aud="WebSocketEvent"), "to nobody": token(aud=None), "to others": token(aud=["a", "b"]),
    "of another issuer": token(iss="pushpin"), "of nobody": token(iss=None), "not yet": token(nbf=int(time.time()) + 1000),
    "HS512": token(algorithm="HS512"), "unsigned": token(None, algorithm="none"),
    "unsigned, with a signature": token(None, algorithm="none") + token().rsplit(".", 1)[1],
}.items(), ids=lambda item: item[0])
def test_wrong_tokens(slip, app, wrong, content_type):
    for content in (None, b"nonsense", b""):
        reply = control(slip, bearer=wrong[1], content_type=content_type, content=content)
        assert (reply.status_code, reply.text) == (403, "Invalid token")


def test_token_for_several(slip):
    assert control(slip, bearer=token(aud=["others", "ControlEvent"])).status_code == 200


async def test_nothing_is_done_with_a_wrong_token(slip, app):
    async with connect(slip) as socket:
        assert control(slip, {"type": "CLOSE", "connectionId": id_of(app)}, bearer=token("another secret, which is as long as the one that app and gateway share")).status_code == 403
        await round_trip(socket)


def test_the_rest_of_the_port_needs_the_secret(slip):
    for path in ("/v1/connections", "/metrics", "/nowhere"):
        assert slip.get(path).status_code == 401, path
        assert slip.get(path, headers={"authorization": f"Bearer {token()}"}).status_code == 401, "a token of the convention opens nothing else"
    assert slip.get("/health").status_code == 200
    bearer = {"authorization": f"Bearer {SECRET}"}
    assert slip.get("/v1/connections", headers=bearer).status_code == 200
    assert slip.get("/nowhere", headers=bearer).status_code == 404
    # And the secret in plain is no token of the convention.
    assert control(slip, bearer=SECRET).status_code == 403


def test_own_control_token(launch, app):
    slip = launch("slip", app.url, "--jwt-secret", SECRET, token="other")
    assert slip.get("/v1/connections").status_code == 200
    assert slip.get("/v1/connections", headers={"authorization": f"Bearer {SECRET}"}).status_code == 401
    assert control(slip).status_code == 200


def test_body_of_strangers_is_not_read(slip):
    with socket.create_connection(("127.0.0.1", slip.control_port), 10) as stranger:
        stranger.sendall(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/websocket-events\r\ncontent-length: 1000000\r\n\r\n")
        assert stranger.recv(100).startswith(b"HTTP/1.1 403 ")


def test_body_that_is_too_long(start, app):
    slip = start("--max-answer-bytes", "1KiB")
    assert control(slip, {"type": "TEXT", "connectionId": "x", "data": "y" * 2000}).status_code == 413


def test_other_methods_and_types(slip):
    bearer = {"authorization": f"Bearer {token()}"}
    assert slip.put("/x", content=b"{}", headers=bearer).status_code == 401
    assert slip.post("/x", content=b'{"events":[]}', headers={**bearer, "content-type": "text/csv"}).status_code == 401


# POLL_FOR_CONNECTION

async def test_poll_finds_an_open_connection_at_once(slip, app):
    async with connect(slip) as socket:
        begun = time.monotonic()
        reply = control(
            slip, {"type": "POLL_FOR_CONNECTION", "connectionId": id_of(app), "timeout": 9000}, {"type": "TEXT", "connectionId": id_of(app), "data": "x"})
        assert reply.json()["results"] == [{"type": "POLL_FOR_CONNECTION", "status": "ok"}, {"type": "TEXT", "status": "ok", "delivered": 1}]
        assert time.monotonic() - begun < 5
        assert await received(socket) == "x"


async def in_thread(*arguments, **options):
    return await asyncio.to_thread(control, *arguments, **options)


async def test_poll_waits_for_the_handshake(slip, app):
    gate = app.gate()
    app.behaviour = held_by(gate, polite(text("first")))
    async with ConnectLater(slip) as connecting:
        await told(app, "OPEN")
        asking = asyncio.ensure_future(in_thread(
            slip, {"type": "POLL_FOR_CONNECTION", "connectionId": id_of(app), "timeout": 9000}, {"type": "TEXT", "connectionId": id_of(app), "data": "second"}))
        await asyncio.sleep(0.3)  # Longer than the poll's own rhythm: it must still wait.
        assert not asking.done()
        gate.open()
        async with await connecting as socket:
            assert [result["status"] for result in (await asking).json()["results"]] == ["ok", "ok"]
            assert await all_received(socket, 2) == ["first", "second"]


async def test_poll_goes_on_when_its_time_is_over(slip, app):
    gate = app.gate()
    app.behaviour = held_by(gate, polite(subscribe("room")))
    async with ConnectLater(slip) as connecting:
        await told(app, "OPEN")
        begun = time.monotonic()
        reply = await in_thread(
            slip, {"type": "POLL_FOR_CONNECTION", "connectionId": id_of(app), "timeout": 300}, {"type": "TEXT", "connectionId": id_of(app), "data": "x"})
        assert 0.25 < time.monotonic() - begun < 5
        assert [result["status"] for result in reply.json()["results"]] == ["notFound", "ok"]
        gate.open()
        async with await connecting as socket:
            assert await received(socket) == "x"


def test_poll_for_nobody(slip):
    begun = time.monotonic()
    gone = "n1.0.AAAAAAAAAAAAAAAAAAAAAA"
    polls = [{"type": "POLL_FOR_CONNECTION", "connectionId": identity, "timeout": 10_000} for identity in (gone, "not ours")] * 50
    reply = control(slip, *polls)
    assert [result["status"] for result in reply.json()["results"]] == ["notFound"] * 100
    assert time.monotonic() - begun < 5, "an id that has gone never comes back, so nobody waits for it"


async def test_polls_of_one_request_wait_ten_seconds_in_all(start, app):
    slip = start("--webhook-timeout", "30s")
    gate = app.gate()
    app.behaviour = held_by(gate, polite())
    async with ConnectLater(slip) as connecting:
        await told(app, "OPEN")
        begun = time.monotonic()
        reply = await in_thread(slip, *[{"type": "POLL_FOR_CONNECTION", "connectionId": id_of(app), "timeout": 6000}] * 4)
        assert [result["status"] for result in reply.json()["results"]] == ["notFound"] * 4
        assert 9.5 < time.monotonic() - begun < 15
        gate.open()
        await (await connecting).close()
