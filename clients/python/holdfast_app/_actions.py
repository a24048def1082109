# SPDX-License-Identifier: Apache-2.0
"""What is to be done: lists of actions, and answers to webhooks."""

from __future__ import annotations

import base64
import json as _json
from typing import Any, Dict, List, Mapping, Optional, Sequence, TypeVar, Union

from ._errors import AnswerError
from ._webhook import Connection, SlipConnection, Webhook

Self = TypeVar("Self", bound="_ActionList")


class JSONMessage:
    """A message that is sent as JSON text: that of the value as it was when this was made."""

    def __init__(self, value: Any) -> None:
        try:
            self.text = _json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise AnswerError(f"json: {error}") from None


def json(value: Any) -> JSONMessage:
    """The message that is `value` in JSON: `answer.send(holdfast.json({"hello": "you"}))`."""
    return JSONMessage(value)


Message = Union[str, bytes, bytearray, memoryview, JSONMessage]


def not_a_message() -> AnswerError:
    return AnswerError("message: expected a text, bytes, or json(…)")


def checked_channel(name: Any) -> str:
    if not isinstance(name, str) or not name or len(name.encode()) > 256 or any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        raise AnswerError("channel: expected 1 to 256 bytes of text without control characters")
    return name


def checked_id(id: Any, name: str = "to") -> str:
    if not isinstance(id, str) or not id:
        raise AnswerError(f"{name}: expected the id of a connection")
    return id


def checked_publication(id: Any) -> Optional[str]:
    if id is not None and (not isinstance(id, str) or not id):
        raise AnswerError("id: expected a text")
    return id


def checked_end(code: Optional[int], reason: Optional[str]) -> Dict[str, Any]:
    if code is not None:
        whole = isinstance(code, int) and not isinstance(code, bool)
        if not whole or not (code in (1000, 1001, 1003) or 1007 <= code <= 1014 or 3000 <= code <= 4999):
            raise AnswerError(f"code: expected 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999, found {code}")
    if reason is not None and (not isinstance(reason, str) or len(reason.encode()) > 123):
        raise AnswerError("reason: expected a text of at most 123 bytes")
    return said(code=code, reason=reason)


def _check_status(status: Optional[int]) -> None:
    if status is not None and (not isinstance(status, int) or not 300 <= status <= 599):
        raise AnswerError("status: expected 300 to 599")


def _checked_state(patch: Any) -> Dict[str, Optional[str]]:
    if not isinstance(patch, Mapping):
        raise AnswerError("state: expected a mapping of texts and None")
    for key, value in patch.items():
        if not isinstance(key, str) or not (value is None or isinstance(value, str)):
            raise AnswerError(f"state[{key!r}]: expected a text, or None to delete it")
    return dict(patch)


def said(**fields: Any) -> Dict[str, Any]:
    """Drops what was not said."""
    return {name: value for name, value in fields.items() if value is not None}


class _ActionList:
    def __init__(self, webhook: Optional[Webhook[Any, Any]] = None) -> None:
        self._list: List[Dict[str, Any]] = []
        self._webhook = webhook

    def __len__(self) -> int:
        return len(self._list)

    def _add(self: Self, action: Dict[str, Any]) -> Self:
        self._list.append(action)
        return self

    def _to(self, to: Optional[str]) -> Optional[str]:
        """Required where there is no connection that could be meant."""
        return checked_id(to) if to is not None or self._webhook is None else None

    def _own(self, to: Optional[str]) -> Any:
        """The app's own connection, if that is meant: the next event of the same webhook is to see what changed."""
        connection = self._webhook.connection if self._webhook else None
        return connection if connection and to in (None, connection.id) else None

    def _opening(self, name: str) -> None:
        if self._webhook is None or not any(event.type == "open" for event in self._webhook.events):
            raise AnswerError(f"{name}: only in the answer to an open")


class _Response:
    """The HTTP answer, for frameworks: `status`, `headers` and `body`."""

    status = 200

    @property
    def headers(self) -> Dict[str, str]:
        return {"content-type": "application/json"}

    @property
    def body(self) -> bytes:
        return _json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()

    def to_dict(self) -> Dict[str, Any]:
        raise NotImplementedError


def _json_fields(message: Message) -> Dict[str, Any]:
    if isinstance(message, str):
        return {"text": message}
    if isinstance(message, JSONMessage):
        return {"text": message.text}
    if isinstance(message, (bytes, bytearray, memoryview)):
        return {"base64": base64.b64encode(message).decode()}
    raise not_a_message()


ActionsType = TypeVar("ActionsType", bound="Actions")


