"""TLS on the public port: those who speak none or stop in the middle, those who do not read, and how connections end."""

import asyncio
import os
import resource
import ssl
import time

import httpx
import pytest

from app import echo, reply
from authority import TLSClient, authority, blind, client_hello, pair, secure, serve_tls, trust  # noqa: F401, five of them are fixtures
from client import connect, ending, refusal
from eventually import eventually_blocking
from gateway import SANITIZED
from rawsocket import CLOSE, PING, PONG, TEXT, Ended, RawClient, frame, handshake

JOIN = reply(open=[{"type": "subscribe", "channel": "room"}], message=echo)


# Those who do not speak TLS, or stop in the middle

def ends_soon(client):
    """Insists on an end long before the handshake's time is up, which is 10 s here. A refusal in HTTP may come before it."""
    client.socket.settimeout(5)
    try:
        response = client.response()
        assert response.status >= 400, response
        client.has_ended()
    except Ended:
        pass


def test_plain_client_at_the_tls_port(secure, app):
    with RawClient(secure) as client:
        ends_soon(client.send(handshake()))
    assert not app.webhooks


def test_tls_client_at_the_plain_port(gateway, app):
    begun = time.monotonic()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        TLSClient(gateway, blind())
    assert time.monotonic() - begun < 5
    assert not app.webhooks


GARBAGE = {
    "zeros": bytes(600), "text": b"EHLO mail.example.test\r\n" * 20, "bytes": bytes(range(256)) * 3,
    "another kind of record": b"\x17\x03\x03\x00\x20" + bytes(32),
    "a record without end": b"\x16\x03\x01\xff\xff" + b"\x01" * 1000, "a hello that is none": b"\x16\x03\x01\x00\x30\x01\x00\x00\x2c" + b"\xff" * 44,
    "an end at once": b"\x15\x03\x03\x00\x02\x01\x00",
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_instead_of_a_hello(secure, app, trust, case):
    with RawClient(secure) as client:
        ends_soon(client.send(GARBAGE[case]))
    assert not app.webhooks
    with TLSClient(secure, trust) as client:
        client.open()


def test_much_garbage_leaves_nothing_behind(secure, trust):
    with TLSClient(secure, trust) as client:
        client.open()

    def files():
        return len(os.listdir(f"/proc/{secure.process.pid}/fd"))

    eventually_blocking(lambda: secure.metric("holdfast_connections") == 0, "the first client is gone")
    before, lines = files(), len(secure.logs())
    for number in range(200):
        with RawClient(secure) as client:
            client.send(list(GARBAGE.values())[number % len(GARBAGE)])
            if number % 2:
                ends_soon(client)
    eventually_blocking(lambda: files() <= before + 2, "their sockets are closed", show=files)
    assert len(secure.logs()) - lines <= 10, f"whoever sends garbage fills the log: {secure.logs()[lines:][:5]}"


def test_handshake_that_stops_is_ended(serve_tls, trust):
    gateway = serve_tls("--handshake-timeout", "2s")
    begun = time.monotonic()
    hello = client_hello()
    silent = {"nothing": b"", "half a hello": hello[:100], "a hello and no more": hello}
    clients = {name: RawClient(gateway).send(data) for name, data in silent.items()}
    with TLSClient(gateway, trust) as served:
        served.open()
        assert time.monotonic() - begun < 1.5, "others wait for those who stop"
        for name, client in clients.items():
            client.socket.settimeout(5)
            client.has_ended()
            assert 1.8 < time.monotonic() - begun < 7, f"{name}: ended after {time.monotonic() - begun:.1f} s, the timeout was 2 s"
            client.close()
        served.send(frame(PING, b"still here"))
        assert served.frame() == (PONG, b"still here")


def test_dripping_hello_gains_no_time(serve_tls):
    gateway = serve_tls("--handshake-timeout", "1s")
    with RawClient(gateway) as client:
        begun = time.monotonic()
        for byte in client_hello():
            try:
                client.send(bytes([byte]))
            except ConnectionError:
                break
            if client.readable(within=0.1):
                break
        assert time.monotonic() - begun < 5, "a byte now and then kept the handshake alive"


def test_opening_request_has_its_time_within_tls(serve_tls, trust):
    gateway = serve_tls("--handshake-timeout", "1s")
    with TLSClient(gateway, trust) as client:
        begun = time.monotonic()
        assert client.send(handshake()[:40]).response().status == 408
        assert 0.5 < time.monotonic() - begun < 5


def test_silent_sockets_keep_nobody_out(secure, trust):
    silent = [RawClient(secure) for _ in range(200)]
    begun = time.monotonic()
    with TLSClient(secure, trust) as client:
        client.open()
    assert time.monotonic() - begun < 3
    for client in silent:
        client.close()


def test_more_sockets_than_file_descriptors(serve_tls, trust):
    """Handshakes that stop may take all files that clients may take, and none of the control API's."""
    gateway = serve_tls("--handshake-timeout", "2s", before_exec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128)))
    hello, held = client_hello(), []
    for number in range(300):
        held.append(RawClient(gateway))
        try:
            held[-1].send(hello[:number])
        except ConnectionError:
            pass  # Far too many are closed unread.
    assert gateway.get("/health").status_code == 200, "no file was left for the control API"

    def connects():
        try:
            with TLSClient(gateway, trust) as client:
                return client.send(handshake()).response().status == 101
        except (Ended, OSError):
            return False

    # Nobody leaves: their time is up.
    eventually_blocking(connects, "a client is taken again")
    for client in held:
        client.close()


