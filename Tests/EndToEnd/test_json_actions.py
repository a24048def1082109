"""What the app can do by its answers: actions of the json dialect."""

import json

import pytest

from app import JSON, base64_of, echo, for_type, reply
from client import all_received, connect, ending, received, refusal, round_trip
from eventually import eventually

JOIN = [{"type": "subscribe", "channel": "room"}]


def to_room(**payload):
    return {"type": "publish", "channel": "room", **payload}


def by_word(**words):
    """For each message its word's actions; words of the test, not of the dialect."""
    return lambda event, _: words.get(event.get("text"), [])


# send

@pytest.mark.parametrize("payload, expected", [
    ({"text": "hello"}, "hello"), ({"text": ""}, ""), ({"base64": "AAEC"}, b"\x00\x01\x02"), ({"base64": ""}, b""),
    ({"text": "grüße 🎈 \" \\ \u0000"}, "grüße 🎈 \" \\ \u0000"), ({"text": "x" * 500_000}, "x" * 500_000),
], ids=["text", "empty text", "base64", "empty base64", "odd text", "large text"])
async def test_send(gateway, app, payload, expected):
    app.behaviour = reply(message=[{"type": "send", **payload}])
    async with connect(gateway) as socket:
        await socket.send("go")
        assert await received(socket) == expected


@pytest.mark.parametrize("value", [{"welcome": True, "n": [1, 2.5, None, "ü"]}, [], "text", 12, 9007199254740993, None, False], ids=json.dumps)
async def test_send_json(gateway, app, value):
    app.behaviour = reply(message=[{"type": "send", "json": value}])
    async with connect(gateway) as socket:
        await socket.send("go")
        message = await received(socket)
    assert isinstance(message, str), "JSON is sent as text"
    assert json.loads(message) == value


async def test_sends_keep_their_order(gateway, app):
    app.behaviour = reply(
        open=[{"type": "send", "text": "welcome"}, {"type": "send", "text": "again"}],
        message=lambda event, _: [{"type": "send", "text": f"{event['text']}.{n}"} for n in range(3)],
    )
    async with connect(gateway) as socket:
        for n in range(10):
            await socket.send(str(n))
        got = await all_received(socket, 32)
    assert got == ["welcome", "again", *(f"{m}.{n}" for m in range(10) for n in range(3))]


async def test_send_to_another_connection(gateway, app):
    async with connect(gateway) as ann:
        of_ann = app.last_id()
        app.behaviour = reply(message=lambda event, _: [{"type": "send", "to": of_ann, "text": event["text"]}])
        async with connect(gateway) as bob:
            await bob.send("for ann")
            assert await received(ann) == "for ann"


async def test_send_to_one_that_is_gone_is_no_failure(gateway, app):
    async with connect(gateway):
        gone = app.last_id()
    await eventually(lambda: app.events("close"), "the first connection is gone")
    app.behaviour = reply(message=[{"type": "send", "to": gone, "text": "too late"}, {"type": "send", "text": "still here"}])
    async with connect(gateway) as socket:
        await socket.send("go")
        assert await received(socket) == "still here"


# close

@pytest.mark.parametrize("fields, expected", [
    ({}, (1000, "")), ({"code": 4000, "reason": "bye"}, (4000, "bye")), ({"code": 1013}, (1013, "")),
    ({"code": 1001, "reason": "ü" * 61}, (1001, "ü" * 61)),
], ids=str)
async def test_close(gateway, app, fields, expected):
    app.behaviour = reply(message=[{"type": "send", "text": "last"}, {"type": "close", **fields}])
    async with connect(gateway) as socket:
        await socket.send("go")
        assert await received(socket) == "last", "what was sent before the close arrives"
        assert await ending(socket) == expected
    await eventually(lambda: app.events("close"), "the app is told of the close too", show=app.transcript)
    assert [event["type"] for event in app.events()] == ["open", "message", "close"]


async def test_close_in_the_answer_to_open(gateway, app):
    app.behaviour = reply(open=[{"type": "accept"}, {"type": "close", "code": 4001, "reason": "full"}])
    async with connect(gateway) as socket:
        assert await ending(socket) == (4001, "full")
    await eventually(lambda: app.events("close"), "an accepted connection has a close event", show=app.transcript)


