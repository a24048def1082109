"""The publish API of `holdfast grip`: who gets what, in which order, who may publish, and what is wrong with what is sent."""

import base64
import time

import jwt
import pytest

from client import all_received, ending, received
from eventually import eventually
from gateway import Gateway
from grip_backend import Answer, control, polite, reply, text
from grip_gateway import app, encoded, gateway, grip, joined, message, on, post, publish, room, say  # noqa: F401
from held import Held

KEY = "a-key-of-more-than-the-32-bytes-that-PyJWT-wants"
OTHER_KEY = "somebody-else-has-this-one-which-is-as-long"


# The answer says what became of each item, which Pushpin's does not

async def test_answer_tells_how_many_were_reached(room, joined):
    sockets = await joined(room, 3)
    items = [
        message("room", "one", id="1"), message("room", "one again", id="1"), message("nobody", "x"), message("room", b"\x00"),
        {"channel": "room", "http-stream": {"content": "not for sockets"}},
    ]
    assert publish(room, *items) == [3, "duplicate", 0, 3, 0]
    for socket in sockets:
        assert await all_received(socket, 2) == ["one", b"\x00"]
        await socket.close()
    await eventually(lambda: say(room, "room", "x") == 0, "all have left")


@pytest.mark.parametrize("accept", [None, "text/plain", "*/*"])
def test_answer_in_text_is_pushpins(gateway, accept):
    answer = post(gateway, {"items": []}, headers={"accept": accept} if accept else {})
    assert (answer.status_code, answer.text) == (200, "Published\n")
    assert answer.headers["content-type"].startswith("text/plain")


def test_recover_is_understood(gateway):
    answer = post(gateway, {}, path="/recover/")
    assert (answer.status_code, answer.text) == (200, "Updated\n")


async def test_connections_of_a_list_close_together(room, app, joined):
    sockets = await joined(room, 5)
    publish(room, message("room", "last"), {"channel": "room", "ws-message": {"action": "close", "code": 4000, "reason": "closing time"}})
    for socket in sockets:
        assert await received(socket) == "last"
        assert await ending(socket) == (4000, "closing time")
    await eventually(lambda: len(app.events("CLOSE")) == 5, "the app is told of each", show=app.transcript)
    assert {event.close for event in app.events("CLOSE")} == {(4000, "closing time")}


async def test_one_item_for_all_kinds_of_listeners(gateway, app, joined):
    def behaviour(request):
        if request.method == "POST":
            return on("room")(request)
        mode = request.path.strip("/")
        return Answer(200, [("Grip-Hold", mode), ("Grip-Channel", "room"), ("Content-Type", "text/plain")], "begin\n")

    app.behaviour = behaviour
    [socket] = await joined(gateway)
    address = f"http://127.0.0.1:{gateway.port}"
    async with socket, Held(f"{address}/stream") as stream, Held(f"{address}/response") as response:
        await stream.holds("begin\n")
        await eventually(lambda: len(app.requests) == 3, "both requests are with the app", show=app.transcript)
        item = {"channel": "room", "formats": {
            "ws-message": {"content": "for sockets"}, "http-stream": {"content": "for streams\n"}, "http-response": {"body": "for requests\n"}}}
        await eventually(lambda: publish(gateway, item) and response.done, "the request is answered", show=response.seen)
        assert await received(socket) == "for sockets"
        await stream.holds("for streams\n")
        assert response.text == "for requests\n"


# Order

async def test_order_by_previous_ids(room, joined):
    [socket] = await joined(room)
    say(room, "room", "1", id="1")
    for number in (5, 4, 3):
        say(room, "room", str(number), id=str(number), prev_id=str(number - 1))
    say(room, "room", "at once", no_seq=True, prev_id="4")
    say(room, "room", "2", id="2", prev_id="1")
    assert await all_received(socket, 6) == ["1", "at once", "2", "3", "4", "5"]


async def test_gap_is_waited_for_only_so_long(grip, app, joined):
    app.behaviour = on("room")
    gateway = grip(grip={"messageWait": "700ms"})
    [socket] = await joined(gateway)
    say(gateway, "room", "1", id="1")
    say(gateway, "room", "3", id="3", prev_id="2")
    assert await received(socket) == "1"
    began = time.monotonic()
    assert await received(socket) == "3"
    assert 0.3 < time.monotonic() - began < 5
    say(gateway, "room", "4", id="4", prev_id="3")
    assert await received(socket) == "4"


