# SPDX-License-Identifier: Apache-2.0
"""Signatures and tokens as the gateway makes them, without the package under test."""

import base64
import hashlib
import hmac
import json

NOW = 1_700_000_000


def secret_of(text):
    return "whsec_" + base64.b64encode(text.encode()).decode()


SECRET = secret_of("a secret of 24 bytes and more")
OTHER = secret_of("another secret, of 24 bytes and more")
JWT_SECRET = "a secret for the tests, of 32 bytes"
OPEN = {"seq": 1, "type": "open", "headers": {"x-client": ["c"]}, "protocols": ["a", "b"]}
TEXT = {"seq": 2, "type": "message", "text": "hello"}


def webhook(events, **more):
    return {"connection": {"id": "n1.0.x", "state": {}, "channels": [], "path": "/", "query": "", **more}, "events": events}


def signed(value, secret=SECRET, at=NOW, id="w.1"):
    """Headers and body."""
    body = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    mac = hmac.new(base64.b64decode(secret[6:]), f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": "v1," + base64.b64encode(mac).decode()}, body


def _part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def token(claims=None, secret=JWT_SECRET, head=None, hash="sha256"):
    full = {"iss": "slip-sockets", "aud": "WebSocketEvent", "iat": NOW, "exp": NOW + 60, **(claims or {})}
    text = f"{_part(head or {'alg': 'HS256', 'typ': 'JWT'})}.{_part({key: value for key, value in full.items() if value is not None})}"
    return f"{text}.{base64.urlsafe_b64encode(hmac.new(secret.encode(), text.encode(), hash).digest()).decode().rstrip('=')}"


def slip(value, authorization=None):
    return {"authorization": authorization or f"Bearer {token()}"}, value if isinstance(value, bytes) else json.dumps(value).encode()


def now():
    return NOW
