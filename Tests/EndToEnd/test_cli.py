"""What a person types, and what the program says."""

import json
import os
import re
import socket
import subprocess

import pytest
import yaml

from app import echo, reply
from client import all_received, connect, ending, received
from eventually import eventually, eventually_blocking
from gateway import Program, binary, environment, free_port, run, without_privileges

JOIN = [{"type": "subscribe", "channel": "lobby"}]


def sentence(text):
    """Insists on one line that a person can read, and returns it."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, f"not one sentence: {text!r}"
    assert not re.search(r"Fatal error|Optional\(|NIOCore|\bError Domain|\.swift:\d+", lines[0]), f"not for a person: {lines[0]!r}"
    return lines[0]


# Help

COMMANDS = ["serve", "wsaas", "wsify", "convert", "check", "publish", "send", "close", "connections", "channels", "tail", "demo"]


def test_help_lists_the_commands():
    ended = run("--help")
    assert ended.returncode == 0, ended
    missing = [command for command in COMMANDS if not re.search(rf"^\s+{command}\b", ended.stdout, re.MULTILINE)]
    assert not missing, f"not in the help: {missing}\n{ended.stdout}"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command):
    ended = run(command, "--help")
    assert ended.returncode == 0, ended
    assert "USAGE" in ended.stdout.upper() and len(ended.stdout.splitlines()) > 5, ended.stdout


@pytest.mark.parametrize("flag, meant", [("--lisen", "--listen"), ("--webhook-retry", "--webhook-retries"), ("--max-mesage-bytes", "--max-message-bytes")])
def test_unknown_flag_suggests_the_one_that_was_meant(flag, meant):
    ended = run("serve", "http://localhost:3000/hook", flag, "1")
    assert ended.returncode == 64, ended
    assert flag in ended.stderr and re.search(rf"{meant}(?![\w-])", ended.stderr), f"no suggestion: {ended.stderr!r}"


def test_unknown_command():
    ended = run("srve", "http://localhost:3000/hook")
    assert ended.returncode == 64, ended
    assert "srve" in ended.stderr, ended.stderr


@pytest.mark.parametrize("target", ["localhost:3000/hook", "ftp://localhost/hook", "http://", "hook"])
def test_target_that_is_no_http_url(target):
    ended = run("serve", target, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0")
    assert ended.returncode in (1, 64), ended
    assert target in ended.stderr and "http://" in ended.stderr, f"no word on what is accepted: {ended.stderr!r}"


def test_nothing_to_serve():
    ended = run("serve", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0")
    assert ended.returncode in (1, 64), ended
    assert "http" in ended.stderr and ("-c" in ended.stderr or "--config" in ended.stderr), f"no word on what is needed: {ended.stderr!r}"


# Start-up

def test_start_up_prints_four_lines(serve, app):
    gateway = serve()
    lines = eventually_blocking(lambda: gateway.stdout.all() if len(gateway.stdout.all()) >= 4 else None, "four lines are printed", show=gateway.stdout.all)
    assert len(lines) == 4, lines
    assert f"ws://127.0.0.1:{gateway.port}/" in lines[0], lines
    assert gateway.control_url in lines[1], lines
    assert app.url in lines[2], lines
    assert lines[3].strip(), lines


def test_log_is_json_when_stderr_is_no_terminal(app):
    program = Program("serve", app.url, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--log-level", "debug")
    try:
        eventually_blocking(lambda: program.stdout.all(), "it has started", show=program.transcript)
        program.signal()
        assert program.wait() == 0, program.transcript()
    finally:
        program.kill()
    for line in program.stderr.all():
        try:
            json.loads(line)
        except ValueError:
            raise AssertionError(f"no JSON: {line!r}") from None


@pytest.mark.parametrize("flag", ["--listen", "--control"])
def test_port_in_use_is_a_sentence(app, flag):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        addresses = {"--listen": "127.0.0.1:0", "--control": "127.0.0.1:0", flag: address}
        ended = run("serve", app.url, "--log-level", "error", *(part for pair in addresses.items() for part in pair))
    assert ended.returncode == 1, ended
    said = sentence(ended.stderr)
    assert address in said and "in use" in said, said


def test_missing_file_is_a_sentence(tmp_path):
    file = tmp_path / "none.yaml"
    for command in ("serve", "check"):
        ended = run(command, "-c", file)
        assert ended.returncode == 1, ended
        assert str(file) in sentence(ended.stderr), ended.stderr


# Flags over environment over file over default: each layer sets another limit of message size.

LAYERS = {
    "file": (["maxMessageBytes"], None, None, 1000), "environment over file": (["maxMessageBytes"], "2000", None, 2000),
    "flag over both": (["maxMessageBytes"], "2000", "3000", 3000), "flag over file": (["maxMessageBytes"], None, "3000", 3000),
}


@pytest.mark.parametrize("case", LAYERS)
async def test_nearer_setting_wins(serve, app, case):
    in_file, variable, flag, limit = LAYERS[case]
    config = {**{key: 1000 for key in in_file}, "routes": [{"name": "all", "path": "/*", "target": app.url}]}
    environment = {"HOLDFAST_MAX_MESSAGE_BYTES": variable} if variable else {}
    gateway = serve(*(["--max-message-bytes", flag] if flag else []), config=config, extra_environment=environment)
    async with connect(gateway) as client:
        await client.send("x" * limit)
        await eventually(lambda: app.texts() == ["x" * limit], f"a message of {limit} bytes passes", show=app.transcript)
        await client.send("x" * (limit + 1))
        assert (await ending(client))[0] == 1009


def test_bad_variable_is_named(app):
    ended = run("serve", app.url, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", extra_environment={"HOLDFAST_WEBHOOK_TIMEOUT": "soon"})
    assert ended.returncode == 1, ended
    assert "HOLDFAST_WEBHOOK_TIMEOUT" in ended.stderr and "soon" in ended.stderr, ended.stderr


async def test_several_listeners(serve, app):
    second = free_port()
    gateway = serve("--listen", f"127.0.0.1:{second}")
    async with connect(gateway):
        gateway.port = second
        async with connect(gateway):
            pass


# check

FAULTY = """\
listen: 127.0.0.1:notaport
control:
  listn: 127.0.0.1:8081
