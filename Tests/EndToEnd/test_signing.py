"""Webhooks signed by Standard Webhooks, verified by its own library."""

import time

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from app import always, base64_of, for_type, in_turn, reply
from client import connect
from eventually import eventually
from gateway import run

OLD = "whsec_" + base64_of(b"the old secret, 24 bytes")
NEW = "whsec_" + base64_of(b"the new secret of 32 bytes, it is")
OTHER = "whsec_" + base64_of(b"a secret of someone else")


def verified(webhook, secret):
    return Verifier(secret).verify(webhook.raw, webhook.headers)


async def session(gateway, app):
    """Opens, sends odd text and binary, closes; returns when the app knows all of it."""
    async with connect(gateway, "/?q=ü%20") as socket:
        await socket.send("grüße 🎈 \u2028")
        await socket.send(b"\x00\xff")
    await eventually(lambda: app.events("close"), "the app is told of the close", show=app.transcript)


async def test_every_webhook_can_be_verified(serve, app):
    await session(serve("--secret", NEW), app)
    assert len(app.webhooks) >= 3
    for webhook in app.webhooks:
        assert verified(webhook, NEW) == webhook.body
        assert abs(int(webhook.headers["webhook-timestamp"]) - time.time()) < 10, webhook.headers
        assert "." not in webhook.headers["webhook-id"], "an id with a dot makes the signed content ambiguous"
        with pytest.raises(WebhookVerificationError):
            verified(webhook, OTHER)
    ids = [webhook.headers["webhook-id"] for webhook in app.webhooks]
    assert len(set(ids)) == len(ids), "two webhooks have one id"


async def test_rotation_signs_with_both_secrets(serve, app):
    await session(serve("--secret", NEW, "--secret", OLD), app)
    for webhook in app.webhooks:
        signatures = webhook.headers["webhook-signature"].split(" ")
        assert len(signatures) == 2 and all(signature.startswith("v1,") for signature in signatures), signatures
        assert verified(webhook, NEW) == verified(webhook, OLD) == webhook.body


@pytest.mark.parametrize("secret", [NEW, [NEW, OLD]], ids=["one", "two"])
async def test_secret_of_a_route(serve, app, secret):
    await session(serve(config={"routes": [{"name": "all", "path": "/*", "target": app.url, "secret": secret}]}), app)
    for webhook in app.webhooks:
        assert verified(webhook, NEW) == webhook.body


async def test_secret_from_the_environment(serve, app):
    await session(serve(extra_environment={"HOLDFAST_SECRET": NEW}), app)
    for webhook in app.webhooks:
        assert verified(webhook, NEW) == webhook.body


async def test_retry_keeps_the_id_and_is_signed_anew(serve, app):
    gateway = serve("--secret", NEW)
    app.behaviour = for_type("message", in_turn(always(500), always(503), reply()))
    async with connect(gateway) as socket:
        await socket.send("hello")
        await eventually(lambda: len(app.events("message")) == 3, "the message is tried three times", show=app.transcript)
    tries = [webhook for webhook in app.webhooks if "message" in webhook.types]
    assert len({webhook.headers["webhook-id"] for webhook in tries}) == 1, "a retry has another id"
    assert len({webhook.raw for webhook in tries}) == 1, "a retry has another body"
    for webhook in tries:
        assert verified(webhook, NEW) == webhook.body
    first, last = tries[0].headers, tries[-1].headers
    assert int(last["webhook-timestamp"]) > int(first["webhook-timestamp"]), "the last try, about two seconds later, has the first one's timestamp"
    assert last["webhook-signature"] != first["webhook-signature"]


async def test_no_signature_without_a_secret(gateway, app):
    await session(gateway, app)
    assert all("webhook-signature" not in webhook.headers for webhook in app.webhooks)


async def test_secret_is_never_printed(serve, app):
    gateway = serve("--secret", NEW, "--log-level", "trace")
    await session(gateway, app)
    printed = gateway.stdout.text() + gateway.stderr.text()
    assert NEW not in printed and NEW.removeprefix("whsec_") not in printed


@pytest.mark.parametrize("secret", ["hunter2", "whsec_", "whsec_***", "whsec_" + base64_of(b"short")])
def test_secret_that_is_none_refuses_to_start(app, secret):
    ended = run("serve", app.url, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--secret", secret)
    assert ended.returncode in (1, 64), ended
    assert "secret" in ended.stderr and "whsec_" in ended.stderr, f"no word on what a secret looks like: {ended.stderr!r}"
    assert "hunter2" not in ended.stderr, "the refused secret was printed"
