"""One running gateway: started from the real binary, asked through its control API, stopped by a signal."""

import ctypes
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import threading
import time

import httpx
from prometheus_client.parser import text_string_to_metric_families

from eventually import eventually_blocking
from neighbours import NEIGHBOURS, WANTED
from two_nodes import TWO_NODES, uncounted
from two_nodes import WANTED as CLUSTER

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("HOLDFAST_BIN", REPOSITORY / ".build" / "release" / "holdfast"))
# A build with a sanitizer is many times slower.
SANITIZED = "SANITIZED" in os.environ
START_WITHIN = 60.0 if SANITIZED else 15.0
STOP_WITHIN = 100.0 if SANITIZED else 20.0
# A test's own flags come later on the command line and win.
BRISK = ["--drain-spread", "10ms"]


def free_port():
    """A port that nobody listens on, below those that the system hands out to connections, so that it stays free for a while."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
            except OSError:
                continue
            return probe.getsockname()[1]


def binary():
    assert BINARY.is_file(), f"no binary at {BINARY}: build it with dev/build, or set HOLDFAST_BIN"
    return str(BINARY)


def environment(extra=None):
    """The tests' environment without variables that would steer the gateway."""
    wsaas = ("WS_", "LOG_", "TARGET_ADDRESS", "LOCAL_ADDRESS", "API_URI", "HTTP_PORT", "MAX_PAGE")
    slip = ("TARGET_URL", "JWT_SECRET", "STACK_NAME", "DOMAIN_NAME")
    steering = ("HOLDFAST_", *wsaas, *slip)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
    return {**clean, **(extra or {})}


def without_privileges():
    """Also root may then read only what its permissions allow."""
    drop_from_bounding_set, override, read_search = 24, 1, 2
    for capability in (override, read_search):
        if os.geteuid() == 0 and ctypes.CDLL(None, use_errno=True).prctl(drop_from_bounding_set, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "a capability could not be dropped")


def run(*arguments, within=START_WITHIN, extra_environment=None):
    """Runs one command to its end, and returns the completed process with text output."""
    command = [binary(), *map(str, arguments)]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=within, env=environment(extra_environment))
    except subprocess.TimeoutExpired as late:
        printed = b"\n".join(filter(None, (late.stdout, late.stderr))).decode(errors="replace")
        raise AssertionError(f"{' '.join(command)} did not end within {within:g} s; it printed:\n{printed}") from None


class Lines:
    """Collects the lines of a pipe in the background, so that the process never blocks on it."""

    def __init__(self, pipe):
        self._lines, self._ended = [], threading.Event()
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def _read(self, pipe):
        for line in pipe:
            self._lines.append(line.rstrip("\n"))
        self._ended.set()

    def all(self):
        return list(self._lines)

    def text(self):
        return "\n".join(self._lines)

    def wait_for_end(self):
        self._ended.wait(5)


