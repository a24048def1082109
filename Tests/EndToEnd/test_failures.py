"""An app that fails in every way it can, and what the client and the app then see."""

import asyncio

import pytest

from app import (
    JSON, after_interim, always, answer, chunked, close_delimited, echo, endless, for_type, garbage, held_by, in_turn, raw, reply, reset_mid_answer,
)
from client import all_received, connect, ending, received, refusal, round_trip
from eventually import eventually, settled, stays

NO_RETRY = ["--webhook-retries", "0"]
EMPTY = (200, JSON, b"{}")


def one_line(response):
    """The reason that a refused client reads."""
    text = bytes(response.body).decode()
    assert text.strip() and len(text.strip().splitlines()) == 1, f"not a one-line reason: {text!r}"
    return text


async def all_events(app, count):
    """Waits for an event with this seq, the last one, and returns all events in order without repeats."""
    await eventually(lambda: any(event["seq"] == count for event in app.events()), f"the app gets event {count}", show=app.transcript)
    distinct = {}
    for event in app.events():
        if event["seq"] not in distinct:
            assert event["seq"] == len(distinct) + 1, f"event {event['seq']} came after {len(distinct)}\n{app.transcript()}"
        distinct.setdefault(event["seq"], event)
    return list(distinct.values())


# The handshake

async def test_open_while_the_app_is_down_is_502(gateway, app):
    app.kill()
    response = await refusal(gateway)
    assert response.status_code == 502
    one_line(response)


async def test_open_while_the_app_is_slow_is_504(serve, app):
    gateway = serve("--webhook-timeout", "500ms", *NO_RETRY)
    app.behaviour = held_by(app.gate())
    response = await refusal(gateway)
    assert response.status_code == 504
    one_line(response)


async def test_an_app_that_accepts_too_late_hears_of_the_end(serve, app):
    gateway = serve("--webhook-timeout", "500ms", *NO_RETRY)
    gate = app.gate()
    app.behaviour = for_type("open", held_by(gate))
    response = await refusal(gateway)
    assert response.status_code == 504
    gate.open()
    end = (await all_events(app, 2))[-1]
    assert (end["type"], end["clean"], end["code"]) == ("close", False, 1006)
    assert "0.5 s" in end["error"]


async def test_open_while_the_app_fails_is_503_after_retries(gateway, app):
    app.behaviour = always(500, {"content-type": "text/plain"}, b"stack trace, not for strangers")
    response = await refusal(gateway)
    assert response.status_code == 503
    assert "stack trace" not in one_line(response)
    assert len(app.webhooks) == 3, "the first try and two retries"
    assert {event["seq"] for event in app.events()} == {1}


async def test_open_succeeds_by_a_retry(gateway, app):
    app.behaviour = in_turn(reset_mid_answer(), always(502), reply(open=[{"type": "send", "text": "at last"}], message=echo))
    async with connect(gateway) as socket:
        assert await received(socket) == "at last"
        await socket.send("hello")
        assert await received(socket) == "hello"
    assert [event["seq"] for event in app.events()][:4] == [1, 1, 1, 2]


