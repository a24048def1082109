"""Transcripts of publishing, for `test_grip_differential.py`."""

from grip_backend import Answer, accept, control, polite, script, subscribe, text
from grip_transcripts_websocket import goodbye
from rawsocket import TEXT, frame

TRANSCRIPTS = {}


def transcript(function):
    TRANSCRIPTS[function.__name__] = function
    return function


def listener(play, *filters, meta=None, channel="room"):
    """A client that is on a channel."""
    facts = [control("set-meta", name=name, value=value) for name, value in (meta or {}).items()]
    play.behaviour = polite(*facts, subscribe(play.channel(channel), *filters), text("on"))
    client = play.client()
    play.frames(client, 1)
    return client


# To WebSockets

@transcript
def publish_in_all_spellings(play):
    client = listener(play)
    play.publish({"formats": {"ws-message": {"content": "wrapped"}}})
    play.publish({"ws-message": {"content": "bare"}})
    play.publish({"ws-message": {"content": "grüße 🎈", "action": "send", "type": "text"}, "http-stream": {"content": "x"}, "id": play.id("1")})
    play.publish({"ws-message": {"content-bin": "AP8="}})
    play.publish({"ws-message": {"content-bin": "Z3LDvMOfZQ==", "type": "text"}})
    play.publish({"ws-message": {"content": "text as bytes", "type": "binary"}})
    play.publish({"ws-message": {"content": ""}, "size": 100, "meta": {"a": "b"}})
    play.publish({"ws-message": {"type": "ping", "content": "payload"}}, {"ws-message": {"type": "pong", "content": "payload"}})
    play.publish({"http-response": {"body": "not for sockets"}})
    play.publish(*({"ws-message": {"content": f"item {number}"}} for number in range(10)))
    play.frames(client, 19)
    goodbye(play, client)


@transcript
def publish_a_ping_without_content(play):
    client = listener(play)
    play.publish({"ws-message": {"type": "ping"}})
    play.say("end")
    play.until_text(client, b"end")
    goodbye(play, client)


@transcript
def unsubscribed(play):
    play.behaviour = script(accept(subscribe(play.channel()), text("on")), lambda request: Answer(
        200, [("Content-Type", "application/websocket-events")],
        b"TEXT %x\r\n%s\r\nTEXT 5\r\nm:off\r\n" % (len(event := control("unsubscribe", channel=play.channel()).bytes), event)))
    client = play.client()
    play.frames(client, 1)
    play.say("one")
    play.frames(client, 1)
    client.send(frame(TEXT, b"leave"))
    play.frames(client, 1)
    play.say("two")
    goodbye(play, client)


@transcript
def subscribed_twice_hears_once(play):
    play.behaviour = polite(subscribe(play.channel()), subscribe(play.channel()), text("on"))
    client = play.client()
    play.frames(client, 1)
    play.say("one")
    play.say("two")
    play.frames(client, 2)
    goodbye(play, client)


@transcript
def publish_that_closes(play):
    client = listener(play)
    play.publish({"ws-message": {"action": "close", "code": 4010, "reason": "grüße"}})
    play.until_end(client)
    play.heard("CLOSE")


@transcript
def publish_that_closes_without_a_code(play):
    client = listener(play)
    play.publish({"ws-message": {"action": "close"}})
    play.until_end(client)
    play.heard("CLOSE")


@transcript
def duplicates_are_dropped(play):
    client = listener(play)
    for content, name in (("one", "a"), ("again", "a"), ("two", "b"), ("three", "a")):
        play.say(content, id=play.id(name))
    play.say("end")
    play.until_text(client, b"end")
    goodbye(play, client)


@transcript
def published_out_of_order(play):
    client = listener(play)
    play.say("one", id=play.id("1"))
    play.say("three", id=play.id("3"), **{"prev-id": play.id("2")})
    play.say("at once", id=play.id("x"), **{"prev-id": play.id("nowhere"), "no-seq": True})
    play.say("two", id=play.id("2"), **{"prev-id": play.id("1")})
    play.frames(client, 4)
    goodbye(play, client)


# Filters

@transcript
def unknown_filter(play):
    client = listener(play, "nonsense")
    play.say("one")
    play.frames(client, 1)
    goodbye(play, client)


@transcript
def filter_skip_self(play):
    client = listener(play, "skip-self", meta={"user": "ann"})
    play.say("of ann", meta={"sender": "ann"})
    play.say("of bob", meta={"sender": "bob"})
    play.say("of nobody")
    play.until_text(client, b"of nobody")
    goodbye(play, client)


@transcript
def filter_skip_users(play):
    client = listener(play, "skip-users", meta={"user": "ann"})
    play.say("not ann", meta={"skip_users": "bob,ann"})
    play.say("not bob", meta={"skip_users": "bob,annie"})
    play.say("everybody")
    play.until_text(client, b"everybody")
    goodbye(play, client)