class Program:
    """A process of the binary, with both its outputs collected."""

    def __init__(self, *arguments, extra_environment=None, before_exec=None):
        self.command = [binary(), *map(str, arguments)]
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
            env=environment(extra_environment), preexec_fn=before_exec,
        )
        self.stdout, self.stderr = Lines(self.process.stdout), Lines(self.process.stderr)
        self.end_was_seen = False

    def running(self):
        return self.process.poll() is None

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, within=STOP_WITHIN):
        """Waits for the end and returns the exit code."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {within:g} s and was killed\n{self.transcript()}") from None
        self.stdout.wait_for_end()
        self.stderr.wait_for_end()
        self.end_was_seen = True
        return code

    def kill(self):
        if self.running():
            self.process.kill()
            self.process.wait(5)

    def transcript(self, lines=200):
        out, log = self.stdout.all(), self.stderr.all()
        return "\n".join([
            "$ " + " ".join(self.command), f"exit code: {self.process.poll()}",
            "--- stdout", *out[-lines:], f"--- stderr (last {min(lines, len(log))} of {len(log)} lines)", *log[-lines:],
        ])


class Gateway(Program):
    """A serving command on free ports. `arguments` are the command and what it takes, for example `"serve", app.url`.

    With a `control_port`, the ports are the caller's business: it has said them by other means than flags. `trust` is the SSL context
    with which the test asks a control API behind TLS; it may hold a client's certificate.
    """

    def __init__(self, *arguments, token=None, extra_environment=None, before_exec=None, control="127.0.0.1", control_port=None, trust=None):
        self.token, self.trust = token, trust
        self.control_port = control_port or free_port()
        addresses = [] if control_port else ["--listen", "127.0.0.1:0", "--control", f"{control}:{self.control_port}"]
        own = [*addresses, "--log-format", "json", *BRISK]
        if token:
            own += ["--control-token", token]
        command = [arguments[0], *own, *arguments[1:]]
        if WANTED:
            command = NEIGHBOURS.around(binary(), command, environment(extra_environment))
        # In a cluster: the node that the control requests go to, and the control port of the one that has the clients.
        self.other, self.own_control_port, self._met_at = None, self.control_port, None
        if CLUSTER:
            self.own_control_port = free_port()
            command, second = TWO_NODES.commands(list(map(str, command)), self.own_control_port)
            self.other = Program(*second, extra_environment=extra_environment, before_exec=before_exec)
        super().__init__(*command, extra_environment=extra_environment, before_exec=before_exec)
        self._wait_until_ready()

    def _wait_until_ready(self):
        try:
            first = self._wait_for(lambda: self.stdout.all()[:1], "the first line is printed")[0]
            found = re.findall(r"(wss?)://(?:[^\s:/]+|\[[^]]+\]):(\d+)", first)
            assert found, f"the first line names no ws:// or wss:// address: {first!r}\n{self.transcript()}"
            self.listeners = [(scheme, int(port)) for scheme, port in found]
            self.scheme, self.port = self.listeners[0]
            self._wait_for(self._is_ready, f"/ready on port {self.control_port} answers 200")
            if self.other:
                self._wait_for(self._have_met, "both nodes know each other")
        except BaseException:
            self.kill()
            raise

    def _wait_for(self, condition, what):
        def check():
            assert self.running(), f"ended before {what}\n{self.transcript()}"
            return condition()

        return eventually_blocking(check, what, START_WITHIN, show=self.transcript)

    def _is_ready(self):
        try:
            return self.request("GET", "/ready").status_code == 200
        except httpx.TransportError:
            return False

    def _have_met(self):
        try:
            answers = [self._ask(port, "GET", "/v1/nodes") for port in (self.control_port, self.own_control_port)]
        except httpx.TransportError:
            return False
        # Where the test alone has the token, each has at least joined: it has told the other, who is told at once.
        if any(answer.status_code == 200 and len(answer.json()["nodes"]) < 2 for answer in answers):
            return False
        # What a node knows of the others is looked at ten times a second.
        self._met_at = self._met_at or time.monotonic()
        return time.monotonic() - self._met_at > 0.15

    # The public port, the first of those that are printed

    @property
    def publishing_port(self):
        """Where an app publishes that does it on the public port."""
        if not self.other:
            return self.port
        return int(re.search(r"wss?://(?:[^\s:/]+|\[[^]]+\]):(\d+)", self.other.stdout.all()[0])[1])

    def url(self, path="/"):
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    # The control API

    @property
    def control_url(self):
        """Its scheme is the one that was printed at start-up."""
        secure = re.search(rf"^Control API\s+https://\S*:{self.control_port}\b", self.stdout.text(), re.MULTILINE)
        return f"{'https' if secure else 'http'}://127.0.0.1:{self.control_port}"

    def request(self, method, path, headers=None, **options):
        """One control request. A token given to the gateway is sent unless `headers` has its own authorisation."""
        if method != "GET":
            self.settle()
        answer = self._ask(self.control_port, method, path, headers, **options)
        return uncounted(answer) if self.other else answer

    def settle(self):
        """Returns when what the node with the clients has told the broker, such as new channels, is known there: a question goes the same way."""
        if self.other and self.running():
            try:
                self._ask(self.own_control_port, "GET", "/v1/connections?node=b&limit=1")
            except httpx.TransportError:
                pass

    def _ask(self, port, method, path, headers=None, **options):
        sent = {"authorization": f"Bearer {self.token}"} if self.token else {}
        sent.update(headers or {})
        url = self.control_url if port == self.control_port else f"http://127.0.0.1:{port}"
        return httpx.request(method, url + path, headers=sent, timeout=10, trust_env=False, verify=self.trust or False, **options)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def put(self, path, **options):
        return self.request("PUT", path, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def act(self, *actions):
        """Does actions through the control API, and returns their results."""
        answer = self.post("/v1/actions", json={"actions": list(actions)})
        assert answer.status_code == 200, f"POST /v1/actions: {answer.status_code} {answer.text}"
        return answer.json()["results"]

    def publish(self, channel, text):
        """Publishes a text, and returns the number of those who got it."""
        answer = self.post(f"/v1/channels/{channel}/messages", content=text)
        assert answer.status_code == 202, f"publishing to {channel}: {answer.status_code} {answer.text}"
        return answer.json()["delivered"]

    def connections(self, query=""):
        answer = self.get("/v1/connections" + query)
        assert answer.status_code == 200, f"GET /v1/connections{query}: {answer.status_code} {answer.text}"
        return answer.json()["connections"]

    def samples(self):
        """All samples of /metrics; of both nodes where there are two."""
        pages = [self._ask(port, "GET", "/metrics").text for port in {self.control_port, self.own_control_port}]
        return [sample for page in pages for family in text_string_to_metric_families(page) for sample in family.samples]

    def metric(self, name, **labels):
        """The sum of the samples with this name and these labels; 0 where there is none."""
        return sum(sample.value for sample in self.samples() if sample.name == name and labels.items() <= sample.labels.items())

    # The process

    def logs(self):
        """Log lines that are JSON objects."""
        found = []
        for line in self.stderr.all() + (self.other.stderr.all() if self.other else []):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                found.append(entry)
        return found

    def expect_log(self, *words):
        """Insists on one log line that holds all the words, in its decoded form."""

        def logged():
            lines = [json.dumps(entry, ensure_ascii=False).replace('\\"', '"') for entry in self.logs()]
            return any(all(word in line for word in words) for line in lines)

        eventually_blocking(logged, f"one log line holds {words}", within=5, show=self.stderr.text)

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def stop(self, within=STOP_WITHIN):
        """Stops it as an operator does, and insists on a graceful end, unless the test has waited for the end and judged it itself."""
        if not self.end_was_seen:
            if self.running():
                self.signal(signal.SIGTERM)
            code = self.wait(within)
            assert code == 0, f"exit code {code} after SIGTERM, not 0\n{self.transcript()}"
        if self.other and not self.other.end_was_seen:
            self.other.signal(signal.SIGTERM)
            code = self.other.wait(within)
            assert code == 0, f"exit code {code} of the other node after SIGTERM, not 0\n{self.other.transcript()}"

    def kill(self):
        super().kill()
        if self.other:
            self.other.kill()

    def transcript(self, lines=200):
        shown = super().transcript(lines)
        return f"{shown}\n--- the other node\n{self.other.transcript(lines)}" if self.other else shown