# Memory

def publishing(gateway):
    """A client of the control API that keeps its connection."""
    return httpx.Client(base_url=gateway.control_url, trust_env=False, timeout=10)


def publish(client, data):
    """Publishes to the room, and returns the number of those who got it."""
    answer = client.post("/v1/channels/room/messages", content=data, headers={"content-type": "application/octet-stream"})
    assert answer.status_code == 202, answer.text
    return answer.json()["delivered"]


PIECE = os.urandom(64_000)


def test_reader_that_never_reads_is_closed(serve_tls, app, trust):
    gateway = serve_tls("--send-queue-bytes", "256KiB")
    app.behaviour = JOIN
    with TLSClient(gateway, trust, receive_buffer=4096) as silent, publishing(gateway) as control:
        silent.open()
        before, count = gateway.resident_bytes(), 0
        while publish(control, PIECE):
            count += 1
            assert count < 1000, "64 MB were published to a client that does not read, and nothing happened"
        assert gateway.metric("holdfast_slow_readers_total", action="close") == 1
        growth = gateway.resident_bytes() - before
        assert growth < 24 << 20, f"{growth} bytes more for one client that does not read"
        what = "the app is told, though the client reads nothing"
        event = eventually_blocking(lambda: app.events("close"), what, within=15, show=app.transcript)[0]
        assert event["code"] == 1013 and event["clean"] is False, event
        eventually_blocking(lambda: gateway.metric("holdfast_connections") == 0, "the connection is given up", within=15)
    assert gateway.metric("holdfast_connections_closed_total", reason="slowReader", code_class="error") == 1
    assert gateway.metric("holdfast_send_queue_bytes") == 0


def test_reader_that_reads_late_gets_1013(serve_tls, app, trust):
    gateway = serve_tls("--send-queue-bytes", "256KiB")
    app.behaviour = JOIN
    with TLSClient(gateway, trust, receive_buffer=4096) as late, publishing(gateway) as control:
        late.open()
        count = 0
        while publish(control, PIECE):
            count += 1
            assert count < 1000
        heard = 0
        while (message := late.frame())[0] != CLOSE:
            assert message[1] == PIECE, "a message is torn"
            heard += 1
        assert message[1][:2] == (1013).to_bytes(2, "big"), message
        assert 0 < heard <= count
        late.send(frame(CLOSE, (1013).to_bytes(2, "big"))).has_ended()


def test_many_that_never_read_cost_what_their_queues_may_hold(serve_tls, app, trust):
    gateway = serve_tls("--send-queue-bytes", "256KiB", "--slow-reader", "dropOldest")
    app.behaviour = JOIN
    silent = [TLSClient(gateway, trust, receive_buffer=4096).open() for _ in range(20)]
    before, peak = gateway.resident_bytes(), 0
    with publishing(gateway) as control:
        for number in range(400):
            assert publish(control, b"%06d" % number + PIECE) == 20
            peak = max(peak, gateway.resident_bytes())
        # 20 queues of 256 KiB and as much again in TLS records, and what the allocator keeps.
        assert SANITIZED or peak - before < 48 << 20, f"{(peak - before) >> 20} MiB more for 20 clients that do not read, 26 MB were published"
        last = b"%06d" % 399 + PIECE
        for client in silent:
            number = -1
            while True:
                _, message = client.frame()
                assert message[6:] == PIECE and int(message[:6]) > number, "a message is torn, or came out of order"
                number = int(message[:6])
                if message == last:
                    break
            client.close()


