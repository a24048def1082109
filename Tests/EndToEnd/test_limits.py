"""Limits: what happens at each bound, and that the gateway lives on."""

import asyncio
import resource
import socket
import time

import pytest

from app import echo, for_type, held_by, reply
from client import connect, ending, received, refusal, round_trip
from eventually import eventually, eventually_blocking
from gateway import run
from rawsocket import CLOSE, PING, PONG, TEXT, Ended, RawClient, frame, handshake

JOIN = reply(open=[{"type": "subscribe", "channel": "room"}], message=echo)


# Connections

def open_files(count):
    """A process of few file descriptors."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


async def test_more_connections_than_file_descriptors(serve, app):
    gateway = serve(before_exec=open_files(128))
    app.behaviour = reply(message=echo)
    sockets, refused = [], None
    while refused is None:
        assert len(sockets) < 128, "as many connections as file descriptors cannot be"
        try:
            sockets.append(await connect(gateway))
        except Exception as error:
            refused = error
    status = getattr(getattr(refused, "response", None), "status_code", None)
    assert status == 503, f"connection {len(sockets) + 1} ended with {refused!r}, not with 503"
    assert len(sockets) >= 16, f"only {len(sockets)} connections fit into 128 descriptors"
    assert gateway.get("/health").status_code == 200, "no descriptor was left for the control API"
    for held in sockets:
        await held.send("still there?")
        assert await received(held) == "still there?"
    await asyncio.gather(*(held.close() for held in sockets))
    await eventually(lambda: len(app.events("close")) == len(sockets), "all close events reach the app")
    async with connect(gateway) as newcomer:
        await round_trip(newcomer)


def test_more_bare_sockets_than_file_descriptors(serve):
    gateway = serve("--handshake-timeout", "2s", before_exec=open_files(128))
    held = []
    for _ in range(300):
        bare = socket.socket()
        bare.setblocking(False)
        bare.connect_ex(("127.0.0.1", gateway.port))
        held.append(bare)
    eventually_blocking(lambda: gateway.get("/health").status_code == 200, "the control API answers")
    for bare in held:
        bare.close()

    def connects():
        with RawClient(gateway) as client:
            try:
                return client.send(handshake()).response().status == 101
            except (Ended, ConnectionError):
                return False

    eventually_blocking(connects, "a connection is taken again")


async def test_maximum_of_connections(serve, app):
    gateway = serve("--max-connections", "2")
    async with connect(gateway) as ann:
        async with connect(gateway):
            response = await refusal(gateway)
            assert response.status_code == 503
            assert bytes(response.body).strip(), "503 without a word"
            assert len(app.webhooks) == 2, "the app was asked about a connection that does not fit"
            await round_trip(ann)

        async def fits():
            try:
                await (await connect(gateway)).close()
                return True
            except Exception:
                return False

        await eventually(fits, "there is room again after one has left")


# Slow readers

def flood(gateway, until, messages=20_000):
    """Publishes large numbered messages until a condition holds, and returns the number of the last one."""
    for number in range(messages):
        gateway.publish("room", f"{number}:" + "x" * 16_000)
        if until():
            return number
    raise AssertionError(f"{messages} publications to a client that does not read, and nothing happened")


def slow_readers(gateway, action):
    return gateway.metric("holdfast_slow_readers_total", action=action)


SMALL = {"receive_buffer": 4096}


def test_slow_reader_is_closed(serve, app):
    gateway = serve("--send-queue-bytes", "64KiB")
    app.behaviour = JOIN
    with RawClient(gateway, **SMALL) as client, RawClient(gateway) as lively:
        client.open()
        slow = app.last_id()
        lively.open()
        heard = [0]

        def slow_one_is_given_up():
            lively.frame()
            heard[0] += 1
            return slow_readers(gateway, "close") > 0

        last = flood(gateway, slow_one_is_given_up)
        assert heard[0] == last + 1, "the lively reader suffers from the slow one"
        code, _ = client.close_frame()
        assert code == 1013
        client.send(frame(CLOSE, (1013).to_bytes(2, "big")))
        event = eventually_blocking(lambda: app.events("close"), "the app is told", show=app.transcript)[0]
    assert event.get("error"), event
    assert app.of(slow)[-1].types == ["close"]
    assert slow_readers(gateway, "close") == 1
    gateway.expect_log(slow)


@pytest.mark.parametrize("policy", ["dropOldest", "dropNewest"])
def test_slow_reader_misses_messages(serve, app, policy):
    gateway = serve("--send-queue-bytes", "256KiB", "--slow-reader", policy)
    app.behaviour = JOIN
    with RawClient(gateway, **SMALL) as client:
        client.open()
        last = flood(gateway, lambda: slow_readers(gateway, policy) >= 50)
        numbers = []
        pinged = False
        while True:
            if not pinged and gateway.metric("holdfast_send_queue_bytes") == 0:
                # A pong overtakes what is queued, so it marks the end only once nothing is.
                client.send(frame(PING, b"end"))
                pinged = True
            opcode, payload = client.frame()
            if opcode == PONG:
                break
            assert opcode == TEXT, f"frame with opcode {opcode}"
            assert payload.endswith(b"x" * 16_000), "a message is torn"
            numbers.append(int(payload.split(b":")[0]))
        assert numbers == sorted(set(numbers)), "messages came twice or out of order"
        assert len(numbers) <= last + 1 - 50, f"{len(numbers)} of {last + 1} messages, although at least 50 were dropped"
        assert (last in numbers) == (policy == "dropOldest"), f"{policy}: the last message is {last}, the last that came {numbers[-1]}"
        assert not app.events("close")


# Queues towards the app

async def test_queue_of_events_is_bounded(serve, app):
    gateway = serve("--queue-events", "4")
    gate = app.gate()
    app.behaviour = for_type("message", held_by(gate))
    async with connect(gateway) as client:
        for number in range(1000):
            await asyncio.wait_for(client.send(f"{number}:" + "x" * 1000), 10)
        await eventually(lambda: app.events("message"), "the first message reaches the app")
        gate.open()
        await eventually(lambda: len(app.events("message")) == 1000, "all messages reach the app", within=30, show=lambda: len(app.events("message")))
    assert [int(text.split(":")[0]) for text in app.texts()] == list(range(1000))
    largest = max(len(webhook.events) for webhook in app.webhooks)
    assert largest <= 128, f"a batch of {largest} events from a queue of 4: more than one read of the socket was taken in"


async def test_queue_of_bytes_is_bounded(serve, app):
    gateway = serve("--queue-bytes", "64KiB")
    gate = app.gate()
    app.behaviour = for_type("message", held_by(gate))
    async with connect(gateway) as client:
        sending = asyncio.create_task(_send_large(client))
        await eventually(lambda: app.events("message"), "the first message reaches the app")
        gate.open()
        await sending
        await eventually(lambda: len(app.events("message")) == 200, "all messages reach the app", within=30)
    largest = max(len(webhook.raw) for webhook in app.webhooks)
    assert largest <= 64 * 1024 + 2 * 100_000, f"a webhook of {largest} bytes from a queue of 64 KiB"


async def _send_large(client):
    for number in range(200):
        await client.send(f"{number}:" + "x" * 32_000)


# Time

def test_silent_peer_is_given_up(serve, app):
    gateway = serve("--ping-interval", "300ms", "--pong-timeout", "500ms")
    with RawClient(gateway) as client:
        begun = time.monotonic()
        client.open()
        assert client.frame()[0] == PING
        event = eventually_blocking(lambda: app.events("close"), "the app is told that a peer without a pong is gone", show=app.transcript)[0]
        assert time.monotonic() - begun < 5
    assert event["clean"] is False and event.get("error"), event


async def test_peer_that_answers_pings_stays(serve, app):
    gateway = serve("--ping-interval", "200ms", "--pong-timeout", "400ms")
    async with connect(gateway) as client:
        begun = time.monotonic()
        await eventually(lambda: time.monotonic() - begun > 2, "ten intervals have passed")
        await round_trip(client)
    assert [event["code"] for event in await _closes(app)] == [1000]


async def _closes(app):
    await eventually(lambda: app.events("close"), "the app is told of the close")
    return app.events("close")


@pytest.mark.parametrize("flag", ["--idle-timeout", "--max-lifetime"])
async def test_connection_ends_by_time(serve, app, flag):
    gateway = serve(flag, "700ms")
    begun = time.monotonic()
    async with connect(gateway) as client:
        code, reason = await ending(client)
        assert 0.5 < time.monotonic() - begun < 5
        assert code in (1000, 1001, 1008), (code, reason)
    event = (await _closes(app))[0]
    assert event.get("error"), event


async def test_busy_connection_is_not_idle(serve, app):
    gateway = serve("--idle-timeout", "1s")
    app.behaviour = reply(message=echo)
    async with connect(gateway) as client:
        begun = time.monotonic()
        while time.monotonic() - begun < 3:
            await client.send("busy")
            assert await received(client) == "busy"
            await asyncio.sleep(0.2)  # The pace of the traffic that the test is about.


# Channels

async def test_channels_of_a_connection_have_a_limit(serve, app):
    gateway = serve("--max-channels", "2")
    async with connect(gateway) as client:
        results = gateway.act(*({"type": "subscribe", "to": app.last_id(), "channel": name} for name in "abca"))
        assert [result["status"] for result in results] == ["ok", "ok", "refused", "ok"], results
        await round_trip(client)
    assert (await _closes(app))[0]["code"] == 1000


@pytest.mark.parametrize("flag, value", [
    ("--max-message-bytes", "huge"), ("--max-message-bytes", "-1"), ("--webhook-timeout", "soon"), ("--slow-reader", "shout"),
    ("--max-connections", "few"), ("--listen", "nowhere"),
])
def test_limit_that_is_no_value_refuses_to_start(app, flag, value):
    ended = run("serve", app.url, "--control", "127.0.0.1:0", f"{flag}={value}")
    assert ended.returncode in (1, 64), ended
    name = flag.removeprefix("--")
    last_word = name.split("-")[-1]
    assert value in ended.stderr, f"the value is not named: {ended.stderr!r}"
    assert name in ended.stderr or last_word in ended.stderr.lower(), f"the setting is not named: {ended.stderr!r}"
