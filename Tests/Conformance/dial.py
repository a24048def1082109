"""Runs the Autobahn testsuite as the remote that a gateway dials, with an echo app behind it: python dial.py HOW MODE BINARY FOLDER

HOW is one of

json      a running gateway is told to dial by POST /v1/dial, once for each case
unsocket  `holdfast unsocket` is started for each case, and its app tells it what to connect to

MODE is one of MODES, or cases as the suite writes them. Reports and exit code are those of run.py.
"""

import concurrent.futures
import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import verdicts
from run import ADDRESSES, AGENT, LIMITS, Mode, begin, echo_app, matching, running, shares, suite, tell

# Framing, UTF-8, closing and fragments whole; of size, speed and compression some.
QUICK = [
    *(f"{group}.*" for group in (1, 2, 3, 4, 5, 6, 7, 10)),
    *("9.1.3", "9.2.4", "9.3.4", "9.4.4", "9.5.3", "9.6.3", "9.7.3", "9.8.3"),
    *("12.1.1", "12.1.11", "12.2.5", "12.3.7", "12.4.3", "12.5.10"),
    *("13.1.1", "13.2.4", "13.3.5", "13.3.9", "13.4.6", "13.5.7", "13.5.12", "13.6.8", "13.7.16"),
]
MODES = {
    "quick": Mode(QUICK, [], 300),
    "full": Mode(["*"], [], 2400),
    "full-takeover": Mode(["12.*", "13.*"], ["--compression-context-takeover", "true", "--compression-threshold", "0"], 2400),
}
# How long a case may take, in seconds: those of the groups 9, 12 and 13 send up to 16 MiB, or 1000 messages.
PATIENCE, LONG_PATIENCE = 60, 240


class Suite:
    """A copy of the suite that waits for connections. Each of its cases has a URL of its own."""

    def __init__(self, port, cases):
        self.port, self.cases = port, cases

    def url(self, case):
        return f"ws://127.0.0.1:{self.port}{self.path('runCase', case)}"

    def path(self, page, case):
        return f"/{page}?" + urllib.parse.urlencode({"agent": AGENT, **({"case": self.cases.index(case) + 1} if case else {})})

    def wait_for_start(self):
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", self.port)).close()
            if time.monotonic() > deadline:
                sys.exit("the suite does not start; its log: suite.log beside the reports")
            time.sleep(0.1)

    def wait_for_end(self, case):
        """Returns when the case is over, or after a time in which it should have been."""
        patience = LONG_PATIENCE if verdicts.order(case)[0] in (9, 12, 13) else PATIENCE
        self.ask(self.path("getCaseStatus", case), patience)

    def write_reports(self):
        self.ask(self.path("updateReports", None), 120)

    def ask(self, path, patience):
        """Connects to a page of the suite that sends something, or closes, once it is done."""
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            client.settimeout(patience)
            lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Upgrade: websocket", "Connection: Upgrade"]
            lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
            client.sendall("\r\n".join([*lines, "", ""]).encode())
            answer = b""
            with contextlib.suppress(TimeoutError):
                # The head of the answer, and the first byte behind it.
                while answer.find(b"\r\n\r\n") in (-1, len(answer) - 4):
                    part = client.recv(4096)
                    if not part:
                        return
                    answer += part
            if answer and not answer.startswith(b"HTTP/1.1 101 "):
                sys.exit(f"the suite answers {path} with {answer[:100]!r}, expected 101")


@contextlib.contextmanager
def listening_suite(folder, cases):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listening = Suite(port, cases)
    with suite("fuzzingserver", folder, cases, url=f"ws://127.0.0.1:{port}"):
        listening.wait_for_start()
        yield listening
        listening.write_reports()


def run(cases, folder, dial):
    """Has each case dialled. Several copies of the suite share them, each one case after the other."""

    def take(number, share):
        with listening_suite(folder / str(number), share) as listening:
            for case in share:
                dial(listening, case)
        return verdicts.read(folder / str(number), AGENT, share)

    dealt = list(enumerate(shares(cases), 1))
    with concurrent.futures.ThreadPoolExecutor(len(dealt)) as threads:
        return [verdict for found in threads.map(lambda pair: take(*pair), dealt) for verdict in found]


@contextlib.contextmanager
def by_json(binary, flags, folder):
    """One gateway for all cases. It must live to the end, and then stop in order."""
    folder.mkdir(parents=True)
    file = folder / "holdfast.yaml"
    # The suite is on this machine.
    file.write_text("dial: { denyPrivate: false }\n")
    with echo_app("json") as target:
        command = [binary, "serve", "--config", file, *ADDRESSES, *LIMITS, *flags, target]
        with open(folder / "gateway.log", "w") as log, running(*command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
            lines = [process.stdout.readline() for _ in range(2)]
            control = lines[1].split()[-1]

            def dial(listening, case):
                body = json.dumps({"url": listening.url(case)}).encode()
                request = urllib.request.Request(f"{control}/v1/dial", body, {"content-type": "application/json"})
                try:
                    urllib.request.urlopen(request).close()
                except urllib.error.HTTPError as error:
                    print(f"{case}: POST /v1/dial was answered {error.code}: {error.read().decode()}", file=sys.stderr)
                    return
                listening.wait_for_end(case)

            yield dial
            process.send_signal(signal.SIGTERM)
            if code := process.wait():
                sys.exit(f"the gateway ended with exit code {code}")


@contextlib.contextmanager
def by_unsocket(binary, flags, folder):
    """A gateway for each case, which ends with it: with 1, as unsocket does when its remote has gone."""
    folder.mkdir(parents=True)
    with echo_app("unsocket") as app:

        def dial(listening, case):
            target = f"{app}?" + urllib.parse.urlencode({"connect": listening.url(case)})
            command = [binary, "unsocket", "--no-reconnect", *ADDRESSES, *LIMITS, *flags, target]
            with open(folder / f"{case}.log", "w") as log, running(*command, stdout=log, stderr=log) as process:
                listening.wait_for_end(case)
                try:
                    code = process.wait(30)
                except subprocess.TimeoutExpired:
                    code = "none"
            if code != 1:
                print(f"{case}: holdfast unsocket ended with exit code {code}, expected 1", file=sys.stderr)
                wrong_ends.append(case)

        wrong_ends = []
        yield dial
        if wrong_ends:
            sys.exit(f"{len(wrong_ends)} processes did not end as they should")


HOW = {"json": by_json, "unsocket": by_unsocket}


def main(how, mode, binary, folder):
    mode, folder = MODES.get(mode) or Mode(mode.split(","), [], 2400), pathlib.Path(folder).resolve()
    started = begin(mode, folder)
    with HOW[how](binary, mode.flags, folder / "gateway") as dial:
        found = run(matching(mode.cases), folder, dial)
    return tell(found, folder, started)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
