"""Subscribers that never read, among others that do: what they cost, what becomes of them, and that the others notice nothing."""

import json
import select
import threading
import time

import pytest

from abuse import AT_ONCE, KIB, MIB, SLACK, public_sockets, stage  # noqa: F401
from app import echo, reply
from crowd import Crowd, Flood, close_frame, frames_in, raw_frame
from eventually import eventually_blocking
from rawsocket import BINARY, CLOSE, TEXT, RawClient

QUEUE = 256 * KIB
SLOW, LIVELY = 10, 8
JOIN = reply(open=[{"type": "subscribe", "channel": "room"}], message=echo)
# Messages of one POST. They fit into a queue, so that nobody who reads is found slow.
BATCH = 10


class Audience:
    """Sockets that are read all the time, and note which messages come, in what order, and how late."""

    def __init__(self, crowd, published):
        self.numbers = {one.fileno(): [] for one in crowd.sockets}
        self.latest, self.faults = 0.0, []
        self._published, self._crowd = published, crowd
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    def _read(self):
        left = {one.fileno(): bytearray() for one in self._crowd.sockets}
        sockets = {one.fileno(): one for one in self._crowd.sockets}
        with select.epoll() as poll:
            for number in sockets:
                poll.register(number, select.EPOLLIN)
            while not self._done.is_set():
                for number, _ in poll.poll(0.05):
                    try:
                        data = sockets[number].recv(1 << 18)
                    except ConnectionError as error:
                        data = repr(error).encode()
                        self.faults.append(data)
                    if not data:
                        self.faults.append("the gateway ended a connection that reads")
                        poll.unregister(number)
                    left[number] += data
                    frames, rest = frames_in(left[number])
                    del left[number][:rest]
                    self._note(number, frames)

    def _note(self, number, frames):
        now = time.monotonic()
        for opcode, payload in frames:
            if opcode != TEXT:
                self.faults.append((opcode, payload[:50]))
                continue
            which = int(payload[:payload.index(b":")])
            self.numbers[number].append(which)
            self.latest = max(self.latest, now - self._published[which])