@transcript
def filter_require_sub(play):
    play.behaviour = polite(subscribe(play.channel(), "require-sub"), subscribe(play.channel("members")), text("on"))
    client = play.client()
    play.frames(client, 1)
    play.say("for guests", meta={"require_sub": play.channel("guests")})
    play.say("for members", meta={"require_sub": play.channel("members")})
    play.say("for all")
    play.until_text(client, b"for all")
    goodbye(play, client)


@transcript
def filter_var_subst(play):
    client = listener(play, "var-subst", meta={"name": "Ann"})
    for content in ("Hello %(name)s, 100%%", "unknown %(nobody)s", "end"):
        play.publish({"ws-message": {"content": content, "content-filters": ["var-subst"]}})
    play.until_text(client, b"end")
    goodbye(play, client)


@transcript
def content_filters_must_match(play):
    client = listener(play, "var-subst", meta={"name": "Ann"})
    play.publish({"ws-message": {"content": "no filters"}})
    play.publish({"ws-message": {"content": "%(name)s", "content-filters": ["var-subst"]}})
    play.until_text(client, b"Ann")
    goodbye(play, client)


@transcript
def meta_that_is_taken_away(play):
    play.behaviour = polite(
        control("set-meta", name="user", value="ann"), control("set-meta", name="user"), subscribe(play.channel(), "skip-self"), text("on"))
    client = play.client()
    play.frames(client, 1)
    play.say("of ann", meta={"sender": "ann"})
    play.frames(client, 1)
    goodbye(play, client)


# What the publish API answers

BODIES = {
    "no_json": b"{", "nothing": b"", "no_object": [], "no_items": {}, "items_of_another_type": {"items": {}}, "no_item_at_all": {"items": []},
    "item_of_another_type": {"items": [7]}, "no_channel": {"items": [{"ws-message": {"content": "x"}}]},
    "channel_of_another_type": {"items": [{"channel": 7, "ws-message": {"content": "x"}}]},
    "no_formats": {"items": [{"channel": "c"}]}, "empty_formats": {"items": [{"channel": "c", "formats": {}}]},
    "formats_of_another_type": {"items": [{"channel": "c", "formats": 7}]},
    "format_of_another_type": {"items": [{"channel": "c", "ws-message": 7}]}, "unknown_format": {"items": [{"channel": "c", "formats": {"x": {}}}]},
    "no_content": {"items": [{"channel": "c", "ws-message": {}}]},
    "content_of_another_type": {"items": [{"channel": "c", "ws-message": {"content": 7}}]},
    "no_content_of_a_stream": {"items": [{"channel": "c", "http-stream": {}}]}, "no_body": {"items": [{"channel": "c", "http-response": {}}]},
    "unknown_action": {"items": [{"channel": "c", "ws-message": {"action": "explode"}}]},
    "unknown_type": {"items": [{"channel": "c", "ws-message": {"content": "x", "type": "x"}}]},
    "id_of_another_type": {"items": [{"channel": "c", "id": 7, "ws-message": {"content": "x"}}]},
    "prev_id_of_another_type": {"items": [{"channel": "c", "prev-id": 7, "ws-message": {"content": "x"}}]},
    "code_of_another_type": {"items": [{"channel": "c", "ws-message": {"action": "close", "code": "x"}}]},
    "code_out_of_range": {"items": [{"channel": "c", "http-response": {"code": 1000, "body": "x"}}]},
    "headers_of_another_type": {"items": [{"channel": "c", "http-response": {"headers": 7, "body": "x"}}]},
    "hint_to_sockets": {"items": [{"channel": "c", "ws-message": {"action": "hint"}}]},
}


def publish_body(body):
    return lambda play: play.post(body)


for name, body in BODIES.items():
    TRANSCRIPTS[f"publish_{name}"] = publish_body(body)


@transcript
def one_bad_item_stops_all(play):
    client = listener(play)
    play.publish({"ws-message": {"content": "good"}}, {"ws-message": {}})
    play.say("end")
    play.until_text(client, b"end")
    goodbye(play, client)


@transcript
def publish_api_without_a_slash(play):
    play.post({"items": []}, "/publish")


@transcript
def publish_api_by_another_method(play):
    play.post(None, method="GET")


@transcript
def publish_api_root(play):
    play.post(None, "/", "GET")


ACCEPTS = ["text/plain", "*/*", "text/*", "application/json", "text/html, */*;q=0.1", "text/html, application/json", "application/xml"]


@transcript
def publish_api_says_it_in_the_wanted_type(play):
    for wanted in ACCEPTS:
        play.post({"items": []}, headers=[("Accept", wanted)])
