#!/usr/bin/env python3
"""Reckons what a cluster needs: nodes, memory, processors, and what its broker has to carry.

    python3 docs/capacity/model.py                                  # the tables of docs/scaling.md
    python3 docs/capacity/model.py --connections 250000 --tls       # for a load of your own
    python3 docs/capacity/model.py --help

The costs are those that were measured on one machine, which is not fast: docs/performance.md and docs/benchmarks.md say how. Put in your own with
--cost NAME=VALUE. It is arithmetic, no simulation: means, no bursts. What is planned with is half of a processor, and nodes enough for one in six to be lost.
"""

import argparse
import dataclasses
import math

GB, KB = 1e9, 1e3


@dataclasses.dataclass
class Costs:
    """CPU time in µs, memory in bytes."""

    # docs/performance.md, "How to size a machine"
    message: float = 25  # a message to the app and its answer
    delivery: float = 10  # to one of many subscribers
    ping: float = 16  # a ping and its pong
    opening: float = 76  # with the app's yes
    opening_tls: float = 390
    connection: float = 4000
    connection_tls: float = 24000
    kernel: float = 4000  # the kernel's part of a socket whose buffers are empty
    # docs/benchmarks.md, "Between nodes"
    publication: float = 15  # taken at the control API, one to a request
    remote_send: float = 5  # to give a publication to the broker
    remote_receive: float = 10  # to take one from the broker, without its deliveries
    nats_message: float = 3  # the broker's own, for each message that goes in, and for each copy that goes out
    redis_message: float = 3
    # Measured with 200,000 subjects: resident memory of the server for each subscription of a node.
    nats_subscription: float = 750
    redis_subscription: float = 260


@dataclasses.dataclass
class Load:
    """What clients do. Times are means for one connection, in seconds."""

    connections: float = 10_000_000
    message_every: float = 60
    delivery_every: float = 6
    ping_every: float = 25
    lives: float = 6 * 3600
    tls: bool = False
    # Clients on one channel; each is on one.
    channel: float = 50


@dataclasses.dataclass
class Machine:
    memory: float = 32 * GB
    cores: int = 8
    # How much of either is planned with.
    share_of_memory: float = 0.75
    share_of_cores: float = 0.5
    # One node in so many may be lost, and the rest still holds all.
    spare: int = 6


@dataclasses.dataclass
class Plan:
    load: Load
    costs: Costs
    machine: Machine
    nodes: int = 0
    memory: float = 0
    cores: float = 0

    def __post_init__(self):
        load, costs, machine = self.load, self.costs, self.machine
        self.memory = load.connections * (costs.kernel + (costs.connection_tls if load.tls else costs.connection))
        self.cores = self.connection_cores()
        self.nodes = self._nodes()
        # What comes from other nodes costs more where there are more nodes; so do the nodes then.
        while self.nodes < (again := self._nodes(self.cluster_cores())):
            self.nodes = again

    def _nodes(self, more_cores=0.0):
        by_memory = self.memory / (self.machine.memory * self.machine.share_of_memory)
        by_cores = (self.cores + more_cores) / (self.machine.cores * self.machine.share_of_cores)
        needed = math.ceil(max(by_memory, by_cores))
        return needed if needed == 1 else needed + math.ceil(needed / self.machine.spare)

    def connection_cores(self):
        """Processors for everything that a node does for its own clients."""
        load, costs = self.load, self.costs
        each = costs.message / load.message_every + costs.delivery / load.delivery_every + costs.ping / load.ping_every
        each += (costs.opening_tls if load.tls else costs.opening) / load.lives
        return load.connections * each / 1e6

    @property
    def deliveries(self):
        return self.load.connections / self.load.delivery_every

    @property
    def publications(self):
        """A second. Each reaches all of its channel."""
        return self.deliveries / self.load.channel

    @property
    def hearers(self):
        """How many nodes have a subscriber of a channel, where clients come to nodes by chance."""
        return self.nodes * (1 - (1 - 1 / self.nodes) ** self.load.channel)

    @property
    def carried(self):
        """Messages a second into the broker, and copies out of it. A node that publishes does not need its own copy, but gets it back."""
        return (self.publications, self.publications * self.hearers) if self.nodes > 1 else (0, 0)

    def cluster_cores(self):
        """Processors of all nodes for what goes between them."""
        into, out = self.carried
        return (self.publications * self.costs.publication + into * self.costs.remote_send + out * self.costs.remote_receive) / 1e6

    def broker_cores(self, engine):
        each = self.costs.nats_message if engine == "nats" else self.costs.redis_message
        return sum(self.carried) * each / 1e6

    @property
    def subscriptions(self):
        """Of nodes, at the broker: one for each channel and node."""
        return self.load.connections / self.load.channel * self.hearers if self.nodes > 1 else 0

    def broker_memory(self, engine):
        """Of one server: in a cluster of NATS each server knows what is wanted at the others."""
        return self.subscriptions * (self.costs.nats_subscription if engine == "nats" else self.costs.redis_subscription)

    @property
    def lost_openings(self):
        """Handshakes a second on the others when a node is lost and its clients come back within a minute."""
        return self.load.connections / self.nodes / 60


