"""What the tests of outgoing connections share."""

import pytest

from eventually import eventually, stays
from remote import raw_remotes, remote, remotes  # noqa: F401 (fixtures)
from unsocket_gateway import NO_PROXIES

OPEN_TO_ALL = ["--dial-deny-private", "false", "--dial-reconnect-first-delay", "50ms", "--dial-reconnect-max-delay", "300ms"]


@pytest.fixture
def dialler(app, remote, remotes, raw_remotes, serve):  # noqa: F811
    """Starts `holdfast serve` that may dial this machine, without the proxies of the environment."""

    def start(*flags, environment=None, **options):
        return serve(*OPEN_TO_ALL, *flags, extra_environment={**NO_PROXIES, **(environment or {})}, **options)

    return start


def dial(gateway, url, status=202, **members):
    answer = gateway.post("/v1/dial", json={"url": url, **members})
    assert answer.status_code == status, answer.text
    return answer.json().get("connection") if status == 202 else answer.json()["detail"]


async def told(app, identity, *types, within=10.0):
    """The events of a connection, once they are these."""

    def events():
        return [event for webhook in app.of(identity) for event in webhook.events]

    await eventually(lambda: [event["type"] for event in events()][:len(types)] == list(types), f"{identity} has {types}", within, show=app.transcript)
    return events()


async def failed(app, gateway, url, within=10.0, **members):
    """Dials what cannot be had, and returns the one event's error."""
    identity = dial(gateway, url, **members)
    events = await told(app, identity, "close", within=within)
    await stays(lambda: len(app.of(identity)) == 1, "nothing more is told", 0.2)
    closed, = events
    assert closed["clean"] is False and closed["code"] == 1006 and closed["seq"] == 1
    assert app.of(identity)[0].connection["direction"] == "outbound"
    return closed["error"]
