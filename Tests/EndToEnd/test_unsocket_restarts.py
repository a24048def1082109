"""Order and completeness while the remote is restarted again and again and the app is away for a while."""

import os

import pytest

from eventually import eventually, stays
from remote import raw_remotes, remote, remotes  # noqa: F401 (fixtures)
from unsocket_gateway import app, is_ready, start  # noqa: F401 (fixtures)

RESTARTS = 10
# A minute says more, but ten seconds are enough for every day.
OUTAGE = float(os.environ.get("HOLDFAST_TEST_OUTAGE", "10"))
BATCH = 40


class Numbers:
    """Numbered messages of the remote: those whose pong came have been read by the gateway."""

    def __init__(self, remote):
        self.remote, self.next = remote, 0

    def send(self, count=BATCH):
        self.remote.send(*(str(number) for number in range(self.next, self.next + count)))
        self.next += count
        self.remote.ping(within=30)


@pytest.mark.timeout(180 + 3 * OUTAGE)
@pytest.mark.parametrize("how", ["kill", "shut_down"])
async def test_nothing_is_lost_and_order_is_kept(app, remote, start, how):
    numbers = Numbers(remote)
    gateway = start("--webhook-timeout", "5s")
    await remote.connected()

    async def restart(round_number):
        before = len(remote.handshakes)
        getattr(remote, how)()
        remote.start()
        await remote.connected(before + 1, within=OUTAGE + 60)
        assert gateway.running(), round_number

    # Restarts, with the app there.
    for number in range(RESTARTS // 2):
        numbers.send()
        await restart(number)

    # The app goes away while messages come, and the remote is restarted meanwhile: it cannot be had again without a word of the app.
    app.kill()
    numbers.send()
    await stays(gateway.running, "the gateway runs", OUTAGE / 2)
    numbers.send()
    getattr(remote, how)()
    remote.start()
    await stays(gateway.running, "the gateway runs", OUTAGE / 2)
    app.start()
    await remote.connected(RESTARTS // 2 + 2, within=60)

    # And on, while what has waited may still be under way.
    for number in range(RESTARTS // 2, RESTARTS - 1):
        numbers.send()
        await restart(number)
    numbers.send()

    await eventually(lambda: len(app.unique_texts()) >= numbers.next, f"{numbers.next} messages are told", 60, show=lambda: len(app.unique_texts()))
    told = [int(text) for text in app.unique_texts()]
    assert sorted(told) == list(range(numbers.next)), "each message once"
    assert told == sorted(told), "in order"
    assert [webhook for webhook in app.webhooks if is_ready(webhook)][0].body == {"messages": [{"type": "ready"}]}


@pytest.mark.timeout(120 + 2 * OUTAGE)
async def test_beyond_the_queue_the_remote_waits_and_nothing_is_lost(app, remote, start):
    start("--queue-events", "8", "--ping-interval", "5m")
    await remote.connected()
    app.kill()
    total = 500
    remote.send(*(f"{number} {'x' * 2000}" for number in range(total)))
    await stays(lambda: remote.open == 1, "the connection is held", min(OUTAGE, 5))
    app.start()
    await eventually(lambda: len(app.unique_texts()) == total, f"{total} messages are told", 60, show=lambda: len(app.unique_texts()))
    assert [int(text.split(" ")[0]) for text in app.unique_texts()] == list(range(total))
    assert len(remote.handshakes) == 1
