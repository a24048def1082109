"""What an app of slip-sockets says and checks: answers as the JavaScript client makes them, and tokens both ways."""

import json
import time

import httpx
import jwt

from two_nodes import uncounted

SECRET = "a secret that app and gateway share, long enough for every algorithm of the kind"
# The JavaScript client answers with a Response whose type is whatever text has.
PLAIN = {"content-type": "text/plain;charset=UTF-8"}


def answer(*events):
    return 200, PLAIN, json.dumps({"events": list(events)}).encode()


def event(kind, webhook, **fields):
    """An event for the connection that a webhook is about."""
    return {"type": kind, "connectionId": webhook.body["connectionId"], **fields}


def polite(*first, **others):
    """A behaviour: accepts, does `first`, and answers other types by functions of (webhook, event), each to a list of events.

    `first` are functions of the webhook.
    """

    def behaviour(webhook):
        events = []
        for happened in webhook.events:
            if happened["type"] == "OPEN":
                events += [event("ACCEPT", webhook), *(make(webhook) for make in first)]
            elif happened["type"] in others:
                events += others[happened["type"]](webhook, happened)
        return answer(*events)

    return behaviour


def text(data):
    return lambda webhook: event("TEXT", webhook, data=data)


def subscribe(channel):
    return lambda webhook: event("SUBSCRIBE", webhook, channel=channel)


def metadata(value):
    return lambda webhook: event("SET_METADATA", webhook, metadata=value)


def token(secret=SECRET, algorithm="HS256", **claims):
    """A token for control requests, with claims of its own; None takes one away."""
    now = int(time.time())
    filled = {"iss": "slip-sockets", "aud": "ControlEvent", "iat": now, "exp": now + 60, **claims}
    return jwt.encode({name: value for name, value in filled.items() if value is not None}, secret, algorithm=algorithm)


def verified(webhook, secret=SECRET):
    """The claims of a webhook's token, which must be as the JavaScript client wants it."""
    scheme, _, sent = webhook.headers["authorization"].partition(" ")
    assert scheme == "Bearer", scheme
    required = ["iss", "aud", "iat", "exp"]
    return jwt.decode(sent, secret, algorithms=["HS256"], issuer="slip-sockets", audience="WebSocketEvent", options={"require": required})


def control(gateway, *events, path="/", bearer=None, content_type="application/websocket-events", content=None, **options):
    """A control request as the JavaScript client makes it. `bearer` in place of a good token; an empty one sends no authorisation."""
    headers = {"content-type": content_type}
    if bearer != "":
        headers["authorization"] = f"Bearer {token() if bearer is None else bearer}"
    body = json.dumps({"events": list(events)}).encode() if content is None else content
    answer = httpx.post(gateway.control_url + path, content=body, headers=headers, trust_env=False, timeout=30, **options)
    return uncounted(answer) if gateway.other else answer