async def test_close_another_connection(gateway, app):
    async with connect(gateway) as ann:
        of_ann = app.last_id()
        app.behaviour = reply(message=[{"type": "close", "to": of_ann, "code": 4002}])
        async with connect(gateway) as bob:
            await bob.send("go")
            assert await ending(ann) == (4002, "")
            await round_trip(bob)


# channels

async def test_publish_reaches_each_subscriber_once(gateway, app):
    app.behaviour = reply(open=JOIN + JOIN, message=lambda event, _: [to_room(text=event["text"])])
    async with connect(gateway) as ann, connect(gateway) as bob:
        await ann.send("one")
        await ann.send("two")
        assert await all_received(ann, 2) == ["one", "two"], "a publisher that subscribes gets its own"
        assert await all_received(bob, 2) == ["one", "two"], "subscribing twice delivers once"


@pytest.mark.parametrize("payload, expected", [({"json": {"a": 1}}, '{"a":1}'), ({"base64": "AAEC"}, b"\x00\x01\x02"), ({"text": ""}, "")], ids=str)
async def test_publish_payloads(gateway, app, payload, expected):
    app.behaviour = reply(open=JOIN, message=[to_room(**payload)])
    async with connect(gateway) as socket:
        await socket.send("go")
        message = await received(socket)
    if "json" in payload:
        assert json.loads(message) == json.loads(expected)
    else:
        assert message == expected


async def test_joiner_hears_its_own_arrival(gateway, app):
    app.behaviour = reply(open=[*JOIN, to_room(text="joined")])
    async with connect(gateway) as socket:
        assert await received(socket) == "joined"


async def test_unsubscribe(gateway, app):
    app.behaviour = reply(open=JOIN, message=by_word(
        leave=[{"type": "unsubscribe", "channel": "room"}, {"type": "unsubscribe", "channel": "room"}, {"type": "unsubscribe", "channel": "never"}],
        go=[to_room(text="anyone?"), {"type": "send", "text": "done"}],
    ))
    async with connect(gateway) as ann, connect(gateway) as bob:
        await ann.send("leave")
        await ann.send("go")
        assert await received(ann) == "done", "an unsubscribed connection got a publication"
        assert await received(bob) == "anyone?"


async def test_subscribe_and_unsubscribe_another(gateway, app):
    async with connect(gateway) as ann:
        of_ann = app.last_id()
        app.behaviour = reply(message=by_word(
            add=[{"type": "subscribe", "channel": "room", "to": of_ann}, to_room(text="one")],
            remove=[{"type": "unsubscribe", "channel": "room", "to": of_ann}, to_room(text="two"), {"type": "send", "to": of_ann, "text": "end"}],
        ))
        async with connect(gateway) as bob:
            await bob.send("add")
            await bob.send("remove")
            assert await all_received(ann, 2) == ["one", "end"]


async def test_publish_spares_the_excepted(gateway, app):
    app.behaviour = reply(open=JOIN, message=lambda event, webhook: [
        to_room(text="others", **{"except": [webhook.id]}), to_room(text="all"),
    ])
    async with connect(gateway) as ann, connect(gateway) as bob:
        await ann.send("go")
        assert await all_received(bob, 2) == ["others", "all"]
        assert await received(ann) == "all"


async def test_publish_with_a_known_id_is_delivered_once(gateway, app):
    app.behaviour = reply(open=JOIN + [{"type": "subscribe", "channel": "hall"}], message=by_word(
        one=[to_room(text="first", id="7"), to_room(text="again", id="7")],
        two=[to_room(text="and again", id="7"), to_room(text="new", id="8"), {"type": "publish", "channel": "hall", "text": "hall", "id": "7"}],
    ))
    async with connect(gateway) as socket:
        await socket.send("one")
        await socket.send("two")
        assert await all_received(socket, 3) == ["first", "new", "hall"], "an id counts per channel"


async def test_channel_names_may_be_odd(gateway, app):
    name = "räume/7 ?#%"
    app.behaviour = reply(open=[{"type": "subscribe", "channel": name}], message=[{"type": "publish", "channel": name, "text": "here"}])
    async with connect(gateway) as socket:
        await socket.send("go")
        assert await received(socket) == "here"
    assert app.webhooks[1].connection["channels"] == [name]


