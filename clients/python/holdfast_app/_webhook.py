# SPDX-License-Identifier: Apache-2.0
"""What happened: webhooks of both dialects as plain values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Generic, List, Optional, Tuple, TypeVar, Union

from ._errors import PayloadError, WebhookError
from ._signatures import Headers, StandardSignature, TokenSignature, from_base64, lookup

MAX_BODY_BYTES = 16 * 1024 * 1024


@dataclass
class Connection:
    """A connection as the gateway knows it, and as it will be when the answer so far is carried out."""

    id: str
    direction: str = "inbound"
    route: str = ""
    remote_address: str = ""
    path: str = ""
    query: str = ""
    protocol: Optional[str] = None
    headers: Dict[str, List[str]] = field(default_factory=dict)
    """Only where the route forwards headers with each webhook; those of the opening request are in the `open` event."""
    state: Dict[str, str] = field(default_factory=dict)
    channels: List[str] = field(default_factory=list)


@dataclass
class SlipConnection:
    """A connection in the slip dialect. `metadata` follows the answer, as `state` does in the json dialect."""

    id: str
    metadata: Optional[Dict[str, Any]] = None


@dataclass(frozen=True)
class Event:
    """What happened. Which fields are set depends on `type`."""

    type: str
    """`open`, `message`, `close`; `ping` and `pong` where the route wants them. Ignore what you do not know."""
    seq: Optional[int] = None
    """Counts a connection's events from 1. `None` in the slip dialect."""
    text: Optional[str] = None
    """message: a text message"""
    binary: Optional[bytes] = None
    """message: a binary message; ping, pong: what they carry"""
    headers: Dict[str, List[str]] = field(default_factory=dict)
    """open: lower-case names to lists of values"""
    protocols: List[str] = field(default_factory=list)
    """open: the subprotocols that the client offers"""
    code: Optional[int] = None
    """close: the close code"""
    reason: Optional[str] = None
    """close: the client's, the app's or the gateway's words"""
    clean: Optional[bool] = None
    """close: whether both sides exchanged close frames"""
    error: Optional[str] = None
    """close: why the gateway ended it, if it did"""
    raw: Dict[str, Any] = field(default_factory=dict, repr=False)
    """The event as it came."""


ConnectionType = TypeVar("ConnectionType", Connection, SlipConnection)
AnswerType = TypeVar("AnswerType")


class Webhook(Generic[ConnectionType, AnswerType]):
    """One webhook: what happened on one connection."""

    def __init__(
        self, answer: Callable[[Any], AnswerType], id: Optional[str], timestamp: Optional[int], verified: bool, connection: ConnectionType,
        events: List[Event],
    ) -> None:
        self._answer = answer
        self.id = id
        """The `webhook-id`: the same when the same webhook is repeated. To drop repeated events, `event.seq` is surer."""
        self.timestamp = timestamp
        """When it was signed, in seconds since 1970; `None` when nothing was verified."""
        self.verified = verified
        """Whether a signature or token was checked."""
        self.connection: ConnectionType = connection
        self.events = events

    def answer(self) -> AnswerType:
        """A new answer to it."""
        return self._answer(self)


class Reader:
    """Verifies and reads webhooks of one dialect."""

    def __init__(
        self, signature: Union[StandardSignature, TokenSignature, None], read: Callable[[Any], Tuple[Any, List[Event]]], answer: Callable[[Any], Any],
        max_body_bytes: int,
    ) -> None:
        self._signature, self._read, self._answer = signature, read, answer
        self.max_body_bytes = max_body_bytes

    def too_large(self) -> WebhookError:
        return WebhookError(413, f"the webhook is larger than {self.max_body_bytes} bytes", "tooLarge")

    def read(self, headers: Headers, body: bytes) -> Webhook[Any, Any]:
        if isinstance(body, str):
            body = body.encode()
        if not isinstance(body, (bytes, bytearray, memoryview)):
            raise TypeError("body: expected the bytes as they came")
        body = bytes(body)
        if len(body) > self.max_body_bytes:
            raise self.too_large()
        header = lookup(headers)
        name, stamp = self._signature.check(header, body) if self._signature else (header("webhook-id"), None)
        try:
            value = json.loads(body.decode())
        except (ValueError, RecursionError):
            raise PayloadError("the webhook is not JSON") from None
        connection, events = self._read(value)
        return Webhook(self._answer, name, stamp, self._signature is not None, connection, events)