NO_ANSWER = {
    "a reset in the middle": reset_mid_answer(),
    "bytes that are no HTTP": garbage(),
    "no bytes at all": raw(b""),
    "a head that never ends": raw(b"HTTP/1.1 200 OK\r\n" + b"x-long: " + b"a" * 300_000 + b"\r\n\r\n"),
    "a body that is no JSON": always(200, {"content-type": "text/plain"}, b"hello"),
    "a body shorter than announced": raw(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"actions":[]}'),
    "two lengths": raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x"),
    "chunks that are none": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("case", NO_ANSWER)
async def test_open_without_a_usable_answer_is_502(serve, app, case):
    gateway = serve(*NO_RETRY)
    app.behaviour = NO_ANSWER[case]
    response = await refusal(gateway)
    assert response.status_code == 502, case
    one_line(response)


@pytest.mark.parametrize("case", NO_ANSWER)
async def test_message_without_a_usable_answer_closes_with_1011(serve, app, case):
    gateway = serve(*NO_RETRY)
    app.behaviour = for_type("message", NO_ANSWER[case])
    async with connect(gateway) as socket:
        await socket.send("hello")
        assert (await ending(socket))[0] == 1011, case
    await eventually(lambda: app.events("close"), "the app is told that the connection is closed", show=app.transcript)
    assert app.events("close")[0].get("error"), f"no word on why: {app.events('close')[0]}"


async def test_endless_answer_is_cut_off(serve, app):
    gateway = serve("--max-answer-bytes", "64KiB", *NO_RETRY)
    poured = [0]
    app.behaviour = endless(poured)
    before = gateway.resident_bytes()
    assert (await refusal(gateway)).status_code == 502
    end = await settled(lambda: poured[0], "the endless body")
    assert end < 32 * 2**20, f"the gateway let the app pour {end} bytes"
    assert gateway.resident_bytes() - before < 64 * 2**20


async def test_answer_of_just_the_limit_is_taken(serve, app):
    gateway = serve("--max-answer-bytes", "1KiB", *NO_RETRY)
    app.behaviour = lambda webhook: (200, JSON, b"{}" + b" " * 1022)
    async with connect(gateway) as socket:
        app.behaviour = lambda webhook: (200, JSON, b"{}" + b" " * 1023)
        await socket.send("hello")
        assert (await ending(socket))[0] == 1011


# Messages

async def test_message_survives_two_failures(gateway, app):
    app.behaviour = for_type("message", in_turn(always(500), reset_mid_answer(), reply(message=echo)))
    async with connect(gateway) as socket:
        await socket.send("hello")
        assert await received(socket) == "hello"
    assert [event["seq"] for event in app.events("message")] == [2, 2, 2]


async def test_message_that_always_fails_closes_with_1011(gateway, app):
    app.behaviour = for_type("message", always(500))
    async with connect(gateway) as socket:
        await socket.send("hello")
        assert (await ending(socket))[0] == 1011
    assert len(app.events("message")) >= 3, "the first try and two retries"
    await eventually(lambda: app.events("close"), "the app is told that the connection is closed", show=app.transcript)
    assert app.events("close")[0].get("error"), app.events("close")[0]


async def test_message_that_times_out_closes_with_1011(serve, app):
    gateway = serve("--webhook-timeout", "500ms", *NO_RETRY)
    app.behaviour = for_type("message", held_by(app.gate()))
    async with connect(gateway) as socket:
        await socket.send("hello")
        assert (await ending(socket))[0] == 1011


async def test_events_that_never_arrived_come_with_the_close(gateway, app):
    async with connect(gateway) as socket:
        app.kill()
        for n in range(5):
            await socket.send(str(n))
        assert (await ending(socket))[0] == 1011
    app.start()
    events = await all_events(app, 7)
    assert [event.get("text") for event in events[1:6]] == list("01234"), events
    assert [event["type"] for event in events[1:]] == [*["message"] * 5, "close"], events


async def test_close_event_waits_for_an_app_that_is_down(gateway, app):
    async with connect(gateway):
        app.kill()
    # A message would have been given up by the third retry.
    await eventually(lambda: gateway.metric("holdfast_webhook_retries_total") >= 3, "the close event has been retried three times", within=30)
    app.start()
    events = await all_events(app, 2)
    assert (events[1]["type"], events[1]["code"], events[1]["clean"]) == ("close", 1000, True)


async def test_dropping_instead_of_closing(serve, app):
    gateway = serve("--webhook-on-failure", "drop", *NO_RETRY)
    app.behaviour = for_type("message", always(500))
    async with connect(gateway) as socket:
        await socket.send("lost")
        await eventually(lambda: app.events("message"), "the message reaches the app")
        app.behaviour = reply(message=echo)
        await socket.send("heard")
        assert await received(socket) == "heard"


async def test_redirect_of_a_message_is_not_followed(serve, app):
    gateway = serve(*NO_RETRY)
    app.behaviour = for_type("message", always(307, {"location": app.url + "/elsewhere"}))
    async with connect(gateway) as socket:
        await socket.send("hello")
        assert (await ending(socket))[0] == 1011
    assert {webhook.path for webhook in app.webhooks} == {"/hook"}, "the gateway followed a redirect"


async def test_app_that_comes_back_in_time_is_not_missed(gateway, app):
    app.behaviour = reply(message=echo)
    async with connect(gateway) as socket:
        app.kill()
        await socket.send("hello")
        await round_trip(socket)
        app.start()
        assert await received(socket) == "hello"


async def test_kept_connection_that_the_app_closed_is_no_failure(serve, app):
    gateway = serve(*NO_RETRY)
    app.behaviour = reply(message=echo)
    async with connect(gateway) as socket:
        for n in range(10):
            await socket.send(str(n))
            assert await received(socket) == str(n)
            app.close_kept_connections()


GOOD = reply(open=[{"type": "send", "text": "welcome"}], message=echo)
UNUSUAL = {
    "chunks": chunked(GOOD), "a body that ends with the connection": close_delimited(GOOD), "interim responses": after_interim(GOOD),
    "HTTP/1.0": lambda webhook: raw(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n" + GOOD(webhook)[2])(webhook),
    "connection: close": lambda webhook: (200, {**JSON, "connection": "close"}, GOOD(webhook)[2]),
    "no content-type": lambda webhook: (200, {}, GOOD(webhook)[2]),
    "a byte at a time": lambda webhook: _bytewise(GOOD(webhook)[2]),
}


def _bytewise(body):
    def write(connection):
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
        for byte in head + body:
            connection.sendall(bytes([byte]))
        return True

    return write


@pytest.mark.parametrize("case", UNUSUAL)
async def test_unusual_but_proper_answers_are_understood(gateway, app, case):
    app.behaviour = UNUSUAL[case]
    async with connect(gateway) as socket:
        assert await received(socket) == "welcome"
        for n in range(3):
            await socket.send(str(n))
            assert await received(socket) == str(n)
    assert [event["seq"] for event in app.events()][:4] == [1, 2, 3, 4], "a webhook was sent twice"


# Too much at once

async def test_full_webhook_queue_refuses_with_503(serve, app):
    # One event loop: two that look at the queue in the same instant may both find room.
    gateway = serve("--webhook-concurrency", "1", "--webhook-queue", "1", "--threads", "1")
    gate = app.gate()
    app.behaviour = held_by(gate)
    first = asyncio.ensure_future(connect(gateway))
    await eventually(lambda: app.webhooks, "the first handshake occupies the app")
    waiting = [asyncio.ensure_future(refusal(gateway)) for _ in range(2)]
    done, pending = await asyncio.wait(waiting, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1, "of two handshakes that had to wait, the queue of one should have refused one"
    response = done.pop().result()
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0, response.headers
    one_line(response)
    assert len(app.webhooks) == 1, "more webhooks in flight than allowed"
    gate.open()
    await (await first).close()
    with pytest.raises(AssertionError, match="was accepted"):
        await pending.pop()


async def test_concurrency_has_a_limit(serve, app):
    gateway = serve("--webhook-concurrency", "3")
    gate, inside, most = app.gate(), [0], [0]

    def behaviour(webhook):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        gate.hold()
        inside[0] -= 1
        return answer()

    app.behaviour = behaviour
    opening = [asyncio.ensure_future(connect(gateway)) for _ in range(12)]
    await eventually(lambda: inside[0] == 3, "three webhooks are in flight", show=lambda: inside[0])
    await stays(lambda: inside[0] == 3, "three webhooks in flight", during=0.5)
    gate.open()
    for socket in await asyncio.gather(*opening):
        await socket.close()
    assert most[0] == 3


async def test_a_slow_app_gets_as_many_requests_as_it_may(serve, app):
    """A loop has few requests in flight at first, and all that are allowed while the app does not answer."""
    gateway = serve("--webhook-concurrency", "60", "--threads", "1")
    gate, inside = app.gate(), [0]

    def behaviour(webhook):
        inside[0] += 1
        gate.hold()
        return answer()

    app.behaviour = behaviour
    opening = [asyncio.ensure_future(connect(gateway)) for _ in range(70)]
    await eventually(lambda: inside[0] == 60, "sixty webhooks are in flight", show=lambda: inside[0])
    await eventually(lambda: gateway.metric("holdfast_webhook_queue_depth") == 10, "ten wait")
    gate.open()
    for socket in await asyncio.gather(*opening):
        await socket.close()
    await eventually(lambda: gateway.metric("holdfast_webhook_queue_depth") == 0, "none waits")


async def test_stalled_app_holds_a_flooding_client_back(serve, app):
    """Back-pressure: the client's socket is not read, nothing is lost, nothing is reordered, and memory stays bounded."""
    count, padding = 4096, "x" * 16_000
    gateway = serve("--webhook-timeout", "2m")
    gate = app.gate()
    app.behaviour = for_type("message", held_by(gate))
    async with connect(gateway) as socket:
        sent = [0]

        async def flood():
            for n in range(count):
                await socket.send(f"{n}:{padding}")
                sent[0] = n + 1

        before = gateway.resident_bytes()
        flooding = asyncio.create_task(flood())
        stuck = await settled(lambda: sent[0], "the number of messages that the client got rid of")
        assert 0 < stuck < count, f"the client got rid of {stuck} of {count} messages while the app was stalled"
        assert len([webhook for webhook in app.webhooks if "message" in webhook.types]) == 1
        assert gateway.resident_bytes() - before < 64 * 2**20, "the gateway buffered the flood"
        gate.open()
        await flooding
        await eventually(lambda: len(app.events("message")) == count, "all messages reach the app", within=60, show=lambda: len(app.events("message")))
    assert [int(text.split(":")[0]) for text in app.texts()] == list(range(count))
    assert {len(text) for text in app.texts()} <= {len(padding) + digits for digits in range(2, 6)}


async def test_one_stalled_connection_does_not_hold_others_back(gateway, app):
    gate = app.gate()
    stall = for_type("message", held_by(gate))
    app.behaviour = lambda webhook: (stall if webhook.connection["path"] == "/stalled" else reply(message=echo))(webhook)
    async with connect(gateway, "/stalled") as stalled, connect(gateway, "/lively") as lively:
        flooding = asyncio.create_task(_flood(stalled))
        await eventually(lambda: app.events("message"), "the stalled connection's message reaches the app")
        for n in range(50):
            await lively.send(str(n))
        assert await all_received(lively, 50) == [str(n) for n in range(50)]
        gate.open()
        await flooding


async def _flood(socket):
    for _ in range(200):
        await socket.send("x" * 10_000)
