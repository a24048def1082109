"""Transcripts of plain requests and of holds, for `test_grip_differential.py`."""

import itertools

from grip_backend import Answer, script
from grip_transcripts_publish import listener

TRANSCRIPTS = {}
PLAIN = ("Content-Type", "text/plain")


def transcript(function):
    TRANSCRIPTS[function.__name__] = function
    return function


# Plain requests

@transcript
def plain_get(play):
    play.behaviour = script(Answer(201, [PLAIN, ("X-Foo", "bar"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], "hello\n"))
    play.fetch("a%20b/?x=1&y=%2F", headers=[
        ("Cookie", "a=b"), ("Accept", "text/plain"), ("X-Twice", "one"), ("X-Twice", "two"), ("Grip-Sig", "a.b.c"), ("Grip-Last", "x"),
        ("Grip-Feature", "x"), ("Keep-Alive", "timeout=5"), ("User-Agent", "test"),
        ("Accept-Encoding", "gzip"), ("Meta-User", "ann"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "1.2.3.4"),
    ])


@transcript
def plain_post(play):
    play.behaviour = script(lambda request: Answer(200, [PLAIN], request.raw))
    play.fetch(method="POST", body=b"\x00\xff" * 1000, headers=[("Content-Type", "application/octet-stream")])


@transcript
def plain_put_without_a_body(play):
    play.behaviour = script(Answer(204))
    play.fetch(method="PUT", body=b"")


@transcript
def plain_head(play):
    play.behaviour = script(Answer(200, [PLAIN], "hello"))
    play.fetch(method="HEAD")


@transcript
def plain_not_modified(play):
    play.behaviour = script(Answer(304, [("ETag", '"1"')]))
    play.fetch(headers=[("If-None-Match", '"1"')])


@transcript
def plain_error_of_the_app(play):
    play.behaviour = script(Answer(500, [PLAIN], "oops", reason="It Broke"))
    play.fetch()


@transcript
def plain_large_body(play):
    play.behaviour = script(Answer(200, [PLAIN], "x" * 300_000))
    play.fetch()


@transcript
def client_that_says_it_is_a_gateway(play):
    play.fetch(method="POST", body=b"OPEN\r\n", headers=[("Content-Type", "application/websocket-events")])


# Holds

def held(play, *headers, mode="response", body="nothing new\n", status=200, otherwise=None):
    """Makes the app hold the next request."""
    hold = [("Grip-Hold", mode)] if mode else []
    channel = [] if any(name == "Grip-Channel" for name, _ in headers) else [("Grip-Channel", play.channel())]
    play.behaviour = script(Answer(status, [PLAIN, ("X-Foo", "bar"), *hold, *channel, *headers], body), otherwise=otherwise)


@transcript
def held_response(play):
    held(play)
    request = play.ask()
    play.told(1)
    play.answered(request, **{"http-response": {"body": "fresh\n"}})


@transcript
def held_response_of_its_own_kind(play):
    held(play, ("X-Bar", "kept"))
    request = play.ask()
    play.told(1)
    play.answered(request, formats={"http-response": {
        "code": 418, "reason": "Short And Stout", "headers": {"X-Foo": "new", "Content-Type": "text/tea"}, "body-bin": "AP8="}})


@transcript
def held_response_with_a_list_of_headers(play):
    held(play)
    request = play.ask()
    play.told(1)
    play.answered(request, **{"http-response": {"headers": [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]], "body": "x"}})


@transcript
def held_response_is_patched(play):
    held(play, body='{"list": [1, 2], "name": "Ann"}\n')
    request = play.ask()
    play.told(1)
    play.answered(request, **{"http-response": {"body-patch": [
        {"op": "add", "path": "/list/-", "value": 3}, {"op": "remove", "path": "/name"}, {"op": "test", "path": "/list/0", "value": 1}]}})


@transcript
def held_on_several_channels(play):
    held(play, ("Grip-Channel", f"{play.channel('other')}, {play.channel()}"))
    request = play.ask()
    play.told(1)
    play.answered(request, **{"http-response": {"body": "fresh\n"}})


@transcript
def held_with_a_filter(play):
    held(play, ("Grip-Channel", f"{play.channel()}; filter=skip-self"), ("Grip-Set-Meta", 'user="ann", other="x"'))
    request = play.ask()
    play.told(1)
    turns = itertools.cycle([{"meta": {"sender": "ann"}, "http-response": {"body": "of ann"}}, {"http-response": {"body": "of bob"}}])
    play.answered_by(request, lambda: next(turns))


