# SPDX-License-Identifier: Apache-2.0
"""Handlers: from an HTTP request to an HTTP answer, and the two gateway interfaces of Python's web servers."""

from __future__ import annotations

import asyncio
import inspect
import logging
from http import HTTPStatus
from typing import Any, Awaitable, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple, Union

from ._actions import Answer, SlipAnswer
from ._errors import ConfigurationError, WebhookError
from ._signatures import Headers, Secrets, StandardSignature, TokenSignature, number, secrets_of, standard_key, token_key
from ._webhook import MAX_BODY_BYTES, Connection, Event, Reader, SlipConnection, Webhook, read_json, read_slip

log = logging.getLogger("holdfast_app")

Clock = Optional[Callable[[], float]]
Respond = Callable[[Event, Connection, Answer], Union[None, object, Awaitable[object]]]
SlipRespond = Callable[[Event, SlipConnection, SlipAnswer], Union[None, object, Awaitable[object]]]


class Reply(NamedTuple):
    """An HTTP answer, for any framework."""

    status: int
    headers: Dict[str, str]
    body: bytes


def _json_reader(secret: Secrets, verify: Optional[bool], tolerance: Optional[float], max_body_bytes: int, now: Clock) -> Reader:
    keys = secrets_of(secret, verify, standard_key)
    signature = None if keys is None else StandardSignature(keys, tolerance, now)
    return Reader(signature, read_json, Answer, int(number(max_body_bytes, "max_body_bytes", 1)))


def _slip_reader(secret: Secrets, verify: Optional[bool], tolerance: Optional[float], max_body_bytes: int, now: Clock) -> Reader:
    keys = secrets_of(secret, verify, token_key)
    signature = None if keys is None else TokenSignature(keys, tolerance, now)
    return Reader(signature, read_slip, SlipAnswer, int(number(max_body_bytes, "max_body_bytes", 1)))


def parse(
    headers: Headers, body: bytes, *, secret: Secrets = None, verify: Optional[bool] = None, tolerance: Optional[float] = None,
    max_body_bytes: int = MAX_BODY_BYTES, now: Clock = None,
) -> Webhook[Connection, Answer]:
    """Verifies and reads one webhook of the json dialect. Raises SignatureError, PayloadError, and WebhookError with 413."""
    return _json_reader(secret, verify, tolerance, max_body_bytes, now).read(headers, body)


def parse_slip(
    headers: Headers, body: bytes, *, secret: Secrets = None, verify: Optional[bool] = None, tolerance: Optional[float] = None,
    max_body_bytes: int = MAX_BODY_BYTES, now: Clock = None,
) -> Webhook[SlipConnection, SlipAnswer]:
    """Verifies and reads one webhook of the slip dialect."""
    return _slip_reader(secret, verify, tolerance, max_body_bytes, now).read(headers, body)


class Handler:
    """Answers webhooks by calling a function for each event. Made by `handler` and `slip_handler`."""

    def __init__(self, reader: Reader, respond: Callable[..., Any]) -> None:
        if not callable(respond):
            raise ConfigurationError("handler: expected a function of event, connection and answer")
        self._reader, self._respond = reader, respond
        self.max_body_bytes = reader.max_body_bytes
        self.is_async = inspect.iscoroutinefunction(respond) or inspect.iscoroutinefunction(getattr(respond, "__call__", None))

    def __call__(self, event: Event, connection: Any, answer: Any) -> Any:
        """The function itself, so that tests can call it."""
        return self._respond(event, connection, answer)

    def respond(self, headers: Headers, body: bytes, method: str = "POST") -> Reply:
        """The answer to one request. Never raises for what the request or the function did: that is a 4xx or 500."""
        if self.is_async:
            raise ConfigurationError("the handler is async: use respond_async, or asgi")
        try:
            webhook = self._read(headers, body, method)
            answer = webhook.answer()
            for event in webhook.events:
                self._respond(event, webhook.connection, answer)
            return Reply(answer.status, answer.headers, answer.body)
        except Exception as error:
            return self.refusal(error)

    async def respond_async(self, headers: Headers, body: bytes, method: str = "POST") -> Reply:
        """The same without blocking an event loop: a function that is not async runs in a thread."""
        try:
            webhook = self._read(headers, body, method)
            answer = webhook.answer()
            for event in webhook.events:
                if self.is_async:
                    await self._respond(event, webhook.connection, answer)
                else:
                    await asyncio.to_thread(self._respond, event, webhook.connection, answer)
            return Reply(answer.status, answer.headers, answer.body)
        except Exception as error:
            return self.refusal(error)

    def _read(self, headers: Headers, body: bytes, method: str) -> Webhook[Any, Any]:
        if method != "POST":
            raise WebhookError(405, "webhooks come by POST", "method")
        return self._reader.read(headers, body)

    def refusal(self, error: Exception) -> Reply:
        """What is answered instead. A failure of the app is logged; the gateway repeats the webhook."""
        status, text = 500, "the app failed"
        if isinstance(error, WebhookError):
            status, text = error.status, error.detail
        else:
            log.error("the handler failed", exc_info=error)
        headers = {"content-type": "text/plain; charset=utf-8", **({"allow": "POST"} if status == 405 else {})}
        return Reply(status, headers, f"{text}\n".encode())

    def too_large(self) -> Reply:
        return self.refusal(self._reader.too_large())