# What is printed

def shown(value):
    """Two or three digits, and no more."""
    if value < 0.005:
        return "0"
    if value < 0.1:
        return f"{value:.2f}"
    if value < 10:
        return f"{value:.1f}"
    return f"{round(value, 2 - math.floor(math.log10(value))):,.0f}"


def memory(value):
    return f"{shown(value / GB)} GB" if value >= 0.1 * GB else f"{shown(value / 1e6)} MB" if value >= 1e5 else f"{shown(value / KB)} KB"


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *("| " + " | ".join(row) + " |" for row in rows)])


def sizes(load, costs, machine, counts=(10_000, 100_000, 1_000_000, 10_000_000)):
    """How nodes grow with connections."""
    rows = []
    for count in counts:
        for tls in (False, True):
            plan = Plan(dataclasses.replace(load, connections=count, tls=tls), costs, machine)
            rows.append([
                f"{count:,}" + (", TLS" if tls else ""), memory(plan.memory), shown(plan.cores + plan.cluster_cores()), str(plan.nodes),
                shown(plan.lost_openings) if plan.nodes > 1 else "–",
            ])
    return table(["connections", "memory of all", "processors of all, busy", "nodes", "handshakes a second when one is lost"], rows)


PATTERNS = ((1, "one each"), (2, "pairs"), (50, "rooms of 50"), (1_000, "1,000 each"), (100_000, "100,000 each"), (None, "one for all"))


def patterns(load, costs, machine):
    """What the broker carries, by how clients share channels. Each client gets as much in all rows."""
    rows = []
    for size, words in PATTERNS:
        plan = Plan(dataclasses.replace(load, channel=size or load.connections), costs, machine)
        into, out = plan.carried
        rows.append([
            words, str(plan.nodes), shown(plan.hearers), shown(into), shown(out), shown(plan.broker_cores("nats")), shown(plan.broker_cores("redis")),
            shown(plan.subscriptions), memory(plan.broker_memory("nats")), memory(plan.broker_memory("redis")),
        ])
    head = ["channels", "nodes", "that hear one", "messages in /s", "copies out /s", "NATS, processors", "Redis, processors", "subscriptions",
            "memory of a NATS server", "of Redis"]
    return table(head, rows)


def report(load, costs, machine):
    """One load, in words."""
    plan = Plan(load, costs, machine)
    into, out = plan.carried
    lines = [
        f"{load.connections:,.0f} connections{' with TLS' if load.tls else ''}, {load.channel:,.0f} on a channel:",
        f"  nodes                {plan.nodes}, each with {machine.cores} processors and {memory(machine.memory)}",
        f"  memory               {memory(plan.memory)} in all, {memory(plan.memory / plan.nodes)} a node",
        f"  processors, busy     {shown(plan.cores + plan.cluster_cores())} in all, {shown((plan.cores + plan.cluster_cores()) / plan.nodes)} a node",
        f"  deliveries           {shown(plan.deliveries)} a second",
    ]
    if plan.nodes > 1:
        lines += [
            f"  publications         {shown(plan.publications)} a second, each heard by {shown(plan.hearers)} nodes",
            f"  through the broker   {shown(into)} in, {shown(out)} out a second; {shown(plan.subscriptions)} subscriptions",
            f"  NATS                 {shown(plan.broker_cores('nats'))} processors, {memory(plan.broker_memory('nats'))} in each server",
            f"  Redis                {shown(plan.broker_cores('redis'))} processors (it has one), {memory(plan.broker_memory('redis'))}",
            f"  a node is lost       {shown(plan.lost_openings)} handshakes a second on the others for a minute",
        ]
    return "\n".join(lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=float, help="one load in place of the tables")
    parser.add_argument("--tls", action="store_true")
    for name in ("message_every", "delivery_every", "ping_every", "lives", "channel"):
        parser.add_argument("--" + name.replace("_", "-"), type=float, default=getattr(Load, name), help=f"default {getattr(Load, name):g}")
    parser.add_argument("--memory", type=float, default=32, help="GB of a node, default 32")
    parser.add_argument("--cores", type=int, default=8, help="processors of a node, default 8")
    parser.add_argument("--cost", action="append", default=[], metavar="NAME=VALUE", help="µs or bytes: " + ", ".join(
        f"{field.name} {field.default:g}" for field in dataclasses.fields(Costs)))
    asked = parser.parse_args()
    costs = Costs()
    for one in asked.cost:
        name, _, value = one.partition("=")
        if not hasattr(costs, name):
            parser.error(f"--cost: no cost is called {name}")
        setattr(costs, name, float(value))
    load = Load(asked.connections or Load.connections, asked.message_every, asked.delivery_every, asked.ping_every, asked.lives, asked.tls, asked.channel)
    return asked, load, costs, Machine(asked.memory * GB, asked.cores)


def main():
    asked, load, costs, machine = arguments()
    if asked.connections:
        print(report(load, costs, machine))
        return
    print(sizes(load, costs, machine))
    print()
    print(patterns(load, costs, machine))


if __name__ == "__main__":
    main()
