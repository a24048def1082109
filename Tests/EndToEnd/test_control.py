"""The control API: every row of its table, and every error."""

import asyncio
import json
import re
import socket
import threading

import httpx
import pytest
import yaml
from openapi_spec_validator import validate

from app import echo, reply
from client import all_received, connect, ending, received, round_trip
from eventually import eventually, eventually_blocking
from gateway import Gateway, free_port, run

JOIN = {"type": "subscribe", "channel": "room"}
UNKNOWN = "n1.0.AAAAAAAAAAAAAAAAAAAAAA"
BINARY = {"content-type": "application/octet-stream"}


def problem(response, status):
    """Insists on a problem document of this status, and returns its detail."""
    where = f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:300]!r}"
    assert response.status_code == status, where
    assert response.headers["content-type"].startswith("application/problem+json"), f"{where} {response.headers['content-type']}"
    body = response.json()
    assert body.get("status", status) == status, where
    assert isinstance(body.get("title"), str) and isinstance(body.get("detail"), str) and len(body["detail"]) > 5, where
    return body["detail"]


@pytest.fixture
def joined(gateway, app):
    """A gateway whose connections join the room at once."""
    app.behaviour = reply(open=[JOIN], message=echo)
    return gateway


# POST /v1/actions

async def test_actions_answer_one_result_each_in_order(joined, app):
    async with connect(joined) as ann, connect(joined) as bob:
        first, second = app.ids()
        results = joined.act(
            {"type": "send", "to": first, "text": "hello"},
            {"type": "send", "to": UNKNOWN, "text": "hello"},
            {"type": "publish", "channel": "room", "text": "all", "id": "1"},
            {"type": "publish", "channel": "room", "text": "all", "id": "1"},
            {"type": "publish", "channel": "room", "json": {"a": 1}, "except": [second]},
            {"type": "publish", "channel": "nobody", "text": "x"},
            {"type": "setState", "to": second, "state": {"user": "7"}},
            {"type": "subscribe", "to": second, "channel": "hall"},
            {"type": "unsubscribe", "to": second, "channel": "room"},
            {"type": "close", "to": second, "code": 4000},
        )
        assert [result["status"] for result in results] == ["ok", "notFound", "ok", "duplicate", "ok", "ok", "ok", "ok", "ok", "ok"], results
        assert [results[n].get("delivered") for n in (2, 3, 4, 5)] == [2, 0, 1, 0], results
        assert await all_received(ann, 2) == ["hello", "all"]
        assert json.loads(await received(ann)) == {"a": 1}
        assert await received(bob) == "all"
        assert await ending(bob) == (4000, "")


async def test_close_channel_by_control(joined):
    async with connect(joined) as ann, connect(joined) as bob:
        assert joined.act({"type": "closeChannel", "channel": "room", "code": 4001, "reason": "over"})[0]["status"] == "ok"
        assert await ending(ann) == await ending(bob) == (4001, "over")


BAD_ACTIONS = {
    "a bad action": ([{"type": "publish", "channel": "room", "text": "x"}, {"type": "publish", "channel": 7, "text": "x"}], "actions[1].channel"),
    "an unknown action": ([{"type": "explode"}], "actions[0].type"),
    "no addressee": ([{"type": "send", "text": "x"}], "actions[0].to"),
    "no addressee to close": ([{"type": "close"}], "actions[0].to"),
    "no addressee to subscribe": ([{"type": "subscribe", "channel": "room"}], "actions[0].to"),
    "no addressee of state": ([{"type": "setState", "state": {}}], "actions[0].to"),
    "an accept": ([{"type": "accept"}], "actions[0]"),
    "no list": ({}, "actions"),
}


@pytest.mark.parametrize("case", BAD_ACTIONS)
async def test_bad_actions_are_refused_as_a_whole(joined, case):
    actions, path = BAD_ACTIONS[case]
    async with connect(joined) as socket:
        detail = problem(joined.post("/v1/actions", json={"actions": actions}), 400)
        assert path in detail, f"{detail!r} does not name {path}"
        assert joined.publish("room", "after") == 1
        assert await received(socket) == "after", "a part of a refused request was carried out"


def test_bad_json_is_placed_by_line_and_column(gateway):
    body = '{"actions": [\n  {"type": "publish", "channel": }\n]}'
    detail = problem(gateway.post("/v1/actions", content=body, headers={"content-type": "application/json"}), 400)
    assert re.search(r"line 2\b.*column \d+", detail), detail