def publish_numbered(gateway, published, size, count=BATCH):
    """Publishes the next few messages in one request; each begins with its number."""
    first = len(published)
    body = json.dumps({"actions": [{"type": "publish", "channel": "room", "text": f"{n}:" + "x" * size} for n in range(first, first + count)]})
    published += [time.monotonic()] * count
    answer = gateway.post("/v1/actions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text


def slow_readers(gateway, action):
    return gateway.metric("holdfast_slow_readers_total", action=action)


@pytest.mark.parametrize("policy", ["close", "dropOldest", "dropNewest"])
def test_others_notice_nothing_of_slow_readers(stage, app, policy):
    gateway, footing = stage("--send-queue-bytes", str(QUEUE), "--slow-reader", policy)
    app.healthy = app.behaviour = JOIN
    known = set(app.ids())
    with Crowd(gateway, SLOW, receive_buffer=4096) as slow:
        slow.open()
        slow_ids = set(app.ids()) - known
        with Crowd(gateway, LIVELY) as lively:
            lively.open()
            published = []
            with Audience(lively, published) as audience:
                # First what fills the sockets of those who do not read, then as much again.
                while slow_readers(gateway, policy) < SLOW:
                    publish_numbered(gateway, published, 16_000)
                    assert len(published) < 5000, "a socket takes 80 MB, and nobody is found slow"
                caught = len(published)
                while len(published) < caught + 5 * BATCH:
                    publish_numbered(gateway, published, 16_000)
                everything = list(range(len(published)))
                eventually_blocking(lambda: audience.faults or all(len(got) >= len(everything) for got in audience.numbers.values()),
                                    "all who read have all messages", show=lambda: [len(got) for got in audience.numbers.values()])
            assert not audience.faults, audience.faults[:5]
            assert all(got == everything for got in audience.numbers.values()), "a message is missing, twice there, or out of order"
            assert audience.latest < AT_ONCE, f"a message came {audience.latest:.2f} s after it was published"

        for each in slow_ids:
            gateway.expect_log("client reads too slowly", each, policy)
        lines = [entry for entry in gateway.logs() if entry["message"] == "client reads too slowly"]
        assert {entry["hf.connection"] for entry in lines} == slow_ids and len(lines) == SLOW, "not one line for each slow reader, and for them alone"

        if policy == "close":
            assert slow_readers(gateway, "close") == SLOW
            # They do not read the close frame either. That is no reason to keep them.
            footing.left_alone(within=8)
            ends = [event for webhook in app.webhooks if webhook.id in slow_ids for event in webhook.events if event["type"] == "close"]
            assert [event["code"] for event in ends] == [1013] * SLOW
        else:
            assert slow_readers(gateway, policy) >= SLOW * 5 * BATCH - SLOW * QUEUE // 16_000, "not each message that did not fit is counted"
            assert public_sockets(gateway) >= SLOW, "one that should have stayed was ended"
            assert gateway.metric("holdfast_send_queue_bytes") <= SLOW * QUEUE
    # A queue for each, had they nothing in common, and 64 KiB and one frame each that the system has not taken.
    footing.regained(growth=2 * SLACK + SLOW * (QUEUE + 80 * KIB), lines=SLOW + 5)


def test_slow_reader_that_returns_is_told_why(stage, app):
    gateway, footing = stage("--send-queue-bytes", str(QUEUE))
    app.healthy = app.behaviour = JOIN
    with RawClient(gateway, receive_buffer=4096) as slow:
        slow.open()
        published = []
        while not slow_readers(gateway, "close"):
            publish_numbered(gateway, published, 16_000)
        *messages, end = Flood(slow).read_frames(until=lambda frame: frame[0] == CLOSE)
        slow.send(close_frame(1013))
    assert end == (CLOSE, (1013).to_bytes(2, "big") + b"reading too slowly")
    assert [int(payload.split(b":")[0]) for _, payload in messages] == list(range(len(messages))), "what came before is not in order"
    footing.regained(growth=2 * SLACK)


LAST_WORDS = {
    "a close": lambda crowd: crowd.send(close_frame()),
    "a close, then data": lambda crowd: crowd.send(close_frame() + raw_frame(TEXT, b"x") * 1000),
    "a violation": lambda crowd: crowd.send(b"\xff\xff"),
    "the end of its stream": lambda crowd: crowd.half_close(),
    "a reset": lambda crowd: crowd.reset(),
}


@pytest.mark.parametrize("last_words", LAST_WORDS)
def test_client_that_ends_without_reading_is_let_go(stage, app, last_words):
    gateway, footing = stage("--slow-reader", "dropNewest")
    app.healthy = app.behaviour = JOIN
    with Crowd(gateway, 5, receive_buffer=4096) as crowd:
        crowd.open()
        while slow_readers(gateway, "dropNewest") < 5:
            publish_numbered(gateway, [], 64_000)
        LAST_WORDS[last_words](crowd)
        eventually_blocking(lambda: len(app.events("close")) == len(app.ids()), "the app hears of each end", show=app.transcript)
        # Their sockets are full of what they do not read, and will be so for as long as they like.
        footing.left_alone(within=5)
    footing.regained(growth=2 * SLACK + 5 * (MIB + 80 * KIB), lines=10)


@pytest.mark.parametrize("policy", ["close", "dropOldest", "dropNewest"])
def test_burst_larger_than_the_queue_is_nothing_to_those_who_read(stage, app, policy):
    gateway, footing = stage("--send-queue-bytes", str(QUEUE), "--slow-reader", policy)
    app.healthy = app.behaviour = JOIN
    with Crowd(gateway, LIVELY) as lively:
        lively.open()
        published = []
        with Audience(lively, published) as audience:
            # 800 kB in one request, of which the sockets take much at once, and the rest as soon as it is read.
            publish_numbered(gateway, published, 16_000, count=50)
            eventually_blocking(lambda: audience.faults or all(len(got) >= 50 for got in audience.numbers.values()), "all have all messages",
                                within=5, show=lambda: [len(got) for got in audience.numbers.values()])
        assert not audience.faults, audience.faults[:5]
        assert all(got == list(range(50)) for got in audience.numbers.values())
    assert slow_readers(gateway, policy) == 0
    footing.regained(growth=2 * SLACK)


def test_tiny_messages_cost_a_slow_reader_no_more_than_its_queue(stage, app):
    gateway, footing = stage("--send-queue-bytes", "1MiB", "--slow-reader", "dropOldest")
    app.healthy = app.behaviour = JOIN
    with Crowd(gateway, 1, receive_buffer=4096) as slow:
        slow.open()
        published = []
        while not gateway.metric("holdfast_send_queue_bytes"):
            publish_numbered(gateway, published, 16_000)
        before = footing.peak()
        # From here on messages of one byte: three with their frame's head, so that 350,000 of them are as many bytes as may wait.
        batch = json.dumps({"actions": [{"type": "publish", "channel": "room", "text": "x"}] * 4000})
        for _ in range(95):
            if slow_readers(gateway, "dropOldest") > 100:
                break
            assert gateway.post("/v1/actions", content=batch, headers={"content-type": "application/json"}).status_code == 200
        held = gateway.metric("holdfast_send_queue_bytes")
        assert held <= MIB
        needed = footing.peak() - before
        assert needed <= 8 * MIB, f"{held:.0f} bytes that wait for one client cost {needed / MIB:.0f} MiB"
    footing.regained(growth=3 * SLACK)


def test_answers_to_a_client_that_does_not_read_them(stage, app):
    gateway, footing = stage("--send-queue-bytes", str(QUEUE))
    with Crowd(gateway, 4, receive_buffer=4096) as crowd:
        crowd.open()
        message = raw_frame(BINARY, b"x" * 60_000)
        for one in crowd.sockets:
            one.setblocking(False)
        deadline = time.monotonic() + 30
        # Each sends as much as is taken, is sent the same back, and does not read it.
        while slow_readers(gateway, "close") < 4:
            assert time.monotonic() < deadline, "nobody is found slow"
            for one in crowd.sockets:
                send_some(one, message)
    eventually_blocking(lambda: len(app.events("close")) == len(app.ids()), "the app hears of each end")
    # Each may have one read and a queue on its way to the app, the webhook made of it in base64, the app's answer, and its own queue.
    footing.regained(growth=2 * SLACK + 4 * 4 * MIB, lines=10)


def send_some(one, message):
    """Sends a whole message unless the socket is full."""
    try:
        count = one.send(message)
    except (BlockingIOError, ConnectionError):
        return
    one.settimeout(10)
    try:
        one.sendall(message[count:])
    except ConnectionError:
        pass
    one.setblocking(False)