# How it ends

def test_server_takes_leave_properly(secure, app, trust):
    app.behaviour = reply(message=[{"type": "close", "code": 4001, "reason": "enough"}])
    with TLSClient(secure, trust) as client:
        client.open().send(frame(TEXT, b"good-bye"))
        assert client.close_frame() == (4001, "enough")
        client.send(frame(CLOSE, (4001).to_bytes(2, "big")))
        client.has_ended()  # TLS said so: a mere end of the stream would be an error.
        client.give_up_tls().has_ended()  # And TCP is ended by the server, though this side has said nothing more.
    eventually_blocking(lambda: app.events("close"), "the app is told", show=app.transcript)
    assert app.events("close")[0]["clean"] is True


def test_client_takes_leave(secure, app, trust):
    with TLSClient(secure, trust) as client:
        client.open().send(frame(CLOSE, (1000).to_bytes(2, "big")))
        assert client.close_frame()[0] == 1000
        client.has_ended()
    eventually_blocking(lambda: app.events("close"), "the app is told", show=app.transcript)
    assert (app.events("close")[0]["code"], app.events("close")[0]["clean"]) == (1000, True)


def vanish_by_reset(client):
    client.reset()


def vanish_by_tcp(client):
    client.give_up_tls().close()


def vanish_by_tls(client):
    """TLS says good-bye, WebSocket did not."""
    client.socket.settimeout(5)
    try:
        client.socket.unwrap()
    except (ssl.SSLError, OSError):
        pass
    client.close()


@pytest.mark.parametrize("vanish", [vanish_by_reset, vanish_by_tcp, vanish_by_tls])
def test_client_that_vanishes(secure, app, trust, vanish):
    client = TLSClient(secure, trust).open()
    vanish(client)
    event = eventually_blocking(lambda: app.events("close"), "the app is told", show=app.transcript)[0]
    assert (event["code"], event["clean"]) == (1006, False), event
    eventually_blocking(lambda: secure.metric("holdfast_connections") == 0, "it is no longer counted")


def test_refusal_arrives_whole(serve_tls, app, trust):
    gateway = serve_tls("--max-connections", "1")
    with TLSClient(gateway, trust) as first:
        first.open()
        with TLSClient(gateway, trust) as second:
            response = second.send(handshake()).response()
            assert response.status == 503 and response.header("retry-after") and response.body.strip(), response
    assert len(app.ids()) == 1, "the app was asked about a connection that does not fit"


async def test_word_of_the_app_arrives_whole(secure, app, trust):
    app.behaviour = reply(open=[{"type": "reject", "status": 401, "body": "x" * 100_000}])
    response = await refusal(secure, ssl=trust)
    assert (response.status_code, len(response.body)) == (401, 100_000)


async def test_drain_closes_with_1001(secure, app, trust):
    clients = await asyncio.gather(*(connect(secure, ssl=trust) for _ in range(20)))
    half_open = [RawClient(secure), RawClient(secure).send(client_hello()[:50])]
    secure.signal()
    assert [code for code, _ in await asyncio.gather(*map(ending, clients))] == [1001] * 20
    begun = time.monotonic()
    assert await asyncio.to_thread(secure.wait) == 0, secure.transcript()
    assert time.monotonic() - begun < 5, "handshakes that never began to move hold the end up"
    for client in half_open:
        client.close()
    assert len(app.events("close")) == 20


@pytest.mark.parametrize("start", ["serve", "serve_tls"])
def test_sockets_that_come_with_the_signal(request, start):
    """Some of them are accepted when the listener closes. They must not be waited for: no client is behind them any more."""
    for _ in range(5):
        gateway = request.getfixturevalue(start)()
        clients = [RawClient(gateway) for _ in range(8)]
        gateway.signal()
        assert gateway.wait(within=10) == 0, gateway.transcript()
        for client in clients:
            client.close()
