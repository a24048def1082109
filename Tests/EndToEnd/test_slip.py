"""The slip dialect: each behaviour that slip-sockets documents, and what is beyond them."""

import base64
import json
import time

import pytest

from app import always, for_type, held_by
from client import all_received, connect, ending, received, refusal, round_trip
from eventually import eventually
from gateway import run
from rawsocket import PING, PONG, TEXT, RawClient, frame, handshake
from slip_app import SECRET, answer, control, event, metadata, polite, subscribe, text, token, verified
from slip_gateway import ConnectLater, app, id_of, of_type, slip, start, told  # noqa: F401, F811

DONE = '{"message": "processed successfully"'


# "It will make HTTP requests to your backend app in response to events (connection, disconnection and text frames)"

async def test_life_of_a_connection(slip, app):
    async with connect(slip, "/chat?room=7", additional_headers={"cookie": "a=1", "x-own": "me"}) as socket:
        await socket.send("grüße \"you\"")
        await told(app, "TEXT")
    await told(app, "CLOSE")
    opened, said, closed = app.webhooks
    identity = opened.body["connectionId"]
    assert [(webhook.method, webhook.path) for webhook in app.webhooks] == [("POST", "/slip")] * 3
    assert {webhook.headers["content-type"] for webhook in app.webhooks} == {"application/websocket-events"}
    assert {webhook.body["connectionId"] for webhook in app.webhooks} == {identity}
    assert [len(webhook.events) for webhook in app.webhooks] == [1, 1, 1]
    # "OpenEvent (with connection headers)": in the event, and in the metadata, where the program had them.
    [first] = opened.events
    assert (first["type"], first["connectionId"]) == ("OPEN", identity)
    assert first["headers"]["cookie"] == "a=1" and first["headers"]["x-own"] == "me"
    assert (first["ip"], first["path"], first["query"], first["subprotocols"]) == ("127.0.0.1", "/chat", "room=7", [])
    assert opened.body["metadata"] == {"headers": first["headers"], "ip": "127.0.0.1"}
    assert said.events == [{"type": "TEXT", "connectionId": identity, "data": "grüße \"you\""}]
    assert closed.events == [{"type": "CLOSE", "connectionId": identity, "code": 1000, "reason": ""}]
    assert said.body["metadata"] == closed.body["metadata"] == opened.body["metadata"]


async def test_every_request_has_a_token(slip, app):
    async with connect(slip) as socket:
        await socket.send("hello")
        await told(app, "TEXT")
    await told(app, "CLOSE")
    for webhook in app.webhooks:
        claims = verified(webhook)
        assert claims["exp"] == claims["iat"] + 60
        assert abs(claims["iat"] - time.time()) < 15
        assert sorted(claims) == ["aud", "exp", "iat", "iss"]


async def test_token_is_made_anew(slip, app):
    async with connect(slip):
        first = verified(app.webhooks[0])["iat"]

        async def newer():
            async with connect(slip):
                return verified(app.webhooks[-1])["iat"] > first

        await eventually(newer, "a token is younger than the first", within=15)


async def test_messages_come_one_by_one_in_order(slip, app):
    app.behaviour = polite(TEXT=lambda webhook, happened: [event("TEXT", webhook, data=happened["data"])])
    texts = [str(number) for number in range(100)]
    async with connect(slip) as socket:
        for item in texts:
            await socket.send(item)
        assert await all_received(socket, 100) == texts
    assert [webhook.events[0]["data"] for webhook in of_type(app, "TEXT")] == texts


# "AcceptEvent (necessary response to an OpenEvent)"