@transcript
def held_with_the_filter_require_sub(play):
    held(play, ("Grip-Channel", f"{play.channel()}; filter=require-sub, {play.channel('members')}"))
    request = play.ask()
    play.told(1)
    turns = itertools.cycle([
        {"meta": {"require_sub": play.channel("guests")}, "http-response": {"body": "for guests"}},
        {"meta": {"require_sub": play.channel("members")}, "http-response": {"body": "for members"}},
    ])
    play.answered_by(request, lambda: next(turns))


@transcript
def held_with_the_filter_build_id(play):
    held(play, ("Grip-Channel", f"{play.channel()}; prev-id=7; filter=build-id"), ("Grip-Set-Meta", f'id_format="a-%({play.channel()})s"'))
    request = play.ask()
    play.told(1)
    play.answered(request, **{"prev-id": "7", "http-response": {"body": "id %I", "content-filters": ["build-id"]}})


@transcript
def held_with_the_filter_var_subst(play):
    held(play, ("Grip-Channel", f"{play.channel()}; filter=var-subst"), ("Grip-Set-Meta", 'name="Ann \\"B\\""'))
    request = play.ask()
    play.told(1)
    play.answered(request, **{"http-response": {"body": "Hello %(name)s, 100%%", "content-filters": ["var-subst"]}})


@transcript
def held_stream(play):
    held(play, mode="stream", body="begin\n")
    response = play.begun(play.ask())
    play.until(response, b"begin\n")
    play.publish({"http-stream": {"content": "one\n"}}, {"formats": {"http-stream": {"content-bin": "AP8K"}}})
    play.until(response, b"one\n\x00\xff\n")
    play.publish({"http-response": {"body": "not for streams"}})
    play.publish({"http-stream": {"action": "close"}})
    play.rest(response)


@transcript
def held_stream_with_a_status_of_its_own(play):
    held(play, ("Grip-Status", "202 Well"), mode="stream", body="begin\n")
    response = play.begun(play.ask())
    play.until(response, b"begin\n")
    play.publish({"http-stream": {"action": "close"}})
    play.rest(response)


@transcript
def exposed_headers(play):
    held(play, ("Grip-Expose-Headers", "X-Bar, Content-Type"), ("X-Bar", "1"))
    request = play.ask()
    play.told(1)
    play.answered(request, **{"http-response": {"body": "fresh\n"}})


@transcript
def status_without_a_hold(play):
    held(play, ("Grip-Status", "418 Teapot"), ("Grip-Channel", "x"), mode=None)
    play.fetch()


def instruct(play, body, status=200):
    play.behaviour = script(Answer(status, [("Content-Type", "application/grip-instruct"), ("X-Foo", "bar")], body))


@transcript
def instruction_to_hold_a_response(play):
    instruct(play, '{"hold": {"mode": "response", "channels": [{"name": "%s"}]}, "response": {"code": 201, "reason": "So", '
             '"headers": {"Content-Type": "text/x", "X-Bar": "1"}, "body": "nothing new"}}' % play.channel())
    request = play.ask()
    play.told(1)
    play.answered(request, **{"http-response": {"body": "fresh\n"}})


@transcript
def instruction_to_hold_a_stream(play):
    instruct(play, '{"hold": {"mode": "stream", "channels": [{"name": "%s"}]}, "response": {"code": 201, "reason": "So", '
             '"headers": [["Content-Type", "text/x"], ["X-Bar", "1"]], "body-bin": "YmVnaW4K"}}' % play.channel())
    response = play.begun(play.ask())
    play.until(response, b"begin\n")
    play.publish({"http-stream": {"action": "close"}})
    play.rest(response)


INSTRUCTIONS = {
    "no_json": "{", "no_object": "[]", "no_channels": '{"hold": {"mode": "response"}}', "unknown_mode": '{"hold": {"mode": "x", "channels": []}}',
    "hold_of_another_type": '{"hold": 7}', "channel_without_a_name": '{"hold": {"channels": [{}]}}',
    "response_without_a_hold": '{"response": {"body": "at once"}}', "nothing": "",
}


def instruction_of(body, status=200):
    def play_it(play):
        instruct(play, body, status)
        play.fetch()

    return play_it


for name, body in INSTRUCTIONS.items():
    TRANSCRIPTS[f"instruction_{name}"] = instruction_of(body)