class Actions(_ActionList):
    """What is to be done, in the json dialect: for `Control.perform`. Without a webhook, `to` is required."""

    def send(self: ActionsType, message: Message, *, to: Optional[str] = None) -> ActionsType:
        """Sends one message."""
        return self._add({"type": "send", **_json_fields(message), **said(to=self._to(to))})

    def close(self: ActionsType, *, code: Optional[int] = None, reason: Optional[str] = None, to: Optional[str] = None) -> ActionsType:
        """Closes it, by default with 1000."""
        return self._add({"type": "close", **checked_end(code, reason), **said(to=self._to(to))})

    def subscribe(self: ActionsType, channel: str, *, to: Optional[str] = None) -> ActionsType:
        self._add({"type": "subscribe", "channel": checked_channel(channel), **said(to=self._to(to))})
        own: Optional[Connection] = self._own(to)
        if own and channel not in own.channels:
            own.channels.append(channel)
        return self

    def unsubscribe(self: ActionsType, channel: str, *, to: Optional[str] = None) -> ActionsType:
        self._add({"type": "unsubscribe", "channel": checked_channel(channel), **said(to=self._to(to))})
        own: Optional[Connection] = self._own(to)
        if own and channel in own.channels:
            own.channels.remove(channel)
        return self

    def publish(
        self: ActionsType, channel: str, message: Message, *, except_: Union[str, Sequence[str], None] = None, id: Optional[str] = None
    ) -> ActionsType:
        """One message for each subscriber. `except_` are ids that do not get it; the same `id` again within 60 s is not delivered."""
        left = None if except_ is None else [checked_id(each, "except_") for each in ([except_] if isinstance(except_, str) else except_)]
        fields = {"channel": checked_channel(channel), **_json_fields(message), **said(id=checked_publication(id))}
        return self._add({"type": "publish", **fields, **({} if left is None else {"except": left})})

    def close_channel(self: ActionsType, channel: str, *, code: Optional[int] = None, reason: Optional[str] = None) -> ActionsType:
        """Closes every subscriber."""
        return self._add({"type": "closeChannel", "channel": checked_channel(channel), **checked_end(code, reason)})

    def set_state(self: ActionsType, state: Mapping[str, Optional[str]], *, to: Optional[str] = None) -> ActionsType:
        """Merges into the connection's state; `None` deletes a key."""
        patch = _checked_state(state)
        self._add({"type": "setState", "state": patch, **said(to=self._to(to))})
        own: Optional[Connection] = self._own(to)
        if own:
            for key, value in patch.items():
                if value is None:
                    own.state.pop(key, None)
                else:
                    own.state[key] = value
        return self

    def dial(
        self: ActionsType, url: str, *, protocols: Optional[Sequence[str]] = None, headers: Optional[Mapping[str, Union[str, Sequence[str]]]] = None,
        state: Optional[Mapping[str, str]] = None, reconnect: Optional[bool] = None, route: Optional[str] = None,
    ) -> ActionsType:
        """Opens a connection to a WebSocket server elsewhere."""
        if not isinstance(url, str) or not url.lower().startswith(("ws://", "wss://")):
            raise AnswerError("url: expected ws:// or wss://")
        fields = said(
            protocols=None if protocols is None else list(protocols), headers=None if headers is None else dict(headers),
            state=None if state is None else _checked_state(state), reconnect=reconnect, route=route,
        )
        return self._add({"type": "dial", "url": url, **fields})

    def to_dict(self) -> Dict[str, Any]:
        return {"actions": list(self._list)}


class Answer(Actions, _Response):
    """What is to be done in answer to one webhook. Without `to`, its connection is meant."""

    _decided: Optional[str] = None

    def __init__(self, webhook: Webhook[Connection, Answer]) -> None:
        super().__init__(webhook)
        self.webhook = webhook

    def _decide(self, name: str) -> None:
        self._opening(name)
        if self._decided:
            raise AnswerError(f"{name}: the answer has {'an accept' if self._decided == 'accept' else 'a reject'} already")
        self._decided = name

    def accept(self, *, protocol: Optional[str] = None, headers: Optional[Mapping[str, Union[str, Sequence[str]]]] = None) -> Answer:
        """Lets the client in, which is what happens without it too: for a subprotocol or headers."""
        self._decide("accept")
        return self._add({"type": "accept", **said(protocol=protocol, headers=None if headers is None else dict(headers))})

    def reject(
        self, *, status: Optional[int] = None, headers: Optional[Mapping[str, Union[str, Sequence[str]]]] = None, body: Optional[str] = None
    ) -> Answer:
        """Refuses the client, by default with 403."""
        _check_status(status)
        self._decide("reject")
        return self._add({"type": "reject", **said(status=status, headers=None if headers is None else dict(headers), body=body)})


SlipActionsType = TypeVar("SlipActionsType", bound="SlipActions")


