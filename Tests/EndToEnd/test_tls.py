"""TLS on the public port: who gets in, and with what."""

import asyncio
import contextlib
import os
import ssl
import subprocess

import pytest

from app import base64_of, echo, reply
from authority import TLSClient, authority, blind, openssl, pair, secure, serve_tls, trust  # noqa: F401, five of them are fixtures
from browser import Browser
from chat_app import ChatApp
from client import all_received, connect, received, round_trip
from eventually import eventually, eventually_blocking
from gateway import Lines, free_port
from rawsocket import KEY, TEXT, frame, handshake

JOIN = reply(open=[{"type": "subscribe", "channel": "room"}], message=echo)


# Who gets in

@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
async def test_echo(serve_tls, app, authority, trust, kind):
    app.behaviour = reply(message=echo)
    gateway = serve_tls(pair=authority.pair(kind=kind))
    async with connect(gateway, ssl=trust, compression="deflate") as client:
        assert client.transport.get_extra_info("ssl_object").version() == "TLSv1.3"
        for text in ("", "hello", "grüße " * 100):
            await client.send(text)
            assert await received(client) == text
        await round_trip(client)
    await eventually(lambda: app.events("close"), "the app is told of the close", show=app.transcript)
    assert [(event["code"], event["clean"]) for event in app.events("close")] == [(1000, True)]


@pytest.mark.parametrize("source", ["file", "variables"])
async def test_settings_come_from_elsewhere_too(serve, app, pair, trust, source):
    files = str(pair.certificate), str(pair.key)
    if source == "file":
        tls = dict(zip(("certificateFile", "keyFile"), files))
        gateway = serve(config={"target": app.url, "tls": tls, "routes": [{"name": "all", "path": "/*"}]})
    else:
        gateway = serve(extra_environment=dict(zip(("HOLDFAST_TLS_CERTIFICATE_FILE", "HOLDFAST_TLS_KEY_FILE"), files)))
    assert gateway.scheme == "wss", gateway.stdout.text()
    async with connect(gateway, ssl=trust) as client:
        await round_trip(client)


async def test_large_messages_both_ways(serve_tls, app, trust):
    gateway = serve_tls("--send-queue-bytes", "4MiB")
    app.behaviour = reply(message=echo)
    async with connect(gateway, ssl=trust) as client:
        for number in range(4):
            data = os.urandom(1 << 20)
            await client.send(data)
            assert await received(client) == data, f"message {number} came back different"
        text = "ü" * (1 << 19)
        await client.send(text)
        assert await received(client) == text


async def test_all_of_many_hear_a_publication(secure, app, trust):
    app.behaviour = JOIN
    clients = await asyncio.gather(*(connect(secure, ssl=trust, open_timeout=30) for _ in range(100)))
    texts = [f"{number}:" + "x" * 20_000 for number in range(10)]
    for text in texts:
        assert secure.publish("room", text) == 100
    for heard in await asyncio.gather(*(all_received(client, 10) for client in clients)):
        assert heard == texts
    await asyncio.gather(*(client.close() for client in clients))


def test_frames_do_not_care_for_records(secure, app, trust):
    app.behaviour = reply(message=echo)
    with TLSClient(secure, trust) as client:
        for byte in handshake():
            client.send(bytes([byte]))
        assert client.response().status == 101
        for byte in frame(TEXT, b"byte by byte"):
            client.send(bytes([byte]))
        assert client.frame() == (TEXT, b"byte by byte")
    with TLSClient(secure, trust) as client:
        client.send(handshake() + frame(TEXT, b"one") + frame(TEXT, b"two"))
        assert client.response().status == 101
        assert [client.frame()[1], client.frame()[1]] == [b"one", b"two"]


def test_intermediate_is_sent(serve_tls, authority, trust):
    chain, alone = authority.pair_by_intermediate()
    with TLSClient(serve_tls(pair=chain), trust) as client:
        client.open()
        assert client.certificate == chain.der
    with pytest.raises(ssl.SSLCertVerificationError):
        TLSClient(serve_tls(pair=alone), trust)


def test_openssl_sees_the_whole_chain(serve_tls, authority):
    chain, _ = authority.pair_by_intermediate()
    gateway = serve_tls(pair=chain)
    printed = openssl("s_client", "-connect", f"127.0.0.1:{gateway.port}", "-CAfile", authority.file, "-showcerts", "-verify_return_error")
    assert printed.count("-----BEGIN CERTIFICATE-----") == 2, printed
    assert "Verify return code: 0 (ok)" in printed, printed


# curl and a browser

def curl(gateway, authority, *arguments):
    return ["curl", "-sS", "--noproxy", "*", "--cacert", authority.file, *arguments, f"https://localhost:{gateway.port}/"]


