"""Transcripts of WebSockets, for `test_grip_differential.py`. Each is a function of a `Play`; its name is its key in `DIFFERENCES`."""

from app import raw
from grip_backend import Answer, Event, accept, binary, close, control, polite, reply, script, subscribe, text
from grip_play import code
from rawsocket import BINARY, CLOSE, PING, TEXT, frame

TRANSCRIPTS = {}


def transcript(function):
    TRANSCRIPTS[function.__name__] = function
    return function


def goodbye(play, client, number=1000):
    """Closes from the client's side and reads to the end."""
    client.send(frame(CLOSE, code(number)))
    play.until_end(client)
    play.heard("CLOSE")


# Opening

@transcript
def accept_and_echo(play):
    play.behaviour = script(reply(Event("OPEN")), lambda request: reply(*request.events), lambda request: reply(*request.events))
    client = play.client("chat/a%20b?x=1&y=%2F&z")
    client.send(frame(TEXT, "grüße 🎈".encode()))
    play.frames(client, 1)
    goodbye(play, client)


@transcript
def what_is_passed_on_of_the_handshake(play):
    spoofs = [
        ("Meta-User", "admin"), ("Grip-Sig", "a.b.c"), ("Grip-Feature", "x"), ("Grip-Last", "x; last-id=1"), ("Connection-Id", "mine-mine"),
        ("Accept", "text/html"), ("Accept-Encoding", "gzip"), ("Content-Encoding", "gzip"), ("Keep-Alive", "timeout=5"),
        ("Sec-WebSocket-Extensions", "x-nonsense"),
    ]
    own = [
        ("Cookie", "a=b; c=d"), ("Authorization", "Basic dTpw"), ("User-Agent", "test/1.0"), ("Origin", "https://example.com"),
        ("X-Twice", "one"), ("X-Twice", "two"), ("Accept-Language", "de"), ("Sec-WebSocket-Protocol", "chat, superchat"),
    ]
    client = play.client(extra=spoofs + own)
    client.send(frame(TEXT, b"again"))
    play.frames(client, 1)
    goodbye(play, client)


@transcript
def content_type_of_the_client(play):
    client = play.client(extra=[("Content-Type", "text/plain")])
    goodbye(play, client)