def handler(
    *, secret: Secrets = None, verify: Optional[bool] = None, tolerance: Optional[float] = None, max_body_bytes: int = MAX_BODY_BYTES,
    now: Clock = None,
) -> Callable[[Respond], Handler]:
    """A decorator that makes a `Handler` for the json dialect from a function of event, connection and answer.

    `secret` is the gateway's (`whsec_…`), or a list of several while one replaces another; `verify=False` instead believes anybody.
    `tolerance` is how many seconds a signature may be old, or early (default 300); `max_body_bytes` how long a webhook may be (16 MiB).
    """
    reader = _json_reader(secret, verify, tolerance, max_body_bytes, now)
    return lambda respond: Handler(reader, respond)


def slip_handler(
    *, secret: Secrets = None, verify: Optional[bool] = None, tolerance: Optional[float] = None, max_body_bytes: int = MAX_BODY_BYTES,
    now: Clock = None,
) -> Callable[[SlipRespond], Handler]:
    """The same for the slip dialect: `secret` is the JWT secret, `tolerance` (default 0 s) is added to the token's time of expiry."""
    reader = _slip_reader(secret, verify, tolerance, max_body_bytes, now)
    return lambda respond: Handler(reader, respond)


def wsgi(hook: Handler) -> Callable[[Dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """A WSGI application: for gunicorn, uWSGI, mod_wsgi, or wsgiref."""
    if hook.is_async:
        raise ConfigurationError("wsgi: the handler is async; use asgi")

    def application(environ: Dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        names = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}
        headers = {
            names.get(key, key[5:].lower().replace("_", "-")): value
            for key, value in environ.items() if key.startswith("HTTP_") or key in names
        }
        method = environ.get("REQUEST_METHOD", "")
        body = _wsgi_body(environ, hook.max_body_bytes) if method == "POST" else b""
        reply = hook.too_large() if body is None else hook.respond(headers, body, method)
        fields = [*reply.headers.items(), ("content-length", str(len(reply.body)))]
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", fields)
        return [reply.body]

    return application


def _wsgi_body(environ: Dict[str, Any], limit: int) -> Optional[bytes]:
    """The body, or None when it is longer than `limit`."""
    given = environ.get("CONTENT_LENGTH") or ""
    ends = environ.get("wsgi.input_terminated") or "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    left = int(given) if given.isdecimal() else limit + 1 if ends else 0
    if left > limit and given:
        return None
    pieces: List[bytes] = []
    while left > 0:
        piece = environ["wsgi.input"].read(left)
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    body = b"".join(pieces)
    return None if len(body) > limit else body


Scope = Dict[str, Any]
Receive = Callable[[], Awaitable[Dict[str, Any]]]
Send = Callable[[Dict[str, Any]], Awaitable[None]]


def asgi(hook: Handler) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An ASGI application: for uvicorn, hypercorn, daphne, or mounted in another one."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _lifespan(receive, send)
        if scope["type"] != "http":
            raise ConfigurationError(f"asgi: webhooks come by HTTP, not by {scope['type']}")
        body = await _asgi_body(receive, hook.max_body_bytes)
        if body is None:
            return
        whole, data = body
        reply = await hook.respond_async(scope["headers"], data, scope["method"]) if whole else hook.too_large()
        fields = [*reply.headers.items(), ("content-length", str(len(reply.body)))]
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    return application


async def _asgi_body(receive: Receive, limit: int) -> Optional[Tuple[bool, bytes]]:
    """Whether it is whole, and what there is; None when the gateway has gone."""
    pieces: List[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        length += len(pieces[-1])
        if length > limit:
            return False, b""
        more = message.get("more_body", False)
    return True, b"".join(pieces)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
