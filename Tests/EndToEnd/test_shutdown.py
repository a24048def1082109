"""The end of the gateway: everyone is told, nothing is left behind."""

import asyncio
import signal
import time

import httpx
import pytest
import websockets

from app import for_type, held_by, reply
from client import connect, ending
from eventually import eventually
from rawsocket import RawClient


async def connected(gateway, count):
    return await asyncio.gather(*(connect(gateway) for _ in range(count)))


def refuses(gateway):
    """Whether a new handshake is turned away, or not even taken."""

    async def attempt():
        try:
            await (await connect(gateway, open_timeout=2)).close()
        except websockets.InvalidStatus as refused:
            return refused.response.status_code == 503
        except (OSError, EOFError, TimeoutError, websockets.InvalidHandshake):
            return True
        return False

    return attempt()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_signal_closes_all_and_delivers_every_close(serve, app, number):
    gateway = serve("--drain-spread", "200ms")
    sockets = await connected(gateway, 50)
    gateway.signal(number)
    endings = await asyncio.gather(*(ending(socket) for socket in sockets))
    assert {code for code, _ in endings} == {1001}, endings
    assert gateway.wait() == 0, gateway.transcript()
    closes = app.events("close")
    assert len(closes) == 50, f"{len(closes)} close events of 50"
    assert all(event.get("error") for event in closes), f"the gateway ended these and does not say so: {closes[0]}"
    for identity in app.ids():
        assert [kind for webhook in app.of(identity) for kind in webhook.types] == ["open", "close"]


async def test_not_ready_and_closed_to_newcomers_while_it_drains(gateway, app):
    gate = app.gate()
    app.behaviour = for_type("close", held_by(gate))
    sockets = await connected(gateway, 3)
    gateway.signal()
    await asyncio.gather(*(ending(socket) for socket in sockets))
    response = gateway.get("/ready")
    assert (response.status_code, response.json()) == (503, {"status": "draining"})
    assert gateway.get("/health").status_code == 200, "alive, though not ready"
    assert await refuses(gateway), "a new connection was taken during the drain"
    assert gateway.running(), "ended before the close events were answered"
    gate.open()
    assert gateway.wait() == 0, gateway.transcript()


async def test_readiness_falls_before_the_last_client_is_closed(serve):
    gateway = serve("--drain-spread", "3s")
    sockets = await connected(gateway, 10)
    gateway.signal()
    await eventually(lambda: gateway.get("/ready").status_code == 503, "/ready answers 503")
    assert any(socket.close_code is None for socket in sockets), "readiness fell only after everyone was closed"
    await asyncio.gather(*(ending(socket) for socket in sockets))


async def test_clients_are_closed_spread_over_time(serve):
    gateway = serve("--drain-spread", "1s")
    sockets = await connected(gateway, 30)
    gateway.signal()

    async def end_of(socket):
        await ending(socket)
        return time.monotonic()

    ends = await asyncio.gather(*(end_of(socket) for socket in sockets))
    assert 0.3 < max(ends) - min(ends) < 3, f"30 clients were closed within {max(ends) - min(ends):.2f} s, the spread was 1 s"


async def test_messages_before_the_signal_are_delivered(gateway, app):
    gate = app.gate()
    app.behaviour = for_type("message", held_by(gate))
    async with connect(gateway) as socket:
        for n in range(10):
            await socket.send(str(n))
        await (await socket.ping())
        gateway.signal()
        assert (await ending(socket))[0] == 1001
    gate.open()
    assert gateway.wait() == 0, gateway.transcript()
    assert [event["type"] for event in app.events()] == ["open", *["message"] * 10, "close"]
    assert app.texts() == [str(n) for n in range(10)]


async def test_second_signal_breaks_nothing(gateway, app):
    gate = app.gate()
    app.behaviour = for_type("close", held_by(gate))
    sockets = await connected(gateway, 20)
    gateway.signal()
    await eventually(lambda: gateway.get("/ready").status_code == 503, "/ready answers 503")
    gateway.signal()
    await asyncio.gather(*(ending(socket) for socket in sockets))
    await eventually(lambda: app.events("close"), "close events reach the app")
    gateway.signal()
    gate.open()
    assert gateway.wait() == 0, gateway.transcript()
    assert len(app.events("close")) == 20


async def test_app_that_hangs_cannot_stop_the_end(serve, app):
    gateway = serve("--drain-deadline", "2s")
    app.behaviour = for_type("close", held_by(app.gate()))
    async with connect(gateway):
        begun = time.monotonic()
        gateway.signal()
    gateway.wait(within=10)
    assert time.monotonic() - begun < 6, f"the drain deadline of 2 s took {time.monotonic() - begun:.1f} s"


async def test_client_that_does_not_answer_the_close_cannot_stop_the_end(serve, app):
    gateway = serve("--drain-deadline", "10s")
    with RawClient(gateway) as client:
        client.open()
        gateway.signal()
        assert client.close_frame()[0] == 1001
        assert gateway.wait(within=15) == 0, gateway.transcript()
    assert len(app.events("close")) == 1


def test_idle_gateway_ends_at_once(gateway):
    begun = time.monotonic()
    gateway.signal()
    assert gateway.wait() == 0
    assert time.monotonic() - begun < 5


async def test_ports_are_free_after_the_end(gateway):
    async with connect(gateway):
        gateway.signal()
    assert gateway.wait() == 0
    with pytest.raises(OSError):
        await connect(gateway)
    with pytest.raises(httpx.ConnectError):
        gateway.get("/health")


async def test_handshake_that_waits_for_the_app_during_the_drain_is_told(gateway, app):
    gate = app.gate()
    app.behaviour = held_by(gate, reply())
    waiting = asyncio.ensure_future(connect(gateway))
    await eventually(lambda: app.webhooks, "the handshake reaches the app")
    gateway.signal()
    await eventually(lambda: gateway.get("/ready").status_code == 503, "/ready answers 503")
    gate.open()
    try:
        socket = await waiting
    except websockets.InvalidStatus as refused:
        assert refused.response.status_code == 503, refused
    else:
        assert (await ending(socket))[0] == 1001
    assert gateway.wait() == 0, gateway.transcript()
    opened = [webhook for webhook in app.webhooks if "open" in webhook.types]
    assert len(app.events("close")) == len(opened), "the app accepted a connection and was not told of its end"