@transcript
def headers_of_the_answer_go_to_the_client(play):
    play.behaviour = polite(headers=[
        ("Sec-WebSocket-Protocol", "superchat"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Foo", "bar"), ("Set-Meta-User", "7"),
        ("Keep-Alive-Interval", "120"),
    ])
    client = play.client(sec_websocket_protocol="chat, superchat")
    goodbye(play, client)


@transcript
def no_subprotocol_unless_the_app_chooses(play):
    goodbye(play, play.client(sec_websocket_protocol="chat, superchat"))


@transcript
def messages_with_the_opening(play):
    play.behaviour = polite(text("welcome"), binary(b"\x00\xff"), text(""))
    client = play.client()
    play.frames(client, 3)
    goodbye(play, client)


@transcript
def opened_and_closed_at_once(play):
    play.behaviour = script(accept(text("no"), close(4403, "go away")))
    play.until_end(play.client())
    play.told(2)


@transcript
def refused_by_the_app(play):
    play.behaviour = script(Answer(401, [("WWW-Authenticate", "Basic"), ("X-Foo", "bar"), ("Content-Type", "text/plain")], "who are you?\n"))
    play.client(accepted=False)


@transcript
def refused_by_a_redirect(play):
    play.behaviour = script(Answer(302, [("Location", "/elsewhere")]))
    play.client(accepted=False)


@transcript
def answer_of_another_type(play):
    play.behaviour = script(Answer(200, [("Content-Type", "text/html")], "<p>hello"))
    play.client(accepted=False)


@transcript
def content_type_with_parameters(play):
    play.behaviour = script(reply(Event("OPEN"), content_type="application/websocket-events; charset=utf-8"))
    client = play.client(accepted=False)
    client.send(frame(CLOSE, code(1000)))
    play.until_end(client)


@transcript
def empty_answer_to_the_opening(play):
    play.behaviour = script(reply())
    play.client(accepted=False)


@transcript
def first_event_is_no_opening(play):
    play.behaviour = script(reply(text("hello")))
    play.client(accepted=False)


@transcript
def opening_that_is_no_events(play):
    play.behaviour = script(Answer(200, [("Content-Type", "application/websocket-events")], "OPEN"))
    play.client(accepted=False)


# Messages

@transcript
def fragments_become_one_message(play):
    client = play.client()
    client.send(frame(TEXT, b"ab", fin=False) + frame(0, b"cd", fin=False) + frame(0, b"ef"))
    play.frames(client, 1)
    client.send(frame(BINARY, b"\x00", fin=False) + frame(0, b"", fin=False) + frame(0, b"\xff"))
    play.frames(client, 1)
    goodbye(play, client)


@transcript
def messages_in_a_row(play):
    play.joins_requests = True
    client = play.client()
    client.send(b"".join(frame(TEXT, f"message {number}".encode()) for number in range(20)))
    play.frames(client, 20)
    goodbye(play, client)


@transcript
def message_and_close_in_one_go(play):
    play.joins_requests = True
    client = play.client()
    client.send(frame(TEXT, b"last words") + frame(CLOSE, code(4001)))
    play.heard("TEXT", "CLOSE")
    # What is sent to a client that has said goodbye is of no account.
    client.has_ended()


@transcript
def empty_text(play):
    client = play.client()
    client.send(frame(TEXT))
    play.frames(client, 1)
    goodbye(play, client)


@transcript
def empty_binary(play):
    client = play.client()
    client.send(frame(BINARY))
    play.frames(client, 1)
    goodbye(play, client)


@transcript
def ping_of_the_client(play):
    play.behaviour = script(accept(), lambda request: reply(*[Event("PONG", event.content) for event in request.events if event.type == "PING"]))
    client = play.client()
    client.send(frame(PING, b"payload"))
    play.frames(client, 1)
    goodbye(play, client)


@transcript
def pings_and_pongs_of_the_app(play):
    play.behaviour = polite(Event("PING"), Event("PING", b"payload"), Event("PONG", b"unasked"), text("end"))
    client = play.client()
    play.frames(client, 4)
    goodbye(play, client)


@transcript
def answer_in_another_spelling(play):
    body = b"OPEN 0\r\n\r\nTEXT 1B\r\nm:twenty-seven bytes in all\r\nTEXT 01b\r\nm:twenty-seven bytes in all\r\n"
    body += b"WHATEVER 3\r\nabc\r\nNOTHING\r\nTEXT 5\r\nm:end\r\n"
    play.behaviour = script(Answer(200, [("Content-Type", "application/websocket-events"), ("Sec-WebSocket-Extensions", "grip")], body))
    client = play.client()
    play.frames(client, 3)
    goodbye(play, client)


@transcript
def text_without_a_length(play):
    play.behaviour = script(reply(Event("OPEN"), Event("TEXT"), Event("BINARY"), Event("TEXT", b"end")))
    client = play.client()
    play.frames(client, 3)
    goodbye(play, client)


@transcript
def long_messages(play):
    client = play.client()
    for size in (125, 126, 16_383, 16_384, 30_000):
        client.send(frame(TEXT, b"x" * size))
        play.frames(client, 1)
        client.send(frame(BINARY, b"\xff" * size))
        play.frames(client, 1)
    goodbye(play, client)


@transcript
def meta_is_kept_replaced_and_taken_away(play):
    play.behaviour = script(
        accept(headers=[("Set-Meta-User", "7"), ("set-meta-room-name", "hall")]), reply(headers=[("Set-Meta-USER", "8")]), reply(),
        reply(headers=[("Set-Meta-User", "")]), reply(text("end")),
    )
    client = play.client()
    for number in range(4):
        client.send(frame(TEXT, b"%d" % number))
        play.told(2 + number)
    play.frames(client, 1)
    goodbye(play, client)


# Faults of the app

@transcript
def app_fails_at_a_message(play):
    play.behaviour = script(accept(), Answer(500, [], "oops"))
    client = play.client()
    client.send(frame(TEXT, b"hello"))
    play.until_end(client)


@transcript
def app_answers_a_message_with_another_type(play):
    play.behaviour = script(accept(), Answer(200, [("Content-Type", "text/plain")], "oops"))
    client = play.client()
    client.send(frame(TEXT, b"hello"))
    play.until_end(client)


@transcript
def app_answers_a_message_with_nonsense(play):
    play.behaviour = script(accept(), Answer(200, [("Content-Type", "application/websocket-events")], "TEXT zz\r\nabc\r\n"))
    client = play.client()
    client.send(frame(TEXT, b"hello"))
    play.until_end(client)


@transcript
def app_hangs_up_on_a_message(play):
    play.behaviour = script(accept(), raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nTEXT"))
    client = play.client()
    client.send(frame(TEXT, b"hello"))
    play.until_end(client)


@transcript
def app_opens_twice(play):
    play.behaviour = script(accept(), reply(Event("OPEN")))
    client = play.client()
    client.send(frame(TEXT, b"hello"))
    play.until_end(client)


# Closing

@transcript
def client_closes_with_code_and_reason(play):
    client = play.client()
    client.send(frame(CLOSE, code(4001, "grüße")))
    play.until_end(client)
    play.heard("CLOSE")


@transcript
def client_closes_without_a_code(play):
    client = play.client()
    client.send(frame(CLOSE))
    play.until_end(client)
    play.heard("CLOSE")


@transcript
def app_does_not_answer_the_close(play):
    play.behaviour = script(accept(), reply())
    client = play.client()
    client.send(frame(CLOSE, code(4001, "why")))
    play.until_end(client)
    play.heard("CLOSE")


@transcript
def app_answers_the_close_with_another_code(play):
    play.behaviour = script(accept(), reply(close(4002, "because")))
    client = play.client()
    client.send(frame(CLOSE, code(4001, "why")))
    play.until_end(client)
    play.heard("CLOSE")


@transcript
def app_answers_the_close_with_an_illegal_code(play):
    play.behaviour = script(accept(), reply(close(0)))
    client = play.client()
    client.send(frame(CLOSE, code(4001, "why")))
    play.until_end(client)
    play.heard("CLOSE")


@transcript
def app_closes_with_code_and_reason(play):
    play.behaviour = script(accept(), reply(text("bye"), close(4003, "grüße"), text("never")))
    client = play.client()
    client.send(frame(TEXT, b"hello"))
    play.until_end(client)
    play.heard("CLOSE")


@transcript
def app_closes_without_a_code(play):
    play.behaviour = script(accept(), reply(Event("CLOSE")))
    client = play.client()
    client.send(frame(TEXT, b"hello"))
    play.until_end(client)
    play.heard("CLOSE")


@transcript
def app_closes_with_an_illegal_code(play):
    play.behaviour = script(accept(), reply(close(1005, "x")))
    client = play.client()
    client.send(frame(TEXT, b"hello"))
    play.until_end(client)


@transcript
def app_drops_the_client(play):
    play.behaviour = script(accept(), reply(text("bye"), Event("DISCONNECT"), text("never")))
    client = play.client()
    client.send(frame(TEXT, b"hello"))
    play.until_end(client)


@transcript
def client_vanishes(play):
    client = play.client()
    client.send(frame(TEXT, b"hello"))
    play.frames(client, 1)
    client.reset()
    play.heard("DISCONNECT")


# Messages with a prefix, and control messages

@transcript
def prefix(play):
    play.behaviour = polite(
        text("one"), Event("TEXT", b"no prefix"), Event("TEXT", b"M:no"), Event("TEXT", b""), text("m:two"), binary(b"three"),
        Event("BINARY", b"no prefix"), Event("BINARY", b"c:{}"), text("c:four"), text("end"),
    )
    client = play.client()
    play.frames(client, 5)
    goodbye(play, client)


def prefix_of_its_own(parameter, said):
    def play_it(play):
        extension = ("Sec-WebSocket-Extensions", f"grip; message-prefix={parameter}")
        opening = [text("one", said), text("two"), subscribe(play.channel())]
        play.behaviour = script(accept(*opening, grip=False, headers=[extension]), reply(text("end", said)))
        client = play.client()
        client.send(frame(TEXT, b"go on"))
        play.frames(client, 2 if said else 3)
        goodbye(play, client)

    return play_it


TRANSCRIPTS["prefix_quoted"] = prefix_of_its_own('"to: "', "to: ")
TRANSCRIPTS["prefix_bare"] = prefix_of_its_own("to:", "to:")
TRANSCRIPTS["prefix_empty"] = prefix_of_its_own('""', "")


@transcript
def no_control_messages_without_the_extension(play):
    play.behaviour = script(reply(Event("OPEN"), subscribe(play.channel()), Event("TEXT", b"m:as it is")))
    client = play.client()
    play.frames(client, 2)
    goodbye(play, client)


@transcript
def control_messages_without_effect(play):
    play.behaviour = polite(
        Event("TEXT", b"c:"), Event("TEXT", b"c:no JSON"), Event("TEXT", b"c:[]"), control("whatever"), control("subscribe"),
        control("subscribe", channel=""), control("subscribe", channel=7), control("unsubscribe", channel="never joined"), control("session"),
        control("set-meta"), control("flush-delayed"), control("keep-alive"), text("end"),
    )
    client = play.client()
    play.frames(client, 1)
    goodbye(play, client)


@transcript
def send_later_and_flush(play):
    play.behaviour = polite(
        control("send-delayed", content="one", timeout=60), control("send-delayed", message_type="binary", content_bin="AP8=", timeout=60),
        control("flush-delayed"),
    )
    client = play.client()
    play.frames(client, 2)
    goodbye(play, client)


@transcript
def detached(play):
    play.behaviour = polite(subscribe(play.channel()), control("detach"), text("you are on your own"))
    client = play.client()
    play.frames(client, 1)
    play.heard("CLOSE")
    client.send(frame(TEXT, b"nobody hears this"))
    play.say("published")
    play.frames(client, 1)


@transcript
def twenty_five_subscriptions(play):
    channels = [play.channel(f"room-{number}") for number in range(25)]
    play.behaviour = polite(*map(subscribe, channels), text("on"))
    client = play.client()
    play.frames(client, 1)
    play.post({"items": [{"channel": channel, "ws-message": {"content": channel}} for channel in [*channels, channels[0]]]})
    seen = []
    while seen.count(channels[0]) < 2:
        seen.append(client.message()[1].decode())
    play.note("client", len(seen))
    goodbye(play, client)


@transcript
def long_control_message(play):
    play.behaviour = polite(control("subscribe", channel=play.channel(), note="x" * 20_000), subscribe(play.channel("other")), text("on"))
    client = play.client()
    play.frames(client, 1)
    play.say("one")
    play.say("two", channel=play.channel("other"))
    play.until_text(client, b"two")
    goodbye(play, client)
