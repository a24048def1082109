"""A well-behaved WebSocket client, and the few things that tests say about one."""

import asyncio

import websockets
from websockets.asyncio.client import connect as websocket

from eventually import PATIENCE


def connect(gateway, path="/", **options):
    """A connection to the gateway that does nothing on its own: no pings, no compression, no proxy."""
    settings = {"proxy": None, "compression": None, "ping_interval": None, "close_timeout": 5, "max_size": None, **options}
    return websocket(gateway.url(path), **settings)


async def refusal(gateway, path="/", **options):
    """Connects where a refusal is expected, and returns the HTTP response."""
    try:
        socket = await connect(gateway, path, **options)
    except websockets.InvalidStatus as refused:
        return refused.response
    await socket.close()
    raise AssertionError(f"{path} was accepted (101), a refusal was expected")


async def received(socket, within=PATIENCE):
    """The next message."""
    try:
        return await asyncio.wait_for(socket.recv(), within)
    except TimeoutError:
        raise AssertionError(f"no message within {within:g} s") from None
    except websockets.ConnectionClosed:
        raise AssertionError(f"closed with {socket.close_code} {socket.close_reason!r}, a message was expected") from None


async def all_received(socket, count, within=PATIENCE):
    """The next `count` messages."""
    return [await received(socket, within) for _ in range(count)]


async def ending(socket, within=PATIENCE):
    """Reads on until the connection ends, and returns the close code and reason."""

    async def read_on():
        async for _ in socket:
            pass
        await socket.wait_closed()

    try:
        await asyncio.wait_for(read_on(), within)
    except TimeoutError:
        raise AssertionError(f"still open after {within:g} s, a close was expected") from None
    except websockets.ConnectionClosed:
        pass
    return socket.close_code, socket.close_reason


async def round_trip(socket, within=PATIENCE):
    """A ping and its pong: whatever was sent before has then been read by the gateway."""
    pong = await socket.ping()
    try:
        await asyncio.wait_for(pong, within)
    except TimeoutError:
        raise AssertionError(f"no pong within {within:g} s") from None
