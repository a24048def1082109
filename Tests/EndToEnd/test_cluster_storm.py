"""Fifty thousand messages over a thousand channels, while a gateway and a broker's server are killed in the middle.

Every subscriber hears each message once at most and those of a publisher in order. Those who survive miss nothing but what was published while
they had no connection to the broker, and each message that is missing is one of those.
"""

import collections
import concurrent.futures
import os
import threading
import time

import httpx
import pytest

from brokers import ENGINES, NATSCluster, start_broker
from cluster import JOIN, Cluster, messages, put
from ears import Ears
from eventually import eventually_blocking

MESSAGES, CHANNELS, GROUP, BATCH = 50_000, 1_000, 100, 50
# Around the moments that the test knows of: what was under way when a server died, and how long an interest takes from server to server.
BLURRED = 0.5


class Publisher(threading.Thread):
    """Publishes its numbers through one node, in batches. `sent` has the moment before and the moment after for each number that was taken."""

    def __init__(self, name, gateway, count, pace):
        super().__init__(daemon=True)
        self.name_of_node, self.gateway, self.count, self.pace = name, gateway, count, pace
        self.sent, self.delivered, self.failure = {}, 0, None

    def run(self):
        with httpx.Client(base_url=self.gateway.control_url, trust_env=False, timeout=10) as http:
            for start in range(0, self.count, BATCH):
                before = time.monotonic()
                actions = [
                    {"type": "publish", "channel": f"c{number % CHANNELS}", "text": f"{self.name_of_node}:{number}"}
                    for number in range(start, min(start + BATCH, self.count))
                ]
                try:
                    answer = http.post("/v1/actions", json={"actions": actions})
                    results = answer.json()["results"]
                except (httpx.HTTPError, ValueError) as failure:
                    self.failure = failure
                    return
                after = time.monotonic()
                if any(result["status"] != "ok" for result in results):
                    self.failure = results
                    return
                self.delivered += sum(result["delivered"] for result in results)
                for number in range(start, start + len(actions)):
                    self.sent[number] = before, after
                threading.Event().wait(max(0.0, self.pace - (after - before)))


class Outage:
    """A span in which a node had, or may have had, no way to the broker."""

    def __init__(self):
        self.begin = self.end = None

    def covers(self, before, after):
        return self.begin is not None and after >= self.begin - BLURRED and before <= self.end + BLURRED


@pytest.fixture(params=ENGINES)
def storm_broker(request, tmp_path):
    """Three nats-servers, or one redis-server."""
    if request.param == "nats":
        broker = NATSCluster(tmp_path / "broker").start().wait()
    else:
        broker = start_broker("redis", tmp_path / "broker")
    yield broker
    broker.kill()


@pytest.mark.timeout(180)
def test_storm(storm_broker, app, launch):
    app.healthy = app.behaviour = JOIN
    # A queue that holds all that an outage can bring: what is missing then is missing for one reason only.
    nodes = Cluster(launch, app, storm_broker, "abc", ["--cluster-queue-bytes", "64MiB"], 3.0, {})
    groups = [[f"c{number}" for number in range(start, start + GROUP)] for start in range(0, CHANNELS, GROUP)]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        ears = dict(zip("abc", pool.map(lambda name: Ears(nodes[name], groups), "abc")))
    try:
        storm(nodes, storm_broker, ears)
    finally:
        for one in ears.values():
            one.close()


def storm(nodes, broker, ears):
    eventually_blocking(lambda: len(broker.subjects("holdfast.c.")) == CHANNELS, "all channels are heard")
    for name in "abc":
        # The interest of each node is known at each server: a message from each other node has come.
        settle(nodes, ears, name)
    counts_agree(nodes, ears)
    sent_before = {name: messages(nodes[name], "sent") for name in "abc"}
    publishers = {name: Publisher(name, nodes[name], count, pace=0.012) for name, count in zip("abc", (20_000, 20_000, 10_000))}
    for one in publishers.values():
        one.start()
    eventually_blocking(lambda: len(publishers["c"].sent) > 4_000, "a good part is published", within=60)
    outages = kill_in_the_middle(nodes, broker)
    for name in "ab":
        publishers[name].join(90)
        assert not publishers[name].is_alive() and not publishers[name].failure, (name, publishers[name].failure)
        assert len(publishers[name].sent) == publishers[name].count
    publishers["c"].join(10)
    # The last of all: everything that was published before has come by then, or never will.
    for number in (1, 2):
        for name in "ab":
            put(nodes[name], f"c{CHANNELS - number}", f"last-{name}:{number}")
    last = {f"last-{who}:{number}" for who in "ab" for number in (1, 2)}
    for name in "ab":
        eventually_blocking(
            lambda name=name: last == {text for _, text in ears[name].heard if text.startswith("last-")}, f"{name} hears the last", within=20)
    missing = {}
    for receiver in "ab":
        missing[receiver] = judge(receiver, ears[receiver], publishers, outages)
    counts_agree(nodes, {name: ears[name] for name in "ab"})
    for name in "ab":
        node, other = nodes[name], "b" if name == "a" else "a"
        assert messages(node, "dropped") == 0
        assert publishers[name].delivered == publishers[name].count, "each local subscriber got each message at once"
        assert messages(node, "sent") - sent_before[name] >= publishers[name].count // BATCH
        by_author = collections.Counter(text.partition(":")[0] for _, text in ears[name].heard)
        got, of_c = by_author[name] + by_author[other], by_author["c"]
        assert got == publishers[name].count + publishers[other].count - missing[name]
        print(f"{name}: {got} messages, {missing[name]} missed while away, {of_c} of the killed node, "
              f"{messages(node, 'repeated')} came again and were not delivered, away for {outages[name].end - outages[name].begin:.2f} s")


