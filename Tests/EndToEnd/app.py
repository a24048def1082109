"""The app behind the gateway, in this process: an HTTP/1.1 keep-alive server whose behaviour is a function.

A behaviour takes a `Webhook` and returns an answer: `(status, headers, body)`, or a function of the socket for answers that no
proper server gives. `reply` makes behaviours from actions; the answers that misbehave are at the end of the file.
"""

import base64
import functools
import json
import socket
import struct
import threading
from http import HTTPStatus

JSON = {"content-type": "application/json"}


class Webhook:
    """One HTTP request that the gateway made."""

    def __init__(self, method, path, headers, raw, peer):
        self.method, self.path, self.headers, self.raw, self.peer = method, path, headers, raw, peer

    @functools.cached_property
    def body(self):
        return json.loads(self.raw)

    @property
    def connection(self):
        return self.body["connection"]

    @property
    def id(self):
        return self.connection["id"]

    @property
    def events(self):
        return self.body["events"]

    @property
    def types(self):
        return [event["type"] for event in self.events]

    def __repr__(self):
        return f"{self.method} {self.path} {self.raw[:300]!r}"


class Gate:
    """Holds answers back until it is opened."""

    def __init__(self):
        self._event = threading.Event()

    def open(self):
        self._event.set()

    def hold(self):
        self._event.wait(60)


class FakeApp:
    """Listens on a free port, which it keeps over `kill` and `start`. `healthy` is the behaviour that it begins and ends with."""

    def __init__(self, path="/hook", healthy=None, host="127.0.0.1"):
        self.path, self.host, self.port = path, host, 0
        self.behaviour = self.healthy = healthy or reply()
        self._webhooks, self._gates, self._sockets = [], [], set()
        self._lock = threading.Lock()
        self._listener = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.release()
        self.kill()

    @property
    def url(self):
        return f"http://{self.host}:{self.port}{self.path}"

    # What it received

    @property
    def webhooks(self):
        with self._lock:
            return list(self._webhooks)

    def of(self, connection_id):
        """The webhooks of one connection, in order."""
        return [webhook for webhook in self.webhooks if webhook.id == connection_id]

    def events(self, *types):
        """All events, or those of some types, in the order in which they came."""
        return [event for webhook in self.webhooks for event in webhook.events if not types or event["type"] in types]

    def texts(self):
        return [event["text"] for event in self.events("message")]

    def ids(self):
        """Connection ids in the order of their first webhook."""
        return list(dict.fromkeys(webhook.id for webhook in self.webhooks))

    def last_id(self):
        ids = self.ids()
        assert ids, "the app has received no webhook yet"
        return ids[-1]

    def transcript(self, limit=60):
        seen = self.webhooks
        return "\n".join([f"{len(seen)} webhooks" + (f", the last {limit}" if len(seen) > limit else ""), *map(repr, seen[-limit:])])

    # How it answers

    def gate(self):
        """A gate that is opened at the end of the test at the latest."""
        self._gates.append(Gate())
        return self._gates[-1]

    def release(self):
        for gate in self._gates:
            gate.open()

    def recover(self):
        """Makes it a healthy app again, whatever a test did to it."""
        self.behaviour = self.healthy
        self.release()
        if not self._listener:
            self.start()

    # Life and death

    def start(self):
        assert not self._listener, "already started"
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(1024)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def kill(self):
        """Refuses from now on; connections that are there end with a reset, answers that are due are never given."""
        self._end(struct.pack("ii", 1, 0))

    def close_kept_connections(self):
        """Closes every kept connection in the proper way, as a server does that has waited long enough. Goes on listening."""
        for connection in self._taken_sockets():
            connection.shutdown(socket.SHUT_RDWR)

    def _end(self, linger):
        listener, self._listener = self._listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in self._taken_sockets():
            try:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.shutdown(socket.SHUT_RD)
            except OSError:
                pass

    def _taken_sockets(self):
        with self._lock:
            taken, self._sockets = self._sockets, set()
        return taken

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets.add(connection)
            if self._listener is not listener:
                connection.close()
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        """Reads requests and answers them until one side has had enough."""
        with connection, connection.makefile("rb") as stream:
            try:
                while webhook := self._read(stream, connection.getpeername()):
                    with self._lock:
                        self._webhooks.append(webhook)
                    answer = self.behaviour(webhook)
                    if connection not in self._sockets:
                        return
                    if callable(answer):
                        if not answer(connection):
                            return
                    else:
                        connection.sendall(encoded(*answer))
            except OSError:
                pass
            finally:
                with self._lock:
                    self._sockets.discard(connection)

    @staticmethod
    def _read(stream, peer):
        first = stream.readline()
        if not first.strip():
            return None
        method, path, _ = first.decode("latin-1").split()
        headers = {}
        while (line := stream.readline().decode("latin-1").strip()):
            name, _, value = line.partition(":")
            headers[name.lower()] = f"{headers[name.lower()]}, {value.strip()}" if name.lower() in headers else value.strip()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            raw = b""
            while size := int(stream.readline().split(b";")[0], 16):
                raw += stream.read(size)
                stream.readline()
            stream.readline()
        else:
            raw = stream.read(int(headers.get("content-length", 0)))
        return Webhook(method, path, headers, raw, peer)