brokr: memory
maxMessageBytes: lots
handshakeTimout: 10s
log:
  level: loud
webhook:
  timeout: soon
  retris: 2
routes:
  - name: chat
    path: chat
    target: ftp://localhost/hook
    dialect: jsn
  - name: chat
    path: /two
    targt: http://localhost:3000/hook
"""
# Line, and the words that its fault must mention: for an unknown key the nearest valid one.
FAULTS = [
    (1, ["listen", "notaport"]), (3, ["listn", "listen"]), (4, ["brokr", "broker"]), (5, ["maxMessageBytes", "lots"]),
    (6, ["handshakeTimout", "handshakeTimeout"]), (8, ["loud", "debug"]), (10, ["timeout", "soon"]), (11, ["retris", "retries"]),
    (14, ["path", "/"]), (15, ["target", "http"]), (16, ["jsn", "json"]), (17, ["name", "chat"]), (19, ["targt", "target"]),
]


def test_check_lists_every_fault_with_its_line(tmp_path):
    file = tmp_path / "holdfast.yaml"
    file.write_text(FAULTY)
    ended = run("check", "-c", file)
    assert ended.returncode == 1, ended
    said = (ended.stdout + ended.stderr).splitlines()
    missing = [
        (number, words) for number, words in FAULTS
        if not any(re.search(rf"(?:line |:){number}\b", line) and all(word in line for word in words) for line in said)
    ]
    assert not missing, f"{len(missing)} of {len(FAULTS)} faults are not named with line and key: {missing}\nsaid:\n" + "\n".join(said)


def test_serve_refuses_what_check_refuses(tmp_path):
    file = tmp_path / "holdfast.yaml"
    file.write_text(FAULTY)
    ended = run("serve", "-c", file)
    assert ended.returncode == 1, ended
    for word in ("listn", "brokr", "targt"):
        assert word in ended.stderr, f"{word} is not named: {ended.stderr}"


def test_check_of_a_sound_file_prints_what_is_in_effect(tmp_path):
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    file = tmp_path / "holdfast.yaml"
    file.write_text(yaml.safe_dump({
        "listen": ["127.0.0.1:0"], "control": {"listen": "127.0.0.1:0", "token": "open-sesame"},
        "routes": [{"name": "chat", "path": "/chat/*", "target": "http://localhost:3000/hook", "secret": [secret], "maxMessageBytes": "2MiB",
                    "webhook": {"timeout": "3s"}}],
    }))
    ended = run("check", "-c", file)
    assert ended.returncode == 0, ended
    for word in ("chat", "http://localhost:3000/hook", "handshakeTimeout"):
        assert word in ended.stdout, f"{word} is not in the effective configuration:\n{ended.stdout}"
    printed = ended.stdout + ended.stderr
    assert "open-sesame" not in printed and secret.removeprefix("whsec_") not in printed, "a secret was printed"


@pytest.mark.parametrize("text", ["routes: [", "\tlisten: x", "- a\n- b\n", "routes: 7\n", "routes: [7]\n"], ids=repr)
def test_check_of_a_file_that_is_no_configuration(tmp_path, text):
    file = tmp_path / "holdfast.yaml"
    file.write_text(text)
    ended = run("check", "-c", file)
    assert ended.returncode == 1, f"accepted: {ended}"
    assert (ended.stdout + ended.stderr).strip(), "refused without a word"


def test_check_of_a_file_that_is_not_read_says_why(tmp_path):
    forbidden = tmp_path / "holdfast.yaml"
    forbidden.write_text("node: a\n")
    forbidden.chmod(0)
    no_text = tmp_path / "bytes.yaml"
    no_text.write_bytes(b"node: \xff\n")
    for file, why in (
        (forbidden, "cannot be read: Permission denied"), (tmp_path, "is a directory"), (tmp_path / "none", "no such file"),
        (no_text, "cannot be read as UTF-8 text"),
    ):
        program = Program("check", "-c", file, before_exec=without_privileges)
        assert program.wait() == 1, program.transcript()
        said = sentence(program.stderr.text())
        assert said.startswith(f"holdfast: {file}:1: ") and why in said, said


BROKERS = """\
node: a b
broker:
  - nats://a:4222
  - redis://b
  - nats://u:sec@c:99999
