# SPDX-License-Identifier: Apache-2.0
"""Who is it? Signatures of webhooks, and tokens."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import math
import re
import time
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from ._errors import ConfigurationError, SignatureError

Header = Callable[[str], Optional[str]]
Headers = Union[Mapping[str, Any], Iterable[Tuple[Any, Any]]]
Secrets = Union[str, Sequence[str], None]


def lookup(headers: Headers) -> Header:
    """A function from lower-case names to values, over whatever a framework calls headers."""
    found: Dict[str, str] = {}
    pairs: Iterable[Tuple[Any, Any]] = headers.items() if hasattr(headers, "items") else headers
    for raw_name, raw_value in pairs:
        name = _text(raw_name).lower()
        value = ", ".join(map(_text, raw_value)) if isinstance(raw_value, (list, tuple)) else _text(raw_value)
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found.get


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def from_base64(text: str) -> Optional[bytes]:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def number(value: Any, name: str, least: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < least:
        raise ConfigurationError(f"{name}: expected a number from {least:g}")
    return value


def secrets_of(secret: Secrets, verify: Optional[bool], read_key: Callable[[Any], bytes]) -> Optional[List[bytes]]:
    """`secret` or `verify=False`, never both and never neither: nobody shall be unverified by a variable that was not set."""
    if verify is not None and verify is not False:
        raise ConfigurationError("verify: the only value is False; with a secret, webhooks are always verified")
    if verify is False:
        if secret is not None:
            raise ConfigurationError("either a secret, or verify=False; not both")
        return None
    secrets = [secret] if secret is None or isinstance(secret, (str, bytes)) else list(secret)
    if not secrets or secret is None:
        raise ConfigurationError("secret: missing. Give the gateway's secret, or say verify=False to believe anybody")
    return [read_key(each) for each in secrets]


def standard_key(secret: Any) -> bytes:
    text = secret[len("whsec_"):].strip() if isinstance(secret, str) and secret.startswith("whsec_") else ""
    key = from_base64(text + "=" * (-len(text) % 4))
    if key is None or not 24 <= len(key) <= 64:
        raise ConfigurationError("secret: expected whsec_ and 24 to 64 bytes in base64")
    return key


def token_key(secret: Any) -> bytes:
    if not isinstance(secret, str) or not secret:
        raise ConfigurationError("secret: expected the text that tokens are signed with")
    return secret.encode()


class StandardSignature:
    """Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`."""

    def __init__(self, keys: List[bytes], tolerance: Optional[float], now: Optional[Callable[[], float]]) -> None:
        self._keys = keys
        self._tolerance = number(300 if tolerance is None else tolerance, "tolerance", 0)
        self._now = now or time.time

    def check(self, header: Header, body: bytes) -> Tuple[Optional[str], Optional[int]]:
        name, stamp, signatures = header("webhook-id"), header("webhook-timestamp"), header("webhook-signature")
        if not name or not stamp or not signatures:
            raise SignatureError("webhook not verified: it is not signed")
        if not re.fullmatch(r"[0-9]{1,12}", stamp):
            raise SignatureError("webhook not verified: webhook-timestamp is not a number of seconds")
        age = self._now() - int(stamp)
        if abs(age) > self._tolerance:
            when = "ago" if age > 0 else "from now"
            raise SignatureError(f"webhook not verified: it was signed {abs(round(age))} s {when}, at most {self._tolerance:g} s are accepted")
        given = [from_base64(text[3:]) for text in signatures.split(" ") if text.startswith("v1,")]
        for key in self._keys:
            wanted = hmac.new(key, f"{name}.{stamp}.".encode(), hashlib.sha256)
            wanted.update(body)
            digest = wanted.digest()
            for signature in given:
                if signature is not None and hmac.compare_digest(digest, signature):
                    return name, int(stamp)
        raise SignatureError("webhook not verified: the signature was made with another secret, or the body was changed")


class TokenSignature:
    """JSON Web Tokens of the slip convention: HS256, one minute of life. They do not cover the body."""

    def __init__(self, keys: List[bytes], tolerance: Optional[float], now: Optional[Callable[[], float]]) -> None:
        self._keys = keys
        self._tolerance = number(0 if tolerance is None else tolerance, "tolerance", 0)
        self._now = now or time.time

    def check(self, header: Header, body: bytes) -> Tuple[Optional[str], Optional[int]]:
        bearer = re.fullmatch(r"(?i:bearer) +([^ ]+) *", header("authorization") or "")
        if not bearer:
            raise SignatureError("webhook not verified: it has no token")
        parts = bearer[1].split(".")
        head, claims = (_token_part(parts[0]), _token_part(parts[1])) if len(parts) == 3 else (None, None)
        signature = _from_base64url(parts[2]) if len(parts) == 3 else None
        if head is None or claims is None or signature is None:
            raise SignatureError("webhook not verified: its token is no JSON Web Token")
        if head.get("alg") != "HS256" or "crit" in head:
            raise SignatureError("webhook not verified: its token is not signed by HS256")
        signed = f"{parts[0]}.{parts[1]}".encode()
        if not any(hmac.compare_digest(hmac.new(key, signed, hashlib.sha256).digest(), signature) for key in self._keys):
            raise SignatureError("webhook not verified: its token was signed with another secret")
        if claims.get("iss") != "slip-sockets":
            raise SignatureError("webhook not verified: its token is of another issuer")
        audience = claims.get("aud")
        if "WebSocketEvent" not in (audience if isinstance(audience, list) else [audience]):
            raise SignatureError("webhook not verified: its token is for another audience")
        now = self._now()
        ends, begins = _seconds(claims.get("exp")), _seconds(claims.get("nbf", 0))
        if ends is None or ends + self._tolerance <= now:
            raise SignatureError("webhook not verified: its token has expired")
        if begins is None or begins - self._tolerance > now:
            raise SignatureError("webhook not verified: its token is not valid yet")
        return None, None


def make_token(key: bytes, now: float) -> str:
    """A token for the control API of the slip dialect, good for a minute."""
    claims = {"iss": "slip-sockets", "aud": "ControlEvent", "iat": int(now), "exp": int(now) + 60}
    signed = ".".join(_to_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_to_base64url(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


def _seconds(value: Any) -> Optional[float]:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _from_base64url(text: str) -> Optional[bytes]:
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        return None
    return from_base64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))


def _token_part(text: str) -> Optional[Dict[str, Any]]:
    data = _from_base64url(text)
    try:
        value = None if data is None else json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
