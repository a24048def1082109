"""The control API behind TLS: who may ask it, and how the commands reach it."""

import json
import re
import ssl
import subprocess
import time

import httpx
import pytest

from app import reply
from authority import Authority, authority, blind, pair, trust  # noqa: F401, three of them are fixtures
from client import all_received, connect, ending, received
from eventually import eventually, eventually_blocking
from gateway import Program, free_port, run
from rawsocket import RawClient

JOIN = reply(open=[{"type": "subscribe", "channel": "lobby"}])


@pytest.fixture(scope="module")
def member(authority):
    """A client's certificate that the control API is to accept."""
    return authority.pair("client", name="a member")


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    """Another authority, of which the gateway knows nothing."""
    return Authority(tmp_path_factory.mktemp("strangers"), "Somebody else")


@pytest.fixture
def open_to_all(serve, pair, trust):
    """A control API with TLS that asks clients for nothing."""
    return serve(*pair.flags("--control-tls"), trust=trust)


@pytest.fixture
def members_only(serve, pair, authority, member):
    """A control API that wants to see a certificate."""
    return serve(*pair.flags("--control-tls"), "--control-tls-client-ca-file", authority.file, trust=authority.trust(member))


def ask(gateway, context, path="/v1/channels"):
    return httpx.get(gateway.control_url + path, verify=context, trust_env=False, timeout=10)


# By HTTP

def test_it_says_https_at_start_up(open_to_all):
    lines = eventually_blocking(lambda: open_to_all.stdout.all() if len(open_to_all.stdout.all()) >= 4 else None, "four lines are printed")
    assert re.match(rf"Control API +https://127\.0\.0\.1:{open_to_all.control_port}\b", lines[1]), lines
    assert lines[0].split()[3].startswith("ws://"), f"TLS on the control API alone: {lines}"
    assert f"https://127.0.0.1:{open_to_all.control_port}/" in lines[3], f"what it says to try would not work: {lines}"


async def test_everything_is_there(open_to_all, app):
    app.behaviour = JOIN
    async with connect(open_to_all) as client:
        assert open_to_all.control_url.startswith("https://")
        assert open_to_all.publish("lobby", "hello") == 1
        assert open_to_all.act({"type": "send", "to": app.last_id(), "text": "you"})[0]["status"] == "ok"
        assert await all_received(client, 2) == ["hello", "you"]
        assert [found["id"] for found in open_to_all.connections()] == app.ids()
        for path in ("/health", "/ready", "/metrics", "/openapi.yaml"):
            assert open_to_all.get(path).status_code == 200, path
        assert open_to_all.metric("holdfast_connections") == 1
        assert open_to_all.delete(f"/v1/connections/{app.last_id()}?code=4001").status_code == 202
        assert (await ending(client))[0] == 4001


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/v1/channels"])
def test_nobody_comes_in_without_a_certificate(members_only, authority, strangers, path):
    assert members_only.get(path).status_code == 200
    outsiders = {
        "no certificate": authority.trust(), "a stranger's": authority.trust(strangers.pair("client")),
        "an expired one": authority.trust(authority.pair("client", begins=-3, days=-1)),
    }
    for name, context in outsiders.items():
        try:
            answer = ask(members_only, context, path)
        except httpx.TransportError:
            continue
        assert answer.status_code == 401, f"{name}: {answer.status_code} {answer.text}"
    assert members_only.get(path).status_code == 200


def test_outsiders_do_not_fill_the_log(members_only, authority):
    before = len(members_only.logs())
    for _ in range(50):
        with pytest.raises(httpx.TransportError):
            ask(members_only, authority.trust())
    assert len(members_only.logs()) - before <= 10, members_only.logs()[before:][:5]


async def test_certificate_does_not_replace_the_token(serve, pair, authority, member):
    gateway = serve(
        *pair.flags("--control-tls"), "--control-tls-client-ca-file", authority.file, trust=authority.trust(member), token="open-sesame",
    )
    assert gateway.get("/v1/channels").status_code == 200
    for wrong in ("Bearer wrong", "none"):
        assert gateway.get("/v1/channels", headers={"authorization": wrong}).status_code == 401
    assert gateway.get("/health", headers={"authorization": "none"}).status_code == 200