cluster:
  lease: soon
  credentialsFile: /nowhere/a.creds
  caFile: /nowhere/ca.pem
  certificateFile: /nowhere/own.pem
  keyFile: /nowhere/own.key
routes: [{path: chat, target: http://localhost:3000/hook}]
"""
BROKER_FAULTS = [
    "1: node: expected 1 to 64", "5: broker[2]: \"nats://(hidden)@c:99999\" names no host", "4: broker[1]: nats://a:4222 and redis://b:6379 are of",
    "7: cluster.lease: expected", "8: cluster.credentialsFile: /nowhere/a.creds: no such file", "9: cluster.caFile: /nowhere/ca.pem: no such file",
    "10: cluster.certificateFile: /nowhere/own.pem: no such file", "11: cluster.keyFile: /nowhere/own.key: no such file",
    "12: routes[0].path: expected",
]


def test_check_lists_faults_of_the_broker_with_all_others(tmp_path):
    file = tmp_path / "holdfast.yaml"
    file.write_text(BROKERS)
    ended = run("check", "-c", file)
    assert ended.returncode == 1, ended
    said = ended.stderr.splitlines()
    assert len(said) == len(BROKER_FAULTS), ended.stderr
    for line, beginning in zip(said, BROKER_FAULTS):
        assert line.startswith(f"holdfast: {file}:{beginning}"), (line, beginning)


@pytest.mark.parametrize("place", ["flag", "variable", "file"])
def test_a_comma_in_a_brokers_password_shows_nothing_of_it(place, tmp_path):
    url = "nats://user:gehe,im@host"
    file = tmp_path / "holdfast.yaml"
    file.write_text(f"broker: {url}\n")
    flags, variables = {"flag": (["--broker", url], {}), "variable": ([], {"HOLDFAST_BROKER": url}), "file": (["-c", file], {})}[place]
    ended = run("check", "http://localhost:3000/hook", *flags, extra_environment=variables)
    assert ended.returncode == 1, ended
    source = {"flag": "--broker", "variable": "HOLDFAST_BROKER", "file": f"{file}:1"}[place]
    assert ended.stderr.startswith(f"holdfast: {source}: broker"), ended.stderr
    assert "gehe" not in ended.stderr and "im@" not in ended.stderr and "a comma in a user or password is written %2C" in ended.stderr, ended.stderr


# The commands that talk to a running gateway

@pytest.fixture
def lobby(serve, app):
    app.behaviour = reply(open=JOIN, message=echo)
    return serve()


def cli(gateway, *arguments, **options):
    """A command against this gateway that must succeed; returns what it printed."""
    ended = run(*arguments, "--control", gateway.control_url, **options)
    assert ended.returncode == 0, ended
    return ended.stdout


async def test_publish(lobby):
    async with connect(lobby) as ann, connect(lobby) as bob:
        assert "2" in cli(lobby, "publish", "lobby", "grüße to all"), "the number of those who got it is not printed"
        assert await received(ann) == await received(bob) == "grüße to all"


async def test_control_address_without_a_scheme(lobby):
    async with connect(lobby) as client:
        ended = run("publish", "lobby", "hello", "--control", f"127.0.0.1:{lobby.control_port}")
        assert ended.returncode == 0, ended
        assert await received(client) == "hello"


async def test_channel_with_an_odd_name(gateway, app):
    app.behaviour = reply(open=[{"type": "subscribe", "channel": "räume/7 ?#%"}])
    async with connect(gateway) as client:
        cli(gateway, "publish", "räume/7 ?#%", "hello")
        assert await received(client) == "hello"


async def test_send_and_close(lobby, app):
    async with connect(lobby) as client:
        cli(lobby, "send", app.last_id(), "for you")
        assert await received(client) == "for you"
        cli(lobby, "close", app.last_id(), "--code", "4000", "--reason", "enough")
        assert await ending(client) == (4000, "enough")


async def test_lists(lobby, app):
    async with connect(lobby), connect(lobby):
        listed = cli(lobby, "connections")
        assert all(identity in listed for identity in app.ids()), listed
        assert re.search(r"lobby\b.*\b2\b", cli(lobby, "channels")), "the channel is not listed with its two subscribers"


async def test_tail(lobby):
    program = Program("tail", "lobby", "--control", lobby.control_url)
    try:
        async def heard():
            lobby.publish("lobby", "is anyone listening?")
            return "is anyone listening?" in program.stdout.text()

        await eventually(heard, "tail prints a publication", show=program.transcript)
        lobby.publish("lobby", "last words")
        await eventually(lambda: "last words" in program.stdout.text(), "tail prints the next one too", show=program.transcript)
        assert program.running()
    finally:
        program.kill()


@pytest.mark.parametrize(
    "arguments", [("send", "n1.0.AAAAAAAAAAAAAAAAAAAAAA", "hello"), ("close", "n1.0.AAAAAAAAAAAAAAAAAAAAAA")], ids=lambda value: value[0],
)
def test_unknown_connection_is_a_sentence(lobby, arguments):
    ended = run(*arguments, "--control", lobby.control_url)
    assert ended.returncode == 1, ended
    assert "n1.0.AAAAAAAAAAAAAAAAAAAAAA" in sentence(ended.stderr)


@pytest.mark.parametrize(
    "arguments", [("publish", "lobby", "hello"), ("connections",), ("channels",), ("tail", "lobby"), ("send", "id", "x"), ("close", "id")],
    ids=lambda value: value[0],
)
def test_gateway_that_is_not_there_is_a_sentence(arguments):
    address = f"127.0.0.1:{free_port()}"
    ended = run(*arguments, "--control", address)
    assert ended.returncode == 1, ended
    assert address in sentence(ended.stderr), ended.stderr


async def test_token(serve, app):
    app.behaviour = reply(open=JOIN)
    gateway = serve(token="open-sesame")
    async with connect(gateway) as client:
        for options in ({}, {"extra_environment": {"HOLDFAST_CONTROL_TOKEN": "wrong"}}):
            ended = run("publish", "lobby", "hello", "--control", gateway.control_url, **options)
            assert ended.returncode == 1, ended
            assert "token" in sentence(ended.stderr), ended.stderr
        cli(gateway, "publish", "lobby", "by flag", "--control-token", "open-sesame")
        cli(gateway, "publish", "lobby", "by variable", extra_environment={"HOLDFAST_CONTROL_TOKEN": "open-sesame"})
        assert await all_received(client, 2) == ["by flag", "by variable"]


def test_output_may_be_cut_short(lobby):
    """`holdfast connections | head -0` is no crash."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([binary(), "connections", "--control", lobby.control_url], stdout=writing, stderr=subprocess.PIPE, env=environment(), timeout=10)
    os.close(writing)
    assert b"Fatal error" not in ended.stderr, ended.stderr
