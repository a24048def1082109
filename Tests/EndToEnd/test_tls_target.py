"""An app behind https: certificates are checked, and a file of one's own authorities can be named."""

import socket
import ssl
import subprocess
import threading

import pytest

from app import echo, reply
from client import connect, received, refusal
from gateway import run


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def tls_port(app, certificate):
    """A port that takes TLS off and passes everything on to the fake app."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            end.close()

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                secured = context.wrap_socket(connection, server_side=True)
            except (ssl.SSLError, OSError):
                connection.close()
                continue
            inner = socket.create_connection(("127.0.0.1", app.port))
            for pair in ((secured, inner), (inner, secured)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


async def test_events_travel_over_tls(app, launch, certificate, tls_port):
    app.behaviour = reply(message=echo)
    gateway = launch("serve", f"https://localhost:{tls_port}/hook", "--webhook-ca-file", certificate[0])
    async with connect(gateway) as client:
        for number in range(5):
            await client.send(f"secret {number}")
            assert await received(client) == f"secret {number}"
    assert app.webhooks[0].headers["host"] == f"localhost:{tls_port}"


async def test_a_certificate_that_nobody_vouches_for_is_refused(app, launch, tls_port):
    gateway = launch("serve", f"https://localhost:{tls_port}/hook", "--webhook-retries", "0")
    response = await refusal(gateway)
    assert response.status_code == 502
    assert not app.webhooks, "the app was told in spite of its certificate"
    gateway.expect_log("certificate", "webhook.caFile")


async def test_a_certificate_for_another_name_is_refused(app, launch, certificate, tls_port):
    gateway = launch("serve", f"https://127.0.0.1:{tls_port}/hook", "--webhook-retries", "0", "--webhook-ca-file", certificate[0])
    assert (await refusal(gateway)).status_code == 502
    assert not app.webhooks


def test_a_file_of_authorities_that_is_none_stops_the_start(tmp_path):
    file = tmp_path / "none.pem"
    file.write_text("no certificate")
    ended = run("serve", "https://localhost:1/hook", "--webhook-ca-file", file)
    assert ended.returncode == 1
    assert "webhook.caFile" in ended.stderr and str(file) in ended.stderr