class SlipActions(_ActionList):
    """What is to be done, in the slip dialect: for `SlipControl.perform`. Without a webhook, `to` is required."""

    def _id(self, to: Optional[str]) -> str:
        return self._to(to) or self._webhook.connection.id  # type: ignore[union-attr]

    @staticmethod
    def _frame(message: Message) -> Dict[str, str]:
        if isinstance(message, str):
            return {"type": "TEXT", "data": message}
        if isinstance(message, JSONMessage):
            return {"type": "TEXT", "data": message.text}
        if isinstance(message, (bytes, bytearray, memoryview)):
            return {"type": "BINARY", "data": base64.b64encode(message).decode()}
        raise not_a_message()

    def send(self: SlipActionsType, message: Message, *, to: Optional[str] = None) -> SlipActionsType:
        """Sends one message."""
        return self._add({**self._frame(message), "connectionId": self._id(to)})

    def send_text(self: SlipActionsType, text: str, *, to: Optional[str] = None) -> SlipActionsType:
        if not isinstance(text, str):
            raise AnswerError("send_text: expected a text")
        return self.send(text, to=to)

    def send_binary(self: SlipActionsType, data: Union[bytes, bytearray, memoryview], *, to: Optional[str] = None) -> SlipActionsType:
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise AnswerError("send_binary: expected bytes")
        return self.send(data, to=to)

    def close(
        self: SlipActionsType, *, code: Optional[int] = None, reason: Optional[str] = None, to: Optional[str] = None, status: Optional[int] = None
    ) -> SlipActionsType:
        """Closes it; in answer to an open, without `accept()`, refuses it: with `status`, by default 403."""
        if status is not None:
            self._opening("close with a status")
            if self._own(to) is None:
                raise AnswerError("status: only for the client that waits at the door")
            _check_status(status)
        return self._add({"type": "CLOSE", "connectionId": self._id(to), **checked_end(code, reason), **said(status=status)})

    def subscribe(self: SlipActionsType, channel: str, *, to: Optional[str] = None) -> SlipActionsType:
        return self._add({"type": "SUBSCRIBE", "connectionId": self._id(to), "channel": checked_channel(channel)})

    def unsubscribe(self: SlipActionsType, channel: str, *, to: Optional[str] = None) -> SlipActionsType:
        return self._add({"type": "UNSUBSCRIBE", "connectionId": self._id(to), "channel": checked_channel(channel)})

    def set_metadata(self: SlipActionsType, metadata: Optional[Mapping[str, Any]], *, to: Optional[str] = None) -> SlipActionsType:
        """Replaces the connection's metadata; `None` deletes it."""
        if metadata is not None and not isinstance(metadata, Mapping):
            raise AnswerError("metadata: expected a mapping, or None to delete it")
        value = None if metadata is None else dict(metadata)
        self._add({"type": "SET_METADATA", "connectionId": self._id(to), "metadata": value})
        own: Optional[SlipConnection] = self._own(to)
        if own:
            own.metadata = value
        return self

    def publish(self: SlipActionsType, channel: str, message: Message) -> SlipActionsType:
        """One message for each subscriber."""
        frame = self._frame(message)
        return self._add({"type": f"PUBLISH_{frame['type']}", "channelId": checked_channel(channel), "data": frame["data"]})

    def close_channel(self: SlipActionsType, channel: str, *, code: Optional[int] = None, reason: Optional[str] = None) -> SlipActionsType:
        """Closes every subscriber."""
        return self._add({"type": "CLOSE_CHANNEL", "channelId": checked_channel(channel), **checked_end(code, reason)})

    def to_dict(self) -> Dict[str, Any]:
        return {"events": list(self._list)}


class SlipAnswer(SlipActions, _Response):
    """What is to be done in answer to one webhook of the slip dialect. Without `to`, its connection is meant."""

    _accepted: Optional[Dict[str, str]] = None

    def __init__(self, webhook: Webhook[SlipConnection, SlipAnswer]) -> None:
        super().__init__(webhook)
        self.webhook = webhook

    def accept(self, *, protocol: Optional[str] = None) -> SlipAnswer:
        """Lets the client in, which is what happens without it too unless there is a `close`: for a subprotocol."""
        self._opening("accept")
        if self._accepted is not None:
            raise AnswerError("accept: the answer has an accept already")
        self._accepted = said(subprotocol=protocol)
        return self

    def to_dict(self) -> Dict[str, Any]:
        own = self.webhook.connection.id
        ends = [action for action in self._list if action["type"] == "CLOSE" and action["connectionId"] == own]
        if self._accepted is not None and any("status" in action for action in ends):
            raise AnswerError("close: a status refuses a client, and the answer has an accept")
        opens = any(event.type == "open" for event in self.webhook.events) and (self._accepted is not None or not ends)
        # The convention wants it before anything that concerns the connection.
        accept = {"type": "ACCEPT", "connectionId": own, **(self._accepted or {})}
        return {"events": [*([accept] if opens else []), *self._list]}