# Behaviours

def answer(*actions):
    """200 with these actions."""
    return 200, JSON, json.dumps({"actions": list(actions)}).encode()


def reply(**wanted):
    """A behaviour: for each event its type's actions, given as a list or as a function of (event, webhook)."""

    def behaviour(webhook):
        actions = []
        for event in webhook.events:
            of_type = wanted.get(event["type"], [])
            actions += of_type(event, webhook) if callable(of_type) else of_type
        return answer(*actions)

    return behaviour


def echo(event, _=None):
    """The actions that send a message back."""
    return [{"type": "send", **{kind: event[kind] for kind in ("text", "base64") if kind in event}}]


def always(status, headers=None, body=b""):
    """A behaviour: this answer to everything."""
    return lambda webhook: (status, headers or {}, body)


def for_type(kind, special, otherwise=None):
    """A behaviour: `special` for webhooks with an event of this type, another behaviour (default: accept all) for the rest."""
    otherwise = otherwise or reply()
    return lambda webhook: special(webhook) if kind in webhook.types else otherwise(webhook)


def held_by(gate, behaviour=None):
    """A behaviour: waits at the gate before it answers."""
    behaviour = behaviour or reply()

    def hold(webhook):
        gate.hold()
        return behaviour(webhook)

    return hold


def in_turn(*behaviours):
    """A behaviour: the first webhook gets the first one, and so on; the last one stays."""
    left, lock = list(behaviours), threading.Lock()

    def next_one(webhook):
        with lock:
            now = left.pop(0) if len(left) > 1 else left[0]
        return now(webhook)

    return next_one


def base64_of(data):
    return base64.b64encode(data).decode()


# Answers on the wire. Functions of a socket return whether the connection is kept.

def encoded(status, headers, body=b""):
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    if status != 204:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def raw(data, keep=False):
    """A behaviour: exactly these bytes."""

    def answer_raw(connection):
        connection.sendall(data)
        return keep

    return lambda webhook: answer_raw


def chunked(behaviour):
    """A behaviour: what another one answers, in chunks of seven bytes with an extension and a trailer."""

    def answer_chunked(webhook):
        status, headers, body = behaviour(webhook)

        def write(connection):
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            connection.sendall(f"HTTP/1.1 {status} OK\r\n{head}transfer-encoding: chunked\r\n\r\n".encode())
            for start in range(0, len(body), 7):
                piece = body[start:start + 7]
                connection.sendall(b"%x;note=1\r\n%s\r\n" % (len(piece), piece))
            connection.sendall(b"0\r\nx-trailer: 1\r\n\r\n")
            return True

        return write

    return answer_chunked


def close_delimited(behaviour):
    """A behaviour: what another one answers, without a length; the end of the connection is the end of the body."""

    def answer_close(webhook):
        status, headers, body = behaviour(webhook)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return raw(f"HTTP/1.1 {status} OK\r\n{head}connection: close\r\n\r\n".encode() + body)(webhook)

    return answer_close


def after_interim(behaviour):
    """A behaviour: what another one answers, after two interim responses."""

    def answer_late(webhook):
        data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + encoded(*behaviour(webhook))
        return raw(data, keep=True)(webhook)

    return answer_late


def garbage():
    """A behaviour: bytes that are no HTTP."""
    return raw(b"\x00\xff\x16\x03\x01 this is no HTTP\r\n\r\n")


def reset_mid_answer():
    """A behaviour: half an answer, then a TCP reset."""

    def half(connection):
        connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"actions":[')
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return lambda webhook: half


def endless(counter=None):
    """A behaviour: a body that never ends, until the gateway hangs up. Adds the bytes written to `counter[0]`."""

    def pour(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
        while True:
            connection.sendall(piece)
            if counter is not None:
                counter[0] += len(piece)

    return lambda webhook: pour
