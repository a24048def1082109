"""Version 2 of the wsify dialect, and drop-in commands as files."""

import json

import httpx
import pytest
import yaml

from app import always
from client import connect, received, refusal, round_trip
from eventually import eventually
from gateway import free_port, run
from wsify import HELLO, action, app, command, count_of, joined, publish  # noqa: F401


@pytest.fixture
def v2(app, launch):
    return lambda *flags: launch("wsify", "-webhook", app.url, *flags)


NOT_ALLOWED = {"error": "You aren't allowed to access the requested resource"}


async def test_v2_life(v2, app):
    gateway = v2()
    async with connect(gateway, "/subscribe?key=alice") as socket:
        await joined(gateway, socket, "news", word=action)
        answer = publish(gateway, {"channel": "news", "payload": {"a": [1]}}, path="/publish")
        assert answer.status_code == 200 and answer.json()["success"] is True
        assert answer.json()["data"] == {"payload": {"a": [1]}, "channel": "news"}
        message = json.loads(await received(socket))
        assert list(message) == ["payload", "channel", "time"]
        assert (message["payload"], message["channel"]) == ({"a": [1]}, "news")
        assert isinstance(message["time"], int) and message["time"] > 1_700_000_000_000_000_000
        await socket.send(action("leave", "news"))
        await eventually(lambda: count_of(gateway, "news") == 0, "it has left")
    await eventually(lambda: len(app.webhooks) >= 4, "the end is told", show=app.transcript)
    assert [webhook.body for webhook in app.webhooks] == [
        {"action": "connect", "key": "alice"}, {"action": "subscribe", "key": "alice", "value": "news"},
        {"action": "unsubscribe", "key": "alice", "value": "news"}, {"action": "disconnect", "key": "alice"},
    ]


async def test_v2_anonymous(v2, app):
    gateway = v2()
    async with connect(gateway, "/subscribe") as one, connect(gateway, "/subscribe") as two:
        keys = [webhook.body["key"] for webhook in app.webhooks]
        assert all(key.startswith("Anonymous#") and len(key) > 20 for key in keys) and len(set(keys)) == 2
        await joined(gateway, one, "c", word=action)
        assert app.webhooks[-1].body["key"] == keys[0], "it stays the same"
        await round_trip(two)


@pytest.mark.parametrize("status", [201, 204, 301, 403, 500])
async def test_v2_refusals(v2, app, status):
    gateway = v2()
    app.behaviour = always(status)
    response = await refusal(gateway, "/subscribe?key=a")
    assert (response.status_code, json.loads(response.body)) == (403, "You aren't allowed to access this resource")
    app.behaviour = app.healthy
    async with connect(gateway, "/subscribe?key=a") as socket:
        app.behaviour = always(status)
        await socket.send(action("join", "c"))
        assert json.loads(await received(socket)) == NOT_ALLOWED
        app.behaviour = app.healthy
        await joined(gateway, socket, "d", word=action)
    assert count_of(gateway, "c") == 0


@pytest.mark.one_node("delivered counts the node that publishes")
async def test_v2_to_single_keys(v2):
    gateway = v2("-events", "")
    async with connect(gateway, "/subscribe?key=ann") as ann, connect(gateway, "/subscribe?key=ann") as ann2, \
            connect(gateway, "/subscribe?key=bob") as bob, connect(gateway, "/subscribe?key=ann") as elsewhere:
        for socket in (ann, ann2, bob):
            await joined(gateway, socket, "news", word=action)
        await joined(gateway, elsewhere, "other", word=action)
        answer = publish(gateway, {"channel": "news", "to": ["ann", "nobody"], "payload": "for ann"}, path="/publish")
        assert answer.json()["data"]["to"] == ["ann", "nobody"] and answer.headers["holdfast-delivered"] == "2"
        assert json.loads(await received(ann))["payload"] == json.loads(await received(ann2))["payload"] == "for ann"
        publish(gateway, {"channel": "news", "payload": "all"}, path="/publish")
        assert json.loads(await received(bob))["payload"] == "all", "bob got nothing before"
        publish(gateway, {"channel": "other", "payload": "other"}, path="/publish")
        assert json.loads(await received(elsewhere))["payload"] == "other", "who has not subscribed gets nothing"
        await ann.send(action("leave", "news"))
        await eventually(lambda: count_of(gateway, "news") == 2, "ann has left")
        assert publish(gateway, {"channel": "news", "to": ["ann"]}, path="/publish").headers["holdfast-delivered"] == "1"


async def test_v2_events_that_the_app_does_not_hear_of_are_allowed(v2, app):
    gateway = v2("-events", "subscribe")
    app.behaviour = always(403)
    async with connect(gateway, "/subscribe?key=a") as socket:
        await socket.send(action("leave", "c"))
        await socket.send(action("join", "c"))
        assert json.loads(await received(socket)) == NOT_ALLOWED
    assert [webhook.body["action"] for webhook in app.webhooks] == ["subscribe"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"channel":"c","to":"ann"}'], ids=repr)
def test_v2_bad_publications(v2, body):
    answer = publish(v2(), body, path="/publish")
    assert answer.status_code == 422 and answer.json()["success"] is False and answer.json()["error"]


