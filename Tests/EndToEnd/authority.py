"""Certificates for tests: an authority of one's own, made with the openssl command, and TLS clients that trust it."""

import dataclasses
import datetime
import pathlib
import shutil
import socket
import ssl
import subprocess

import pytest

from rawsocket import RawClient

NAMES = ("DNS:localhost", "IP:127.0.0.1")
KEYS = {"rsa": ["-newkey", "rsa:2048"], "ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}
PURPOSES = {"server": "serverAuth", "client": "clientAuth"}
CONFIGURATION = """\
[ca]
default_ca = this
[this]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = policy
[policy]
commonName = supplied
"""


def openssl(*arguments, **options):
    """Runs one openssl command to its end, and returns what it printed."""
    command = ["openssl", *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, **options)
    assert ended.returncode == 0, f"{' '.join(command)}: {ended.stderr}"
    return ended.stdout


@dataclasses.dataclass(frozen=True)
class Pair:
    """A certificate with those that vouch for it, and its key: two PEM files."""

    certificate: pathlib.Path
    key: pathlib.Path

    @property
    def der(self):
        """The first certificate as a client gets it in a handshake."""
        first = self.certificate.read_text().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
        return ssl.PEM_cert_to_DER_cert(first)

    @property
    def expires(self):
        """Seconds since 1970."""
        printed = openssl("x509", "-in", self.certificate, "-noout", "-enddate")
        return ssl.cert_time_to_seconds(printed.strip().removeprefix("notAfter="))

    def flags(self, prefix="--tls"):
        return [f"{prefix}-certificate-file", self.certificate, f"{prefix}-key-file", self.key]

    def copy_to(self, folder):
        """The same pair under fixed names, as in a folder that a gateway looks at."""
        folder.mkdir(parents=True, exist_ok=True)
        return Pair(
            pathlib.Path(shutil.copy(self.certificate, folder / "certificate.pem")), pathlib.Path(shutil.copy(self.key, folder / "key.pem")),
        )


class Authority:
    """Signs certificates. All files are in its folder; `file` is what a client that trusts it needs."""

    def __init__(self, folder, name="The tests' authority", signed_by=None):
        self.folder, self._count = folder, 0
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.txt").touch()
        (folder / "ca.cnf").write_text(CONFIGURATION.format(folder=folder))
        if signed_by:
            self.file, self._key = signed_by.sign("between", "ecdsa", name, -1, 80, [
                "basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign,cRLSign",
            ])
            return
        self.file, self._key = folder / "authority.pem", folder / "authority.key"
        openssl(
            "req", "-x509", *KEYS["ecdsa"], "-nodes", "-days", "90", "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.file,
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )

    def pair(self, purpose="server", kind="ecdsa", names=NAMES, days=60, begins=-1, name="localhost"):
        """A new key and a certificate for it, valid from `begins` days after now to `days` days after now."""
        self._count += 1
        certificate, key = self.sign(f"{purpose}-{self._count}", kind, name, begins, days, [
            "basicConstraints=critical,CA:FALSE", f"extendedKeyUsage={PURPOSES[purpose]}", "subjectAltName=" + ",".join(names),
        ])
        return Pair(certificate, key)

    def pair_by_intermediate(self):
        """A pair that an authority between has signed. The second answer is its certificate alone, without the one between."""
        between = Authority(self.folder / "between", "An authority between", signed_by=self)
        alone = between.pair()
        chain = self.folder / "chain.pem"
        chain.write_text(alone.certificate.read_text() + between.file.read_text())
        return Pair(chain, alone.key), alone

    def sign(self, label, kind, name, begins, ends, extensions):
        """The files of a new certificate and of its key."""
        request, key, certificate = (self.folder / f"{label}.{suffix}" for suffix in ("csr", "key", "pem"))
        (self.folder / "extensions.cnf").write_text("\n".join(["[these]", *extensions, ""]))
        openssl("req", "-new", *KEYS[kind], "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        openssl(
            "ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-cert", self.file, "-keyfile", self._key,
            "-startdate", _moment(begins), "-enddate", _moment(ends), "-extfile", self.folder / "extensions.cnf", "-extensions", "these",
            "-in", request, "-out", certificate,
        )
        return certificate, key

    def trust(self, client=None):
        """The SSL context of a client that trusts this authority alone, and shows a certificate if it has one."""
        context = ssl.create_default_context(cafile=self.file)
        if client:
            context.load_cert_chain(client.certificate, client.key)
        return context


def _moment(days):
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


def encrypted(pair):
    """The same pair with its key behind a password."""
    key = pair.key.with_suffix(".encrypted.key")
    openssl("pkey", "-in", pair.key, "-aes256", "-passout", "pass:secret", "-out", key)
    return Pair(pair.certificate, key)


def blind():
    """The SSL context of a client that trusts everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def client_hello(context=None):
    """The bytes with which a TLS client begins."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        (context or blind()).wrap_bio(inward, outward, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        return outward.read()
    raise AssertionError("a handshake that was over before it began")


class TLSClient(RawClient):
    """A client that sends any bytes, within TLS. An end of the stream that TLS did not announce is an `ssl.SSLEOFError`."""

    def __init__(self, gateway, context, **options):
        super().__init__(gateway, **options)
        try:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost", suppress_ragged_eofs=False)
        except BaseException:
            self.socket.close()
            raise

    @property
    def certificate(self):
        """The server's certificate in DER."""
        return self.socket.getpeercert(binary_form=True)

    def give_up_tls(self):
        """From now on this is the bare TCP connection: nothing is sent any more that TLS would send on its own."""
        within = self.socket.gettimeout()
        self.socket = socket.socket(fileno=self.socket.detach())
        self.socket.settimeout(within)
        return self


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pair(authority):
    """The server certificate that most tests use."""
    return authority.pair()


@pytest.fixture(scope="module")
def trust(authority):
    return authority.trust()


@pytest.fixture
def serve_tls(serve, pair):
    """Starts a gateway with TLS on its public port."""

    def start(*flags, pair=pair, **options):
        gateway = serve(*pair.flags(), *flags, **options)
        assert gateway.scheme == "wss", gateway.stdout.text()
        return gateway

    return start


@pytest.fixture
def secure(serve_tls):
    """A gateway with TLS and nothing else that is special."""
    return serve_tls()