async def test_close_channel_closes_every_subscriber(gateway, app):
    app.behaviour = reply(
        open=lambda event, webhook: JOIN if webhook.connection["path"] == "/in" else [],
        message=[{"type": "closeChannel", "channel": "room", "code": 4003, "reason": "over"}],
    )
    async with connect(gateway, "/in") as ann, connect(gateway, "/in") as bob, connect(gateway, "/out") as cat:
        await cat.send("go")
        assert await ending(ann) == (4003, "over")
        assert await ending(bob) == (4003, "over")
        await round_trip(cat)
    await eventually(lambda: len(app.events("close")) == 3, "each has its close event", show=app.transcript)


async def test_leaving_a_channel_with_the_connection(gateway, app):
    app.behaviour = reply(open=JOIN)
    async with connect(gateway):
        assert gateway.publish("room", "one") == 1
    await eventually(lambda: app.events("close"), "the close event")
    assert gateway.publish("room", "two") == 0


async def test_answer_to_close_may_publish(gateway, app):
    app.behaviour = reply(open=JOIN, close=[to_room(text="one left"), {"type": "send", "text": "nobody reads this"}])
    async with connect(gateway) as ann:
        await (await connect(gateway)).close()
        assert await received(ann) == "one left"


# state

async def test_state_is_merged_and_null_deletes(gateway, app):
    app.behaviour = reply(message=lambda event, _: [{"type": "setState", "state": json.loads(event["text"])}])
    steps = [({"a": "1", "b": "2"}, {"a": "1", "b": "2"}), ({"b": "3", "c": "ü"}, {"a": "1", "b": "3", "c": "ü"}),
             ({"a": None, "missing": None}, {"b": "3", "c": "ü"}), ({}, {"b": "3", "c": "ü"})]
    async with connect(gateway) as socket:
        for n, (change, expected) in enumerate(steps):
            await socket.send(json.dumps(change))
            await eventually(lambda: len(app.events("message")) == n + 1, f"change {n} reaches the app")
            await eventually(lambda: gateway.connections()[0]["state"] == expected, f"the state is {expected}", show=gateway.connections)


async def test_state_of_another_connection(gateway, app):
    async with connect(gateway) as ann:
        of_ann = app.last_id()
        app.behaviour = reply(message=by_word(go=[{"type": "setState", "to": of_ann, "state": {"role": "host"}}]))
        async with connect(gateway) as bob:
            await bob.send("go")
            await round_trip(bob)
            # The app has it before its answer is carried out, and Ann may live on another event loop.
            await eventually(lambda: gateway.get(f"/v1/connections/{of_ann}").json()["state"] == {"role": "host"}, "the answer is carried out")
            await ann.send("who am I?")
            await eventually(lambda: len(app.texts()) == 2, "the message reaches the app")
    assert app.of(of_ann)[1].connection["state"] == {"role": "host"}


async def test_state_has_a_limit(serve, app):
    gateway = serve("--max-state-bytes", "100")
    app.behaviour = reply(message=lambda event, _: [{"type": "setState", "state": {"draft": event["text"]}}, {"type": "send", "text": "kept"}])
    async with connect(gateway) as socket:
        await socket.send("x" * 80)
        assert await received(socket) == "kept"
        await socket.send("x" * 200)
        code, _ = await ending(socket)
    assert code == 1011
    gateway.expect_log("actions[0].state")


# Answers that mean nothing, and answers that cannot be understood

NOTHING = {
    "204": (204, {}, b""), "an empty body": (200, {}, b""), "{}": (200, JSON, b"{}"), "no actions": (200, JSON, b'{"actions":[]}'),
    "unknown fields": (200, JSON, b'{"actions":[],"note":1}'), "202": (202, {}, b""), "white space": (200, JSON, b" \r\n"),
}


@pytest.mark.parametrize("case", NOTHING)
async def test_answer_of_nothing_accepts_and_does_nothing(gateway, app, case):
    app.behaviour = lambda webhook: NOTHING[case]
    async with connect(gateway) as socket:
        await socket.send("hello")
        await eventually(lambda: app.texts() == ["hello"], "the message reaches the app")
        app.behaviour = reply(message=echo)
        await socket.send("still there?")
        assert await received(socket) == "still there?"


async def test_unknown_fields_of_actions_are_ignored(gateway, app):
    app.behaviour = reply(message=[{"type": "send", "text": "fine", "colour": "red", "nested": {"a": []}}])
    async with connect(gateway) as socket:
        await socket.send("go")
        assert await received(socket) == "fine"