@pytest.mark.parametrize("body", ["", "[]", "7", "{}", '{"actions": null}'])
def test_json_that_is_no_request(gateway, body):
    problem(gateway.post("/v1/actions", content=body, headers={"content-type": "application/json"}), 400)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None], ids=str)
def test_actions_of_another_content_type(gateway, kind):
    headers = {"content-type": kind} if kind else {}
    detail = problem(gateway.post("/v1/actions", content=b'{"actions":[]}', headers=headers), 415)
    assert "application/json" in detail, detail


def test_actions_with_a_charset(gateway):
    response = gateway.post("/v1/actions", content=b'{"actions":[]}', headers={"content-type": "application/json; charset=utf-8"})
    assert (response.status_code, response.json()) == (200, {"results": []})


# Channels

async def test_publish_text_and_binary(joined):
    async with connect(joined) as socket:
        answer = joined.post("/v1/channels/room/messages", content="grüße")
        assert (answer.status_code, answer.json()["delivered"]) == (202, 1), answer.text
        answer = joined.post("/v1/channels/room/messages", content=b"\x00\xff", headers=BINARY)
        assert (answer.status_code, answer.json()["delivered"]) == (202, 1), answer.text
        assert await all_received(socket, 2) == ["grüße", b"\x00\xff"]
    assert joined.publish("nobody-there", "x") == 0


async def test_publish_twice_with_one_id(joined):
    async with connect(joined) as socket:
        answers = [joined.post("/v1/channels/room/messages?id=7", content=text) for text in ("one", "two")]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert [answer.json()["delivered"] for answer in answers] == [1, 0]
        joined.publish("room", "three")
        assert await all_received(socket, 2) == ["one", "three"]


def test_publish_text_that_is_not_utf8(gateway):
    problem(gateway.post("/v1/channels/room/messages", content=b"\xc3\x28", headers={"content-type": "text/plain"}), 400)


@pytest.mark.parametrize("path", ["/v1/channels/room/messages", "/v1/connections/{id}/messages"])
async def test_message_that_is_too_large(serve, app, path):
    gateway = serve("--max-message-bytes", "1KiB")
    async with connect(gateway):
        path = path.format(id=app.last_id())
        assert gateway.post(path, content="x" * 1024).status_code == 202
        assert "1024" in problem(gateway.post(path, content="x" * 1025), 413)


async def test_odd_channel_name_in_a_path(gateway, app):
    name = "räume/7 ?#%"
    path = "r%C3%A4ume%2F7%20%3F%23%25"
    app.behaviour = reply(open=[{"type": "subscribe", "channel": name}])
    async with connect(gateway) as socket:
        assert gateway.publish(path, "here") == 1
        assert await received(socket) == "here"
        assert gateway.get(f"/v1/channels/{path}").json()["name"] == name


async def test_channels_are_listed(gateway, app):
    app.behaviour = reply(open=lambda event, webhook: [
        {"type": "subscribe", "channel": name} for name in webhook.connection["query"].split(",")
    ])
    async with connect(gateway, "/?a,b"), connect(gateway, "/?b,c"):
        listed = gateway.get("/v1/channels").json()
        assert {entry["name"]: entry["subscribers"] for entry in listed["channels"]} == {"a": 1, "b": 2, "c": 1}
        assert not listed.get("next"), listed
        one = gateway.get("/v1/channels/b").json()
        assert (one["name"], one["subscribers"], sorted(one["connections"])) == ("b", 2, sorted(app.ids()))
    await eventually(lambda: gateway.get("/v1/channels").json()["channels"] == [], "empty channels are gone")


def pages(gateway, path, key, limit):
    """Walks through a paged list to its end, and returns the pages."""
    found, after = [], None
    while True:
        query = f"?limit={limit}" + (f"&after={after}" if after else "")
        page = gateway.get(path + query).json()
        found.append(page[key])
        after = page.get("next")
        if not after:
            return found
        assert len(found) < 50, f"{path} has no last page: {found}"


async def test_lists_are_paged(gateway, app):
    app.behaviour = reply(open=lambda event, webhook: [{"type": "subscribe", "channel": name} for name in ("all", webhook.connection["query"])])
    sockets = [await connect(gateway, f"/?only-{n}") for n in range(7)]
    connections = pages(gateway, "/v1/connections", "connections", 3)
    assert all(len(page) <= 3 for page in connections), [len(page) for page in connections]
    assert sorted(entry["id"] for page in connections for entry in page) == sorted(app.ids()), "each connection once"
    channels = pages(gateway, "/v1/channels", "channels", 3)
    assert all(len(page) <= 3 for page in channels), channels
    assert sorted(entry["name"] for page in channels for entry in page) == ["all", *(f"only-{n}" for n in range(7))]
    subscribers = pages(gateway, "/v1/channels/all", "connections", 3)
    assert all(len(page) <= 3 for page in subscribers), subscribers
    assert sorted(entry for page in subscribers for entry in page) == sorted(app.ids())
    await asyncio.gather(*(socket.close() for socket in sockets))


