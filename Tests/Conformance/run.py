"""Runs the Autobahn testsuite against a gateway that has an echo app behind it: python run.py MODE BINARY FOLDER

MODE is one of MODES, or cases as the suite writes them: 7.1.6, or 9.*,10.*

The Python is that of the environment which make_suite made. The reports go to FOLDER: index.html in each of its folders is a page for
people. The exit code is 0 when every case ran and will do (verdicts.py), and the gateway ended well.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

from autobahntestsuite.case import CaseBasename, CaseCategories, Cases, CaseSetname, CaseSubCategories
from autobahntestsuite.caseset import CaseSet

import verdicts

HERE = pathlib.Path(__file__).resolve().parent
AGENT = "Holdfast"
# All but compression: 1 to 7 framing, UTF-8 and closing, 9 size and speed, 10 fragments.
PLAIN = [f"{group}.*" for group in (1, 2, 3, 4, 5, 6, 7, 9, 10)]
# Group 12 has a kind of data each second number, 13 what the client offers; the third number is the size of the messages, and from 11
# their fragments too.
SAMPLES = [
    *("12.1.1", "12.1.11", "12.2.5", "12.3.7", "12.4.3", "12.5.10"),
    *("13.1.1", "13.2.4", "13.3.5", "13.3.9", "13.4.6", "13.5.7", "13.5.12", "13.6.8", "13.7.16"),
]
# What a case sends at most is 16 MiB, and it waits for the echo of it.
LIMITS = [
    *("--max-message-bytes", "16MiB", "--send-queue-bytes", "32MiB", "--queue-bytes", "16MiB"),
    *("--webhook-timeout", "60s", "--drain-spread", "10ms", "--log-level", "warning"),
]
ADDRESSES = ["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]


class Mode:
    """What to run, with which flags, and after how many seconds to give up."""

    def __init__(self, cases, flags, deadline):
        self.cases, self.flags, self.deadline = cases, flags, deadline


MODES = {
    "quick": Mode(PLAIN + SAMPLES, [], 300),
    "full": Mode(["*"], [], 2400),
    "full-takeover": Mode(["12.*", "13.*"], ["--compression-context-takeover", "true", "--compression-threshold", "0"], 2400),
}


def matching(patterns):
    """The ids of the cases, as the suite itself reads patterns."""
    known = CaseSet(CaseSetname, CaseBasename, Cases, CaseCategories, CaseSubCategories)
    return known.parseSpecCases({"cases": patterns}) or sys.exit(f"no case matches {patterns}")


@contextlib.contextmanager
def running(*command, **options):
    """A process that is ended when its block is left."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, env=clean, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def first_line(process, pattern):
    """What the pattern finds in the first line that the process prints."""
    line = process.stdout.readline()
    found = re.search(pattern, line)
    if not found:
        sys.exit(f"expected {pattern} in the first line of {process.args}, found {line!r}")
    return found[1]


@contextlib.contextmanager
def echo_app(dialect):
    """The URL of an app that echoes in this dialect."""
    with running(sys.executable, HERE / "echo_app.py", dialect, stdout=subprocess.PIPE, text=True) as app:
        yield f"http://127.0.0.1:{first_line(app, '([0-9]+)')}/"


@contextlib.contextmanager
def gateway(binary, flags):
    """The URL of a gateway with the echo app behind it. It must live to the end, and then stop in order."""
    with echo_app("json") as target:
        with running(binary, "serve", *ADDRESSES, *LIMITS, *flags, target, stdout=subprocess.PIPE, text=True) as process:
            yield first_line(process, r"(ws://\S+)")
            process.send_signal(signal.SIGTERM)
            if code := process.wait():
                sys.exit(f"the gateway ended with exit code {code}")


@contextlib.contextmanager
def suite(mode, folder, cases, **specification):
    """A copy of the suite, whose reports go to `folder`."""
    folder.mkdir(parents=True)
    file = folder / "cases.json"
    file.write_text(json.dumps({"outdir": str(folder), "cases": cases, "exclude-cases": [], "exclude-agent-cases": {}, **specification}))
    code = ["-W", "ignore", "-u", "-c", "import autobahntestsuite.wstest as suite; suite.run()"]
    command = [sys.executable, *code, "--mode", mode, "--spec", file, "--webport", "0"]
    with open(folder / "suite.log", "w") as log, running(*command, stdout=log, stderr=subprocess.STDOUT, cwd=folder) as process:
        yield process


def shares(cases):
    """The cases, dealt out to several copies of the suite: each mostly waits."""
    workers = min(4, len(os.sched_getaffinity(0)), len(cases))
    return [cases[first::workers] for first in range(workers)]


def run(cases, url, folder):
    """Runs the cases. The suite takes one after the other, so several copies of it share them."""
    dealt = list(enumerate(shares(cases), 1))
    with contextlib.ExitStack() as stack:
        servers = [{"agent": AGENT, "url": url}]
        suites = [stack.enter_context(suite("fuzzingclient", folder / str(number), share, servers=servers)) for number, share in dealt]
        for process in suites:
            process.wait()
    return [verdict for number, share in dealt for verdict in verdicts.read(folder / str(number), AGENT, share)]


def give_up(*_):
    sys.exit("the suite was stopped before its end: it was told to, or took too long. Its own log: suite.log beside the reports")


def begin(mode, folder):
    """Clears the folder of reports, and ends the process when its time is over. Returns the time of the start."""
    shutil.rmtree(folder, ignore_errors=True)
    signal.signal(signal.SIGTERM, give_up)
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(mode.deadline)
    return time.monotonic()


def tell(found, folder, started):
    """Prints what was found. Returns the exit code."""
    found.sort(key=lambda verdict: verdicts.order(verdict.case))
    for verdict in found:
        if not verdict.will_do:
            print(verdict)
    print(verdicts.table(found))
    print(f"non-strict: {' '.join(verdict.case for verdict in found if verdict.word == 'NON-STRICT') or 'none'}")
    wrong = sum(not verdict.will_do for verdict in found)
    print(f"{len(found)} cases, {wrong} that will not do, {time.monotonic() - started:.0f} s; reports: {folder}/*/index.html")
    return 1 if wrong else 0


def main(mode, binary, folder):
    mode, folder = MODES.get(mode) or Mode(mode.split(","), [], 2400), pathlib.Path(folder).resolve()
    started = begin(mode, folder)
    with gateway(binary, mode.flags) as url:
        found = run(matching(mode.cases), url, folder)
    return tell(found, folder, started)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
