"""docs/scaling.md: its example is run as it is written, its tables are those of the model, and Examples/cluster is what it says."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import httpx
import pytest
import yaml

from eventually import eventually_blocking
from gateway import REPOSITORY, binary, free_port, run
from network import Network, unavailable

PAGE = REPOSITORY / "docs" / "scaling.md"
MODEL = REPOSITORY / "docs" / "capacity" / "model.py"
FOLDER = REPOSITORY / "Examples" / "cluster"


def section(title):
    """The text below a heading of the page, down to the next one."""
    return PAGE.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def commands():
    """The blocks of commands in the example, in order."""
    return re.findall(r"```sh\n(.*?)```", section("Three nodes on one machine"), re.DOTALL)


@pytest.fixture
def place(tmp_path):
    """Where the example's ports are free: a network of its own, or this machine's where there can be none. A folder, with what it needs in PATH."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "Examples").symlink_to(REPOSITORY / "Examples")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "holdfast").symlink_to(pathlib.Path(binary()).resolve())
    path = f"{programs}:{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"
    network = None
    if not unavailable():
        network = Network()
        inside = network.namespace().inside
    else:
        inside = []
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy") and not name.startswith("HOLDFAST_")}
    yield folder, inside, {**clean, "PATH": path}
    if network:
        network.remove()


def test_three_nodes_on_one_machine_as_written(place):
    folder, inside, environment = place
    script = "\n".join(commands())
    # Its own session: whatever it leaves running ends with it.
    process = subprocess.Popen(
        [*inside, "bash", "-e", "-c", script], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True)
    try:
        eventually_blocking(lambda: process.poll() is not None, "the commands have run", within=45, show=lambda: logs(folder))
        os.killpg(process.pid, signal.SIGTERM)
        printed, errors = process.communicate(timeout=30)
        assert process.returncode == 0, f"{printed}{errors}\n{logs(folder)}"
        assert "hello from a" in printed, printed
        before, after = re.findall(r'\{"nodes":.*?"broker":\{.*?\}\}', printed)
        assert [name in before for name in ('"name":"a"', '"name":"b"', '"name":"c"')] == [True, True, True], before
        assert [name in after for name in ('"name":"a"', '"name":"b"', '"name":"c"')] == [True, False, True], after
    finally:
        with_killed_group(process)


def with_killed_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(10)


def logs(folder):
    return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in sorted(folder.glob("*.log")))


def test_the_script_is_what_the_page_has():
    def bare(text):
        return [line for line in text.splitlines() if line and not line.startswith("#")]

    assert bare((FOLDER / "three-nodes.sh").read_text()) == bare("\n".join(commands()))


# The model

