"""Limits per source address: who comes too often or holds too much is refused, and nobody else is.

The abuse comes from other addresses of the loopback network than the friendly clients, who come from 127.0.0.1 one after the other.
"""

import pytest

from abuse import CONNECTION, HANDSHAKE, SLACK, others_served, stage  # noqa: F401
from crowd import Crowd, close_frame, raw_frame
from eventually import eventually_blocking
from rawsocket import TEXT, handshake

GREEDY, OTHER = "127.0.0.2", "127.0.0.3"


def statuses(crowd):
    """The status that each gets for its handshake; 0 for one that was hung up on without a word."""
    heads = crowd.try_send(handshake()).read_until(lambda data: b"\r\n\r\n" in data)
    return [int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else 0 for head in heads]


def comes_in(gateway, source):
    with Crowd(gateway, 1, source=source) as one:
        return statuses(one) == [101]


def shed(gateway):
    return gateway.metric("holdfast_shed_total", what="address")


def refusal(gateway, source):
    """The answer to one more client from there, as its status and headers."""
    with Crowd(gateway, 1, source=source) as one:
        head = one.send(handshake()).endings()[0].partition(b"\r\n\r\n")[0].decode().lower()
    first, *lines = head.split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines)


def test_connections_of_one_address_are_limited(stage, app):
    gateway, footing = stage("--max-connections-per-address", "20")
    asked = len(app.ids())
    with Crowd(gateway, 20, source=GREEDY) as held:
        held.open()
        status, headers = refusal(gateway, GREEDY)
        assert status == 429
        assert int(headers["retry-after"]) > 0
        assert shed(gateway) == 1
        assert gateway.metric("holdfast_handshakes_refused_total", reason="address") == 1
        assert len(app.ids()) == asked + 20, "the app was asked about a client beyond the limit"
        with Crowd(gateway, 20, source=OTHER) as others:
            others.open()
            assert refusal(gateway, OTHER)[0] == 429
        # Those who are in are not put out.
        heard = held.send(raw_frame(TEXT, b"hello")).read_until(lambda data: b"hello" in data)
        assert len(heard) == 20
        # One leaves, and one more may come, but only one.
        held.sockets[0].sendall(close_frame())
        eventually_blocking(lambda: comes_in(gateway, GREEDY), "there is room for one more", within=3)
    eventually_blocking(lambda: comes_in(gateway, GREEDY), "there is room when all have left", within=3)

    def all_fit():
        with Crowd(gateway, 20, source=GREEDY) as again:
            return statuses(again) == [101] * 20

    eventually_blocking(all_fit, "all twenty fit again", within=5)
    footing.regained(growth=SLACK + 40 * CONNECTION)


def test_however_they_leave_their_places_are_free_again(stage):
    gateway, footing = stage("--max-connections-per-address", "20", "--handshake-timeout", "1s")
    endings = [
        lambda crowd: crowd.reset(),
        lambda crowd: crowd.send(handshake()[:50]).reset(),
        lambda crowd: crowd.send(handshake()).reset(),
        lambda crowd: crowd.open().reset(),
        lambda crowd: crowd.open().half_close().endings(),
        lambda crowd: crowd.open().send(close_frame()).endings(),
        lambda crowd: crowd.open().send(b"\xff\xff").endings(),
        lambda crowd: crowd.send(b"GET / HTTP/1.0\r\n\r\n").endings(),
        lambda crowd: crowd.endings(),
    ]
    for leave in endings:
        with Crowd(gateway, 20, source=GREEDY) as crowd:
            leave(crowd)
        footing.left_alone()
    with Crowd(gateway, 20, source=GREEDY) as crowd:
        crowd.open()
    footing.regained(growth=SLACK + 2 * 20 * CONNECTION)


def test_half_open_sockets_count(stage):
    gateway, footing = stage("--max-connections-per-address", "20", "--handshake-timeout", "2s")
    with Crowd(gateway, 20, source=GREEDY) as silent:
        # They are counted by several event loops, in no order; the answer to a plain request proves that they have been.
        silent.send(b"GET / HTTP/1.1\r\nhost: example.test\r\n\r\n").read_until(lambda data: b"HTTP/1.1 426 " in data)
        assert refusal(gateway, GREEDY)[0] == 429
        assert all(b"HTTP/1.1 408 " in answer for answer in silent.endings())
    eventually_blocking(lambda: comes_in(gateway, GREEDY), "there is room when they have been given up", within=3)
    footing.regained(growth=SLACK)


def test_connects_of_one_address_are_limited_in_rate(stage):
    gateway, footing = stage("--connect-rate-per-address", "30/60s")
    # They leave at once: it is the coming that counts.
    with Crowd(gateway, 30, source=GREEDY) as first:
        first.open().send(close_frame()).endings()
    status, headers = refusal(gateway, GREEDY)
    assert status == 429
    assert int(headers["retry-after"]) > 0
    assert shed(gateway) >= 1
    with Crowd(gateway, 30, source=OTHER) as others:
        others.open()
    # One place comes back every two seconds. A try that is refused does not push it away.
    eventually_blocking(lambda: comes_in(gateway, GREEDY), "time makes room", within=6)
    footing.regained(growth=SLACK + 60 * CONNECTION)


@pytest.mark.parametrize("limits", [["--max-connections-per-address", "50"], ["--connect-rate-per-address", "500/10s"]], ids=["number", "rate"])
def test_flood_from_one_address(stage, limits):
    gateway, footing = stage(*limits)
    let_in, tried = 0, 0
    with others_served(gateway):
        for _ in range(8):
            with Crowd(gateway, 500, source=GREEDY) as crowd:
                got = statuses(crowd)
            let_in, tried = let_in + got.count(101), tried + len(got)
            assert set(got) <= {101, 429, 0}, set(got)
            if limits[0] == "--max-connections-per-address":
                assert got.count(101) <= 50, f"{got.count(101)} of one address were let in at a time"
    # At least the first were let in; by the rate it is 500 and 50 for each second more.
    assert 50 <= let_in <= 1200, f"{let_in} of {tried} were let in"
    assert shed(gateway) >= tried - let_in, "not each that was refused is counted"
    footing.regained(growth=SLACK + 500 * HANDSHAKE + 50 * CONNECTION)
    eventually_blocking(lambda: comes_in(gateway, GREEDY), "it may come again", within=12)


def test_thousands_of_addresses(stage):
    gateway, footing = stage("--max-connections-per-address", "20", "--connect-rate-per-address", "100/2s")
    for third in range(1, 9):
        with Crowd(gateway, 0) as many:
            for last in range(1, 251):
                many.join(source=f"127.0.{third}.{last}")
            # Each of them for the first time, so nobody is refused.
            many.open()
    footing.regained(growth=SLACK + 2 * 250 * CONNECTION)
