"""Requests that the app puts on hold: long polling, streams, links, what was missed, and instructions that are wrong."""

import asyncio
import json
import time

import pytest

from eventually import eventually, stays
from grip_backend import Answer, GripApp
from grip_gateway import app, encoded, gateway, get, grip, http, publish  # noqa: F401
from held import Held, answered
from rawsocket import RawClient

PLAIN = ("Content-Type", "text/plain")


def hold(*headers, mode="response", body="nothing new\n", channel="room", status=200):
    """An answer that holds the request."""
    return Answer(status, [PLAIN, ("X-App", "1"), ("Grip-Hold", mode), *([("Grip-Channel", channel)] if channel else []), *headers], body)


def stream(*headers, **options):
    return hold(*headers, **{"mode": "stream", "body": "begin\n", **options})


def response(channel="room", **members):
    return {"channel": channel, "formats": {"http-response": members}}


def piece(content, channel="room", **more):
    form = {"content": content} if isinstance(content, str) else {"content-bin": encoded(content)}
    return {"channel": channel, "formats": {"http-stream": form}, **{name.replace("_", "-"): value for name, value in more.items()}}


def act(action, kind="http-stream", channel="room"):
    return {"channel": channel, "formats": {kind: {"action": action}}}


def asking(gateway, path="/", **options):
    return Held(http(gateway, path), **options)


async def begun_stream(gateway, path="/", text="begin\n"):
    held = await asking(gateway, path).__aenter__()
    await held.holds(text)
    return held


async def asked(app, count):
    await eventually(lambda: len(app.requests) >= count, f"the app has {count} requests", show=app.transcript)
    return app.requests[count - 1]


# Responses

async def test_held_response(gateway, app):
    app.behaviour = lambda request: hold()
    async with asking(gateway, "/?x=1") as held:
        await asked(app, 1)
        await answered(lambda: publish(gateway, response(body="fresh\n")), held)
        assert (held.status, held.text, held.headers["x-app"]) == (200, "fresh\n", "1")
        assert held.headers["content-type"] == "text/plain" and "grip-hold" not in held.headers
    assert len(app.requests) == 1


