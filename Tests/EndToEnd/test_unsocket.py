"""The unsocket dialect: what its document and its program promise, one by one, and what was added to a single connection."""

import pytest

from app import held_by
from eventually import stays
from remote import raw_remotes, remote, remotes  # noqa: F401 (fixtures)
from unsocket_gateway import JSON, app, connect_to, says, start, texts  # noqa: F401 (fixtures)

TEXT_HI = {"type": "text", "text": "hi"}
FORMS = ["object", "array"]


# What is documented

async def test_the_programs_question_at_the_start(app, remote, start):
    start()
    await remote.connected()
    first = app.webhooks[0]
    assert (first.method, first.path) == ("POST", "/messages")
    assert first.raw == b'{"messages":[{"type":"ready"}]}'
    assert first.headers["content-type"] == "application/json"
    assert first.headers["accept"] == "application/json"
    assert len(app.webhooks) == 1, "asked once"


async def test_the_documents_question_and_its_answer_as_they_stand_there(app, remote, start):
    app.form = "array"
    app.connects = [connect_to(remote), {"type": "message"}]
    start("--array")
    await remote.connected()
    assert app.webhooks[0].raw == b'[{"init":true}]'
    assert app.webhooks[0].headers["content-type"] == "application/json"
    remote.send("news")
    assert await app.told(1) == [{"type": "message", "text": "news"}]
    assert app.webhooks[1].raw == b'[{"type":"message","text":"news"}]'


@pytest.mark.parametrize("answered", FORMS)
@pytest.mark.parametrize("asked", FORMS)
async def test_answers_are_understood_in_both_forms(app, remote, start, asked, answered):
    app.form = answered
    app.on_message = lambda entry: [{"type": "message" if answered == "array" else "text", "text": entry["text"].upper()}]
    start(*(["--array"] if asked == "array" else []))
    await remote.connected()
    remote.send("one", "two")
    assert await remote.gets(2) == ["ONE", "TWO"]


async def test_a_message_is_a_webhook_and_the_answer_goes_back_in_order(app, remote, start):
    app.on_message = lambda entry: texts("a", "b", "c")
    start()
    await remote.connected()
    remote.send('a "quoted" \\ é 🎈 message')
    assert await remote.gets(3) == ["a", "b", "c"]
    webhook = app.webhooks[1]
    assert webhook.body == {"messages": [{"type": "text", "text": 'a "quoted" \\ é 🎈 message'}]}
    assert webhook.headers["content-type"] == "application/json"


async def test_what_stands_behind_connect_is_sent_at_once(app, remote, start):
    app.connects = [connect_to(remote), *texts("first", "second"), {"type": "open"}, {"type": "binary", "base64": "AAE="}]
    start()
    assert await remote.gets(3) == ["first", "second", b"\0\1"]
    await remote.connected()


async def test_one_webhook_at_a_time(app, remote, start):
    gate = app.gate()
    start()
    await remote.connected()
    app.behaviour = held_by(gate, app.healthy)
    remote.send("one", "two")
    await app.told(1)
    await stays(lambda: len(app.entries) == 1, "one webhook is under way", 0.5)
    gate.open()
    await app.told(2)
    assert app.texts == ["one", "two"]


PUSHES = {
    "object": ({"json": {"messages": texts("one", "two")}}, ["one", "two"]),
    "list": ({"json": [{"type": "message", "text": "one"}, TEXT_HI]}, ["one", "hi"]),
    "single": ({"json": TEXT_HI}, ["hi"]),
    "single without a type": ({"json": {"text": "hi"}}, ["hi"]),
    "list without types": ({"json": [{"text": "hi"}]}, ["hi"]),
    "binary entry": ({"json": {"type": "binary", "base64": "AP8="}}, [b"\0\xff"]),
    "text": ({"content": '{"not": "read"}', "headers": {"content-type": "text/plain"}}, ['{"not": "read"}']),
    "octets": ({"content": b"\0\xff", "headers": {"content-type": "application/octet-stream"}}, [b"\0\xff"]),
    "curl -d text": ({"content": "hello", "headers": {"content-type": "application/x-www-form-urlencoded"}}, ["hello"]),
    "curl -d JSON": ({"content": '[{"text":"hello"}]', "headers": {"content-type": "application/x-www-form-urlencoded"}}, ["hello"]),
    "no content type": ({"content": "hello"}, ["hello"]),
    "charset": ({"content": '{"text":"é"}'.encode(), "headers": {"content-type": "application/json; charset=utf-8"}}, ["é"]),
}