TRANSCRIPTS["instruction_with_another_status"] = instruction_of('{"response": {"body": "x"}}', 201)


HEADERS = {
    "unknown_hold": [("Grip-Hold", "forever"), ("Grip-Channel", "c")],
    "bad_status": [("Grip-Status", "x"), ("Grip-Hold", "stream"), ("Grip-Channel", "c")],
    "bad_timeout": [("Grip-Timeout", "x"), ("Grip-Hold", "response"), ("Grip-Channel", "c")],
    "bad_keep_alive_format": [("Grip-Keep-Alive", "x; format=x"), ("Grip-Hold", "stream"), ("Grip-Channel", "c")],
    "prev_id_of_a_stream_without_a_link": [("Grip-Hold", "stream"), ("Grip-Channel", "c; prev-id=1")],
}


def headers_of(headers):
    def play_it(play):
        play.behaviour = script(Answer(200, [PLAIN, *headers], "x"))
        play.fetch()

    return play_it


for name, headers in HEADERS.items():
    TRANSCRIPTS[f"held_with_{name}"] = headers_of(headers)


ODD_HEADERS = {
    "no_channel": [("Grip-Hold", "stream")],
    "six_filters": [("Grip-Hold", "stream"), ("Grip-Channel", "c" + "; filter=skip-self" * 6)],
    "unknown_filter": [("Grip-Hold", "stream"), ("Grip-Channel", "c; filter=nonsense")],
    "bad_link": [("Grip-Link", "nonsense"), ("Grip-Hold", "stream"), ("Grip-Channel", "c")],
    "link_of_another_kind": [("Grip-Link", "</x>; rel=x"), ("Grip-Hold", "stream"), ("Grip-Channel", "c")],
    "unknown_header": [("Grip-Nonsense", "1"), ("Grip-Hold", "stream"), ("Grip-Channel", "c")],
}


def streamed_with(headers):
    def play_it(play):
        play.behaviour = script(Answer(200, [PLAIN, *headers], "begin\n"))
        response = play.begun(play.ask())
        if response.status == 200:
            play.until(response, b"begin\n")

    return play_it


for name, headers in ODD_HEADERS.items():
    TRANSCRIPTS[f"streamed_with_{name}"] = streamed_with(headers)


# Links, and what was missed

@transcript
def next_link_at_once(play):
    def link(name):
        return ("Grip-Link", f"<{play.path(name)}>; rel=next")

    play.behaviour = script(
        Answer(200, [PLAIN, link("two?x=1")], "one\n"), Answer(200, [PLAIN, link("three")], "two\n"), Answer(200, [PLAIN], "three\n"))
    play.fetch("one", headers=[("X-Mine", "1"), ("Cookie", "a=b")])


@transcript
def next_link_on_a_hint(play):
    play.behaviour = script(
        Answer(200, [PLAIN, ("Grip-Hold", "stream"), ("Grip-Channel", f"{play.channel()}; prev-id=1"), ("Grip-Link", "<more>; rel=next; timeout=60")],
               "begin\n"),
        Answer(200, [PLAIN], "the rest\n"))
    response = play.begun(play.ask("one"))
    play.until(response, b"begin\n")
    play.publish({"http-stream": {"action": "hint"}})
    play.rest(response)


@transcript
def hint_to_a_held_response(play):
    held(play, ("Grip-Channel", f"{play.channel()}; prev-id=1"), otherwise=lambda request: Answer(200, [PLAIN], "asked again\n"))
    request = play.ask("one?x=1", headers=[("X-Mine", "1")])
    play.told(1)
    play.answered(request, **{"http-response": {"action": "hint"}})


@transcript
def held_after_something_was_missed(play):
    client = listener(play)
    play.say("one", id=play.id("1"))
    play.frames(client, 1)
    held(play, ("Grip-Channel", f"{play.channel()}; prev-id={play.id('0')}"), otherwise=lambda request: Answer(200, [PLAIN], "what was missed\n"))
    play.fetch("late")


@transcript
def held_up_to_date(play):
    client = listener(play)
    play.say("one", id=play.id("1"))
    play.frames(client, 1)
    held(play, ("Grip-Channel", f"{play.channel()}; prev-id={play.id('1')}"), otherwise=lambda request: Answer(200, [PLAIN], "asked again\n"))
    request = play.ask()
    play.told(2)
    play.answered(request, **{"http-response": {"body": "two\n"}})
