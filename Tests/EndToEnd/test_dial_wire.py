"""What outgoing connections are on the wire: handshake, frames, compression, TLS, proxies."""

import socket
import ssl

import pytest

from app import echo, held_by, reply
from authority import Authority
from dialling import dial, dialler, failed, told  # noqa: F401 (fixtures)
from eventually import eventually
from gateway import free_port, run
from proxy import Proxy
from rawsocket import CLOSE, PING, TEXT, frame
from remote import answering, raw_remotes, read_frame, remote, remotes, switching  # noqa: F401 (fixtures)


async def test_the_handshake(app, remote, dialler):
    gateway = dialler()
    dial(gateway, remote.url, headers={"X-Token": "t", "cookie": ["a=1", "b=2"]}, protocols=["v1"])
    handshake = await remote.connected()
    assert handshake.all("x-token") == ["t"]
    assert "v1" in handshake.all("sec-websocket-protocol")[0]
    assert handshake.all("origin") == []
    assert handshake.protocol is None


async def test_a_new_key_for_each_handshake(app, remote, dialler):
    gateway = dialler()
    for _ in range(2):
        dial(gateway, remote.url)
    await remote.connected(2)
    keys = {handshake.all("sec-websocket-key")[0] for handshake in remote.handshakes}
    assert len(keys) == 2


async def test_frames_are_masked_each_in_its_own_way(app, raw_remotes, dialler):
    frames, raw_bytes = [], []

    def behave(connection, request):
        connection.sendall(switching(request))
        for _ in range(2):
            head = connection.recv(2 + 4 + 4, socket.MSG_WAITALL)
            raw_bytes.append(head)
            frames.append((head[0] & 0x0F, bool(head[1] & 0x80)))
        while connection.recv(65536):
            pass

    raw = raw_remotes(behave)
    gateway = dialler()
    identity = dial(gateway, raw.url)
    raw.requested()
    for _ in range(2):
        gateway.post(f"/v1/connections/{identity}/messages", content="same")
    await eventually(lambda: len(frames) == 2, "two frames come", show=raw.transcript)
    assert frames == [(TEXT, True)] * 2
    assert raw_bytes[0][2:6] != raw_bytes[1][2:6], "a new mask for each"


async def test_a_masked_frame_of_the_remote_breaks_the_protocol(app, raw_remotes, dialler):
    ends = []

    def behave(connection, request):
        connection.sendall(switching(request) + frame(TEXT, b"masked"))
        ends.append(read_frame(connection))

    raw = raw_remotes(behave)
    gateway = dialler()
    identity = dial(gateway, raw.url)
    events = await told(app, identity, "open", "close")
    assert events[1]["error"]
    await eventually(lambda: ends, "a close frame comes", show=raw.transcript)
    assert ends[0][0] == CLOSE and ends[0][2][:2] == (1002).to_bytes(2, "big")


async def test_what_comes_with_the_101_is_not_lost(app, raw_remotes, dialler):
    raw = raw_remotes(answering(lambda request: switching(request) + frame(TEXT, b"at once", masked=False), keep=True))
    gateway = dialler()
    identity = dial(gateway, raw.url)
    assert (await told(app, identity, "open", "message"))[1]["text"] == "at once"


async def test_compression_is_offered_and_spoken(app, remotes, dialler):
    remote = remotes(compression="deflate")
    app.behaviour = reply(message=echo)
    gateway = dialler()
    dial(gateway, remote.url)
    handshake = await remote.connected()
    assert "permessage-deflate" in handshake.all("sec-websocket-extensions")[0]
    assert handshake.extensions == ["PerMessageDeflate"]
    text = "many times the same " * 500
    remote.send(text, "short", text)
    assert await remote.gets(3) == [text, "short", text]


async def test_without_compression_none_is_offered(app, remotes, dialler):
    remote = remotes(compression="deflate")
    gateway = dialler("--compression", "false")
    dial(gateway, remote.url)
    assert (await remote.connected()).all("sec-websocket-extensions") == []


async def test_pings_are_answered(app, remote, dialler):
    gateway = dialler()
    dial(gateway, remote.url)
    await remote.connected()
    remote.ping()


async def test_a_silent_remote_is_pinged_and_given_up(app, raw_remotes, dialler):
    frames = []

    def behave(connection, request):
        connection.sendall(switching(request))
        while True:
            frames.append(read_frame(connection))

    raw = raw_remotes(behave)
    gateway = dialler("--ping-interval", "200ms", "--pong-timeout", "300ms")
    identity = dial(gateway, raw.url)
    closed = (await told(app, identity, "open", "close"))[1]
    assert (closed["code"], closed["clean"]) == (1006, False)
    assert frames[0][:2] == (PING, True)


async def test_a_message_beyond_the_limit(app, remote, dialler):
    gateway = dialler("--max-message-bytes", "1000")
    identity = dial(gateway, remote.url)
    await told(app, identity, "open")
    remote.send("x" * 1000, "x" * 1001)
    events = await told(app, identity, "open", "message", "close")
    assert events[2]["code"] == 1009 and "1000" in events[2]["error"]
    assert (await remote.ended())[0][0] == 1009