@pytest.mark.parametrize("path", ["/v1/connections", "/v1/channels"])
@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_limit_that_is_no_count(gateway, path, limit):
    assert "limit" in problem(gateway.get(f"{path}?limit={limit}"), 400)


async def test_channel_as_an_event_stream(joined):
    lines, first_line = [], threading.Event()

    def listen():
        with httpx.stream(
            "GET", joined.control_url + "/v1/channels/room/messages", headers={"accept": "text/event-stream"}, timeout=10, trust_env=False,
        ) as response:
            lines.append((response.status_code, response.headers["content-type"]))
            first_line.set()
            for line in response.iter_lines():
                lines.append(line)
                if sum(line.startswith("data:") for line in lines[1:]) == 3:
                    return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    await eventually(first_line.is_set, "the event stream has begun")
    assert lines[0][0] == 200 and lines[0][1].startswith("text/event-stream"), lines[0]
    joined.post("/v1/channels/room/messages?id=7", content="two\nlines")
    joined.post("/v1/channels/room/messages", content=b"\x00\x01\x02", headers=BINARY)
    joined.publish("other", "not this")
    joined.publish("room", "last")
    await eventually(lambda: not thread.is_alive(), "three publications were streamed", show=lambda: lines)
    assert [line for line in lines[1:] if line.startswith("event:")] == ["event: message"] * 3, lines
    data = [json.loads(line.removeprefix("data:")) for line in lines[1:] if line.startswith("data:")]
    assert [entry["channel"] for entry in data] == ["room"] * 3
    assert (data[0]["text"], data[0]["id"], data[1]["base64"], data[2]["text"]) == ("two\nlines", "7", "AAEC", "last"), data


# Connections

async def test_connection_tells_about_itself(gateway, app):
    app.behaviour = reply(open=[JOIN, {"type": "accept", "protocol": "v1"}, {"type": "setState", "state": {"user": "42"}}])
    async with connect(gateway, "/chat?room=7", subprotocols=["v1"]):
        listed = gateway.connections()
        one = gateway.get(f"/v1/connections/{app.last_id()}").json()
    assert len(listed) == 1
    expected = {
        "id": app.last_id(), "direction": "inbound", "route": "default", "dialect": "json", "remoteAddress": "127.0.0.1", "path": "/chat",
        "query": "room=7", "protocol": "v1", "state": {"user": "42"}, "channels": ["room"],
    }
    for entry in (listed[0], one):
        assert {key: entry.get(key) for key in expected} == expected
        assert 0 <= entry["ageSeconds"] < 30


async def test_connections_by_route_and_channel(serve, app):
    gateway = serve(config={"routes": [{"name": name, "path": f"/{name}", "target": app.url} for name in ("a", "b")]})
    async with connect(gateway, "/a"), connect(gateway, "/b"), connect(gateway, "/b"):
        a, b, c = app.ids()
        gateway.act({"type": "subscribe", "to": a, "channel": "x"}, {"type": "subscribe", "to": b, "channel": "x"})

        def listed(query):
            return {entry["id"] for entry in gateway.connections(query)}

        assert listed("") == {a, b, c}
        assert listed("?route=a") == {a}
        assert listed("?route=b") == {b, c}
        assert listed("?channel=x") == {a, b}
        assert listed("?route=b&channel=x") == {b}
        assert listed("?route=none") == listed("?channel=none") == set()


async def test_send_to_a_connection(gateway, app):
    async with connect(gateway) as socket:
        path = f"/v1/connections/{app.last_id()}/messages"
        assert gateway.post(path, content="grüße").status_code == 202
        assert gateway.post(path, content=b"\x00\xff", headers=BINARY).status_code == 202
        assert gateway.post(path, content="").status_code == 202
        assert await all_received(socket, 3) == ["grüße", b"\x00\xff", ""]


