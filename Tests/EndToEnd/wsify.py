"""What the tests of the wsify dialect have in common: its gateway, its authorizer, its frames and its publishers."""

import json

import httpx
import pytest
import yaml

from app import FakeApp
from eventually import eventually

OK = (200, {}, b"")
HELLO = {"channel": "c", "content": "hello"}


@pytest.fixture
def app(request):
    """The authorizer: says 200 to everything."""
    with FakeApp(path="/authorize", healthy=lambda webhook: OK) as app:
        request.node.fake_app = app
        yield app


@pytest.fixture
def start(app, launch):
    """Starts `holdfast wsify` with the app as its authorizer, and more flags."""
    return lambda *flags, **options: launch("wsify", "--authorizer-url", app.url, *flags, **options)


@pytest.fixture
def from_file(app, launch, tmp_path):
    """Starts a route of this dialect with settings of its own."""

    def begin(asked=True, path="/ws", top=None, **settings):
        route = {"path": path, "dialect": "wsify", **({"target": app.url} if asked else {}), "wsify": {"broadcastPath": "/broadcast", **settings}}
        file = tmp_path / "holdfast.yaml"
        file.write_text(yaml.safe_dump({"routes": [route], **(top or {})}))
        return launch("serve", "-c", file)

    return begin


@pytest.fixture
def wsify(start):
    return start()


def command(word, channel=None, **args):
    return json.dumps({"command": word, "args": {**({"channel": channel} if channel is not None else {}), **args}})


def answering(**statuses):
    """A behaviour: a status for each command, 200 for the rest."""
    return lambda webhook: (statuses.get(webhook.body["command"], 200), {}, b"")


def asked(app, word=None):
    """The bodies that the authorizer got, of one command or of all but `connect`."""
    bodies = [webhook.body for webhook in app.webhooks]
    return [body for body in bodies if (body["command"] == word if word else body["command"] != "connect")]


async def told(app, count, word=None):
    await eventually(lambda: len(asked(app, word)) >= count, f"the authorizer is asked {count} times about {word or 'commands'}", show=app.transcript)
    return asked(app, word)


async def joined(gateway, socket, *channels, word=command):
    """Joins, and waits until it has."""
    for channel in channels:
        before = count_of(gateway, channel)
        await socket.send(word("join", channel))
        await eventually(lambda channel=channel, before=before: count_of(gateway, channel) > before, f"{channel} is joined")


def count_of(gateway, channel):
    answer = gateway.get(f"/v1/channels/{channel}")
    return answer.json()["subscribers"] if answer.status_code == 200 else 0


def publish(gateway, body, query="", path="/broadcast", **options):
    """A request to publish, on the public port."""
    options.setdefault("headers", {"content-type": "application/json"})
    content = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return httpx.post(f"http://127.0.0.1:{gateway.publishing_port}{path}{query}", content=content, trust_env=False, timeout=10, **options)


def action(word, channel=None):
    """A frame of version 2, by the words of version 3."""
    return json.dumps({"action": {"join": "subscribe", "leave": "unsubscribe"}.get(word, word), "value": channel})