def test_v2_paths_and_kinds(v2):
    gateway = v2("-publish", "/secret/place")
    assert publish(gateway, {"channel": "c"}, path="/secret/place").status_code == 200
    assert publish(gateway, {"channel": "c"}, path="/publish").status_code != 200
    assert publish(gateway, {"channel": "c"}, path="/secret/place", headers={"content-type": "text/plain"}).status_code == 422


async def test_v2_origin(v2):
    gateway = v2("-origin", "example.com, a.test:8080")
    async with connect(gateway, "/subscribe", origin="https://example.com"):
        pass
    assert (await refusal(gateway, "/subscribe", origin="https://elsewhere.test")).status_code == 403


# As a file


def converted(tmp_path, *arguments, environment=None):
    ended = run("convert", *arguments, extra_environment=environment)
    assert ended.returncode == 0, ended
    file = tmp_path / "converted.yaml"
    file.write_text(ended.stdout)
    checked = run("check", "-c", file)
    assert checked.returncode == 0 and "# no faults" in checked.stdout, checked
    return file, ended


async def test_converted_wsify_behaves_the_same(app, launch, tmp_path):
    port, control = free_port(), free_port()
    file, ended = converted(
        tmp_path, "wsify", "--authorizer-url", app.url, "--broadcasting-key", "s3 cret", "--listen-addr", f"127.0.0.1:{port}",
        "--control", f"127.0.0.1:{control}")
    assert "s3 cret" in ended.stdout, "secrets are printed as they are"
    gateway = launch("serve", "-c", file, control_port=control)
    assert gateway.port == port
    async with connect(gateway, "/ws") as socket:
        await joined(gateway, socket, "c")
        assert publish(gateway, HELLO).status_code == 403
        assert publish(gateway, HELLO, "?key=s3+cret").status_code == 201
        assert await received(socket) == '"hello"'
    assert [webhook.body["command"] for webhook in app.webhooks] == ["connect", "join"]
    assert gateway.logs() or not gateway.stderr.text(), "logs are JSON"


async def test_converted_v2_behaves_the_same(app, launch, tmp_path):
    port, control = free_port(), free_port()
    file, _ = converted(
        tmp_path, "wsify", "-webhook", app.url, "-events", "connect", "-listen", f"127.0.0.1:{port}", "-publish", "/p",
        "--control", f"127.0.0.1:{control}")
    gateway = launch("serve", "-c", file, control_port=control)
    async with connect(gateway, "/subscribe?key=a") as socket:
        await joined(gateway, socket, "c", word=action)
        assert publish(gateway, {"channel": "c", "payload": 1}, path="/p").status_code == 200
        assert json.loads(await received(socket))["payload"] == 1
    assert [webhook.body["action"] for webhook in app.webhooks] == ["connect"]


async def test_converted_wsaas_behaves_the_same(app, launch, tmp_path):
    port, control = free_port(), free_port()
    file, _ = converted(tmp_path, "wsaas", environment={
        "TARGET_ADDRESS": app.url, "WS_PORT": str(port), "HTTP_PORT": str(control), "WS_TIMEOUT": "5000", "LOG_LEVEL": "debug",
    })
    gateway = launch("serve", "-c", file, control_port=control)
    assert gateway.port == port
    async with connect(gateway) as socket:
        uri = app.webhooks[0].body["ws_uri"]
        assert app.webhooks[0].body["timeout"] == 5000
        assert httpx.put(uri, content=b"hi", trust_env=False).json() == {"code": "OK"}
        assert await received(socket) == b"hi"


def test_converted_grip_is_the_same_configuration(tmp_path):
    arguments = ["http://localhost:8000", "--sig-key", "abc", "--control-token", "t", "--control", "0.0.0.0:1"]
    file, ended = converted(tmp_path, "grip", *arguments)
    assert "abc" in ended.stdout
    assert yaml.safe_load(file.read_text())["listen"] == ":7999"


def test_convert_says_the_faults_and_the_warnings(tmp_path):
    faulty = run("convert", "wsify", "--authorizer-url", "ftp://x")
    assert faulty.returncode == 1 and "--authorizer-url" in faulty.stderr and not faulty.stdout, faulty
    warned = run("convert", "wsify")
    assert warned.returncode == 0 and "may publish by POST /broadcast" in warned.stderr, warned


def test_redis_is_a_broker(tmp_path):
    ended = run("convert", "wsify", "--broker-driver", "redis", "--broker-dsn", "redis://user:hunter2@host")
    assert ended.returncode == 0, ended
    file = tmp_path / "holdfast.yaml"
    file.write_text(ended.stdout)
    assert yaml.safe_load(ended.stdout)["broker"] == "redis://user:hunter2@host"
    checked = run("check", "-c", str(file))
    assert checked.returncode == 0 and "broker: redis://(hidden)@host" in checked.stdout and "hunter2" not in checked.stdout, checked


def test_help_shows_what_the_flags_are():
    ended = run("wsify", "--help")
    for word in ("--authorizer-url", "--broadcasting-key", "wsify.broadcastingKey", "-webhook", "-events", "--v2"):
        assert word in ended.stdout, word
