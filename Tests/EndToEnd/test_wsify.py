"""The wsify dialect: who is let in, commands, what the authorizer is asked, and what the original has not."""

import json

import pytest

from app import always, held_by, in_turn
from client import all_received, connect, ending, received, refusal, round_trip
from eventually import eventually
from gateway import run
from wsify import OK, answering, app, asked, command, count_of, from_file, joined, publish, start, told, wsify  # noqa: F401


# Coming


async def test_connect_asks_with_headers_and_query(wsify, app):
    async with connect(wsify, "/ws?token=a%20b&room=1&room=2", additional_headers=[("X-Tag", "one"), ("x-tag", "two")], user_agent_header="tests/1"):
        pass
    request = app.webhooks[0]
    assert (request.method, request.path, request.headers["content-type"]) == ("POST", "/authorize", "application/json")
    assert request.body["command"] == "connect"
    assert set(request.body) == {"command", "args"}
    assert request.body["args"]["query"] == {"token": ["a b"], "room": ["1", "2"]}
    headers = request.body["args"]["headers"]
    assert headers["User-Agent"] == ["tests/1"]
    assert headers["X-Tag"] == ["one", "two"]
    assert headers["Sec-Websocket-Version"] == ["13"]
    assert "Host" not in headers and all(isinstance(values, list) for values in headers.values())


@pytest.mark.parametrize("status", [201, 204, 301, 400, 401, 403, 404, 500, 503])
async def test_only_200_lets_a_client_in(wsify, app, status):
    app.behaviour = always(status, {}, b"" if status == 204 else b"why not")
    response = await refusal(wsify, "/ws")
    assert (response.status_code, response.body) == (403, b"")


async def test_authorizer_that_is_down_lets_nobody_in(wsify, app):
    app.kill()
    assert (await refusal(wsify, "/ws")).status_code == 502


async def test_other_paths_are_nobody_s(wsify):
    assert (await refusal(wsify, "/")).status_code == 404
    assert (await refusal(wsify, "/ws/")).status_code == 404


@pytest.mark.parametrize("offered", [["one"], ["one", "two"], ["one", "two", "three"]], ids=len)
@pytest.mark.parametrize("is_asked", [True, False], ids=["asked", "unasked"])
async def test_the_first_subprotocol_is_agreed_on(from_file, offered, is_asked):
    gateway = from_file(asked=is_asked)
    async with connect(gateway, "/ws", subprotocols=offered) as socket:
        assert socket.subprotocol == "one"


async def test_origins(start):
    gateway = start("--origin", "https://example.com")
    async with connect(gateway, "/ws", origin="https://example.com"):
        pass
    assert (await refusal(gateway, "/ws", origin="https://elsewhere.test")).status_code == 403


# Commands, as the document shows them

JOIN = '{\n    "command": "join",\n    "args": {\n        "channel": "hello"\n    }\n}'
BROADCAST = '{\n    "command": "broadcast",\n    "args": {\n        "channel": "hello"\n    }\n}'


async def test_the_document_s_examples(wsify, app):
    async with connect(wsify, "/ws") as ann, connect(wsify, "/ws") as bob:
        await ann.send(JOIN)
        await eventually(lambda: count_of(wsify, "hello") == 1, "hello is joined")
        await bob.send(BROADCAST)
        assert await received(ann) == "null"
        await bob.send(JOIN)
        await eventually(lambda: count_of(wsify, "hello") == 2, "hello is joined")
        await bob.send(command("broadcast", "hello", content="Hello World!"))
        assert await received(ann) == await received(bob) == '"Hello World!"'
    assert [body["command"] for body in asked(app)] == ["join", "broadcast", "join", "broadcast"]
    assert asked(app)[0] == {"command": "join", "args": {"channel": "hello"}}
    # The document's own body, which the program takes for null.
    async with connect(wsify, "/ws") as ann:
        await joined(wsify, ann, "hello")
        answer = publish(wsify, '{\n"channel": "hello",\n"args": {\n"content": "Hello World! from the server"\n}\n}')
        assert (answer.status_code, answer.content) == (201, b"")
        assert await received(ann) == '"Hello World! from the server"'


@pytest.mark.parametrize("content", ['"text"', "7", "2.50", "true", "null", "[1, 2]", '{"a": {"b": "é"}}', '""'])
async def test_content_is_delivered_as_it_is(wsify, content):
    async with connect(wsify, "/ws") as socket:
        await joined(wsify, socket, "c")
        await socket.send('{"command":"broadcast","args":{"channel":"c","content":%s}}' % content)
        assert await received(socket) == content
        assert publish(wsify, '{"channel":"c","content":%s}' % content).status_code == 201
        assert await received(socket) == content


