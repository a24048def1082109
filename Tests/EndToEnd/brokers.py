"""Real brokers for tests of a cluster: nats-server, alone or three of them, and redis-server; on free ports, with their files in a temporary folder.

They are started, killed, stopped in the midst of things and started again as a machine that fails does it to them. Whoever asks waits for a
condition: none of these returns before the server answers.
"""

import contextlib
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess

import httpx
import pytest

from authority import blind
from eventually import eventually_blocking
from gateway import free_port

ENGINES = ["nats", "redis"]
START_WITHIN = 10.0


class Server:
    """One process of a broker. It keeps its ports over `kill` and `start`; nothing of what it held survives, as the tests' brokers store nothing."""

    program = None

    def __init__(self, folder, host="127.0.0.1", listen=None, inside=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        # Where the tests reach it, and where it listens.
        self.host, self.listen = host, listen or host
        self.port, self.process = free_port(), None
        # Words that begin the command, such as those that enter a network namespace.
        self.inside = list(inside)

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError

    def start(self):
        assert not self.running, "already started"
        self.is_paused = False
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen([*self.inside, *map(str, self.command())], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        return self

    def wait(self, within=START_WITHIN):
        def check():
            assert self.running, f"{self.program} has ended\n{self.transcript()}"
            try:
                return self.is_ready()
            except (OSError, httpx.TransportError, ssl.SSLError):
                return False

        eventually_blocking(check, f"{self.program} on port {self.port} is ready", within, show=self.transcript)
        return self

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """As a machine that loses power."""
        if self.running:
            self.process.kill()
            self.process.wait(5)

    def restart(self):
        """Ends it if it runs, and starts it anew: it has forgotten everything."""
        self.kill()
        return self.start().wait()

    def pause(self):
        """It goes on to hold its sockets, and does nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def paused(self):
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def transcript(self, lines=40):
        log = self.folder / "log"
        printed = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join([f"$ {' '.join(map(str, self.command()))}", *printed[-lines:]])


class NATS(Server):
    """A nats-server. `more` is added to its configuration, such as the users that it lets in."""

    program, engine = "nats-server", "nats"

    def __init__(self, folder, name="n1", more="", tls=None, **place):
        super().__init__(folder, **place)
        self.name, self.more, self.tls = name, more, tls
        self.monitor, self.route_port = free_port(), free_port()
        # The addresses at which it finds the other servers of its cluster.
        self.peers = []

    @property
    def url(self):
        return f"{'tls' if self.tls else 'nats'}://{self.host}:{self.port}"

    @property
    def urls(self):
        return [self.url]

    def command(self):
        return [shutil.which(self.program) or f"/usr/sbin/{self.program}", "-c", self._configuration()]

    def _configuration(self):
        lines = [
            f"server_name: {self.name}", f'listen: "{self.listen}:{self.port}"', f'http: "{self.listen}:{self.monitor}"', "write_deadline: 2s", self.more,
        ]
        if self.tls:
            lines.append(f'tls {{ cert_file: "{self.tls.certificate}", key_file: "{self.tls.key}" }}')
        if self.peers:
            routes = ", ".join(f'"nats://{host}:{port}"' for host, port in self.peers)
            lines.append(f'cluster {{ name: tests, listen: "{self.listen}:{self.route_port}", routes: [{routes}], connect_retries: 10000 }}')
        file = self.folder / "nats.conf"
        file.write_text("\n".join([*lines, ""]))
        return file

    def ask(self, path):
        """One request to its monitoring port."""
        return httpx.get(f"http://{self.host}:{self.monitor}{path}", timeout=5, trust_env=False).json()

    def is_ready(self):
        with socket.create_connection((self.host, self.port), 1) as one:
            one.settimeout(1)
            return one.recv(5) == b"INFO "

    @property
    def routes(self):
        """How many servers it is connected to."""
        return len({route["remote_id"] for route in self.ask("/routez")["routes"]})

    def clients(self):
        """Its clients, with the subjects that they are subscribed to."""
        return self.ask("/connz?subs=1&limit=10000")["connections"]

    def subscribers(self, subject):
        """How many clients are subscribed to this very subject, each subscription counted."""
        return sum((client.get("subscriptions_list") or []).count(subject) for client in self.clients())

    def subjects(self, prefix=""):
        return {subject for client in self.clients() for subject in client.get("subscriptions_list") or [] if subject.startswith(prefix)}


class NATSCluster:
    """Several nats-servers, each joined to each."""

    engine = "nats"

    def __init__(self, folder, places=({}, {}, {})):
        self.servers = [NATS(pathlib.Path(folder) / f"n{number}", f"n{number}", **place) for number, place in enumerate(places, 1)]
        for server in self.servers:
            server.peers = [(other.host, other.route_port) for other in self.servers if other is not server]

    @property
    def urls(self):
        return [server.url for server in self.servers]

    def start(self):
        for server in self.servers:
            server.start()
        return self

    def wait(self):
        for server in self.servers:
            server.wait()
        self.whole()
        return self

    def whole(self, within=20.0):
        """Waits until all that run are joined to one another."""
        running = [server for server in self.servers if server.running]
        eventually_blocking(
            lambda: all(server.routes == len(running) - 1 for server in running), "the servers are joined", within, show=self.transcript)

    def kill(self):
        for server in self.servers:
            server.kill()

    def resume(self):
        for server in self.servers:
            if server.running:
                server.resume()

    def subscribers(self, subject):
        return sum(server.subscribers(subject) for server in self.servers if server.running)

    def subjects(self, prefix=""):
        return set().union(*(server.subjects(prefix) for server in self.servers if server.running))

    def transcript(self):
        return "\n".join(server.transcript() for server in self.servers)


class Redis(Server):
    """A redis-server that stores nothing. `more` are words of its command line."""

    program, engine = "redis-server", "redis"

    def __init__(self, folder, more=(), tls=None, authority=None, **place):
        super().__init__(folder, **place)
        self.more, self.tls, self.authority = list(more), tls, authority

    @property
    def url(self):
        return f"{'rediss' if self.tls else 'redis'}://{self.host}:{self.port}"

    @property
    def urls(self):
        return [self.url]

    def command(self):
        common = ["--bind", self.listen, "--save", "", "--appendonly", "no", "--dir", self.folder, "--protected-mode", "no"]
        if not self.tls:
            return [self.program, "--port", self.port, *common, *self.more]
        files = [
            "--tls-cert-file", self.tls.certificate, "--tls-key-file", self.tls.key, "--tls-ca-cert-file", self.authority, "--tls-auth-clients", "no",
        ]
        return [self.program, "--port", 0, "--tls-port", self.port, *files, *common, *self.more]

    def is_ready(self):
        answer = self.ask("PING")
        return answer == "PONG" or isinstance(answer, RedisError) and "NOAUTH" in str(answer)

    def ask(self, *words):
        """One command on a connection of its own."""
        with socket.create_connection((self.host, self.port), 5) as one:
            if self.tls:
                one = blind().wrap_socket(one)
            one.settimeout(5)
            encoded = [str(word).encode() for word in words]
            one.sendall(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
            with one.makefile("rb") as stream:
                return _reply(stream)

    def subscribers(self, subject):
        return self.ask("PUBSUB", "NUMSUB", subject)[1]

    def subjects(self, prefix=""):
        return set(self.ask("PUBSUB", "CHANNELS", prefix + "*"))


class RedisError(str):
    """What the server calls an error."""


def _reply(stream):
    line = stream.readline()
    kind, rest = line[:1], line[1:].strip()
    if kind == b"+":
        return rest.decode()
    if kind == b"-":
        return RedisError(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if int(rest) < 0 else stream.read(int(rest) + 2)[:-2].decode()
    if kind == b"*":
        return [_reply(stream) for _ in range(int(rest))]
    raise OSError(f"no reply: {line!r}")


def start_broker(engine, folder, **options):
    """A broker that runs and is ready."""
    made = {"nats": NATS, "redis": Redis}[engine](folder, **options)
    made.start().wait()
    return made


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture
def broker(engine, tmp_path, request):
    """A broker of each engine in turn. A test that has it asks for it before it starts gateways."""
    made = start_broker(engine, tmp_path / "broker")
    yield made
    if made.running:
        made.resume()
    made.kill()