GOOD = {"type": "send", "text": "must not be sent"}
BAD = {
    "unknown action": ([GOOD, {"type": "explode"}], ["actions[1].type", "explode"]),
    "no type": ([GOOD, {"text": "x"}], ["actions[1].type"]),
    "an action that is no object": ([GOOD, "send"], ["actions[1]"]),
    "a channel that is a number": ([GOOD, GOOD, {"type": "publish", "channel": 7, "text": "x"}], ["actions[2].channel: expected a string"]),
    "no channel": ([GOOD, {"type": "subscribe"}], ["actions[1].channel"]),
    "an empty channel": ([GOOD, {"type": "subscribe", "channel": ""}], ["actions[1].channel"]),
    "a channel of 257 bytes": ([GOOD, {"type": "subscribe", "channel": "x" * 257}], ["actions[1].channel"]),
    "nothing to send": ([GOOD, {"type": "send"}], ["actions[1]"]),
    "two things to send": ([GOOD, {"type": "send", "text": "a", "json": 1}], ["actions[1]"]),
    "a text that is a number": ([GOOD, {"type": "send", "text": 7}], ["actions[1].text"]),
    "base64 that is none": ([GOOD, {"type": "send", "base64": "***"}], ["actions[1].base64"]),
    "a close code that none may send": ([GOOD, {"type": "close", "code": 1005}], ["actions[1].code"]),
    "a close code out of range": ([GOOD, {"type": "close", "code": 5000}], ["actions[1].code"]),
    "a close reason of 124 bytes": ([GOOD, {"type": "close", "reason": "x" * 124}], ["actions[1].reason"]),
    "a state value that is a number": ([GOOD, {"type": "setState", "state": {"n": 1}}], ["actions[1].state"]),
    "a state that is a list": ([GOOD, {"type": "setState", "state": []}], ["actions[1].state"]),
    "an except that is a string": ([GOOD, to_room(text="x", **{"except": "me"})], ["actions[1].except"]),
    "a to that is a number": ([GOOD, {"type": "send", "text": "x", "to": 1}], ["actions[1].to"]),
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_action_spoils_the_whole_answer(serve, app, case):
    actions, words = BAD[case]
    gateway = serve("--webhook-retries", "0")
    app.behaviour = reply(message=actions)
    async with connect(gateway) as socket:
        await socket.send("go")
        messages = []
        try:
            async for message in socket:
                messages.append(message)
        except Exception as error:
            assert socket.close_code is not None, error
    assert messages == [], "an answer is applied whole or not at all"
    assert socket.close_code == 1011, (socket.close_code, socket.close_reason)
    gateway.expect_log(*words)


@pytest.mark.parametrize("case", ["unknown action", "a channel that is a number", "nothing to send"])
async def test_bad_action_in_the_answer_to_open_is_502(serve, app, case):
    actions, words = BAD[case]
    gateway = serve("--webhook-retries", "0")
    app.behaviour = reply(open=actions)
    response = await refusal(gateway)
    assert response.status_code == 502
    gateway.expect_log(*words)
    # The app said yes in a way that was not understood, so it hears of the end.
    await eventually(lambda: [event["clean"] for event in app.events("close")] == [False], "the app is told of the end")


@pytest.mark.parametrize("kind", ["accept", "reject"])
async def test_accept_and_reject_belong_to_open(serve, app, kind):
    gateway = serve("--webhook-retries", "0")
    app.behaviour = reply(message=[{"type": kind}])
    async with connect(gateway) as socket:
        await socket.send("go")
        assert (await ending(socket))[0] == 1011
    gateway.expect_log("actions[0]", kind)


@pytest.mark.parametrize("body", [b"hello", b"[]", b'{"actions":{}}', b'{"actions":[', b'"x"', b"\xff\xfe{}"], ids=str)
async def test_body_that_is_no_answer(serve, app, body):
    gateway = serve("--webhook-retries", "0")
    app.behaviour = for_type("message", lambda webhook: (200, JSON, body))
    async with connect(gateway) as socket:
        await socket.send("go")
        assert (await ending(socket))[0] == 1011
    app.behaviour = lambda webhook: (200, JSON, body)
    assert (await refusal(gateway)).status_code == 502


async def test_binary_echo_is_exact(gateway, app):
    app.behaviour = reply(message=echo)
    data = bytes(range(256)) * 100
    async with connect(gateway) as socket:
        await socket.send(data)
        assert await received(socket) == data
    assert app.events("message")[0]["base64"] == base64_of(data)