async def test_previous_id_of_another_channel_does_not_matter(gateway, app, joined):
    app.behaviour = on("room", "hall")
    [socket] = await joined(gateway)
    say(gateway, "room", "room 1", id="1")
    say(gateway, "hall", "hall 2", id="2", prev_id="1")
    assert await all_received(socket, 2) == ["room 1", "hall 2"]


async def test_duplicates_are_per_channel(gateway, app, joined):
    app.behaviour = on("room", "hall")
    [socket] = await joined(gateway)
    assert publish(gateway, message("room", "a", id="1"), message("hall", "b", id="1"), message("room", "c", id="1")) == [1, 1, "duplicate"]
    assert await all_received(socket, 2) == ["a", "b"]


# Nothing missed: prev-id on WebSockets, which Pushpin does not have

async def test_gap_of_a_websocket_is_filled_by_the_app(gateway, app, joined):
    def behaviour(request):
        if request.header("grip-last"):
            return reply(text("two, from the app"), text("three, from the app"), follow("room", "3"))
        return polite(follow("room", "1"), text("on"))(request)

    app.behaviour = behaviour
    [socket] = await joined(gateway)
    async with socket:
        # The gateway knows nothing of the channel; this one follows another than the client has.
        say(gateway, "room", "three", id="3", prev_id="2")
        assert await all_received(socket, 2) == ["two, from the app", "three, from the app"]
        assert [request.all("grip-last") for request in app.requests][1:] == [["room; last-id=1"]]
        say(gateway, "room", "four", id="4", prev_id="3")
        assert await received(socket) == "four"
        assert len(app.requests) == 2


def follow(channel, identity):
    return control("subscribe", channel=channel, prev_id=identity)


async def test_websocket_that_comes_late_is_told_what_it_missed(gateway, app, joined):
    app.behaviour = on("room")
    [first] = await joined(gateway)
    say(gateway, "room", "one", id="1")
    say(gateway, "room", "two", id="2", prev_id="1")

    def behaviour(request):
        if request.header("grip-last"):
            return reply(text("two, from the app"), follow("room", "2"))
        return polite(follow("room", "1"), text("on"))(request)

    app.behaviour = behaviour
    [late] = await joined(gateway)
    assert await received(late) == "two, from the app"
    say(gateway, "room", "three", id="3", prev_id="2")
    assert await all_received(first, 3) == ["one", "two", "three"]
    assert await received(late) == "three"


async def test_websocket_that_is_up_to_date_misses_nothing(gateway, app, joined):
    app.behaviour = on("room")
    [first] = await joined(gateway)
    say(gateway, "room", "one", id="1")
    app.behaviour = polite(follow("room", "1"), text("on"))
    [second] = await joined(gateway)
    assert say(gateway, "room", "two", id="2", prev_id="1") == 2
    assert await received(second) == "two"
    assert len(app.requests) == 2 and await all_received(first, 2) == ["one", "two"]


# Faults

