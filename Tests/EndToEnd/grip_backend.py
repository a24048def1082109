"""A backend for the `grip` dialect, on the wire: it writes down what it is asked, byte for byte, and answers by a script.

A behaviour takes a `GripRequest` and returns an `Answer`, or a function of the socket as in `app.py`.
"""

import functools
import json
import struct
import threading
from http import HTTPStatus
from typing import NamedTuple

from app import FakeApp

EVENTS = "application/websocket-events"
GRIP = ("Sec-WebSocket-Extensions", "grip")


class Event(NamedTuple):
    """An event of WebSocket-over-HTTP. `content` is None where it has none, not even a length."""

    type: str
    content: bytes | None = None

    @property
    def bytes(self):
        return self.content or b""

    @property
    def close(self):
        """Code and reason of a close."""
        return (struct.unpack("!H", self.bytes[:2])[0], self.bytes[2:].decode()) if self.bytes else (None, "")


# The events that an app answers with.

def encoded_events(*events):
    """The body that holds some events."""
    pieces = []
    for event in events:
        if event.content is None:
            pieces.append(b"%s\r\n" % event.type.encode())
        else:
            pieces.append(b"%s %x\r\n%s\r\n" % (event.type.encode(), len(event.content), event.content))
    return b"".join(pieces)


def decoded_events(body):
    """The events of a body; strict, for it is the gateway that is under test."""
    events, at = [], 0
    while at < len(body):
        end = body.index(b"\r\n", at)
        name, _, length = body[at:end].partition(b" ")
        at = end + 2
        if not length:
            assert b" " not in body[at:end], body[:200]
            events.append(Event(name.decode()))
            continue
        assert length == length.lower(), f"hex in lower case is what apps know: {length!r}"
        size = int(length, 16)
        content = body[at:at + size]
        assert len(content) == size and body[at + size:at + size + 2] == b"\r\n", f"not {size} bytes and a line end: {body[:200]!r}"
        events.append(Event(name.decode(), content))
        at += size + 2
    return events


def _bytes(content):
    return content.encode() if isinstance(content, str) else content


def text(content, prefix="m:"):
    return Event("TEXT", _bytes(prefix) + _bytes(content))


def binary(content, prefix="m:"):
    return Event("BINARY", _bytes(prefix) + _bytes(content))


def control(kind, **arguments):
    """A control message: `control("subscribe", channel="room")`. An underscore in a name stands for a hyphen."""
    return Event("TEXT", b"c:" + json.dumps({"type": kind, **{name.replace("_", "-"): value for name, value in arguments.items()}}).encode())


def subscribe(channel, *filters):
    return control("subscribe", channel=channel, **({"filters": list(filters)} if filters else {}))


def close(code=None, reason=""):
    return Event("CLOSE", b"" if code is None else struct.pack("!H", code) + reason.encode())


class GripRequest:
    """One HTTP request that the gateway made. `headers` are pairs, as they came."""

    def __init__(self, method, path, headers, raw, peer):
        self.method, self.path, self.headers, self.raw, self.peer = method, path, headers, raw, peer

    def all(self, name):
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        """The value of a header, which must be there once at most, or None."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} is there {len(values)} times: {self.headers}"
        return values[0] if values else None

    @property
    def id(self):
        return self.header("connection-id")

    @property
    def is_websocket(self):
        return EVENTS in self.all("content-type")

    @functools.cached_property
    def events(self):
        return decoded_events(self.raw) if self.is_websocket else []

    @property
    def types(self):
        return [event.type for event in self.events]

    def __repr__(self):
        return f"{self.method} {self.path} {dict(self.headers)} {self.raw[:300]!r}"


class Answer:
    """An HTTP answer, written as it is said: no header is added but the length."""

    def __init__(self, status=200, headers=(), body=b"", reason=None):
        self.status, self.headers, self.body = status, list(headers), _bytes(body)
        self.reason = HTTPStatus(status).phrase if reason is None else reason

    def written(self, request):
        lines = [f"HTTP/1.1 {self.status} {self.reason}", *(f"{name}: {value}" for name, value in self.headers)]
        if self.status not in (204, 304):
            lines.append(f"Content-Length: {len(self.body)}")
        body = b"" if request.method == "HEAD" or self.status in (204, 304) else self.body
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def reply(*events, headers=(), content_type=EVENTS, status=200):
    """An answer with events. With none, it says no more than that the request was taken."""
    return Answer(status, [("Content-Type", content_type), *headers], encoded_events(*events))


def accept(*events, headers=(), grip=True):
    """The answer that accepts a connection, with GRIP switched on."""
    return reply(Event("OPEN"), *events, headers=[*([GRIP] if grip else []), *headers])


def echo(request):
    """The events that send back what came in a request, with the prefix."""
    return [event._replace(content=b"m:" + event.bytes) for event in request.events if event.type in ("TEXT", "BINARY")]


def polite(*opening, headers=(), grip=True):
    """A behaviour: accepts with some events, echoes messages, and answers a close with the same."""

    def behaviour(request):
        answers = echo(request)
        answers += [event for event in request.events if event.type == "CLOSE"]
        return accept(*opening, *answers, headers=headers, grip=grip) if "OPEN" in request.types else reply(*answers)

    return behaviour


def script(*answers, otherwise=None):
    """A behaviour: one answer for each request in turn, each an answer or a behaviour; then `otherwise`, by default a polite app."""
    left, lock, rest = list(answers), threading.Lock(), otherwise or polite()

    def behaviour(request):
        with lock:
            now = left.pop(0) if left else rest
        return now if isinstance(now, Answer) else now(request)

    return behaviour


class GripApp(FakeApp):
    """Listens on a free port; see `FakeApp` for its life and death."""

    def __init__(self, healthy=None):
        super().__init__(path="", healthy=healthy or polite())

    @property
    def behaviour(self):
        """What is called for each request; an `Answer` is put on the wire."""
        return self._answer

    @behaviour.setter
    def behaviour(self, wanted):
        self._wanted = wanted

    def _answer(self, request):
        answer = self._wanted(request)
        if not isinstance(answer, Answer):
            return answer

        def write(connection):
            connection.sendall(answer.written(request))
            return True

        return write

    @property
    def requests(self):
        return self.webhooks

    def events(self, *types):
        return [event for request in self.requests for event in request.events if not types or event.type in types]

    def texts(self):
        return [event.bytes.decode() for event in self.events("TEXT")]

    @staticmethod
    def _read(stream, peer):
        first = stream.readline()
        if not first.strip():
            return None
        method, path, _ = first.decode("latin-1").split()
        headers = []
        while line := stream.readline().decode("latin-1").rstrip("\r\n"):
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
        lower = {name.lower(): value for name, value in headers}
        if lower.get("transfer-encoding", "").lower() == "chunked":
            raw = b""
            while line := stream.readline():
                if not (size := int(line.split(b";")[0], 16)):
                    break
                raw += stream.read(size)
                stream.readline()
            stream.readline()
            is_whole = bool(line)
        else:
            raw = stream.read(int(lower.get("content-length", 0)))
            is_whole = len(raw) == int(lower.get("content-length", 0))
        # A request that broke off is none.
        return is_whole and GripRequest(method, path, headers, raw, peer)