def _object(value: Any, what: str) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise PayloadError(f"{what}: expected an object")
    return value


def _string(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise PayloadError(f"{what}: expected a string")
    return value


def _list(value: Any, what: str) -> List[Any]:
    if not isinstance(value, list):
        raise PayloadError(f"{what}: expected a list")
    return value


def _binary(value: Any, what: str) -> bytes:
    data = from_base64(_string(value, what))
    if data is None:
        raise PayloadError(f"{what}: expected base64")
    return data


def read_json(value: Any) -> Tuple[Connection, List[Event]]:
    given = _object(_object(value, "webhook").get("connection"), "connection")
    connection = Connection(
        id=_string(given.get("id"), "connection.id"), direction=given.get("direction", "inbound"), route=given.get("route", ""),
        remote_address=given.get("remoteAddress", ""), path=given.get("path", ""), query=given.get("query", ""), protocol=given.get("protocol"),
        headers=_object(given.get("headers", {}), "connection.headers"), state=dict(_object(given.get("state", {}), "connection.state")),
        channels=list(_list(given.get("channels", []), "connection.channels")),
    )
    return connection, [_json_event(event, f"events[{index}]") for index, event in enumerate(_list(value.get("events"), "events"))]


def _json_event(value: Any, at: str) -> Event:
    given = _object(value, at)
    kind = _string(given.get("type"), f"{at}.type")
    data = _binary(given["base64"], f"{at}.base64") if "base64" in given else None
    text = given.get("text") if kind == "message" else None
    if kind == "message" and not isinstance(text, str) and data is None:
        raise PayloadError(f"{at}: expected text or base64")
    return Event(
        type=kind, seq=given.get("seq"), text=text, binary=data, headers=_object(given.get("headers", {}), f"{at}.headers"),
        protocols=_list(given.get("protocols", []), f"{at}.protocols"), code=given.get("code"), reason=given.get("reason"), clean=given.get("clean"),
        error=given.get("error"), raw=given,
    )


_SLIP_TYPES = {"OPEN": "open", "TEXT": "message", "BINARY": "message", "CLOSE": "close", "PING": "ping", "PONG": "pong"}


def read_slip(value: Any) -> Tuple[SlipConnection, List[Event]]:
    given = _object(value, "webhook")
    metadata = given.get("metadata")
    connection = SlipConnection(_string(given.get("connectionId"), "connectionId"), metadata)
    return connection, [_slip_event(event, metadata, f"events[{index}]") for index, event in enumerate(_list(given.get("events"), "events"))]


def _slip_event(value: Any, metadata: Any, at: str) -> Event:
    given = _object(value, at)
    kind = _string(given.get("type"), f"{at}.type")
    text: Optional[str] = None
    data: Optional[bytes] = None
    headers: Dict[str, List[str]] = {}
    protocols: List[str] = []
    if kind == "TEXT":
        text = _string(given.get("data"), f"{at}.data")
    elif kind == "BINARY" or (kind in ("PING", "PONG") and "data" in given):
        data = _binary(given.get("data"), f"{at}.data")
    elif kind == "OPEN":
        # The convention has them in the first metadata; each header is a text or a list of texts.
        first = metadata.get("headers") if isinstance(metadata, dict) else None
        sent = _object(given.get("headers", first) or {}, f"{at}.headers")
        headers = {name.lower(): each if isinstance(each, list) else [each] for name, each in sent.items()}
        offered = [part.strip() for line in headers.get("sec-websocket-protocol", []) for part in str(line).split(",")]
        protocols = _list(given.get("subprotocols", offered), f"{at}.subprotocols")
    return Event(
        type=_SLIP_TYPES.get(kind, kind), text=text, binary=data, headers=headers, protocols=protocols, code=given.get("code"),
        reason=given.get("reason"), clean=given.get("clean"), error=given.get("error"), raw=given,
    )
