"""Outgoing connections that cannot be had: one close event each, and why, in words."""

import ipaddress
import socket

import pytest

from app import reply
from client import connect
from dialling import dial, dialler, failed, told  # noqa: F401 (fixtures)
from eventually import eventually
from gateway import free_port
from remote import answering, raw_remotes, remote, remotes, switching  # noqa: F401 (fixtures)
from unsocket_gateway import NO_PROXIES


async def test_nobody_listens(app, remote, dialler):
    assert "refused" in await failed(app, dialler(), f"ws://127.0.0.1:{free_port()}/")


async def test_a_name_that_nobody_has(app, remote, dialler):
    assert "nobody.invalid" in await failed(app, dialler(), "ws://nobody.invalid/", within=20)


@pytest.mark.parametrize("status", [200, 302, 401, 404, 503])
async def test_a_remote_that_does_not_switch(app, remote, dialler, status):
    remote.refuse = status
    assert str(status) in await failed(app, dialler(), remote.url)
    assert remote.attempts == 1, "redirects are not followed, nothing is tried twice"


async def test_a_remote_that_does_not_answer_in_time(app, remote, dialler):
    remote.stalls = True
    error = await failed(app, dialler("--dial-timeout", "300ms"), remote.url)
    assert "0.3 s" in error or "300" in error


RAW = {
    "a wrong accept": (answering(lambda request: switching(request, accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA="), keep=True), "Accept"),
    "a protocol that was not offered": (answering(lambda request: switching(request, extra=["Sec-WebSocket-Protocol: x"]), keep=True), "rotocol"),
    "an extension that was not offered": (answering(lambda request: switching(request, extra=["Sec-WebSocket-Extensions: x"]), keep=True), "xtension"),
    "no HTTP": (answering(b"\0\xff\x16 this is no HTTP\r\n\r\n"), ""),
    "an end": (answering(b""), ""),
    "half a head": (answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: webs"), ""),
    "an endless head": (answering(b"HTTP/1.1 101 Switching Protocols\r\nx: " + b"x" * 1_000_000), ""),
    "no upgrade": (answering(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n", keep=True), ""),
}


@pytest.mark.parametrize("answer", RAW)
async def test_answers_that_are_no_handshake(app, raw_remotes, dialler, answer):
    behaviour, words = RAW[answer]
    raw = raw_remotes(behaviour)
    gateway = dialler()
    error = await failed(app, gateway, raw.url)
    assert error and words in error
    assert gateway.running()


async def test_a_denied_address_names_the_setting(app, remote, serve):
    gateway = serve(extra_environment=NO_PROXIES)
    port = remote.port
    # What is written as an address is refused at once, in whatever form.
    for host in (f"127.0.0.1:{port}", f"[::1]:{port}", f"[::ffff:127.0.0.1]:{port}", "10.0.0.1", "169.254.169.254", f"0.0.0.0:{port}", f"2130706433:{port}",
                 f"127.1:{port}", f"0x7f000001:{port}"):
        assert "dial.denyPrivate" in dial(gateway, f"ws://{host}/", status=409), host
    assert "dial.denyPrivate" in dial(gateway, f"ws://localhost:{port}/", status=409)
    assert remote.attempts == 0


async def test_a_name_is_judged_by_the_addresses_that_it_has(app, remote, serve):
    name = socket.gethostname()
    try:
        addresses = {entry[4][0] for entry in socket.getaddrinfo(name, None)}
    except OSError:
        pytest.skip("this machine does not know its own name")
    if any(ipaddress.ip_address(address.split("%")[0]).is_global for address in addresses):
        pytest.skip("this machine's own name is a public address")
    gateway = serve(extra_environment=NO_PROXIES)
    closed = (await told(app, dial(gateway, f"ws://{name}:{remote.port}/"), "close", within=20))[0]
    assert closed["clean"] is False and "dial.denyPrivate" in closed["error"]
    assert remote.attempts == 0


async def test_a_host_that_is_not_allowed_names_the_setting(app, remote, dialler):
    gateway = dialler("--dial-allow", "*.example.com", "--dial-allow", "localhost")
    assert "dial.allow" in dial(gateway, remote.url, status=409)
    identity = dial(gateway, f"ws://localhost:{remote.port}/")
    await told(app, identity, "open")


async def test_the_app_hears_of_each_failure_when_it_answered_with_dial(app, remote, dialler):
    app.behaviour = reply(message=[{"type": "dial", "url": f"ws://127.0.0.1:{free_port()}/", "state": {"n": "1"}}])
    gateway = dialler()
    async with connect(gateway) as client:
        await client.send("dial")
        await eventually(lambda: len(app.ids()) == 2, "the dial's end is told", show=app.transcript)
        closed, = await told(app, app.ids()[1], "close")
        assert "refused" in closed["error"]
        assert app.of(app.ids()[1])[0].connection["state"] == {"n": "1"}