async def test_binary_frames_are_commands(wsify):
    async with connect(wsify, "/ws") as socket:
        await socket.send(command("join", "c").encode())
        await eventually(lambda: count_of(wsify, "c") == 1, "c is joined")
        await socket.send(command("broadcast", "c", content=1).encode())
        assert await received(socket) == "1", "what is broadcast is text"


@pytest.mark.one_node("delivered counts the node that publishes")
async def test_names_are_trimmed_and_args_kept(wsify, app):
    async with connect(wsify, "/ws") as socket:
        await socket.send(json.dumps({"command": "join", "args": {"channel": "  room 1\n", "user": {"id": 7}}, "more": 1}))
        assert await told(app, 1) == [{"command": "join", "args": {"channel": "room 1", "user": {"id": 7}}}]
        await eventually(lambda: count_of(wsify, "room%201") == 1, "it is joined by the trimmed name")
        assert publish(wsify, {"channel": " room 1 ", "content": 1}).headers["holdfast-delivered"] == "1"


async def test_arguments_do_not_leak_into_later_commands(wsify, app):
    async with connect(wsify, "/ws") as socket:
        await socket.send(command("join", "c", secret="mine"))
        await socket.send(command("leave", "c"))
        await told(app, 2)
        await socket.send('{"command":"broadcast","args":{"content":1}}')
        await round_trip(socket)
    assert asked(app)[1] == {"command": "leave", "args": {"channel": "c"}}
    assert len(asked(app)) == 2, "a broadcast without a channel is no command"


async def test_leaving_what_was_not_joined_and_joining_twice(wsify, app):
    async with connect(wsify, "/ws") as socket, connect(wsify, "/ws") as other:
        await socket.send(command("leave", "c"))
        await joined(wsify, socket, "c")
        await socket.send(command("join", "c"))
        await told(app, 3)
        await other.send(command("broadcast", "c", content=1))
        assert await received(socket) == "1"
        await socket.send(command("leave", "c"))
        await eventually(lambda: count_of(wsify, "c") == 0, "one leave leaves")
        await socket.send(command("broadcast", "c", content=2))
        await told(app, 6)
        await round_trip(socket)
        await joined(wsify, socket, "c")
        await other.send(command("broadcast", "c", content=3))
        assert await received(socket) == "3", "each message came once, and none after leaving"


WRONG = [
    "hello", "", "[]", "null", '"join"', "{}", '{"command":"fly","args":{"channel":"c"}}', '{"command":"connect"}', '{"command":"join"}',
    '{"command":"join","args":{}}', '{"command":"join","args":{"channel":""}}', '{"command":"join","args":{"channel":7}}',
    '{"command":"join","args":"c"}', '{"command":"join","args":{"channel":"%s"}}' % ("x" * 300), '{"command":"join","args":{"channel":"wsify:x"}}',
    b"\x00\xff",
]


async def test_what_is_no_command_is_ignored(wsify, app):
    async with connect(wsify, "/ws") as socket:
        for frame in WRONG:
            await socket.send(frame)
        await joined(wsify, socket, "c")
        await socket.send(command("broadcast", "c", content=1))
        assert await received(socket) == "1", "nothing came before"
    assert [body["command"] for body in asked(app)] == ["join", "broadcast"]


async def test_a_denied_command_is_not_repeated_by_a_malformed_frame(wsify, app):
    app.behaviour = answering(join=403)
    async with connect(wsify, "/ws") as socket:
        await socket.send(command("join", "secret"))
        await told(app, 1)
        app.behaviour = app.healthy
        await socket.send("hello")
        await socket.send(command("join", "c"))
        await told(app, 2)
        await round_trip(socket)
    assert [body["args"]["channel"] for body in asked(app)] == ["secret", "c"]
    assert count_of(wsify, "secret") == 0


@pytest.mark.parametrize("status", [201, 204, 301, 400, 401, 403, 404, 418])
@pytest.mark.parametrize("word", ["join", "leave", "broadcast"])
async def test_any_other_status_is_silently_ignored(wsify, app, word, status):
    async with connect(wsify, "/ws") as socket, connect(wsify, "/ws") as reader:
        await joined(wsify, reader, "c")
        if word == "leave":
            await joined(wsify, socket, "c")
        app.behaviour = answering(**{word: status})
        await socket.send(command(word, "c", content="no"))
        await told(app, 1, word)
        if word != "broadcast":
            await socket.send(command("broadcast", "c", content="go on"))
            assert await received(reader) == '"go on"'
        app.behaviour = app.healthy
        await reader.send(command("broadcast", "c", content="last"))
        assert await received(reader) == '"last"'
        if word == "leave":
            assert await all_received(socket, 2) == ['"go on"', '"last"'], "it has not left"
        await round_trip(socket)