async def test_settings_come_from_elsewhere_too(serve, app, pair, authority, member):
    tls = {"certificateFile": str(pair.certificate), "keyFile": str(pair.key), "clientCaFile": str(authority.file)}
    from_file = serve(config={"control": {"tls": tls}, "routes": [{"name": "all", "target": app.url}]}, trust=authority.trust(member))
    variables = {"HOLDFAST_CONTROL_TLS_" + re.sub("([A-Z])", r"_\1", key).upper(): value for key, value in tls.items()}
    from_variables = serve(extra_environment=variables, trust=authority.trust(member))
    for gateway in (from_file, from_variables):
        assert ask(gateway, authority.trust(member)).status_code == 200
        with pytest.raises(httpx.TransportError):
            ask(gateway, authority.trust())


def test_curl(members_only, authority, member):
    arguments = ["--cacert", authority.file, "--cert", member.certificate, "--key", member.key, "-w", "%{http_version}"]
    url = f"https://localhost:{members_only.control_port}/health"
    ended = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "10", *arguments, url], capture_output=True, text=True)
    assert ended.returncode == 0 and ended.stdout == '{"status":"ok"}1.1', ended


def test_plain_http_at_the_tls_port_ends(open_to_all):
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{open_to_all.control_port}/health", timeout=5, trust_env=False).raise_for_status()
    assert open_to_all.get("/health").status_code == 200


def test_old_version_is_refused(open_to_all):
    context = blind()
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")  # Otherwise this side would not even ask for it.
    with pytest.raises(httpx.ConnectError, match="TLSV1_ALERT_PROTOCOL_VERSION"):
        ask(open_to_all, context)


def test_silent_sockets_keep_nobody_out(open_to_all):
    class Control:
        port = open_to_all.control_port

    silent = [RawClient(Control) for _ in range(100)]
    begun = time.monotonic()
    assert open_to_all.get("/health").status_code == 200
    assert time.monotonic() - begun < 3
    for client in silent:
        client.close()


def test_both_ports_have_certificates_of_their_own(serve, authority):
    public, private = authority.pair(days=70), authority.pair(days=40)
    gateway = serve(*public.flags(), *private.flags("--control-tls"), trust=authority.trust())
    for listener, pair in (("public", public), ("control", private)):
        left = gateway.metric("holdfast_certificate_expiry_seconds", listener=listener)
        assert abs(left - (pair.expires - time.time())) < 10, (listener, left)


# What stops the start

