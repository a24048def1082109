"""Much of everything: ten thousand connects, a gibibyte of messages, and afterwards the memory of before."""

import select
import time

from abuse import CONNECTION, GIB, MIB, SLACK, WEBHOOKS, connections_to_app, others_served, stage  # noqa: F401
from app import echo, reply
from crowd import Crowd, close_frame, frames_in, raw_frame
from eventually import eventually_blocking
from rawsocket import CLOSE, TEXT

WAVE, WAVES = 250, 40
READERS, LARGE = 64, MIB
JOIN = reply(open=[{"type": "subscribe", "channel": "room"}], message=echo)


def connects_and_disconnects(gateway, footing, waves):
    """Waves of clients: half close as they should, half reset, and every other wave says something before. Returns how many there were."""
    for number in range(waves):
        clients = Crowd(gateway, WAVE).open()
        clean, rude = clients.sockets[::2], clients.sockets[1::2]
        clients.sockets = clean
        if number % 2:
            clients.send(raw_frame(TEXT, b"hello"))
        clients.send(close_frame())
        ended = clients.endings()
        assert all(frames_in(data)[0][-1][0] == CLOSE for data in ended), "a close was not answered"
        clients.close()
        clients.sockets = rude
        clients.reset()
        footing.left_alone()
    return waves * WAVE


def pour_out(gateway, crowd, rounds):
    """Publishes large messages to all, and counts what they receive. Returns the bytes."""
    total, goal = 0, len(crowd.sockets) * rounds * (LARGE + 10)
    sockets = {one.fileno(): one for one in crowd.sockets}
    bucket = bytearray(1 << 20)
    deadline = time.monotonic() + 40
    with select.epoll() as poll:
        for number in sockets:
            poll.register(number, select.EPOLLIN)
        for done in range(1, rounds + 1):
            answer = gateway.post("/v1/channels/room/messages", content=b"x" * LARGE)
            assert answer.json()["delivered"] == len(crowd.sockets), answer.text
            while total < goal * done // rounds:
                assert time.monotonic() < deadline, f"{total} of {goal} bytes came"
                for number, _ in poll.poll(1):
                    count = sockets[number].recv_into(bucket)
                    assert count, "the gateway ended a connection that reads"
                    total += count
    return total


def test_ten_thousand_connects_and_disconnects(stage, app):
    gateway, footing = stage()
    known = len(app.ids())
    with others_served(gateway):
        first = connects_and_disconnects(gateway, footing, WAVES // 2)
        after_first = footing.growth()
        both = first + connects_and_disconnects(gateway, footing, WAVES // 2)
    assert both == 10_000
    eventually_blocking(lambda: len(app.events("close")) == len(app.ids()), "the app hears of each end", show=lambda: len(app.events("close")))
    assert len(app.ids()) >= known + 10_000
    # One wave at a time, give or take those that the app is still told of.
    footing.regained(growth=SLACK + 2 * WAVE * CONNECTION)
    # The second half finds the memory of the first: 420 bytes of each connection that stayed would be 2 MiB.
    assert footing.growth() - after_first <= 2 * MIB, f"{after_first / MIB:.1f} MiB after 5,000, {footing.growth() / MIB:.1f} after as many more"


def test_a_gibibyte_of_messages(stage, app):
    gateway, footing = stage()
    app.healthy = app.behaviour = JOIN
    with Crowd(gateway, READERS) as crowd:
        crowd.open()
        rounds = GIB // (READERS * LARGE)
        received = pour_out(gateway, crowd, rounds)
        assert received >= GIB, received
    # A message is held once for all who get it; what else there is are the request's bytes, its text and the frame, and all of that twice
    # where the next comes before the last is gone.
    footing.regained(growth=2 * SLACK + READERS * CONNECTION, peak=2 * SLACK + READERS * CONNECTION + 8 * LARGE)


def test_kept_connections_to_the_app_are_no_more_than_may_be_in_flight(stage, app):
    gateway, footing = stage()
    for _ in range(6):
        with Crowd(gateway, 100) as crowd:
            crowd.open().send(raw_frame(TEXT, b"hello")).read_until(lambda data: b"hello" in data)
    footing.left_alone()
    # The limit of open files is shared out with this number.
    eventually_blocking(lambda: connections_to_app(gateway) <= WEBHOOKS, f"{WEBHOOKS} connections to the app are kept at most", within=2,
                        show=lambda: connections_to_app(gateway))
