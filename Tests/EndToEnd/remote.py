"""Somebody else's WebSocket server, to which the gateway connects: it writes down handshakes and messages, and can fail in many ways.

`Remote` is built on the `websockets` library and runs in a thread of its own, so that any code can use it without waiting for it.
`RawRemote` is a listener whose every byte is the test's.
"""

import asyncio
import base64
import dataclasses
import hashlib
import http
import socket
import struct
import threading

import pytest
import websockets
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Response

from eventually import PATIENCE, eventually, eventually_blocking


@dataclasses.dataclass
class Handshake:
    """An opening request, and what was agreed."""

    path: str
    headers: list
    protocol: str | None = None
    extensions: list = dataclasses.field(default_factory=list)

    def all(self, name):
        """The values of a header, in order."""
        return [value for key, value in self.headers if key == name.lower()]


class Remote:
    """Listens on a free port, which it keeps over `kill` and `start`.

    Behaviour is in attributes, which may be changed at any time: `greeting` (messages that a new connection gets at once), `reply` (a function
    of a message that returns messages), `refuse` (an HTTP status in the place of 101), `stalls` (handshakes are never answered), `headers` (more
    fields of the 101), `protocols` (those that it speaks, in its own order). `tls` is an SSL context, `compression` "deflate" or None.
    """

    def __init__(self, tls=None, compression=None, protocols=None, path="/socket", host="127.0.0.1", ping_interval=None, max_size=None):
        self.port, self.tls, self.path, self.host = 0, tls, path, host
        self.compression, self.protocols, self.ping_interval, self.max_size = compression, protocols, ping_interval, max_size
        self.greeting, self.reply, self.refuse, self.stalls, self.headers = [], None, None, False, []
        self.handshakes, self.received, self.closes, self.attempts = [], [], [], 0
        self._open, self._all, self._server, self._stopped = set(), set(), None, None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self.start()

    def __exit__(self, *_):
        self.kill()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    @property
    def url(self):
        return f"{'wss' if self.tls else 'ws'}://{self.host}:{self.port}{self.path}"

    @property
    def open(self):
        """How many connections there are."""
        return len(self._open)

    def transcript(self, limit=40):
        return "\n".join([
            f"{self.attempts} attempts, {len(self.handshakes)} handshakes, {self.open} open, closes {self.closes}, {len(self.received)} messages",
            *map(repr, self.handshakes[-5:]), *map(repr, self.received[-limit:]),
        ])

    # Life and death

    def start(self):
        self._do(self._start())
        return self

    def kill(self):
        """Refuses from now on; connections end with a reset, without a close frame."""
        self._do(self._stop(abort=True))

    def shut_down(self):
        """Refuses from now on; connections are closed with 1001, as a server does that is restarted."""
        self._do(self._stop(abort=False))

    # What it does on its own

    def send(self, *messages):
        """To each connection, in order."""
        self._do(self._send(messages))

    def ping(self, within=PATIENCE):
        """A ping to each connection, and its pong: what was sent before has then been read by the gateway."""
        self._do(self._ping(), within)

    def close(self, code=1000, reason=""):
        """Each connection, with a close frame."""
        self._do(self._close(code, reason), 15)

    def drop(self):
        """Each connection, without a close frame. Goes on listening."""
        self._loop.call_soon_threadsafe(lambda: [connection.transport.abort() for connection in list(self._open)])

    # Waiting

    async def connected(self, count=1, within=PATIENCE):
        """Until there have been so many connections in all, and one is open."""
        await eventually(
            lambda: len(self.handshakes) >= count and self.open, f"{count} connections reach the remote", within, show=self.transcript,
        )
        return self.handshakes[count - 1]

    async def gets(self, count, within=PATIENCE):
        """Until so many messages have come, and these."""
        await eventually(lambda: len(self.received) >= count, f"the remote gets {count} messages", within, show=self.transcript)
        return self.received[:count]

    async def ended(self, count=1, within=PATIENCE):
        """Until so many connections have ended; with which codes and reasons."""
        await eventually(lambda: len(self.closes) >= count, f"{count} connections of the remote end", within, show=self.transcript)
        return self.closes[:count]

    # Inside, on the loop

    def _do(self, work, within=10):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within)

    async def _start(self):
        assert not self._server, "already started"
        self._stopped = asyncio.Event()
        self._server = await serve(
            self._serve, "127.0.0.1", self.port, ssl=self.tls, compression=self.compression, ping_interval=self.ping_interval,
            max_size=self.max_size, process_request=self._judge, process_response=self._answer, select_subprotocol=self._choose,
            close_timeout=5, open_timeout=None, server_header=None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self, abort):
        server, self._server = self._server, None
        if not server:
            return
        connections, self._all = self._all, set()
        self._stopped.set()
        server.close(close_connections=not abort)
        if abort:
            for connection in connections:
                connection.transport.abort()
        await server.wait_closed()

    def _choose(self, connection, offered):
        return next((name for name in self.protocols or [] if name in offered), None)

    async def _judge(self, connection, request):
        self.attempts += 1
        self._all.add(connection)
        if self.stalls:
            await self._stopped.wait()
        if self.refuse:
            phrase = http.HTTPStatus(self.refuse).phrase
            body = f"the remote says {self.refuse}".encode()
            return Response(self.refuse, phrase, Headers({"content-length": str(len(body)), "content-type": "text/plain"}), body)
        return None

    def _answer(self, connection, request, response):
        for name, value in self.headers:
            response.headers[name] = value

    async def _serve(self, connection):
        request = connection.request
        handshake = Handshake(request.path, [(name.lower(), value) for name, value in request.headers.raw_items()], connection.subprotocol)
        handshake.extensions = [type(extension).__name__ for extension in connection.protocol.extensions]
        self._open.add(connection)
        self.handshakes.append(handshake)
        try:
            for message in self.greeting:
                await connection.send(message)
            async for message in connection:
                self.received.append(message)
                for answer in (self.reply(message) if self.reply else []):
                    await connection.send(answer)
        except websockets.ConnectionClosed:
            pass
        finally:
            self._open.discard(connection)
            self._all.discard(connection)
            self.closes.append((connection.close_code, connection.close_reason))

    async def _send(self, messages):
        for connection in list(self._open):
            for message in messages:
                await connection.send(message)

    async def _ping(self):
        for connection in list(self._open):
            await (await connection.ping())

    async def _close(self, code, reason):
        await asyncio.gather(*(connection.close(code, reason) for connection in list(self._open)))


GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class RawRemote:
    """A listener whose behaviour is a function of the socket and the bytes of the opening request. Requests are written down."""

    def __init__(self, behaviour, tls=None):
        self.behaviour, self.tls, self.requests, self._sockets = behaviour, tls, [], []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._sockets:
            connection.close()

    @property
    def url(self):
        return f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}/raw"

    def transcript(self):
        return "\n".join(map(repr, self.requests))

    def requested(self, count=1):
        eventually_blocking(lambda: len(self.requests) >= count, f"{count} opening requests come", show=self.transcript)
        return self.requests[count - 1]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        self._sockets.append(connection)
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._sockets.append(connection)
            request = b""
            while b"\r\n\r\n" not in request:
                if not (data := connection.recv(65536)):
                    return
                request += data
            self.requests.append(request)
            self.behaviour(connection, request)
        except OSError:
            pass


def accept_key(request):
    key = next(line.split(b":", 1)[1].strip() for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
    return base64.b64encode(hashlib.sha1(key + GUID.encode()).digest()).decode()


def switching(request, accept=None, extra=()):
    """The bytes of a 101."""
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept or accept_key(request)}"]
    return "\r\n".join([*lines, *extra, "", ""]).encode()


def answering(data, keep=False):
    """A behaviour: these bytes, or what a function makes of the request; then the end, unless the connection is kept until the test ends."""

    def answer(connection, request):
        connection.sendall(data(request) if callable(data) else data)
        if keep:
            while connection.recv(65536):
                pass
        else:
            connection.shutdown(socket.SHUT_WR)

    return answer


def read_frame(connection):
    """One frame as a server reads it: opcode, whether it was masked, and the payload without the mask."""

    def exactly(count):
        data = b""
        while len(data) < count:
            if not (more := connection.recv(count - len(data))):
                raise OSError("the peer ended the connection")
            data += more
        return data

    first, second = exactly(2)
    length = second & 0x7F
    if length > 125:
        length = struct.unpack("!H" if length == 126 else "!Q", exactly(2 if length == 126 else 8))[0]
    mask = exactly(4) if second & 0x80 else b"\0" * 4
    payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(exactly(length)))
    return first & 0x0F, bool(second & 0x80), payload


@pytest.fixture
def remote(app):
    """A remote with nothing special about it. It comes after the app, and before any gateway."""
    with Remote() as remote:
        yield remote


@pytest.fixture
def remotes(app):
    """Makes more of them: `remotes(protocols=["v2"])`."""
    started = []

    def start(**options):
        started.append(Remote(**options).__enter__())
        return started[-1]

    yield start
    for remote in started:
        remote.__exit__()


@pytest.fixture
def raw_remotes(app):
    """Makes listeners whose every byte is the test's: `raw_remotes(behaviour)`."""
    started = []

    def start(behaviour, **options):
        started.append(RawRemote(behaviour, **options))
        return started[-1]

    yield start
    for remote in started:
        remote.__exit__()