def with_control(app, *flags):
    return run("serve", app.url, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--log-level", "error", *flags)


@pytest.mark.parametrize("case", [
    "a certificate without a key", "an authority without a certificate", "no authority file", "an authority file of garbage",
])
def test_fault_is_a_sentence(app, tmp_path, pair, authority, case):
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate")
    both, clients = pair.flags("--control-tls"), "--control-tls-client-ca-file"
    flags, setting, file = {
        "a certificate without a key": (both[:2], "certificateFile", "keyFile"),
        "an authority without a certificate": ([clients, authority.file], "clientCaFile", "certificateFile"),
        "no authority file": ([*both, clients, tmp_path / "none.pem"], "clientCaFile", str(tmp_path / "none.pem")),
        "an authority file of garbage": ([*both, clients, garbage], "clientCaFile", str(garbage)),
    }[case]
    ended = with_control(app, *flags)
    assert ended.returncode == 1, ended
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1, ended.stderr
    as_flag = "--control-tls-" + re.sub("([A-Z])", r"-\1", setting).lower()
    assert f"control.tls.{setting}" in lines[0] or as_flag in lines[0], lines[0]
    assert file in lines[0] and not re.search(r"NIOSSL|BoringSSL|\.swift:\d+|Error\(", lines[0]), lines[0]


# By the commands

def by_flags(authority, member=None):
    flags = ["--control-ca-file", authority.file]
    return [*flags, "--control-certificate-file", member.certificate, "--control-key-file", member.key] if member else flags


def command(gateway, *arguments, **options):
    """A command against this gateway that must succeed; returns what it printed."""
    ended = run(*arguments, "--control", gateway.control_url, **options)
    assert ended.returncode == 0, ended
    return ended.stdout


def refused(*arguments, **options):
    """A command that must fail, with one sentence for a person, which it returns."""
    ended = run(*arguments, **options)
    assert ended.returncode == 1, ended
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1 and not re.search(r"NIOSSL|BoringSSL|HTTPClientError|\.swift:\d+|Error\(", lines[0]), f"not a sentence: {ended.stderr!r}"
    return lines[0]


async def test_commands_reach_members_only(members_only, app, authority, member):
    app.behaviour = JOIN
    flags = by_flags(authority, member)
    async with connect(members_only) as client:
        assert "1" in command(members_only, "publish", "lobby", "hello", *flags)
        command(members_only, "send", app.last_id(), "you", *flags)
        assert await all_received(client, 2) == ["hello", "you"]
        assert app.last_id() in command(members_only, "connections", *flags)
        assert "lobby" in command(members_only, "channels", *flags)
        command(members_only, "close", app.last_id(), "--code", "4000", *flags)
        assert (await ending(client))[0] == 4000


async def test_commands_read_variables(members_only, app, authority, member):
    app.behaviour = JOIN
    variables = {
        "HOLDFAST_CONTROL": members_only.control_url, "HOLDFAST_CONTROL_CA_FILE": str(authority.file),
        "HOLDFAST_CONTROL_CERTIFICATE_FILE": str(member.certificate), "HOLDFAST_CONTROL_KEY_FILE": str(member.key),
    }
    async with connect(members_only) as client:
        ended = run("publish", "lobby", "by variables", extra_environment=variables)
        assert ended.returncode == 0, ended
        assert await received(client) == "by variables"


async def test_tail(members_only, authority, member):
    program = Program("tail", "lobby", "--control", members_only.control_url, *by_flags(authority, member))
    try:
        async def heard():
            members_only.publish("lobby", "is anyone listening?")
            return "is anyone listening?" in program.stdout.text()

        await eventually(heard, "tail prints a publication", show=program.transcript)
    finally:
        program.kill()


def test_events_stream_over_tls(open_to_all, trust):
    with httpx.Client(verify=trust, trust_env=False, timeout=10) as client:
        with client.stream("GET", open_to_all.control_url + "/v1/channels/lobby/messages") as stream:
            lines = stream.iter_lines()
            next(line for line in lines if line.startswith(":"))
            open_to_all.publish("lobby", "x" * 100_000)
            data = next(line for line in lines if line.startswith("data: "))
    assert json.loads(data.removeprefix("data: "))["text"] == "x" * 100_000


def test_command_that_does_not_know_the_authority(open_to_all, strangers):
    address = ["--control", open_to_all.control_url]
    for flags in ([], ["--control-ca-file", strangers.file]):
        said = refused("channels", *address, *flags)
        assert re.search("certificate|trust", said) and "control-ca-file" in said, f"no word on what is wrong: {said!r}"


def test_command_without_a_certificate(members_only, authority):
    said = refused("channels", "--control", members_only.control_url, *by_flags(authority))
    assert "certificate" in said, f"no word on what is wrong: {said!r}"


def test_command_that_speaks_plain_http(open_to_all):
    said = refused("channels", "--control", f"127.0.0.1:{open_to_all.control_port}")
    assert str(open_to_all.control_port) in said, said


def test_command_that_speaks_tls_to_a_plain_port(gateway, authority):
    said = refused("channels", "--control", f"https://127.0.0.1:{gateway.control_port}", *by_flags(authority))
    assert str(gateway.control_port) in said, said


@pytest.mark.parametrize("flag", ["--control-ca-file", "--control-certificate-file", "--control-key-file"])
@pytest.mark.parametrize("kind", ["missing", "garbage"])
def test_command_with_a_bad_file(authority, member, tmp_path, flag, kind):
    bad = tmp_path / f"{kind}.pem"
    if kind == "garbage":
        bad.write_text("no certificate")
    flags = by_flags(authority, member)
    flags[flags.index(flag) + 1] = bad
    said = refused("channels", "--control", f"https://127.0.0.1:{free_port()}", *flags)
    assert str(bad) in said and flag in said, f"the file or the setting is not named: {said!r}"