def settle(nodes, ears, name):
    """Publishes until each of the others has heard it on the first and the last channel."""
    mine = f"hello-{name}"

    def all_heard():
        for channel in ("c0", f"c{CHANNELS - 1}"):
            put(nodes[name], channel, f"{mine}:{channel}")
        return all({f"{mine}:c0", f"{mine}:c{CHANNELS - 1}"} <= {text for _, text in one.heard} for one in ears.values())

    eventually_blocking(all_heard, f"{name} is heard by all")


def counts_agree(nodes, ears):
    """What each node says that it has written to clients is what they have read."""
    for name, one in ears.items():
        # Each client has read a greeting too.
        eventually_blocking(
            lambda name=name, one=one: nodes[name].metric("holdfast_messages_sent_total") == len(one.heard) + len(one.crowds),
            f"the counts of {name} agree", show=lambda name=name, one=one: (nodes[name].metric("holdfast_messages_sent_total"), len(one.heard)))


def kill_in_the_middle(nodes, broker):
    """Kills a gateway, then the server of the broker that another is connected to; that comes back empty. Returns the outages of the survivors."""
    outages = {"a": Outage(), "b": Outage()}
    reconnects = {name: nodes[name].metric("holdfast_broker_reconnects_total") for name in outages}
    nodes.crash("c")
    victim = server_of(nodes["b"], broker)
    affected = [name for name in outages if server_of(nodes[name], broker) is victim]
    begin = time.monotonic()
    victim.kill()
    for outage in outages.values():
        outage.begin = begin
    if victim is broker:
        # Long enough for some publications to wait.
        threading.Event().wait(0.7)
        victim.start().wait()

    def back(name):
        came_back = nodes[name].metric("holdfast_broker_reconnects_total") > reconnects[name]
        return nodes[name].metric("holdfast_broker_up") == 1 and (came_back or name not in affected)

    for name, outage in outages.items():
        eventually_blocking(lambda name=name: back(name), f"{name} is back", within=20, show=nodes[name].transcript)
        outage.end = time.monotonic()
    if victim is not broker:
        victim.start().wait()
    return outages


def server_of(node, broker):
    """The server that a node is connected to."""
    servers = getattr(broker, "servers", [broker])
    return next(server for server in servers if server.port in broker_ports(node))


def broker_ports(node):
    """The ports that a gateway's process is connected to."""
    numbers = {os.readlink(f"/proc/{node.process.pid}/fd/{name}") for name in os.listdir(f"/proc/{node.process.pid}/fd")}
    rows = [line.split() for line in open("/proc/net/tcp").read().splitlines()[1:]]
    return {int(row[2].split(":")[1], 16) for row in rows if f"socket:[{row[9]}]" in numbers}


def judge(receiver, ears, publishers, outages):
    """Insists on the rules for one survivor, and returns how many messages of the other it has missed."""
    got = collections.defaultdict(list)
    for _, text in ears.heard:
        who, _, number = text.partition(":")
        if who in publishers:
            got[who].append(int(number))
    for who, numbers in got.items():
        assert len(set(numbers)) == len(numbers), f"{receiver} heard {len(numbers) - len(set(numbers))} messages of {who} twice"
        per_channel = collections.defaultdict(list)
        for number in numbers:
            per_channel[number % CHANNELS].append(number)
        assert all(run == sorted(run) for run in per_channel.values()), f"{receiver} heard {who} out of order"
    assert set(got[receiver]) == set(publishers[receiver].sent), "what is published here is heard here, whatever happens"
    other = "b" if receiver == "a" else "a"
    lost = set(publishers[other].sent) - set(got[other])
    wrong = [number for number in lost if not outages[receiver].covers(*publishers[other].sent[number])]
    assert not wrong, f"{receiver} missed {len(wrong)} messages of {other} that were published while it was connected, such as {wrong[:5]}"
    return len(lost)