REFUSED = {
    "no events": answer(), "nothing": (200, {}, b""), "no content": (204, {}, b""), "no JSON": (200, {}, b"OK"), "no list": (200, {}, b"{}"),
    "an unknown type": lambda webhook: answer(event("ACCEPT", webhook), event("SHOUT", webhook)),
    "a missing field": lambda webhook: answer(event("ACCEPT", webhook), event("TEXT", webhook)),
    "another connection": answer({"type": "ACCEPT", "connectionId": "somebody"}),
    "metadata first": lambda webhook: answer(event("SET_METADATA", webhook, metadata=1), event("ACCEPT", webhook)),
    "a subprotocol nobody offered": lambda webhook: answer(event("ACCEPT", webhook, subprotocol="mqtt")),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_refused_without_a_proper_accept(slip, app, case):
    wanted = REFUSED[case]
    app.behaviour = lambda webhook: wanted(webhook) if callable(wanted) else wanted
    assert (await refusal(slip)).status_code == 400
    slip.expect_log("the client is refused with 400")
    app.behaviour = app.healthy
    async with connect(slip):
        assert [webhook.types for webhook in app.webhooks] == [["OPEN"], ["OPEN"]], "a refused client has no CLOSE"


STATUSES = {400: 400, 401: 401, 403: 403, 404: 404, 302: 302, 500: 503, 503: 503}


@pytest.mark.parametrize("status", STATUSES)
def test_status_of_the_app(slip, app, status):
    app.behaviour = always(status, {"content-type": "text/plain", "location": "/login"}, b"why")
    with RawClient(slip) as client:
        client.send(handshake())
        response = client.response()
    assert response.status == STATUSES[status]
    if status < 500:
        assert response.body == b"why" and response.header("location") == "/login"


async def test_app_that_is_down(slip, app):
    app.kill()
    assert (await refusal(slip)).status_code == 502
    app.start()
    async with connect(slip):
        pass


# "DisconnectEvent (… prevents an Opening connection from opening)"

async def test_close_prevents_opening(slip, app):
    app.behaviour = lambda webhook: answer(event("CLOSE", webhook))
    assert (await refusal(slip)).status_code == 403
    app.behaviour = lambda webhook: answer(event("CLOSE", webhook, status=401, reason="log in"))
    response = await refusal(slip)
    assert (response.status_code, response.body) == (401, b"log in\n")


# "DisconnectEvent (Closes an open connection …)", and "Close events don't support a code", lifted

async def test_close_in_an_answer(slip, app):
    app.behaviour = polite(TEXT=lambda webhook, happened: [event("TEXT", webhook, data="bye"), event("CLOSE", webhook)])
    async with connect(slip) as socket:
        await socket.send("end")
        assert await received(socket) == "bye"
        assert await ending(socket) == (1000, "")
    [closed] = await told(app, "CLOSE")
    assert closed.events[0]["code"] == 1000


async def test_close_with_code_and_reason(slip, app):
    app.behaviour = polite(TEXT=lambda webhook, happened: [event("CLOSE", webhook, code=4001, reason="grüße")])
    async with connect(slip) as socket:
        await socket.send("end")
        assert await ending(socket) == (4001, "grüße")
    [closed] = await told(app, "CLOSE")
    assert (closed.events[0]["code"], closed.events[0]["reason"]) == (4001, "grüße")


async def test_code_of_the_client_reaches_the_app(slip, app):
    async with connect(slip) as socket:
        await socket.close(4002, "mine")
    [closed] = await told(app, "CLOSE")
    assert (closed.events[0]["code"], closed.events[0]["reason"]) == (4002, "mine")


async def test_lost_connection_is_a_close(slip, app):
    RawClient(slip).open().reset()
    [closed] = await told(app, "CLOSE")
    assert closed.events[0]["code"] == 1006


# The client library's order: ACCEPT, what was queued, metadata, CLOSE. "You cannot send data during the open event", lifted

async def test_sends_during_open(slip, app):
    app.behaviour = polite(text("one"), subscribe("lobby"), lambda webhook: {"type": "PUBLISH_TEXT", "channelId": "lobby", "data": "two"}, text("three"))
    async with connect(slip) as socket:
        assert await all_received(socket, 3) == ["one", "two", "three"]


async def test_accepted_and_closed_at_once(slip, app):
    app.behaviour = polite(text("sorry"), lambda webhook: event("CLOSE", webhook))
    async with connect(slip) as socket:
        assert await received(socket) == "sorry"
        assert (await ending(socket))[0] == 1000


async def test_control_request_while_the_app_is_asked(slip, app):
    gate = app.gate()
    app.behaviour = held_by(gate, polite())
    async with ConnectLater(slip) as connecting:
        await told(app, "OPEN")
        assert control(slip, {"type": "TEXT", "connectionId": id_of(app), "data": "early"}).json()["results"][0]["status"] == "ok"
        gate.open()
        async with await connecting as socket:
            assert await received(socket) == "early"


# "Subprotocol headers are on the open event", and the app may choose

async def test_subprotocols(slip, app):
    def choosing(webhook):
        return answer(event("ACCEPT", webhook, subprotocol=webhook.events[0]["subprotocols"][1]))

    app.behaviour = for_type("OPEN", choosing, always(204))
    async with connect(slip, subprotocols=["chat", "kafka.v2"]) as socket:
        assert socket.subprotocol == "kafka.v2"
    assert app.webhooks[0].events[0]["subprotocols"] == ["chat", "kafka.v2"]
    assert app.webhooks[0].events[0]["headers"]["sec-websocket-protocol"] == "chat, kafka.v2"


# Metadata

async def test_metadata_of_the_app(slip, app):
    app.behaviour = polite(metadata({"user": 7}), metadata({"user": 8, "list": [1, None, "é"]}))
    async with connect(slip) as socket:
        await socket.send("one")
        [said] = await told(app, "TEXT")
        assert said.body["metadata"] == {"user": 8, "list": [1, None, "é"]}, "the last one counts"
        app.behaviour = polite(TEXT=lambda webhook, happened: [event("SET_METADATA", webhook, metadata=None)])
        await socket.send("two")
        await told(app, "TEXT", 2)
        await socket.send("three")
        assert (await told(app, "TEXT", 3))[2].body["metadata"] is None
    [closed] = await told(app, "CLOSE")
    assert closed.body["metadata"] is None


async def test_metadata_by_a_control_request(slip, app):
    async with connect(slip) as socket:
        assert control(slip, {"type": "SET_METADATA", "connectionId": id_of(app), "metadata": "any JSON"}).status_code == 200
        await socket.send("x")
        [said] = await told(app, "TEXT")
        assert said.body["metadata"] == "any JSON"


async def test_headers_larger_than_the_limit_of_state(start, app):
    slip = start("--max-state-bytes", "100")
    async with connect(slip, additional_headers={"x-long": "y" * 8000}) as socket:
        await socket.send("x")
        [said] = await told(app, "TEXT")
        assert said.body["metadata"]["headers"]["x-long"] == "y" * 8000
        result = control(slip, {"type": "SET_METADATA", "connectionId": id_of(app), "metadata": "z" * 100}).json()["results"][0]
        assert (result["status"], result["type"]) == ("refused", "SET_METADATA") and "100 bytes" in result["detail"]


# Channels: "There is no enforcement of limits", lifted

async def test_channels(slip, app):
    app.behaviour = polite(subscribe("lobby"))
    async with connect(slip) as ann, connect(slip) as bob:
        reply = control(slip, {"type": "PUBLISH_TEXT", "channelId": "lobby", "data": "all"})
        assert reply.json()["results"] == [{"type": "PUBLISH_TEXT", "status": "ok", "delivered": 2}]
        assert [await received(ann), await received(bob)] == ["all", "all"]
        # Either name of the channel is understood.
        reply = control(
            slip, {"type": "UNSUBSCRIBE", "connectionId": id_of(app), "channelId": "lobby"}, {"type": "PUBLISH_TEXT", "channel": "lobby", "data": "bob"},
            {"type": "SUBSCRIBE", "connectionId": id_of(app), "channel": "lobby"}, {"type": "PUBLISH_TEXT", "channelId": "lobby", "data": "both"})
        assert [result["delivered"] for result in reply.json()["results"]] == [1, 1, 1, 2]
        assert await received(ann) == "both"
        assert await all_received(bob, 2) == ["bob", "both"]


async def test_publish_in_an_answer(slip, app):
    app.behaviour = polite(subscribe("room"), TEXT=lambda webhook, happened: [{"type": "PUBLISH_TEXT", "channelId": "room", "data": happened["data"]}])
    async with connect(slip) as ann, connect(slip) as bob:
        await ann.send("hello")
        assert [await received(ann), await received(bob)] == ["hello", "hello"]


@pytest.mark.parametrize("fields, code, reason", [({}, 1000, ""), ({"code": 4000, "reason": "over"}, 4000, "over")])
async def test_close_channel(slip, app, fields, code, reason):
    app.behaviour = polite(subscribe("room"))
    async with connect(slip) as ann, connect(slip) as bob:
        reply = control(slip, {"type": "CLOSE_CHANNEL", "channelId": "room", **fields})
        assert reply.json()["results"] == [{"type": "CLOSE_CHANNEL", "status": "ok", "delivered": 2}]
        assert [await ending(ann), await ending(bob)] == [(code, reason)] * 2
    await told(app, "CLOSE", 2)


async def test_limit_of_channels(start, app):
    slip = start("--max-channels", "2")
    app.behaviour = polite(subscribe("a"), subscribe("b"), subscribe("c"))
    assert (await refusal(slip)).status_code == 400
    slip.expect_log("events[3].channel: more than 2 channels on one connection (maxChannels)")
    app.behaviour = polite(subscribe("a"), subscribe("b"))
    async with connect(slip):
        result = control(slip, {"type": "SUBSCRIBE", "connectionId": id_of(app, 1), "channel": "c"}).json()["results"][0]
        assert result == {"type": "SUBSCRIBE", "status": "refused", "detail": "the connection is on 2 channels already"}


# "You cannot send data to a connection directly", "You can only send a disconnect to a channel", lifted

async def test_send_and_close_one_connection(slip, app):
    async with connect(slip) as ann, connect(slip) as bob:
        reply = control(
            slip, {"type": "TEXT", "connectionId": id_of(app, 1), "data": "bob"}, {"type": "TEXT", "connectionId": id_of(app, 0), "data": "ann"},
            {"type": "CLOSE", "connectionId": id_of(app, 1), "code": 3000, "reason": "go"})
        assert reply.text.startswith(DONE)
        assert [await received(ann), await received(bob)] == ["ann", "bob"]
        assert await ending(bob) == (3000, "go")
        await round_trip(ann)


async def test_answer_about_another_connection(slip, app):
    def relay(webhook, happened):
        return [{"type": "TEXT", "connectionId": happened["data"], "data": "from next door"}]

    app.behaviour = polite(TEXT=relay)
    async with connect(slip) as ann, connect(slip) as bob:
        await bob.send("nobody there")
        await bob.send(id_of(app, 0))
        assert await received(ann) == "from next door"
        await round_trip(bob)


# "Only text frames are supported", lifted

async def test_binary(slip, app):
    app.behaviour = polite(
        subscribe("room"), BINARY=lambda webhook, happened: [
            event("BINARY", webhook, data=happened["data"]), {"type": "PUBLISH_BINARY", "channelId": "room", "data": "AP8="}])
    data = bytes(range(256)) * 100
    async with connect(slip) as socket:
        await socket.send(data)
        assert await all_received(socket, 2) == [data, b"\x00\xff"]
        [came] = await told(app, "BINARY")
        assert base64.b64decode(came.events[0]["data"]) == data
        control(slip, {"type": "BINARY", "connectionId": id_of(app), "data": "AQ=="})
        assert await received(socket) == b"\x01"


# "we can't send protocol level ping frames to clients. However it will respond to a ping frame with a pong", "idle connections", lifted

def test_pings(start, app):
    slip = start("--ping-interval", "200ms")
    with RawClient(slip) as client:
        client.open().send(frame(PING, b"are you there"))
        seen = [client.frame() for _ in range(2)]
    assert any(opcode == PING for opcode, _ in seen), seen
    assert (PONG, b"are you there") in seen


async def test_ping_and_pong_as_events(launch, app, tmp_path):
    file = tmp_path / "slip.yaml"
    file.write_text(f"routes:\n  - target: {app.url}\n    dialect: slip\n    events: [open, message, ping, pong]\n    slip: {{ jwtSecret: '{SECRET}' }}\n")
    slip = launch("serve", "-c", file)
    with RawClient(slip) as client:
        client.open().send(frame(PING, b"a") + frame(PONG, b"") + frame(TEXT, b"t"))
        await told(app, "TEXT")
    assert [webhook.events[0] | {"connectionId": ""} for webhook in app.webhooks[1:]] == [
        {"type": "PING", "connectionId": "", "data": "YQ=="}, {"type": "PONG", "connectionId": "", "data": ""},
        {"type": "TEXT", "connectionId": "", "data": "t"}]


# Answers that are no use

@pytest.mark.parametrize("wrong", [
    (500, {}, b""), (404, {}, b""), (200, {}, b"OK"), (200, {}, b'{"events":[{"type":"TEXT"}]}'), (200, {}, b'{"events":[{"type":"?"}]}'),
], ids=str)
async def test_failed_answer_loses_the_message_and_keeps_the_client(slip, app, wrong):
    app.behaviour = lambda webhook: wrong if webhook.types == ["TEXT"] else polite()(webhook)
    async with connect(slip) as socket:
        await socket.send("lost")
        await told(app, "TEXT")
        slip.expect_log("webhook failed")
        app.behaviour = polite(TEXT=lambda webhook, happened: [event("TEXT", webhook, data="back")])
        await socket.send("found")
        assert await received(socket) == "back"


async def test_nothing_of_a_wrong_answer_is_done(slip, app):
    app.behaviour = polite(TEXT=lambda webhook, happened: [event("TEXT", webhook, data="first"), event("TEXT", webhook)])
    async with connect(slip) as socket:
        await socket.send("x")
        slip.expect_log("events[1].data: expected a string, but it is missing")
        control(slip, {"type": "TEXT", "connectionId": id_of(app), "data": "only this"})
        assert await received(socket) == "only this"


async def test_accept_later_has_no_effect(slip, app):
    app.behaviour = polite(TEXT=lambda webhook, happened: [event("ACCEPT", webhook), event("TEXT", webhook, data="ok")])
    async with connect(slip) as socket:
        await socket.send("x")
        assert await received(socket) == "ok"


async def test_older_clients_answer_with_a_list_alone(slip, app):
    app.behaviour = lambda webhook: (200, {}, json.dumps([event("ACCEPT", webhook), event("TEXT", webhook, data="hi")]).encode())
    async with connect(slip) as socket:
        assert await received(socket) == "hi"


# Settings

async def test_as_it_was_published(launch, app, tmp_path):
    file = tmp_path / "slip.yaml"
    file.write_text(f"target: {app.url}\nslip: {{ extended: false }}\nroutes: [{{ path: '/*' }}]\n")
    slip = launch("slip", "-c", file, extra_environment={"JWT_SECRET": SECRET})
    async with connect(slip, subprotocols=["a"]) as socket:
        await socket.send("x")
        await told(app, "TEXT")
        assert control(slip, {"type": "TEXT", "connectionId": id_of(app), "data": "y"}).text == DONE + "}"
        assert control(slip, content=b"{}").text == '{"message": "invalid commands"}'
        await socket.close(4000, "why")
    await told(app, "CLOSE")
    identity = id_of(app)
    assert [webhook.events for webhook in app.webhooks] == [
        [{"type": "OPEN", "connectionId": identity}], [{"type": "TEXT", "connectionId": identity, "data": "x"}],
        [{"type": "CLOSE", "connectionId": identity}]]


async def test_batches(launch, app, tmp_path):
    file = tmp_path / "slip.yaml"
    file.write_text(f"routes:\n  - target: {app.url}\n    dialect: slip\n    slip: {{ batches: true }}\n")
    slip = launch("serve", "-c", file)
    gate = app.gate()
    app.behaviour = lambda webhook: held_by(gate)(webhook) and answer() if webhook.types == ["TEXT"] else polite()(webhook)
    async with connect(slip) as socket:
        await socket.send("one")
        await told(app, "TEXT")
        for item in ("two", b"three", "four"):
            await socket.send(item)
        await round_trip(socket)
        gate.open()
        await eventually(lambda: len(app.webhooks) == 3, "the rest comes in one request", show=app.transcript)
    assert app.webhooks[2].types == ["TEXT", "BINARY", "TEXT"]


async def test_without_a_secret(launch, app, tmp_path):
    """On loopback, as with every other dialect: no tokens, and the control token decides where there is one."""
    file = tmp_path / "slip.yaml"
    file.write_text(f"routes:\n  - target: {app.url}\n    dialect: slip\n")
    slip = launch("serve", "-c", file)
    async with connect(slip) as socket:
        assert "authorization" not in app.webhooks[0].headers
        assert control(slip, {"type": "TEXT", "connectionId": id_of(app), "data": "x"}, bearer="").status_code == 200
        assert await received(socket) == "x"
    guarded = launch("serve", "-c", file, token="control")
    for bearer, status in (("", 401), (token(), 401), ("control", 200)):
        assert control(guarded, bearer=bearer).status_code == status


async def test_routes_with_secrets_of_their_own(launch, app, tmp_path):
    file = tmp_path / "slip.yaml"
    routes = "".join(
        f"  - {{ path: /{name}, target: '{app.url}', dialect: slip, slip: {{ jwtSecret: '{name}{SECRET}' }} }}\n" for name in ("a", "b"))
    file.write_text(f"routes:\n{routes}  - {{ path: /c, target: '{app.url}', dialect: wsaas }}\n")
    slip = launch("serve", "-c", file, token="control")
    async with connect(slip, "/a"), connect(slip, "/b"):
        assert [verified(webhook, name + SECRET)["iss"] for webhook, name in zip(app.webhooks, "ab")] == ["slip-sockets"] * 2
        for secret, status in (("a" + SECRET, 200), ("b" + SECRET, 200), ("c" + SECRET, 403)):
            assert control(slip, {"type": "TEXT", "connectionId": id_of(app), "data": "x"}, bearer=token(secret)).status_code == status
    # The other dialects' requests need the control token, as ever.
    assert slip.put("/n1.0.AAAAAAAAAAAAAAAAAAAAAA", content=b"x", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert slip.put("/n1.0.AAAAAAAAAAAAAAAAAAAAAA", content=b"x").json() == {"code": "NOT_FOUND"}


# The command

@pytest.mark.parametrize("variables, words", [
    ({}, ["TARGET_URL", "where is your app?", "JWT_SECRET", "openssl rand -hex 32"]),
    ({"TARGET_URL": "http://localhost:3000/slip"}, ["JWT_SECRET"]), ({"JWT_SECRET": "x", "TARGET_URL": ""}, ["TARGET_URL"]),
    ({"JWT_SECRET": "x", "TARGET_URL": "localhost:3000"}, ["target"]),
])
def test_what_is_missing_is_told(variables, words):
    ended = run("slip", extra_environment=variables)
    assert ended.returncode == 1
    assert all(word in ended.stderr for word in words), ended.stderr
    assert ("where is your app?" in ended.stderr) == (not variables.get("TARGET_URL"))


def test_help_shows_the_variables():
    printed = run("slip", "--help").stdout
    assert all(name in printed for name in ("TARGET_URL", "JWT_SECRET", "STACK_NAME", "DOMAIN_NAME", "--jwt-secret"))


def test_variables_of_the_stack(start):
    slip = start(STACK_NAME="chat", DOMAIN_NAME="ws.example.com")
    slip.expect_log("STACK_NAME (chat) is the route's name here")
    slip.expect_log("DOMAIN_NAME (ws.example.com) changes nothing here")
    bearer = {"authorization": f"Bearer {SECRET}"}
    assert 'route="chat"' in slip.get("/metrics", headers=bearer).text


def test_the_secret_is_nowhere_to_be_seen(start, app):
    slip = start("--log-level", "trace")
    control(slip, bearer=SECRET)
    control(slip)
    assert SECRET not in slip.transcript()