async def test_the_remotes_order_is_kept_and_one_webhook_is_under_way(app, remote, dialler):
    gate = app.gate()
    gateway = dialler()
    identity = dial(gateway, remote.url)
    await told(app, identity, "open")
    app.behaviour = held_by(gate)
    remote.send(*map(str, range(50)))
    await eventually(lambda: len(app.of(identity)) == 2, "a webhook is under way", show=app.transcript)
    gate.open()
    await eventually(lambda: len(app.texts()) == 50, "all are told", show=app.transcript)
    assert app.texts() == [str(number) for number in range(50)]


# TLS

@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("remote-authority"))


def server_context(pair):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


async def test_wss_with_an_authority_of_ones_own(app, remotes, dialler, authority):
    remote = remotes(tls=server_context(authority.pair()))
    app.behaviour = reply(message=echo)
    gateway = dialler("--dial-ca-file", authority.file)
    for host in ("127.0.0.1", "localhost"):
        identity = dial(gateway, remote.url.replace("127.0.0.1", host))
        await told(app, identity, "open")
    remote.send("hello")
    assert await remote.gets(2) == ["hello"] * 2


async def test_certificates_that_are_not_trusted(app, remotes, dialler, authority, tmp_path):
    stranger = Authority(tmp_path / "stranger")
    trusted = dialler("--dial-ca-file", authority.file)
    for pair in (stranger.pair(), authority.pair(names=["DNS:other.test"]), authority.pair(days=-1, begins=-10)):
        remote = remotes(tls=server_context(pair))
        identity = dial(trusted, remote.url)
        closed = (await told(app, identity, "close"))[0]
        assert closed["clean"] is False and "certificate" in closed["error"].lower(), closed
        assert remote.handshakes == []


async def test_the_systems_authorities_do_not_know_the_tests(app, remotes, dialler, authority):
    remote = remotes(tls=server_context(authority.pair()))
    assert "certificate" in (await failed(app, dialler(), remote.url)).lower()


async def test_a_remote_that_speaks_no_tls(app, remote, dialler):
    assert await failed(app, dialler(), remote.url.replace("ws://", "wss://"))


def test_an_authority_file_that_is_none(app, remote, tmp_path):
    (tmp_path / "none.pem").write_text("nothing")
    ended = run("serve", app.url, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--dial-ca-file", tmp_path / "none.pem")
    assert ended.returncode == 1
    assert "none.pem" in ended.stderr


# Proxies

@pytest.fixture
def proxy(app):
    with Proxy() as proxy:
        yield proxy


# A name that only the proxy knows: this machine itself is never dialled through one.
INSIDE = "inside.test"


async def test_the_proxy_of_the_environment(app, remote, proxy, dialler):
    app.behaviour = reply(message=echo)
    gateway = dialler(environment={"http_proxy": proxy.url})
    identity = dial(gateway, f"ws://{INSIDE}:{remote.port}/")
    await told(app, identity, "open")
    remote.send("hello")
    assert await remote.gets(1) == ["hello"]
    assert proxy.targets == [f"{INSIDE}:{remote.port}"]


async def test_wss_through_a_proxy_is_checked_from_end_to_end(app, remotes, proxy, dialler, authority):
    remote = remotes(tls=server_context(authority.pair(names=[f"DNS:{INSIDE}"])))
    other = remotes(tls=server_context(authority.pair(names=["DNS:other.test"])))
    gateway = dialler("--dial-ca-file", authority.file, environment={"https_proxy": proxy.url, "http_proxy": "http://127.0.0.1:1"})
    identity = dial(gateway, f"wss://{INSIDE}:{remote.port}/")
    await told(app, identity, "open")
    assert proxy.targets == [f"{INSIDE}:{remote.port}"]
    assert "certificate" in await failed(app, gateway, f"wss://{INSIDE}:{other.port}/")


async def test_this_machine_is_not_dialled_through_a_proxy(app, remote, proxy, dialler):
    gateway = dialler(environment={"http_proxy": proxy.url})
    for host in ("127.0.0.1", "localhost"):
        await told(app, dial(gateway, f"ws://{host}:{remote.port}/"), "open")
    assert proxy.requests == []


@pytest.mark.parametrize("flags, environment", [
    ([], {"no_proxy": "127.0.0.1"}), ([], {"no_proxy": "*"}), (["--dial-proxies", "false"], {}),
])
async def test_past_the_proxy(app, remote, proxy, dialler, flags, environment):
    gateway = dialler(*flags, environment={"http_proxy": proxy.url, **environment})
    identity = dial(gateway, remote.url)
    await told(app, identity, "open")
    assert proxy.requests == []


async def test_a_proxy_that_refuses(app, remote, dialler):
    with Proxy(refuse=407) as proxy:
        error = await failed(app, dialler(environment={"http_proxy": proxy.url}), f"ws://{INSIDE}:{remote.port}/")
        assert "407" in error and "proxy" in error
    assert remote.attempts == 0


async def test_a_proxy_with_a_password(app, remote, dialler):
    with Proxy(credentials=("user", "p%40ss")) as proxy:
        gateway = dialler(environment={"http_proxy": proxy.url})
        identity = dial(gateway, f"ws://{INSIDE}:{remote.port}/")
        await told(app, identity, "open")
        assert b"\r\nproxy-authorization: basic dxnlcjpwqhnz\r\n" in proxy.requests[0].lower()


async def test_a_proxy_that_is_not_there(app, remote, dialler):
    error = await failed(app, dialler(environment={"http_proxy": f"http://127.0.0.1:{free_port()}"}), f"ws://{INSIDE}:{remote.port}/")
    assert "proxy" in error
    assert remote.attempts == 0
