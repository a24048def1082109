"""A process under callgrind: asked for the instructions of a stretch of work, in total and by function."""

import collections
import os
import pathlib
import re
import subprocess
import tempfile
import time


class Cost:
    """Instructions of a stretch of work, and how long it took: the total, and by function itself alone and with all that it calls.

    `calls` counts by caller and callee.
    """

    def __init__(self):
        self.total = 0
        self.seconds = 0.0
        self.own, self.whole, self.calls = collections.Counter(), collections.Counter(), collections.Counter()

    def add(self, other, times=1):
        self.total += times * other.total
        self.seconds += times * other.seconds
        for mine, theirs in ((self.own, other.own), (self.whole, other.whole), (self.calls, other.calls)):
            for name, count in theirs.items():
                mine[name] += times * count
        return self

    def divided(self, by):
        result = Cost()
        result.total = self.total / by
        for mine, its in ((self.own, result.own), (self.whole, result.whole), (self.calls, result.calls)):
            its.update({name: count / by for name, count in mine.items()})
        return result


def read(file):
    """Reads one dump of callgrind. A function that calls itself, directly or not, counts in `whole` for each of its calls."""
    cost, names = Cost(), {}
    function = callee = None
    after_calls = False
    for line in file.open(errors="replace"):
        first = line[0]
        if first in "0123456789+-*":
            count = int(line.split()[-1])
            if after_calls:
                after_calls = False
                if callee != function:
                    cost.whole[function] += count
            else:
                cost.own[function] += count
                cost.total += count
        elif line.startswith(("fn=", "cfn=")):
            key, _, name = line.rstrip("\n").partition("=")[2].partition(" ")
            if name:
                names[key] = name
            if first == "f":
                function = names[key]
            else:
                callee = names[key]
        elif line.startswith("calls="):
            after_calls = True
            cost.calls[function, callee] += int(line[6:].split()[0])
    for name, count in cost.own.items():
        cost.whole[name] += count
    return cost


class Callgrind:
    """A command that runs under callgrind. It counts from `begin` on."""

    def __init__(self, command, log):
        self.folder = tempfile.TemporaryDirectory(prefix="holdfast-instructions-")
        self.log = open(log, "ab")
        self.process = subprocess.Popen(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--combine-dumps=no", "--compress-pos=no", "--read-inline-info=no",
             f"--callgrind-out-file={self.folder.name}/out", f"--vgdb-prefix={self.folder.name}/vgdb", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def _say(self, *words):
        subprocess.run(["vgdb", f"--vgdb-prefix={self.folder.name}/vgdb", f"--pid={self.process.pid}", *words], check=True,
                       stdout=subprocess.DEVNULL, stderr=self.log)

    def begin(self):
        self._say("instrumentation", "on")
        self._taken = time.monotonic()

    def take(self):
        """What was done since the last time."""
        before = set(os.listdir(self.folder.name))
        self._say("dump")
        cost, now = Cost(), time.monotonic()
        cost.seconds, self._taken = now - self._taken, now
        for name in set(os.listdir(self.folder.name)) - before:
            file = pathlib.Path(self.folder.name, name)
            cost.add(read(file))
            file.unlink()
        return cost

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()


def demangled(names):
    """Names as people write them, shortened."""
    text = "\n".join(re.sub(r"'\d+$", "", name) for name in names)
    printed = subprocess.run(["swift", "demangle", "--simplified"], input=text, capture_output=True, text=True).stdout.splitlines()
    return dict(zip(names, printed)) if len(printed) == len(names) else {name: name for name in names}