FAULTS = {
    "no JSON": (b"{", "Body is not valid JSON."),
    "no object": ([], "Invalid format."),
    "no items": ({}, "does not contain 'items'"),
    "no channel": ({"items": [{"ws-message": {"content": "x"}}]}, "does not contain 'channel'"),
    "no format": ({"items": [{"channel": "room"}]}, "no formats specified"),
    "no content": ({"items": [{"channel": "room", "ws-message": {}}]}, "does not contain 'content' or 'content-bin'"),
    "bad base64": ({"items": [{"channel": "room", "ws-message": {"content-bin": "?"}}]}, "content-bin"),
    "text that is no UTF-8": ({"items": [{"channel": "room", "ws-message": {"content-bin": "//8=", "type": "text"}}]}, "UTF-8"),
    "unknown action": ({"items": [{"channel": "room", "ws-message": {"action": "explode"}}]}, "action"),
    "a code that must not be on the wire": ({"items": [{"channel": "room", "ws-message": {"action": "close", "code": 1006}}]}, "1006"),
    "a reason that is too long": ({"items": [{"channel": "room", "ws-message": {"action": "close", "code": 4000, "reason": "x" * 124}}]}, "reason"),
    "a channel name that is too long": ({"items": [{"channel": "x" * 300, "ws-message": {"content": "x"}}]}, "channel"),
    "a header with a line break": ({"items": [{"channel": "room", "http-response": {"headers": {"X-A": "a\r\nb"}, "body": "x"}}]}, "X-A"),
    "a status that is none": ({"items": [{"channel": "room", "http-response": {"code": 42, "body": "x"}}]}, "code"),
    "a ping that is too long": ({"items": [{"channel": "room", "ws-message": {"type": "ping", "content": "x" * 126}}]}, "125"),
    "one bad item of two": ({"items": [{"channel": "room", "ws-message": {"content": "good"}}, {"channel": "room"}]}, "no formats"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_fault(room, fault, joined):
    body, words = FAULTS[fault]
    [socket] = await joined(room)
    async with socket:
        answer = post(room, body)
        assert answer.status_code == 400 and words in answer.text, f"{answer.status_code} {answer.text}"
        assert answer.headers["content-type"].startswith("text/plain") and answer.text.endswith("\n")
        say(room, "room", "end")
        assert await received(socket) == "end"


def test_body_that_is_too_large(gateway):
    answer = post(gateway, b'{"items":[]}' + b" " * 20_000_000)
    assert answer.status_code in (400, 413), answer.status_code
    assert publish(gateway) == []


def test_other_methods_and_types(gateway):
    assert gateway.get("/publish/").status_code == 405
    assert post(gateway, {"items": []}, headers={"accept": "application/xml"}).status_code == 406
    assert gateway.get("/").text == "Pushpin API\n"


# Who may publish

def authorized(gateway, header, path="/publish/"):
    return gateway.post(path, json={"items": []}, headers={"authorization": header}).status_code


def token(key=KEY, lifetime=3600, **claims):
    return "Bearer " + jwt.encode({"exp": int(time.time()) + lifetime, **claims}, key)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


ALLOWED = {
    "the key": f"Bearer {KEY}", "a token": token(), "a token with an issuer": token(iss="anybody"), "a password": basic("anybody", KEY),
    "lower case": f"bearer {KEY}",
}
REFUSED = {
    "nothing": "", "another key": f"Bearer {OTHER_KEY}", "a token of another key": token(OTHER_KEY), "a token that has expired": token(lifetime=-100),
    "a token without an end": "Bearer " + jwt.encode({"iss": "x"}, KEY), "another password": basic("x", OTHER_KEY), "another scheme": f"Key {KEY}",
    "a token without a signature": "Bearer " + jwt.encode({"exp": int(time.time()) + 100}, None, algorithm="none"),
    "the key with more": f"Bearer {KEY}x", "what a broken library sends": f"Basic {base64.b64encode(b'x:y')}",
}


@pytest.fixture(scope="module")
def locked():
    """A gateway with a token; no app is needed."""
    gateway = Gateway("grip", "http://127.0.0.1:9", "--control-token", KEY)
    yield gateway
    gateway.stop()


@pytest.mark.parametrize("how", ALLOWED)
def test_publisher_with_the_key(locked, how):
    assert authorized(locked, ALLOWED[how]) == 200


@pytest.mark.parametrize("how", REFUSED)
def test_publisher_without_the_key(locked, how):
    assert authorized(locked, REFUSED[how]) == 401


def test_other_parts_of_the_control_api_need_it_too(locked):
    assert locked.get("/v1/connections").status_code == 401
    assert locked.get("/v1/connections", headers={"authorization": token()}).status_code == 200


def test_issuer(launch, app):
    gateway = launch("grip", app.url, "--control-token", KEY, "--control-issuer", "realm")
    assert authorized(gateway, token(iss="realm")) == 200
    assert authorized(gateway, basic("realm", KEY)) == 200
    assert authorized(gateway, token(iss="other")) == authorized(gateway, token()) == authorized(gateway, basic("other", KEY)) == 401


def test_key_in_base64(launch, app):
    gateway = launch("grip", app.url, "--control-token", "base64:" + encoded(KEY.encode()))
    assert authorized(gateway, token()) == authorized(gateway, f"Bearer {KEY}") == 200
    assert authorized(gateway, token(OTHER_KEY)) == 401


@pytest.mark.parametrize("header", [{"origin": "https://example.com"}, {"host": "example.com"}], ids=str)
def test_web_pages_cannot_publish_without_a_key(gateway, header):
    assert post(gateway, {"items": []}, headers=header).status_code == 403