@pytest.mark.parametrize("status", [500, 502, 503, 599])
@pytest.mark.parametrize("word", ["join", "leave", "broadcast"])
async def test_5xx_closes_with_1000_and_what_is_behind_is_not_done(wsify, app, word, status):
    gate = app.gate()
    app.behaviour = in_turn(lambda webhook: OK, held_by(gate, lambda webhook: (status if status < 599 else 500, {}, b"")), lambda webhook: OK)
    async with connect(wsify, "/ws") as socket:
        await socket.send(command(word, "c"))
        await told(app, 1)
        for _ in range(5):
            await socket.send(command("broadcast", "c", content="too late"))
        await round_trip(socket)
        gate.open()
        assert (await ending(socket))[0] == 1000
    await eventually(lambda: not wsify.connections(), "it is forgotten")
    assert len(asked(app)) == 1, app.transcript()


async def test_authorizer_that_goes_away_closes_with_1000(wsify, app):
    async with connect(wsify, "/ws") as socket:
        app.kill()
        await socket.send(command("join", "c"))
        assert (await ending(socket))[0] == 1000


async def test_authorizer_that_is_too_slow_closes_with_1000(start, app):
    gateway = start("--webhook-timeout", "300ms")
    app.behaviour = for_command("join", held_by(app.gate(), lambda webhook: OK))
    async with connect(gateway, "/ws") as socket:
        await socket.send(command("join", "c"))
        assert (await ending(socket))[0] == 1000


def for_command(word, special):
    return lambda webhook: special(webhook) if webhook.body["command"] == word else OK


async def test_commands_are_done_in_order_however_slow_the_authorizer(wsify, app):
    gate = app.gate()
    app.behaviour = for_command("join", held_by(gate, lambda webhook: OK))
    async with connect(wsify, "/ws") as socket:
        await socket.send(command("join", "c"))
        await socket.send("nonsense")
        await socket.send(command("broadcast", "c", content="after the join"))
        await told(app, 1)
        await round_trip(socket)
        assert len(asked(app)) == 1, "one at a time"
        gate.open()
        assert await received(socket) == '"after the join"'
    assert [body["command"] for body in asked(app)] == ["join", "broadcast"]


async def test_last_words_are_still_done(wsify, app):
    async with connect(wsify, "/ws") as reader:
        await joined(wsify, reader, "c")
        async with connect(wsify, "/ws") as socket:
            await socket.send(command("broadcast", "c", content="bye"))
        assert await received(reader) == '"bye"'


async def test_order_of_many(wsify):
    async with connect(wsify, "/ws") as socket:
        await joined(wsify, socket, "c")
        for number in range(200):
            await socket.send(command("broadcast", "c", content=number))
        assert [int(text) for text in await all_received(socket, 200)] == list(range(200))


# Nobody is asked


async def test_without_an_authorizer_everything_is_allowed(app, launch):
    gateway = launch("wsify", "--broadcasting-key", "k")
    assert "nobody is asked (wsify)" in gateway.stdout.text()
    async with connect(gateway, "/ws") as socket, connect(gateway, "/ws") as other:
        await socket.send(command("join", "c"))
        await eventually(lambda: count_of(gateway, "c") == 1, "c is joined")
        for number in range(300):
            await other.send(command("broadcast", "c", content=number))
        assert [int(text) for text in await all_received(socket, 300)] == list(range(300))
    assert not app.webhooks


async def test_check_says_that_nobody_is_asked(tmp_path):
    file = tmp_path / "holdfast.yaml"
    file.write_text("routes: [{ dialect: wsify }]\n")
    checked = run("check", "-c", file)
    assert checked.returncode == 0 and "# target: none: nobody is asked" in checked.stdout, checked


# What the original has not


def replies(texts):
    return [json.loads(text) for text in texts]