@pytest.mark.parametrize("query, expected", [
    ("", (1000, "")), ("?code=4000&reason=go%20away", (4000, "go away")), ("?code=1012", (1012, "")),
])
async def test_close_a_connection(gateway, app, query, expected):
    async with connect(gateway) as socket:
        answer = gateway.delete(f"/v1/connections/{app.last_id()}{query}")
        assert answer.status_code == 202, answer.text
        assert await ending(socket) == expected
    await eventually(lambda: app.events("close"), "the app is told", show=app.transcript)


@pytest.mark.parametrize("query", ["?code=1005", "?code=5000", "?code=soon", "?reason=" + "x" * 124])
async def test_close_that_no_frame_can_say(gateway, app, query):
    async with connect(gateway) as socket:
        detail = problem(gateway.delete(f"/v1/connections/{app.last_id()}{query}"), 400)
        assert ("reason" if "reason" in query else "code") in detail, detail
        await round_trip(socket)


async def test_subscribe_and_unsubscribe_a_connection(gateway, app):
    async with connect(gateway) as socket:
        path = f"/v1/connections/{app.last_id()}/channels/room"
        for _ in range(2):
            assert gateway.put(path).status_code == 204
        assert gateway.publish("room", "one") == 1
        for _ in range(2):
            assert gateway.delete(path).status_code == 204
        assert gateway.publish("room", "two") == 0
        assert await received(socket) == "one"


GONE = [
    ("GET", "/v1/connections/{id}", None), ("POST", "/v1/connections/{id}/messages", "hello"), ("DELETE", "/v1/connections/{id}", None),
    ("PUT", "/v1/connections/{id}/channels/room", None), ("DELETE", "/v1/connections/{id}/channels/room", None),
]


@pytest.mark.parametrize("method, path, body", GONE, ids=lambda value: value if isinstance(value, str) else "")
async def test_connection_that_is_gone_is_404(gateway, app, method, path, body):
    async with connect(gateway):
        gone = app.last_id()
    await eventually(lambda: app.events("close"), "the connection is gone")
    for identity in (gone, UNKNOWN, "nonsense", "n9.0.AAAAAAAAAAAAAAAAAAAAAA", "n1.99.AAAAAAAAAAAAAAAAAAAAAA"):
        problem(gateway.request(method, path.format(id=identity), content=body), 404)


async def test_send_is_taken_while_the_open_webhook_runs(gateway, app):
    """An app that hands out the id before it has answered finds the connection there."""

    def behaviour(webhook):
        if "open" in webhook.types:
            results.append(gateway.act({"type": "send", "to": webhook.id, "text": "early"})[0]["status"])
        return 204, {}, b""

    results = []
    app.behaviour = behaviour
    async with connect(gateway) as socket:
        assert results == ["ok"], results
        assert await received(socket) == "early"


# The gateway itself

def test_health_and_readiness(gateway):
    assert (gateway.get("/health").status_code, gateway.get("/health").json()) == (200, {"status": "ok"})
    assert (gateway.get("/ready").status_code, gateway.get("/ready").json()) == (200, {"status": "ready"})


def test_metrics_are_plain_text(gateway):
    response = gateway.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4"), response.headers


ROUTES = {
    "/v1/actions": {"post"}, "/v1/dial": {"post"}, "/v1/channels": {"get"},
    "/v1/channels/{channel}": {"get"}, "/v1/channels/{channel}/messages": {"get", "post"},
    "/v1/connections": {"get"}, "/v1/connections/{id}": {"get", "delete"}, "/v1/connections/{id}/messages": {"post"},
    "/v1/connections/{id}/channels/{channel}": {"put", "delete"}, "/health": {"get"}, "/ready": {"get"}, "/v1/nodes": {"get"}, "/metrics": {"get"},
    "/openapi.yaml": {"get"},
}


def test_openapi_document_is_valid_and_lists_every_route(gateway):
    response = gateway.get("/openapi.yaml")
    assert response.status_code == 200
    document = yaml.safe_load(response.text)
    validate(document)
    methods = {"get", "put", "post", "delete", "patch", "head", "options"}
    described = {path: set(item) & methods for path, item in document["paths"].items()}
    assert described == ROUTES


def test_unknown_path_is_404(gateway):
    for path in ("/", "/v1", "/v1/nothing", "/v2/actions"):
        problem(gateway.get(path), 404)


def test_head_of_a_control_request_has_a_limit(gateway):
    response = gateway.get("/health", headers={"x-long": "a" * 200_000})
    assert 400 <= response.status_code < 500, response.status_code
    assert gateway.get("/health").status_code == 200


# Who may ask

