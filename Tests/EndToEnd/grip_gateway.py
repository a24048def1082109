"""Fixtures of the tests of `holdfast grip`, and its publisher. Import those that are used."""

import base64

import httpx
import pytest
import yaml

from client import connect, received
from eventually import eventually
from grip_backend import GripApp, polite, subscribe, text


@pytest.fixture
def app(request):
    with GripApp() as app:
        request.node.fake_app = app
        yield app


@pytest.fixture
def grip(app, launch, tmp_path):
    """Starts `holdfast grip` in front of the app, with flags, or from a file: `route` has the keys of its route, `grip` those of the section."""

    def start(*flags, route=None, grip=None, **options):
        if route is None and grip is None:
            return launch("grip", app.url, *flags, **options)
        settings = {"name": "all", "path": "/*", "dialect": "grip", "target": app.url, **(route or {}), **({"grip": grip} if grip else {})}
        file = tmp_path / "holdfast.yaml"
        file.write_text(yaml.safe_dump({"routes": [settings]}, sort_keys=False))
        return launch("serve", "-c", file, *flags, **options)

    return start


@pytest.fixture
def gateway(grip):
    """A gateway with nothing special about it."""
    return grip()


@pytest.fixture
async def joined():
    """Connects clients that are on their channels; they hang up at the end of the test."""
    sockets = []

    async def join(gateway, count=1):
        for _ in range(count):
            sockets.append(await connect(gateway))
            assert await received(sockets[-1]) == "on"
        return sockets[-count:]

    yield join
    for socket in sockets:
        socket.transport.abort()


@pytest.fixture
def room(gateway, app):
    """A gateway that puts everybody on the channel `room`."""
    app.behaviour = on("room")
    return gateway


def on(*channels, more=()):
    """A behaviour: a polite app that puts each connection on some channels, then says `on`."""
    return polite(*map(subscribe, channels), *more, text("on"))


def post(gateway, body, path="/publish/", **options):
    """A request to the publish API."""
    given = {"json": body} if isinstance(body, dict | list) else {"content": body}
    return gateway.post(path, **given, **options)


def publish(gateway, *items):
    """Publishes items, and returns for each how many it reached; `duplicate` for one that was a repetition."""
    answer = post(gateway, {"items": list(items)}, headers={"accept": "application/json"})
    assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
    assert answer.json()["message"] == "Published", answer.text
    return ["duplicate" if item.get("duplicate") else item["delivered"] for item in answer.json()["items"]]


def message(channel, content, **more):
    """An item for WebSockets."""
    kind = "content" if isinstance(content, str) else "content-bin"
    return {"channel": channel, "formats": {"ws-message": {kind: content if isinstance(content, str) else encoded(content)}}, **named(more)}


def say(gateway, channel, content, **more):
    """Publishes one message, and returns how many it reached."""
    return publish(gateway, message(channel, content, **more))[0]


def named(members):
    """`prev_id` for `prev-id`."""
    return {name.replace("_", "-"): value for name, value in members.items()}


def encoded(content):
    """Bytes as JSON has them."""
    return base64.b64encode(content).decode()


def http(gateway, path="/"):
    """A URL for plain requests."""
    return f"http://127.0.0.1:{gateway.port}{path}"


def get(gateway, path="/", **options):
    """A plain request, answered whole."""
    return httpx.request(options.pop("method", "GET"), http(gateway, path), trust_env=False, timeout=15, **options)


async def told(app, count):
    """Waits until the app has so many requests, and returns the last of them."""
    await eventually(lambda: len(app.requests) >= count, f"the app has {count} requests", show=app.transcript)
    return app.requests[count - 1]