async def test_acks(from_file, app):
    gateway = from_file(acks=True)
    app.behaviour = lambda webhook: (403 if webhook.body["args"].get("channel") == "secret" else 200, {}, b"")
    async with connect(gateway, "/ws") as socket:
        frames = [
            '{"command":"join","args":{"channel":"c"},"id":1}', "nonsense", '{"command":"join","args":{"channel":"secret"},"id":"two"}',
            command("broadcast", "c", content=7), '{"command":"fly","args":{"channel":"c"}}', command("leave", "c"), command("join"),
        ]
        for frame in frames:
            await socket.send(frame)
        got = replies(await all_received(socket, 8))
    assert got[0] == {"ack": "join", "channel": "c", "id": 1}
    assert got[1]["error"] == "malformed" and "not JSON" in got[1]["detail"]
    assert got[2] == {"error": "refused", "command": "join", "channel": "secret", "id": "two"}
    assert got[3:5] == [7, {"ack": "broadcast", "channel": "c"}]
    assert (got[5]["error"], got[5]["command"]) == ("unknownCommand", "fly")
    assert got[6] == {"ack": "leave", "channel": "c"}
    assert (got[7]["error"], got[7]["command"]) == ("channel", "join")


async def test_too_many_channels(from_file):
    gateway = from_file(acks=True, top={"maxChannels": 2})
    async with connect(gateway, "/ws") as socket:
        for channel in "abca":
            await socket.send(command("join", channel))
        got = replies(await all_received(socket, 4))
    assert [reply.get("ack") or reply["error"] for reply in got] == ["join", "join", "limit", "join"]


async def test_identity(from_file, app):
    gateway = from_file(identity=True, disconnect=True)
    async with connect(gateway, "/ws?user=eve&x=1") as socket:
        await joined(gateway, socket, "c")
        identity = gateway.connections()[0]["id"]
        gateway.act({"type": "setState", "to": identity, "state": {"user": "42"}})
        await socket.send(command("broadcast", "c"))
        await received(socket)
    await told(app, 1, "disconnect")
    bodies = [webhook.body for webhook in app.webhooks]
    assert [body["command"] for body in bodies] == ["connect", "join", "broadcast", "disconnect"]
    assert [body["connection"]["user"] for body in bodies] == ["eve", "eve", "42", "42"]
    for body in bodies:
        assert (body["connection"]["id"], body["connection"]["remoteAddress"]) == (identity, "127.0.0.1")
        assert body["connection"]["query"] == {"user": ["eve"], "x": ["1"]}


async def test_without_identity_there_is_none(wsify, app):
    async with connect(wsify, "/ws?user=eve") as socket:
        await joined(wsify, socket, "c")
    assert all("connection" not in webhook.body for webhook in app.webhooks)


async def test_disconnect(from_file, app):
    gateway = from_file(disconnect=True)
    async with connect(gateway, "/ws?user=7") as socket:
        await socket.close(4001, "bye")
    assert (await told(app, 1, "disconnect"))[0]["args"] == {"query": {"user": ["7"]}, "code": 4001, "reason": "bye", "clean": True}
    app.behaviour = answering(connect=403)
    await refusal(gateway, "/ws")
    app.behaviour = answering(join=500)
    async with connect(gateway, "/ws") as socket:
        await socket.send(command("join", "c"))
        await ending(socket)
    bodies = await told(app, 2, "disconnect")
    assert len(bodies) == 2 and bodies[1]["args"]["code"] == 1000, "none for a client that was refused"


async def test_disconnect_is_told_again_until_it_is_heard(from_file, app):
    gateway = from_file(disconnect=True)
    async with connect(gateway, "/ws"):
        app.behaviour = in_turn(always(503), always(200))
    await told(app, 2, "disconnect")
    await eventually(lambda: not gateway.connections(), "it is forgotten")


async def test_without_the_setting_no_end_is_told(wsify, app):
    async with connect(wsify, "/ws"):
        pass
    async with connect(wsify, "/ws") as socket:
        await joined(wsify, socket, "c")
    assert not asked(app, "disconnect")


async def test_targets(from_file):
    gateway = from_file(asked=False, targets=True)
    async with connect(gateway, "/ws?me=ann") as ann, connect(gateway, "/ws?me=bob") as bob:
        ids = {connection["query"]: connection["id"] for connection in gateway.connections()}
        answer = publish(gateway, {"to": [ids["me=ann"]], "content": "for you"})
        assert (answer.status_code, answer.headers["holdfast-delivered"]) == (201, "1")
        assert await received(ann) == '"for you"'
        gone = ids["me=bob"][:-4] + "AAAA"
        assert publish(gateway, {"to": [gone], "content": 1}).headers["holdfast-delivered"] == "0"
        assert publish(gateway, {"to": ["nobody"], "content": 1}).status_code == 400
        assert publish(gateway, {"to": [ids["me=bob"]], "channel": "c", "content": 1}).status_code == 400
        assert publish(gateway, {"to": list(ids.values()), "args": {"content": "both"}}).headers["holdfast-delivered"] == "2"
        assert await received(ann) == await received(bob) == '"both"'