def model(*arguments):
    done = subprocess.run([sys.executable, MODEL, *map(str, arguments)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tables_are_those_of_the_model():
    page = PAGE.read_text()
    tables = model().strip().split("\n\n")
    for name, table in zip(("sizes", "patterns"), tables, strict=True):
        assert f"<!-- model: {name} -->\n\n{table}\n" in page, f"the table {name} of docs/scaling.md is not what docs/capacity/model.py prints"


def test_the_model_answers_for_a_load_of_ones_own():
    def nodes(*arguments):
        return int(re.search(r"nodes +(\d+)", model(*arguments))[1])

    assert nodes("--connections", 1000) == 1
    few, many = nodes("--connections", 5e6, "--tls"), nodes("--connections", 1e7, "--tls")
    assert 1 < few < many
    assert nodes("--connections", 1e7, "--tls", "--memory", 256, "--cores", 64) < many
    assert nodes("--connections", 1e7, "--cost", "delivery=100") > nodes("--connections", 1e7)
    wrong = subprocess.run([sys.executable, MODEL, "--cost", "nonsense=1"], capture_output=True, text=True, timeout=30)
    assert wrong.returncode == 2 and "nonsense" in wrong.stderr


def test_the_models_costs_are_those_of_the_documents():
    """What docs/performance.md and docs/benchmarks.md tell, the model reckons with."""
    sys.path.insert(0, str(MODEL.parent))
    try:
        from model import Costs
    finally:
        sys.path.pop(0)
    costs = Costs()
    told = (REPOSITORY / "docs" / "performance.md").read_text()
    for words, cost in [
        (r"fan-out \|.*?\| (\d+) µs each at 5,000", costs.delivery),
        (r"messages to the app, and answers \| [\d,]+ \| (\d+) µs", costs.message), (r"pings and pongs.*?\| (\d+) µs", costs.ping),
        (r"openings with TLS \| [\d,]+ \| (\d+) µs", costs.opening_tls), (r"62 to (\d+) µs; 360", costs.opening),
    ]:
        found = re.search(words, told)
        assert found, f"docs/performance.md has no longer {words}"
        assert float(found[1]) == cost, (words, found[1], cost)


# Examples/cluster

def checked(path, *arguments, **variables):
    """What `holdfast check` says of a configuration."""
    return run("check", *(["-c", path] if path else []), *arguments, extra_environment=variables)


def test_the_shared_file_is_a_configuration():
    shown = checked(FOLDER / "holdfast.yaml", HOLDFAST_NODE="b")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "node: b" in shown.stdout and "10.0.0.13" in shown.stdout


def test_compose_file():
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    assert set(services) == {"nats-1", "nats-2", "nats-3", "a", "b", "c", "app", "balancer"}
    for name in "abc":
        service = services[name]
        assert service["environment"]["HOLDFAST_NODE"] == name
        program, command, *flags = service["command"]
        assert (program, command) == ("holdfast", "serve")
        variables = {key: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for key, value in service["environment"].items()}
        shown = checked(None, *flags, **variables)
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert all(host in services for host in re.findall(r"(?:nats|http)://([\w-]+):", " ".join(flags)))
        assert all(host in services for host in service["depends_on"])
    for service in services.values():
        for volume in service.get("volumes", []):
            source = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", volume).split(":")[0]
            assert (FOLDER / source).exists() or source.endswith("/holdfast"), source


def test_the_health_check_of_compose(launch, app):
    """Its command, on a node that is ready, and where nobody answers."""
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    check = services["a"]["healthcheck"]["test"]
    assert check[0] == "CMD" and [port for port in services["a"]["ports"]] == ["127.0.0.1:8081:8081"]
    gateway = launch("serve", app.url)

    def healthy(port):
        command = [word.replace("$$", "$").replace("8081", str(port)) for word in check[1:]]
        return subprocess.run(command, capture_output=True, text=True, timeout=10).returncode == 0

    assert healthy(httpx.URL(gateway.control_url).port)
    assert not healthy(free_port())


def test_the_nodes_know_the_brokers_password():
    """The file that nodes share and the servers' configuration go together, and neither works without a password."""
    nats = (FOLDER / "nats.conf").read_text()
    user, password = re.search(r'^authorization \{\n  user: (\S+)\n  password: "(\S+)"', nats, re.MULTILINE).groups()
    brokers = yaml.safe_load((FOLDER / "holdfast.yaml").read_text())["broker"]
    assert brokers[0].startswith(f"nats://{user}:{password}@"), brokers
    routes = re.search(r'  authorization \{\n    user: (\S+)\n    password: "(\S+)"', nats).groups()
    assert nats.count("nats://{}:{}@".format(*routes)) == len(brokers)


def has_compose():
    return bool(shutil.which("docker")) and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_compose(), reason="no docker compose here")
def test_compose_file_by_compose():
    done = subprocess.run(["docker", "compose", "-f", FOLDER / "compose.yaml", "config", "-q"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_unit(tmp_path):
    text = (FOLDER / "holdfast@.service").read_text()
    unit = tmp_path / "holdfast@.service"
    unit.write_text(text.replace("/usr/local/bin/holdfast", binary()))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and str(unit) not in done.stderr, done.stderr
    started = re.search(r"ExecStart=/usr/local/bin/holdfast serve -c \S+ (.*)", text)[1].replace("%i", "a").split()
    shown = checked(FOLDER / "holdfast.yaml", *started)
    assert shown.returncode == 0 and "node: a" in shown.stdout, shown.stdout + shown.stderr
    # A user that is nobody's may not read the file: it is handed on.
    assert "DynamicUser=yes" in text and "LoadCredential=holdfast.yaml:/etc/holdfast/holdfast.yaml\n" in text
    assert "-c ${CREDENTIALS_DIRECTORY}/holdfast.yaml " in text
    head = text.split("[Service]")[0]
    assert "\nStartLimitIntervalSec=0\n" in head, "a broker that refuses for a while takes the node out for good"


def test_servers_of_nats(tmp_path):
    program = shutil.which("nats-server") or "/usr/sbin/nats-server"
    done = subprocess.run([program, "-c", FOLDER / "nats.conf", "-t"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not (shutil.which("nginx") or pathlib.Path("/usr/sbin/nginx").exists()), reason="no nginx here")
def test_balancer(tmp_path):
    file = tmp_path / "nginx.conf"
    # Names of the containers are known only there.
    text = re.sub(r"server [abc]:", "server 127.0.0.1:", (FOLDER / "nginx.conf").read_text())
    file.write_text(f"pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log;\n{text}")
    done = subprocess.run([shutil.which("nginx") or "/usr/sbin/nginx", "-t", "-p", tmp_path, "-c", file], capture_output=True, text=True, timeout=30)
    assert "syntax is ok" in done.stderr, done.stderr