def test_curl_is_told_what_this_is(secure, authority):
    ended = subprocess.run(curl(secure, authority, "-i", "--max-time", "10"), capture_output=True, text=True)
    assert ended.returncode == 0, ended
    head, _, body = ended.stdout.partition("\n\n")
    assert head.startswith("HTTP/1.1 426 "), head
    assert "websocket" in body.lower() and len(body.strip().splitlines()) == 1, f"not one helpful line: {body!r}"


def test_curl_upgrades(secure, authority):
    headers = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}"]
    command = curl(secure, authority, "-v", "--http1.1", "--max-time", "20", *(part for header in headers for part in ("-H", header)))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    try:
        told = Lines(process.stderr)
        eventually_blocking(lambda: "< HTTP/1.1 101 Switching Protocols" in told.text(), "curl tells of the answer", show=told.text)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def trusting_home(authority, tmp_path, monkeypatch):
    """A home folder whose owner has told the browser to trust the tests' authority."""
    database = tmp_path / ".pki" / "nssdb"
    database.mkdir(parents=True)
    for arguments in (["-N", "--empty-password"], ["-A", "-n", "tests", "-t", "C,,", "-i", authority.file]):
        subprocess.run(["certutil", "-d", f"sql:{database}", *arguments], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.timeout(180)
async def test_browser_talks_over_tls(launch, pair, trusting_home):
    with ChatApp() as chat:
        gateway = launch("serve", chat.url + "/hook", *pair.flags())
        async with Browser() as browser:
            tabs = {}
            for name in ("ann", "bob"):
                tabs[name] = await browser.open(f"{chat.url}/?gateway=wss://localhost:{gateway.port}&name={name}")
                await tabs[name].hides("status")
            await tabs["ann"].shows("log", "bob joined")
            await tabs["ann"].fill("text", "hello by TLS")
            await tabs["ann"].press_enter()
            for tab in tabs.values():
                await tab.shows("log", "ann: hello by TLS")


# Versions and protocols

LIMITED = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1, "TLS 1.2": ssl.TLSVersion.TLSv1_2, "TLS 1.3": ssl.TLSVersion.TLSv1_3}


def only(version, context):
    """The context, for one version of TLS alone."""
    is_old = version < ssl.TLSVersion.TLSv1_2
    with pytest.warns(DeprecationWarning) if is_old else contextlib.nullcontext():
        context.minimum_version = context.maximum_version = version
    if is_old:
        context.set_ciphers("ALL:@SECLEVEL=0")  # Otherwise this side would not even ask for it.
    return context


@pytest.mark.parametrize("version", ["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_version_is_spoken(serve_tls, authority, version, kind):
    with TLSClient(serve_tls(pair=authority.pair(kind=kind)), only(LIMITED[version], authority.trust())) as client:
        assert client.socket.version() == version.replace("TLS ", "TLSv")
        client.open()


@pytest.mark.parametrize("version", ["TLS 1.0", "TLS 1.1"])
def test_old_version_is_refused(secure, version):
    with pytest.raises(ssl.SSLError) as refused:
        TLSClient(secure, only(LIMITED[version], blind()))
    assert refused.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION", f"not refused by the server's alert: {refused.value!r}"


@pytest.mark.parametrize(
    "offered, chosen", [(["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), (["http/1.1", "h2"], "http/1.1"), ([], None)], ids=str,
)
def test_protocol_of_the_application(secure, authority, offered, chosen):
    context = authority.trust()
    if offered:
        context.set_alpn_protocols(offered)
    with TLSClient(secure, context) as client:
        assert client.socket.selected_alpn_protocol() == chosen
        client.open()


def test_nothing_but_http_2_on_offer(secure, authority):
    context = authority.trust()
    context.set_alpn_protocols(["h2"])
    try:
        client = TLSClient(secure, context)
    except ssl.SSLError as refused:
        assert refused.reason == "TLSV1_ALERT_NO_APPLICATION_PROTOCOL", repr(refused)
        return
    with client:  # RFC 7301 knows a server that does not take part as well: then HTTP/1.1 it is.
        assert client.socket.selected_alpn_protocol() is None
        client.open()


# Two listeners

async def test_plain_and_secure_in_one_gateway(serve_tls, app, trust):
    plain, secure = free_port(), free_port()
    gateway = serve_tls("--listen", f"ws://127.0.0.1:{plain}", "--listen", f"wss://127.0.0.1:{secure}")
    assert gateway.listeners[1:] == [("ws", plain), ("wss", secure)], gateway.stdout.text()
    app.behaviour = JOIN
    clients = []
    for scheme, gateway.port in gateway.listeners:
        gateway.scheme = scheme
        clients.append(await connect(gateway, ssl=trust if scheme == "wss" else None))
    assert gateway.publish("room", "for all") == 3
    for client in clients:
        assert await received(client) == "for all"
        data = os.urandom(1000)
        await client.send(data)
        assert await received(client) == data
        await client.close()
    assert base64_of(data) in [event.get("base64") for event in app.events("message")]
