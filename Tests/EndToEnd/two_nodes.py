"""Lets the suites of the dialects run through a cluster: clients at one node, the app and its control requests at another.

With `HOLDFAST_CLUSTER` (`nats` or `redis`) in the environment, each gateway becomes two: node `a`, to which `url` leads, and node `b`, whose control
API is the one that tests ask. Both are in front of the same app, on one broker for all tests, each pair in a cluster of its own name. Metrics are
those of both together, and so are the lines of the log. What a publication has `delivered` counts one node alone, the one where nobody is: it is
equal to any number here. Tests that look at one node by their nature are marked `one_node("why")`, and skipped.
"""

import atexit
import itertools
import json
import os
import pathlib
import shutil
import tempfile

WANTED = os.environ.get("HOLDFAST_CLUSTER")


class AnyCount(int):
    """A number that says nothing: equal to any other."""

    def __eq__(self, other):
        return isinstance(other, int)

    def __ne__(self, other):
        return not self == other

    __hash__ = int.__hash__


class TwoNodes:
    """The broker of this process, which is started once it is needed, and the commands of each pair."""

    def __init__(self):
        self._broker, self._numbers = None, itertools.count(1)

    @property
    def broker(self):
        if not self._broker:
            from brokers import start_broker
            folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-broker-"))
            self._broker = start_broker(WANTED, folder)
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            atexit.register(self._broker.kill)
        return self._broker

    def commands(self, command, own_control):
        """The commands of nodes a and b, made of that of a gateway which stands alone. Node a gets a control address of its own."""
        shared = ["--broker", self.broker.url, "--cluster-name", f"test{next(self._numbers)}"]
        first = [*command, *shared, "--node", "a", "--control", f"127.0.0.1:{own_control}"]
        if command[0] == "unsocket":
            # Each node that serves the app would have the same dialled once more: the other one has an app that never answers.
            second = ["http://127.0.0.1:9/nobody" if word.startswith("http://") else word for word in command]
            second += ["--drain-deadline", "100ms"]
        elif "--listen" in command:
            second = command
        else:
            second = [*command, "--listen", "127.0.0.1:0"]
        return first, [*second, *shared, "--node", "b"]


def uncounted(answer):
    """An answer of the control API, whose counts of deliveries say nothing."""

    def forget(members):
        if "delivered" in members:
            members.pop("nodes", None)
        return {name: AnyCount(value) if name == "delivered" and isinstance(value, int) else value for name, value in members.items()}

    answer.json = lambda **options: json.loads(answer.content, object_hook=forget, **options)
    return answer


TWO_NODES = TwoNodes()
