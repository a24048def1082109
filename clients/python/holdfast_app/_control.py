# SPDX-License-Identifier: Apache-2.0
"""The control API: reaches clients at any time, from any process."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import time
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Type, Union
from urllib.parse import quote, urlencode, urlsplit

from ._actions import Actions, JSONMessage, Message, SlipActions, checked_channel, checked_end, checked_id, checked_publication, not_a_message, said
from ._errors import (
    BY_RESULT, BY_STATUS, AnswerError, ConfigurationError, ControlError, ControlTimeoutError, UnauthorizedError, UnavailableError,
    UnexpectedAnswerError, UnreachableError,
)
from ._signatures import make_token, number, token_key
from ._webhook import MAX_BODY_BYTES


class Published(NamedTuple):
    """What became of a publication."""

    delivered: int
    """How many connections it reached."""
    duplicate: bool
    """Whether the same channel and id were published less than 60 s ago; then nothing was sent."""


class _ControlBase:
    def __init__(self, url: str, timeout: float, retries: int, context: Optional[ssl.SSLContext]) -> None:
        try:
            base = urlsplit(url)
            port = base.port
        except (ValueError, AttributeError, TypeError):
            raise ConfigurationError("url: expected the control API's address, such as http://127.0.0.1:8081") from None
        if base.scheme not in ("http", "https") or not base.hostname or base.username or base.query or base.fragment:
            raise ConfigurationError("url: expected the control API's address, such as http://127.0.0.1:8081")
        self._host, self._port, self._secure, self._prefix = base.hostname, port, base.scheme == "https", base.path.rstrip("/")
        self._timeout = number(timeout, "timeout", 0.001)
        self._retries = int(number(retries, "retries", 0))
        self._context = context

    def _authorization(self) -> Optional[str]:
        raise NotImplementedError

    _by_status: Mapping[int, Type[ControlError]] = BY_STATUS

    def _request(self, method: str, path: str, body: Optional[bytes] = None, type: Optional[str] = None, safe: bool = False) -> Any:
        """One request, repeated only where that cannot do harm. Returns JSON, or None for an empty answer."""
        attempt = 0
        while True:
            try:
                return self._once(method, path, body, type)
            except ControlError as error:
                passes = isinstance(error, (ControlTimeoutError, UnreachableError)) or error.status in (502, 503, 504)
                if not safe or not passes or attempt >= self._retries:
                    raise
                time.sleep(0.2 * 2 ** min(attempt, 5))
                attempt += 1

    def _once(self, method: str, path: str, body: Optional[bytes], type: Optional[str]) -> Any:
        deadline = time.monotonic() + self._timeout
        headers = said(**{"accept": "application/json", "content-type": type, "authorization": self._authorization()})
        connection: http.client.HTTPConnection
        if self._secure:
            connection = http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._context)
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            try:
                connection.request(method, self._prefix + path, body=body, headers=headers)
            except (BrokenPipeError, ConnectionResetError):
                pass  # It may have answered before it had read everything.
            self._hurry(connection, deadline)
            answer = connection.getresponse()
            data = self._read(answer, connection, deadline)
        except (socket.timeout, TimeoutError):
            raise ControlTimeoutError(0, f"no answer within {self._timeout:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(0, f"the control API cannot be reached: {error or error.__class__.__name__}") from error
        finally:
            connection.close()
        return self._understood(answer, data)

    @staticmethod
    def _hurry(connection: http.client.HTTPConnection, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout
        if connection.sock:
            connection.sock.settimeout(left)

    def _read(self, answer: http.client.HTTPResponse, connection: http.client.HTTPConnection, deadline: float) -> bytes:
        pieces: List[bytes] = []
        length = 0
        while True:
            self._hurry(connection, deadline)
            piece = answer.read1(65536)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            length += len(piece)
            if length > MAX_BODY_BYTES:
                raise UnexpectedAnswerError(answer.status, "the answer is too long")

    def _understood(self, answer: http.client.HTTPResponse, data: bytes) -> Any:
        status, plain = answer.status, ""
        try:
            value = json.loads(data) if data else None
        except (ValueError, RecursionError):
            if 200 <= status < 300:
                raise UnexpectedAnswerError(status, "the answer is not JSON") from None
            value = None
            if (answer.getheader("content-type") or "").startswith("text/plain"):
                plain = data[:200].decode(errors="replace").strip()
        if 200 <= status < 300:
            return value
        problem = value if isinstance(value, dict) else {}
        kind = self._by_status.get(status, UnavailableError if status >= 500 else UnexpectedAnswerError)
        raise kind(status, str(problem.get("detail") or problem.get("message") or plain), str(problem.get("title") or answer.reason or ""))


class Control(_ControlBase):
    """The control API in the json dialect. Each call makes one HTTP request; an instance may be shared by threads.

    `timeout` is in seconds. `retries` repeats only what can be repeated without harm (reading, subscribing, state, publications with an
    id), after no answer, 502, 503 or 504; none by default. Every method raises ControlError or one of its subclasses.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8081", *, token: Optional[str] = None, timeout: float = 10.0, retries: int = 0,
        context: Optional[ssl.SSLContext] = None,
    ) -> None:
        super().__init__(url, timeout, retries, context)
        if token is not None and (not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token)):
            raise ConfigurationError("token: expected the control API's token")
        self._token = token

    def _authorization(self) -> Optional[str]:
        return self._token and f"Bearer {self._token}"

    @staticmethod
    def _at(id: str) -> str:
        return f"/v1/connections/{quote(checked_id(id, 'id'), safe='')}"

    @staticmethod
    def _in(channel: str) -> str:
        return f"/v1/channels/{quote(checked_channel(channel), safe='')}"

    def _perform(self, actions: Actions, safe: bool = False) -> List[Dict[str, Any]]:
        body = json.dumps(actions.to_dict(), ensure_ascii=False, allow_nan=False).encode()
        answer = self._request("POST", "/v1/actions", body, "application/json", safe)
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list) or len(results) != len(actions):
            raise UnexpectedAnswerError(200, "the answer has not one result for each action")
        return results

    def _one(self, actions: Actions, safe: bool = False) -> Dict[str, Any]:
        return _succeeded(self._perform(actions, safe)[0])

    def _pages(self, path: str, key: str, **query: Optional[str]) -> Iterator[Any]:
        after: Optional[str] = None
        while True:
            page = self._request("GET", f"{path}?{urlencode(said(**query, limit='100', after=after))}", safe=True)
            if not isinstance(page, dict) or not isinstance(page.get(key), list):
                raise UnexpectedAnswerError(200, f"the answer has no {key}")
            yield from page[key]
            if page.get("next") in (None, after):
                return
            after = page["next"]

    def publish(self, channel: str, message: Message, *, id: Optional[str] = None, except_: Union[str, Sequence[str], None] = None) -> Published:
        """Sends one message to all subscribers of a channel."""
        if except_ is not None:
            result = self._one(Actions().publish(channel, message, except_=except_, id=id), safe=id is not None)
            return Published(result.get("delivered", 0), result.get("status") == "duplicate")
        query = "" if checked_publication(id) is None else "?" + urlencode({"id": id})
        body, type = _raw(message)
        answer = self._request("POST", f"{self._in(channel)}/messages{query}", body, type, safe=id is not None) or {}
        return Published(answer.get("delivered", 0), answer.get("duplicate", False))

    def send(self, id: str, message: Message) -> None:
        """Sends one message to one connection."""
        body, type = _raw(message)
        self._request("POST", f"{self._at(id)}/messages", body, type)

    def close(self, id: str, *, code: Optional[int] = None, reason: Optional[str] = None) -> None:
        """Closes one connection, by default with 1000."""
        query = urlencode(checked_end(code, reason))
        self._request("DELETE", self._at(id) + (query and f"?{query}"))

    def subscribe(self, id: str, channel: str) -> None:
        self._request("PUT", f"{self._at(id)}/channels/{quote(checked_channel(channel), safe='')}", safe=True)

    def unsubscribe(self, id: str, channel: str) -> None:
        self._request("DELETE", f"{self._at(id)}/channels/{quote(checked_channel(channel), safe='')}", safe=True)

    def set_state(self, id: str, state: Mapping[str, Optional[str]]) -> None:
        """Merges into a connection's state; None deletes a key."""
        self._one(Actions().set_state(state, to=checked_id(id, "id")), safe=True)

    def close_channel(self, channel: str, *, code: Optional[int] = None, reason: Optional[str] = None) -> int:
        """Closes every subscriber, and returns how many there were."""
        return int(self._one(Actions().close_channel(channel, code=code, reason=reason)).get("delivered", 0))

    def dial(
        self, url: str, *, protocols: Optional[Sequence[str]] = None, headers: Optional[Mapping[str, Union[str, Sequence[str]]]] = None,
        state: Optional[Mapping[str, str]] = None, reconnect: Optional[bool] = None, route: Optional[str] = None,
    ) -> Optional[str]:
        """Opens a connection to a WebSocket server elsewhere, and returns its id."""
        return self._one(Actions().dial(url, protocols=protocols, headers=headers, state=state, reconnect=reconnect, route=route)).get("connection")

    def perform(self, actions: Actions) -> List[Dict[str, Any]]:
        """Does several actions in one request. An action that could not be done is a result with its `status`, not an error."""
        if not isinstance(actions, Actions):
            raise AnswerError("perform: expected Actions")
        return self._perform(actions) if len(actions) else []

    def connections(self, *, route: Optional[str] = None, channel: Optional[str] = None) -> Iterator[Dict[str, Any]]:
        """All open connections, page by page as they are asked for."""
        return self._pages("/v1/connections", "connections", route=route, channel=channel)

    def connection(self, id: str) -> Dict[str, Any]:
        value: Dict[str, Any] = self._request("GET", self._at(id), safe=True)
        return value

    def channels(self) -> Iterator[Dict[str, Any]]:
        """All channels that have subscribers: `{"name", "subscribers"}`."""
        return self._pages("/v1/channels", "channels")

    def channel(self, name: str) -> Dict[str, Any]:
        """`{"name", "subscribers"}` of one channel."""
        value = self._request("GET", f"{self._in(name)}?limit=1", safe=True) or {}
        return {"name": value.get("name"), "subscribers": value.get("subscribers")}

    def subscribers(self, channel: str) -> Iterator[str]:
        """The ids of all subscribers of a channel."""
        return self._pages(self._in(channel), "connections")