async def test_published_response_has_its_own_status_and_headers(gateway, app):
    app.behaviour = lambda request: hold(("X-Kept", "1"))
    async with asking(gateway) as held:
        headers = [["X-App", "2"], ["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]]
        item = response(**{"code": 418, "reason": "Short And Stout", "headers": headers, "body-bin": "AP8="})
        await answered(lambda: publish(gateway, item), held)
        assert (held.status, held.response.reason_phrase, held.body) == (418, "Short And Stout", b"\x00\xff")
        assert (held.headers["x-app"], held.headers["x-kept"], held.headers.get_list("set-cookie")) == ("2", "1", ["a=1", "b=2"])


@pytest.mark.one_node("delivered counts the node that publishes")
async def test_all_who_wait_are_answered_once(gateway, app):
    app.behaviour = lambda request: hold()
    waiting = [await asking(gateway).__aenter__() for _ in range(50)]
    await asked(app, 50)
    await eventually(lambda: publish(gateway, {"channel": "room", "ws-message": {"content": "x"}}) is not None, "the API answers")
    reached = []
    await eventually(lambda: reached.append(publish(gateway, response(body="fresh\n"))[0]) or all(held.done for held in waiting), "all are answered")
    assert sum(reached) == 50, reached
    assert [held.text for held in waiting] == ["fresh\n"] * 50
    assert publish(gateway, response(body="late\n")) == [0]


async def test_hold_ends_with_what_was_held(gateway, app):
    app.behaviour = lambda request: hold(("Grip-Timeout", "5"), ("Grip-Status", "202 Nothing Yet"))
    began = time.monotonic()
    async with asking(gateway) as held:
        await held.ended(within=15)
        assert (held.status, held.response.reason_phrase, held.text) == (202, "Nothing Yet", "nothing new\n")
    assert 3.5 < time.monotonic() - began < 12


async def test_patch_of_what_is_held(gateway, app):
    app.behaviour = lambda request: hold(body='{"list": [1, 2], "name": "Ann"}\n')
    async with asking(gateway) as held:
        patch = [
            {"op": "add", "path": "/list/-", "value": 3}, {"op": "replace", "path": "/name", "value": "Bob"},
            {"op": "test", "path": "/list/0", "value": 1},
        ]
        await answered(lambda: publish(gateway, response(**{"body-patch": patch})), held)
        assert json.loads(held.text) == {"list": [1, 2, 3], "name": "Bob"} and held.text.endswith("\n")


@pytest.mark.parametrize("patch", [[{"op": "test", "path": "/a", "value": 2}], [{"op": "remove", "path": "/nowhere"}], [{"op": "explode"}]], ids=str)
async def test_patch_that_does_not_fit(gateway, app, patch):
    """The client is not left hanging: sooner or later there is an answer, and it is no half-patched body."""
    app.behaviour = lambda request: hold(body='{"a": 1}\n')
    async with asking(gateway) as held:
        await asked(app, 1)
        for _ in range(5):
            publish(gateway, response(**{"body-patch": patch}))
        await answered(lambda: publish(gateway, response(body="fresh\n")), held)
        assert held.text == "fresh\n" or held.status == 502, held.seen()


async def test_stream_content_does_not_answer_a_response(gateway, app):
    app.behaviour = lambda request: hold()
    async with asking(gateway) as held:
        await asked(app, 1)
        for item in (piece("x"), act("close"), act("close", "http-response"), {"channel": "room", "ws-message": {"content": "x"}}):
            publish(gateway, item)
        await answered(lambda: publish(gateway, response(body="fresh\n")), held)
        assert held.text == "fresh\n"


async def test_hint_asks_again(gateway, app):
    answers = iter([hold(channel="room; prev-id=1"), Answer(200, [PLAIN], "asked again\n")])
    app.behaviour = lambda request: next(answers)
    async with asking(gateway, "/poll?x=1", method="POST", content=b"the question", headers={"x-mine": "1"}) as held:
        await answered(lambda: publish(gateway, act("hint", "http-response")), held)
        assert (held.status, held.text) == (200, "asked again\n")
    first, second = app.requests
    assert (second.method, second.path, second.raw, second.header("x-mine")) == (first.method, first.path, first.raw, "1") == (
        "POST", "/poll?x=1", b"the question", "1")
    assert first.header("grip-last") is None and second.header("grip-last") == "room; last-id=1"


async def test_asking_again_may_hold_again(gateway, app):
    app.behaviour = lambda request: hold()
    async with asking(gateway) as held:
        await asked(app, 1)
        await eventually(lambda: publish(gateway, act("hint", "http-response")) and len(app.requests) > 1, "the app is asked again")
        await answered(lambda: publish(gateway, response(body="fresh\n")), held)
        assert held.text == "fresh\n"


# Streams

async def test_stream(gateway, app):
    app.behaviour = lambda request: stream(("Content-Type", "text/event-stream"))
    held = await begun_stream(gateway)
    assert held.status == 200 and "content-length" not in held.headers
    assert publish(gateway, piece("one\n"), piece(b"\x00\xff\n"), response(body="not for streams")) == [1, 1, 0]
    await held.holds(b"begin\none\n\x00\xff\n")
    publish(gateway, act("close"))
    await held.ended()
    assert held.body == b"begin\none\n\x00\xff\n"


async def test_stream_keeps_order_at_speed(gateway, app):
    app.behaviour = lambda request: stream()
    streams = [await begun_stream(gateway) for _ in range(5)]
    expected = "".join(f"line {number}\n" for number in range(1000))
    for start in range(0, 1000, 100):
        assert publish(gateway, *[piece(f"line {number}\n") for number in range(start, start + 100)]) == [5] * 100
    for held in streams:
        await held.holds(expected)
        await held.leave()


async def test_stream_that_begins_with_much(gateway, app):
    app.behaviour = lambda request: stream(body="x" * 2_000_000 + "begin\n")
    held = await begun_stream(gateway)
    assert len(held.body) == 2_000_006
    publish(gateway, piece("one\n"))
    await held.holds("begin\none\n")
    await held.leave()


async def test_client_that_leaves_is_forgotten(gateway, app):
    app.behaviour = lambda request: stream()
    held = await begun_stream(gateway)
    assert publish(gateway, piece("x")) == [1]
    await held.leave()
    await eventually(lambda: publish(gateway, piece("x")) == [0], "nobody listens any more")


async def test_duplicates_and_order_hold_for_streams(gateway, app):
    app.behaviour = lambda request: stream()
    held = await begun_stream(gateway)
    publish(gateway, piece("1", id="1"), piece("3", id="3", prev_id="2"), piece("2", id="2", prev_id="1"), piece("2", id="2"), piece("end\n"))
    await held.holds("end\n")
    assert held.text == "begin\n123end\n"
    await held.leave()


async def test_filters(gateway, app):
    facts = ("Grip-Set-Meta", 'user="ann", name="Ann \\"B\\""')
    app.behaviour = lambda request: stream(facts, channel="room; filter=skip-self; filter=var-subst, hall")
    held = await begun_stream(gateway)
    form = {"formats": {"http-stream": {"content": "Hello %(name)s\n", "content-filters": ["var-subst"]}}, "channel": "room"}
    publish(gateway, {**form, "meta": {"sender": "ann"}}, {**form, "meta": {"sender": "bob"}}, piece("end\n", channel="hall"))
    await held.holds("end\n")
    assert held.text == 'begin\nHello Ann "B"\nend\n'
    await held.leave()


KEEP_ALIVES = {
    "alive; timeout=1": b"alive", "alive; format=raw; timeout=1": b"alive", r"\x00\r\n\\; format=cstring; timeout=1": b"\x00\r\n\\",
    "AP8=; format=base64; timeout=1": b"\x00\xff", "alive; timeout=1; mode=interval": b"alive", 'a "b"; timeout=1; mode=idle': b'a "b"',
}


@pytest.mark.parametrize("header", KEEP_ALIVES)
async def test_keep_alive(gateway, app, header):
    app.behaviour = lambda request: stream(("Grip-Keep-Alive", header))
    held = await begun_stream(gateway)
    await held.holds(b"begin\n" + KEEP_ALIVES[header] * 2)
    await held.leave()


async def test_prefix_of_the_routes_channels(grip, app):
    app.behaviour = lambda request: stream()
    gateway = grip(grip={"channelPrefix": "chat-"})
    held = await begun_stream(gateway)
    assert publish(gateway, piece("x", channel="room"), piece("hello\n", channel="chat-room")) == [0, 1]
    await held.holds("begin\nhello\n")
    await held.leave()


async def test_channel_that_everybody_is_on(grip, app):
    app.behaviour = lambda request: stream(channel=None)
    gateway = grip(grip={"subscribe": ["all"]})
    held = await begun_stream(gateway)
    assert publish(gateway, piece("hello\n", channel="all")) == [1]
    await held.holds("begin\nhello\n")
    await held.leave()


@pytest.mark.parametrize("status", ["304", "202 Later"])
async def test_status_of_its_own(gateway, app, status):
    app.behaviour = lambda request: hold(("Grip-Status", status), ("Grip-Timeout", "5"), body="")
    async with asking(gateway) as held:
        await held.ended(within=15)
        assert held.status == int(status.split()[0])


async def test_exposed_headers(gateway, app):
    app.behaviour = lambda request: stream(("Grip-Expose-Headers", "x-b, content-type"), ("X-A", "1"), ("X-B", "2"))
    held = await begun_stream(gateway)
    assert held.headers["x-b"] == "2" and held.headers["content-type"] == "text/plain"
    assert "x-a" not in held.headers and "x-app" not in held.headers
    await held.leave()


# Documents

def instruct(document, status=200):
    body = document if isinstance(document, str) else json.dumps(document)
    return Answer(status, [("Content-Type", "application/grip-instruct; charset=utf-8")], body)


async def test_document_that_holds_a_response(gateway, app):
    app.behaviour = lambda request: instruct({"hold": {"channels": [{"name": "room"}]}, "response": {"headers": {"X-A": "1"}, "body": "nothing"}})
    async with asking(gateway) as held:
        await answered(lambda: publish(gateway, response(body="fresh\n")), held)
        assert (held.status, held.text, held.headers["x-a"]) == (200, "fresh\n", "1")
        assert "application/grip-instruct" not in str(held.headers)


async def test_document_that_holds_a_stream(gateway, app):
    document = {
        "hold": {
            "mode": "stream", "channels": [{"name": "room", "filters": ["skip-self"]}, {"name": "hall"}], "meta": {"user": "ann"},
            "keep-alive": {"content-bin": encoded(b"\x00alive"), "timeout": 1},
        },
        "response": {"code": 202, "reason": "Well", "headers": [["X-A", "1"], ["X-A", "2"]], "body-bin": encoded(b"begin\n")},
    }
    app.behaviour = lambda request: instruct(document)
    held = await begun_stream(gateway)
    assert (held.status, held.response.reason_phrase, held.headers.get_list("x-a")) == (202, "Well", ["1", "2"])
    publish(gateway, {**piece("no"), "meta": {"sender": "ann"}}, piece("one\n", channel="hall"))
    await held.holds(b"\x00alive")
    assert held.text.startswith("begin\none\n")
    await held.leave()


async def test_document_without_a_hold(gateway, app):
    app.behaviour = lambda request: instruct({"response": {"code": 404, "headers": {"Content-Type": "text/x"}, "body": "at once"}})
    answer = get(gateway)
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (404, "at once", "text/x")


# Instructions that are wrong

WRONG = {
    "an unknown hold": Answer(200, [("Grip-Hold", "forever"), ("Grip-Channel", "room")]),
    "a bad status": stream(("Grip-Status", "well")), "a bad timeout": hold(("Grip-Timeout", "soon")),
    "a bad format": stream(("Grip-Keep-Alive", "x; format=x")), "bad base64": stream(("Grip-Keep-Alive", "?; format=base64")),
    "a channel name that is too long": stream(channel="x" * 300),
    "no JSON": instruct("{"), "no object": instruct([]), "nothing": instruct(""), "no channels": instruct({"hold": {}}),
    "an unknown mode": instruct({"hold": {"mode": "x", "channels": []}}), "a channel without a name": instruct({"hold": {"channels": [{}]}}),
    "another status": instruct({"response": {"body": "x"}}, status=201),
    "a held body that is too long": hold(body="x" * 100_001), "a document that is too long": instruct({"response": {"body": "x" * 100_001}}),
}


@pytest.mark.parametrize("fault", WRONG)
def test_instruction_that_is_wrong(gateway, app, fault):
    app.behaviour = lambda request: WRONG[fault]
    answer = get(gateway)
    assert answer.status_code == 502, answer.text
    assert not [name for name in answer.headers if name.startswith("grip-")]
    app.behaviour = lambda request: Answer(200, [PLAIN], "hello\n")
    assert get(gateway).text == "hello\n"


def test_instruction_that_is_wrong_is_logged(gateway, app):
    app.behaviour = lambda request: WRONG["an unknown hold"]
    assert get(gateway).status_code == 502
    gateway.expect_log("forever")


# Links

def link(uri, rel="next", timeout=None):
    return ("Grip-Link", f"<{uri}>; rel={rel}" + (f"; timeout={timeout}" if timeout else ""))


def by_path(**answers):
    """A behaviour: an answer for each path, each an answer or a list of answers in turn."""
    left = {path: list(answer) if isinstance(answer, list) else [answer] for path, answer in answers.items()}

    def behaviour(request):
        answers = left[request.path.strip("/").split("?")[0]]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return behaviour


def test_links_make_one_long_response(gateway, app):
    app.behaviour = by_path(
        one=Answer(200, [PLAIN, ("X-A", "1"), link("/two?x=1")], "one\n"), two=Answer(200, [("X-A", "2"), link("three")], "two\n"),
        three=Answer(200, [PLAIN], "three\n" * 50_000))
    answer = get(gateway, "/one", headers={"x-mine": "1"})
    assert answer.text == "one\ntwo\n" + "three\n" * 50_000 and answer.headers["x-a"] == "1" and "content-length" not in answer.headers
    assert [(request.method, request.path) for request in app.requests] == [("GET", "/one"), ("GET", "/two?x=1"), ("GET", "/three")]


async def test_link_is_fetched_after_silence(gateway, app):
    app.behaviour = by_path(one=stream(link("two", timeout=1), channel="room; prev-id=7"), two=Answer(200, [PLAIN], "the end\n"))
    held = await begun_stream(gateway, "/one")
    await held.ended()
    assert held.text == "begin\nthe end\n"
    assert app.requests[1].header("grip-last") == "room; last-id=7"


async def test_link_is_fetched_on_a_hint_and_may_hold_again(gateway, app):
    again = Answer(200, [PLAIN, ("Grip-Hold", "stream"), ("Grip-Channel", "hall"), link("end")], "two\n")
    app.behaviour = by_path(one=stream(link("two")), two=again, end=Answer(200, [PLAIN], "the end\n"))
    held = await begun_stream(gateway, "/one")
    assert publish(gateway, act("hint")) == [1]
    await held.holds("begin\ntwo\n")
    assert publish(gateway, piece("no more", channel="room"), piece("three\n", channel="hall")) == [0, 1]
    await held.holds("three\n")
    publish(gateway, act("hint", channel="hall"))
    await held.ended()
    assert held.text == "begin\ntwo\nthree\nthe end\n"


async def test_publication_that_does_not_follow_fetches_the_link(gateway, app):
    app.behaviour = by_path(
        one=stream(link("more"), channel="room; prev-id=1"),
        more=Answer(200, [PLAIN, ("Grip-Hold", "stream"), ("Grip-Channel", "room; prev-id=3"), link("more")], "two\nthree\n"))
    held = await begun_stream(gateway, "/one")
    publish(gateway, piece("three\n", id="3", prev_id="2"))
    await held.holds("begin\ntwo\nthree\n")
    publish(gateway, piece("four\n", id="4", prev_id="3"))
    await held.holds("four\n")
    assert held.text == "begin\ntwo\nthree\nfour\n"
    assert [request.header("grip-last") for request in app.requests] == [None, "room; last-id=1"]
    await held.leave()


async def test_response_that_comes_late_is_asked_again_at_once(gateway, app):
    app.behaviour = lambda request: stream()
    first = await begun_stream(gateway)
    publish(gateway, piece("x", id="5"))
    answers = iter([hold(channel="room; prev-id=4"), Answer(200, [PLAIN], "what was missed\n")])
    app.behaviour = lambda request: next(answers)
    answer = await asyncio.to_thread(get, gateway, "/late")
    assert answer.text == "what was missed\n"
    assert [request.header("grip-last") for request in app.requests[1:]] == [None, "room; last-id=4"]
    await first.leave()


async def test_link_that_fails_is_tried_again(gateway, app):
    app.behaviour = by_path(one=Answer(200, [PLAIN, link("two")], "one\n"), two=[Answer(500), Answer(503), Answer(200, [PLAIN], "two\n")])
    async with asking(gateway, "/one") as held:
        await held.ended(within=20)
        assert held.text == "one\ntwo\n"
    assert len(app.requests) == 4


async def test_link_that_is_left_when_the_client_leaves(gateway, app):
    app.behaviour = by_path(one=stream(link("two", timeout=1)), two=Answer(200, [PLAIN], "two\n"))
    held = await begun_stream(gateway, "/one")
    await held.leave()
    await stays(lambda: len(app.requests) == 1, "nothing is fetched for nobody", during=1.5)


async def test_gone_link(gateway, app):
    app.behaviour = by_path(one=stream(link("/gone?id=7", rel="gone")), gone=Answer(204))
    held = await begun_stream(gateway, "/one")
    assert len(app.requests) == 1
    await held.leave()
    farewell = await asked(app, 2)
    assert (farewell.method, farewell.path, farewell.raw) == ("POST", "/gone?id=7", b"")
    await stays(lambda: len(app.requests) == 2, "once is enough", during=0.3)


def test_link_to_another_server(gateway, app):
    """It may lead elsewhere, but what the client said to the app, and the gateway's signature, are nobody else's business."""
    with GripApp(healthy=lambda request: Answer(200, [PLAIN], "elsewhere\n")) as other:
        app.behaviour = lambda request: Answer(200, [PLAIN, link(f"http://127.0.0.1:{other.port}/two")], "one\n")
        answer = get(gateway, "/one", headers={"cookie": "a=1", "authorization": "Basic dTpw", "x-mine": "1"})
        assert answer.text == "one\nelsewhere\n"
        for name in ("cookie", "authorization", "x-mine", "grip-sig"):
            assert other.requests[0].header(name) is None, other.requests[0].headers


# Life and death

async def test_stop_of_the_gateway_ends_what_is_held(gateway, app):
    app.behaviour = by_path(poll=hold(), stream=stream())
    live = await begun_stream(gateway, "/stream")
    async with asking(gateway, "/poll") as held:
        await asked(app, 2)
        # The gateway has read the answer once this request, which came later, is answered.
        app.behaviour = lambda request: Answer(200, [PLAIN], "hello\n")
        assert get(gateway).text == "hello\n"
        gateway.signal()
        await held.ended()
        await live.ended()
        assert held.text == "nothing new\n" and live.text == "begin\n"
    gateway.wait()


async def test_held_requests_outlive_the_app(gateway, app):
    app.behaviour = lambda request: stream()
    held = await begun_stream(gateway)
    app.kill()
    assert publish(gateway, piece("still here\n")) == [1]
    await held.holds("still here\n")
    await held.leave()


async def test_slow_reader_of_a_stream_is_bounded(gateway, app):
    """A client that does not read does not fill the gateway's memory, and others get everything."""
    app.behaviour = lambda request: stream()
    before = gateway.resident_bytes()
    live = await begun_stream(gateway)
    with RawClient(gateway, receive_buffer=4096) as lazy:
        lazy.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asked(app, 2)
        for number in range(60):
            await asyncio.to_thread(publish, gateway, piece(f"{number} ".ljust(500_000, "x") + f" end {number}\n"))
            await live.holds(f" end {number}\n")
        assert gateway.resident_bytes() - before < 25_000_000
    await live.leave()