@pytest.mark.parametrize("shape", PUSHES)
async def test_post_message(app, remote, start, shape):
    gateway = start()
    await remote.connected()
    options, expected = PUSHES[shape]
    answer = gateway.post("/message", **options)
    assert (answer.status_code, answer.json()) == (200, {"delivered": len(expected)})
    assert answer.headers["content-type"] == "application/json"
    assert await remote.gets(len(expected)) == expected


# What a push can do wrong

FAULTS = {
    "no JSON": ({"content": "{", "headers": {"content-type": "application/json"}}, 400, "line 1, column 2"),
    "no list": ({"json": 7}, 400, "found a number"),
    "empty list": ({"json": []}, 400, "no message"),
    "unknown type": ({"json": [TEXT_HI, {"type": "shout"}]}, 400, '[1].type: unknown type "shout"; accepted: text, message, binary, close'),
    "connect": ({"json": {"type": "connect", "url": "ws://a/"}}, 400, "only in an answer"),
    "no text": ({"json": {"messages": [{"type": "text"}]}}, 400, "messages[0].text"),
    "no UTF-8": ({"content": b"\xff", "headers": {"content-type": "text/plain"}}, 400, "not valid UTF-8"),
    "another type": ({"content": b"x", "headers": {"content-type": "image/png"}}, 415, "application/octet-stream"),
    "too large": ({"content": b"x" * (5 << 20), "headers": {"content-type": "text/plain"}}, 413, "larger"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_push_that_is_wrong_is_refused_whole(app, remote, start, fault):
    gateway = start()
    await remote.connected()
    options, status, words = FAULTS[fault]
    answer = gateway.post("/message", **options)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert gateway.post("/message", content="good").status_code == 200
    assert await remote.gets(1) == ["good"], "nothing of what was wrong has been sent"


async def test_another_method_than_post(start, remote):
    gateway = start()
    await remote.connected()
    answer = gateway.get("/message")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_the_token_guards_the_push(app, remote, start):
    gateway = start(token="secret")
    await remote.connected()
    assert gateway.post("/message", content="x", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert gateway.post("/message", content="good").status_code == 200
    assert await remote.gets(1) == ["good"]


async def test_a_web_page_cannot_push(app, remote, start):
    gateway = start()
    await remote.connected()
    assert gateway.post("/message", content="x", headers={"origin": "https://evil.test"}).status_code == 403
    assert gateway.post("/message", content="good").status_code == 200
    assert await remote.gets(1) == ["good"]


# Answers

NOTHING = {
    "204": (204, {}, b""), "empty": (200, JSON, b""), "no messages": (200, JSON, b'{"messages":[]}'), "null": (200, JSON, b"null"),
    "another object": (200, JSON, b'{"status":"ok"}'), "text": (200, {"content-type": "text/plain"}, b'{"messages":[{"type":"text","text":"x"}]}'),
    "no content type": (200, {}, b'{"messages":[{"type":"text","text":"x"}]}'), "message": (200, JSON, b'[{"type":"message"}]'),
}


@pytest.mark.parametrize("answer", NOTHING)
async def test_answers_that_say_nothing(app, remote, start, answer):
    app.on_message = lambda entry: NOTHING[answer] if entry["text"] == "quiet" else texts("heard")
    start()
    await remote.connected()
    remote.send("quiet", "loud")
    assert await remote.gets(1) == ["heard"]
    assert app.texts == ["quiet", "loud"], "an answer that says nothing is no failure"


FAULTY = {
    "no JSON": ((200, JSON, b"OK"), ["not JSON: line 1, column 1"]),
    "unknown type": (says(TEXT_HI, {"type": "shout"}), ['messages[1].type: unknown type "shout"', "connect, text, message, binary, exclude, close"]),
    "wrong member": (says({"type": "text", "text": 7}, form="array"), ["[0].text: expected a string, found a number"]),
    "400": ((400, {}, b""), ["the app answered 400"]), "302": ((302, {"location": "/x"}, b""), ["the app answered 302"]),
}


@pytest.mark.parametrize("fault", FAULTY)
async def test_a_wrong_answer_loses_the_message_and_nothing_else(app, remote, start, fault):
    answer, words = FAULTY[fault]
    app.on_message = lambda entry: answer if entry["text"] == "bad" else texts("heard")
    gateway = start()
    await remote.connected()
    remote.send("bad", "good")
    assert await remote.gets(1) == ["heard"]
    assert app.texts == ["bad", "good"], "it is told once"
    gateway.expect_log(*words)
    assert remote.open == 1


async def test_a_failed_webhook_is_repeated_with_the_same_id(app, remote, start):
    answers = [(503, {}, b""), (500, {}, b"")]
    app.on_message = lambda entry: answers.pop() if answers else texts("heard")
    start()
    await remote.connected()
    remote.send("one", "two")
    assert await remote.gets(2) == ["heard", "heard"]
    ids = [webhook.headers["webhook-id"] for webhook in app.webhooks[1:]]
    assert app.texts == ["one", "one", "one", "two"]
    assert len(set(ids[:3])) == 1 and len(set(ids)) == 2


# Binary

async def test_binary_both_ways(app, remote, start):
    app.on_message = lambda entry: [{"type": "binary", "base64": entry["base64"]}]
    start()
    await remote.connected()
    remote.send(b"\0\xff\x80")
    assert await remote.gets(1) == [b"\0\xff\x80"]
    assert app.webhooks[1].body == {"messages": [{"type": "binary", "base64": "AP+A"}]}


async def test_binary_as_text_as_the_original_has_it(app, remote, start):
    start("--binary-as-text")
    await remote.connected()
    remote.send(b'{"a":1}', b"hi\xff")
    assert await app.told(2) == texts('{"a":1}', "hi\ufffd")


# The handshake

async def test_the_handshake_has_nothing_that_nobody_asked_for(app, remote, start):
    start()
    handshake = await remote.connected()
    assert handshake.path == "/socket"
    for name in ("origin", "authorization", "cookie", "sec-websocket-protocol"):
        assert handshake.all(name) == []
    assert handshake.all("host") == [f"127.0.0.1:{remote.port}"]
    assert handshake.all("sec-websocket-version") == ["13"]


async def test_headers_and_subprotocols(app, remotes, start):
    remote = remotes(protocols=["v1", "v2"], path="/a/b?c=d&e")
    headers = {"Authorization": "Bearer x", "cookie": ["a=1", "b=2"], "Origin": "https://example.com"}
    app.connects = [connect_to(remote, headers=headers, protocols=["v2", "v1"])]
    start("--connection-lifecycle")
    handshake = await remote.connected()
    assert handshake.path == "/a/b?c=d&e"
    assert handshake.all("authorization") == ["Bearer x"] and handshake.all("origin") == ["https://example.com"]
    assert handshake.all("cookie") in (["a=1", "b=2"], ["a=1; b=2"])
    assert ",".join(handshake.all("sec-websocket-protocol")).replace(" ", "") == "v2,v1"
    assert handshake.protocol == "v1", "the remote chooses"
    assert await app.told(1) == [{"type": "open", "protocol": "v1"}]


@pytest.mark.parametrize("members", [{"url": "http://a/"}, {"headers": {"host": "a"}}, {"protocols": ["a b"]}, {"reconnect": "no"}], ids=str)
async def test_a_connect_entry_with_a_fault(app, remote, start, members):
    app.connects = [{**connect_to(remote), **members}]
    gateway = start(wait=False)
    assert gateway.wait() == 1
    assert f"messages[0].{next(iter(members))}" in gateway.stderr.text()


# Messages left out

async def test_excluded_messages_are_not_told(app, remote, start):
    patterns = ["heartbeat", '^\\{"type":"(ping|pong)"', "(?i)NOISE$"]
    app.connects = [connect_to(remote), *({"type": "exclude", "pattern": pattern} for pattern in patterns)]
    start()
    await remote.connected()
    remote.send('{"type":"heartbeat"}', '{"type":"pong"}', "some noise", b"heartbeat", "noise first", '{"type":"pang"}', "last")
    await app.told(4)
    assert app.entries == [{"type": "binary", "base64": "aGVhcnRiZWF0"}, *texts("noise first", '{"type":"pang"}', "last")]


async def test_a_pattern_that_would_never_end_elsewhere_holds_nothing_up(app, remote, start):
    app.connects = [connect_to(remote), {"type": "exclude", "pattern": "^(a+)+$"}]
    start()
    await remote.connected()
    remote.send("a" * 10_000 + "!", "a" * 10_000, "last")
    await app.told(2)
    assert [len(text) for text in app.texts] == [10_001, 4]


async def test_a_wrong_pattern_is_named(app, remote, start):
    app.connects = [connect_to(remote), {"type": "exclude", "pattern": "a("}]
    gateway = start(wait=False)
    assert gateway.wait() == 1
    assert "messages[1].pattern" in gateway.stderr.text() and "at character 2" in gateway.stderr.text()