def _succeeded(result: Dict[str, Any]) -> Dict[str, Any]:
    """The result of one action, unless it failed."""
    if result.get("status") in BY_RESULT:
        kind, status = BY_RESULT[result["status"]]
        raise kind(status, result.get("detail") or f"the gateway answered {result['status']}")
    return result


def _raw(message: Message) -> "tuple[bytes, str]":
    if isinstance(message, str):
        return message.encode(), "text/plain; charset=utf-8"
    if isinstance(message, JSONMessage):
        return message.text.encode(), "application/json"
    if isinstance(message, (bytes, bytearray, memoryview)):
        return bytes(message), "application/octet-stream"
    raise not_a_message()


class SlipControl(_ControlBase):
    """The control API in the slip dialect. Each request has a token of its own, good for a minute. The convention answers no details."""

    # The convention has one answer to every doubt about the token: 403.
    _by_status = {**BY_STATUS, 403: UnauthorizedError}

    def __init__(
        self, url: str = "http://127.0.0.1:8081", *, secret: str, timeout: float = 10.0, retries: int = 0, context: Optional[ssl.SSLContext] = None,
        now: Optional[Callable[[], float]] = None,
    ) -> None:
        super().__init__(url, timeout, retries, context)
        self._key = token_key(secret)
        self._now = now or time.time

    def _authorization(self) -> Optional[str]:
        return f"Bearer {make_token(self._key, self._now())}"

    def perform(self, actions: SlipActions) -> List[Dict[str, Any]]:
        """Does several actions in one request. Results are there where the gateway tells them: Holdfast does, slip-sockets does not."""
        if not isinstance(actions, SlipActions):
            raise AnswerError("perform: expected SlipActions")
        if not len(actions):
            return []
        value = actions.to_dict()
        safe = all(each["type"] in ("SUBSCRIBE", "UNSUBSCRIBE", "SET_METADATA") for each in value["events"])
        body = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        answer = self._request("POST", "/", body, "application/websocket-events", safe)
        results = answer.get("results") if isinstance(answer, dict) else None
        return results if isinstance(results, list) else []

    def _one(self, actions: SlipActions) -> None:
        for result in self.perform(actions):
            _succeeded(result)

    def send(self, id: str, message: Message) -> None:
        self._one(SlipActions().send(message, to=checked_id(id, "id")))

    def send_text(self, id: str, text: str) -> None:
        self._one(SlipActions().send_text(text, to=checked_id(id, "id")))

    def send_binary(self, id: str, data: Union[bytes, bytearray, memoryview]) -> None:
        self._one(SlipActions().send_binary(data, to=checked_id(id, "id")))

    def close(self, id: str, *, code: Optional[int] = None, reason: Optional[str] = None) -> None:
        self._one(SlipActions().close(code=code, reason=reason, to=checked_id(id, "id")))

    def subscribe(self, id: str, channel: str) -> None:
        self._one(SlipActions().subscribe(channel, to=checked_id(id, "id")))

    def unsubscribe(self, id: str, channel: str) -> None:
        self._one(SlipActions().unsubscribe(channel, to=checked_id(id, "id")))

    def set_metadata(self, id: str, metadata: Optional[Mapping[str, Any]]) -> None:
        self._one(SlipActions().set_metadata(metadata, to=checked_id(id, "id")))

    def publish(self, channel: str, message: Message) -> None:
        self._one(SlipActions().publish(channel, message))

    def close_channel(self, channel: str, *, code: Optional[int] = None, reason: Optional[str] = None) -> None:
        self._one(SlipActions().close_channel(channel, code=code, reason=reason))