PROTECTED = [
    ("POST", "/v1/actions"), ("POST", "/v1/channels/room/messages"), ("GET", "/v1/channels"), ("GET", "/v1/channels/room"),
    ("GET", "/v1/channels/room/messages"), ("GET", "/v1/connections"), ("GET", "/v1/connections/x"), ("POST", "/v1/connections/x/messages"),
    ("DELETE", "/v1/connections/x"), ("PUT", "/v1/connections/x/channels/room"), ("DELETE", "/v1/connections/x/channels/room"),
]


def test_token_is_asked_for_everywhere(serve):
    gateway = serve(token="open-sesame")
    for authorization in ("", "Bearer wrong", "Bearer open-sesam", "Bearer open-sesame2", "Basic open-sesame", "open-sesame"):
        for method, path in PROTECTED:
            response = gateway.request(method, path, headers={"authorization": authorization})
            problem(response, 401)
            assert response.headers.get("www-authenticate", "").lower().startswith("bearer"), response.headers
    assert gateway.get("/v1/connections").status_code == 200
    assert gateway.get("/v1/connections", headers={"authorization": "bearer open-sesame"}).status_code == 200, "the scheme has no case"
    assert "open-sesame" not in gateway.stderr.text() + gateway.stdout.text(), "the token was printed"


@pytest.mark.parametrize("address", ["0.0.0.0", "[::]"])
def test_open_control_port_without_a_token_refuses_to_start(app, address):
    ended = run("serve", app.url, "--listen", "127.0.0.1:0", "--control", f"{address}:{free_port()}")
    assert ended.returncode == 1, ended
    assert "token" in ended.stderr, f"no word on how to mend it: {ended.stderr!r}"
    assert len(ended.stderr.strip().splitlines()) == 1, f"not one sentence: {ended.stderr!r}"


def test_open_control_port_with_a_token_starts(serve):
    gateway = serve(token="open-sesame", control="0.0.0.0")
    assert gateway.get("/v1/connections").status_code == 200


def test_token_may_come_from_the_environment(app, launch):
    gateway: Gateway = launch("serve", app.url, extra_environment={"HOLDFAST_CONTROL_TOKEN": "from-outside"})
    problem(gateway.get("/v1/connections"), 401)
    assert gateway.get("/v1/connections", headers={"authorization": "Bearer from-outside"}).status_code == 200


def test_many_requests_on_one_connection(gateway):
    with httpx.Client(base_url=gateway.control_url, trust_env=False) as client:
        for n in range(200):
            response = client.post("/v1/channels/room/messages", content=str(n))
            assert (response.status_code, response.json()["delivered"]) == (202, 0)


def test_control_port_answers_while_the_app_hangs(gateway, app):
    gate = app.gate()
    app.behaviour = lambda webhook: (gate.hold(), (204, {}, b""))[1]
    client = threading.Thread(target=lambda: asyncio.run(_open(gateway)), daemon=True)
    client.start()
    eventually_blocking(lambda: app.webhooks, "the app is asked about the handshake")
    assert gateway.get("/ready").status_code == 200
    gate.open()
    client.join(10)


async def _open(gateway):
    async with connect(gateway):
        pass


# Pages in a browser

FOREIGN = [{"origin": "https://evil.test"}, {"origin": "null"}, {"host": "rebound.evil.test"}]


@pytest.mark.parametrize("headers", FOREIGN)
def test_pages_cannot_use_a_port_without_a_token(gateway, headers):
    problem(gateway.post("/v1/channels/room/messages", content=b"x", headers=headers), 403)
    problem(gateway.get("/v1/connections", headers=headers), 403)


@pytest.mark.parametrize("headers", FOREIGN)
def test_with_a_token_names_and_pages_do_not_matter(serve, headers):
    gateway = serve(token="secret")
    assert gateway.post("/v1/channels/room/messages", content=b"x", headers=headers).status_code == 202


def test_a_plus_in_a_query_is_a_space(gateway):
    assert gateway.post("/v1/channels/a%20b/messages?id=x+y", content=b"x").json() == {"delivered": 0}
    assert gateway.post("/v1/channels/a%20b/messages?id=x%20y", content=b"x").json() == {"delivered": 0, "duplicate": True}


def test_body_of_strangers_is_not_read(serve):
    gateway = serve(token="secret")
    for path in ("/v1/actions", "/nowhere"):
        with socket.create_connection(("127.0.0.1", gateway.control_port), 10) as stranger:
            stranger.sendall(f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n".encode())
            assert stranger.recv(100).startswith(b"HTTP/1.1 401 "), path
