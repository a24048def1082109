"""The files of certificates and keys: what is read, what stops the start, and what is told of them."""

import re
import ssl
import time

import pytest

from authority import TLSClient, authority, blind, encrypted, openssl, pair, serve_tls, trust  # noqa: F401, four of them are fixtures
from client import connect, round_trip
from gateway import Program, run, without_privileges


def windows_lines(pair):
    for file in (pair.certificate, pair.key):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))


def words_in_front(pair):
    pair.certificate.write_text(openssl("x509", "-in", pair.certificate, "-text"))
    pair.key.write_text("Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n" + pair.key.read_text())


def traditional_key(pair):
    """As `openssl ecparam -name prime256v1 -genkey` writes it: the curve's parameters first."""
    curve = openssl("ecparam", "-name", "prime256v1")
    pair.key.write_text(curve + openssl("ec", "-in", pair.key))


@pytest.mark.parametrize("write", [windows_lines, words_in_front, traditional_key])
def test_forms_of_pem(serve_tls, authority, trust, tmp_path, write):
    """What common tools write is read."""
    pair = authority.pair().copy_to(tmp_path)
    write(pair)
    with TLSClient(serve_tls(pair=pair), trust) as client:
        client.open()


# What stops the start

def faulty(case, folder, pair, authority):
    """Flags with a fault, and what must be named: settings of which one is enough, and a file or what is missing."""
    certificate, key = pair.certificate, pair.key
    none, garbage, folder_itself = folder / "none.pem", folder / "garbage.pem", folder
    garbage.write_text("-----BEGIN NOTHING-----\nnot at all\n-----END NOTHING-----\n")
    torn = folder / "torn.pem"
    torn.write_text("\n".join(line[::-1] if number == 3 else line for number, line in enumerate(certificate.read_text().splitlines())) + "\n")
    locked = encrypted(pair).key
    other = authority.pair(kind="rsa").key
    both = ("--tls-certificate-file", "--tls-key-file")
    cases = {
        "no certificate file": (zip(both, (none, key)), ["tls.certificateFile"], none),
        "no key file": (zip(both, (certificate, none)), ["tls.keyFile"], none),
        "a certificate without a key": (zip(both[:1], [certificate]), ["tls.certificateFile"], "keyFile"),
        "a key without a certificate": (zip(both[1:], [key]), ["tls.keyFile"], "certificateFile"),
        "a key of another certificate": (zip(both, (certificate, other)), ["tls.certificateFile", "tls.keyFile"], other),
        "garbage for a certificate": (zip(both, (garbage, key)), ["tls.certificateFile"], garbage),
        "a torn certificate": (zip(both, (torn, key)), ["tls.certificateFile"], torn),
        "a key for a certificate": (zip(both, (key, key)), ["tls.certificateFile"], key),
        "garbage for a key": (zip(both, (certificate, garbage)), ["tls.keyFile"], garbage),
        "a certificate for a key": (zip(both, (certificate, certificate)), ["tls.keyFile"], certificate),
        "a key behind a password": (zip(both, (certificate, locked)), ["tls.keyFile"], locked),
        "a folder for a certificate": (zip(both, (folder_itself, key)), ["tls.certificateFile"], folder_itself),
        "a folder for a key": (zip(both, (certificate, folder_itself)), ["tls.keyFile"], folder_itself),
        "wss without a certificate": ([("--listen", "wss://127.0.0.1:0")], ["tls.certificateFile", "tls"], ""),
        "another scheme": ([("--listen", "https://127.0.0.1:0"), *zip(both, (certificate, key))], ["listen"], "https://127.0.0.1:0"),
    }
    pairs, settings, file = cases[case]
    return [str(part) for flag in pairs for part in flag], settings, str(file)


def names(said, setting):
    """Whether a sentence names the setting, in whichever of its three ways."""
    flag = "--" + re.sub(r"([A-Z])", r"-\1", setting.replace(".", "-")).lower()
    variable = "HOLDFAST_" + flag[2:].replace("-", "_").upper()
    return any(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", said) for name in (setting, flag, variable))


CASES = [
    "no certificate file", "no key file", "a certificate without a key", "a key without a certificate", "a key of another certificate",
    "garbage for a certificate", "a torn certificate", "a key for a certificate", "garbage for a key", "a certificate for a key",
    "a key behind a password", "a folder for a certificate", "a folder for a key", "wss without a certificate", "another scheme",
]


@pytest.mark.parametrize("case", CASES)
def test_fault_is_a_sentence(app, tmp_path, pair, authority, case):
    flags, settings, file = faulty(case, tmp_path, pair, authority)
    addresses = ["--control", "127.0.0.1:0", *([] if "--listen" in flags else ["--listen", "127.0.0.1:0"])]
    ended = run("serve", app.url, "--log-level", "error", *addresses, *flags)
    assert ended.returncode == 1, ended
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1, f"not one sentence: {ended.stderr!r}"
    for_nobody = r"Fatal error|Optional\(|NIOSSL|BoringSSL|OPENSSL_internal|\bError Domain|\.swift:\d+|Error\("
    assert not re.search(for_nobody, lines[0]), f"not for a person: {lines[0]!r}"
    assert any(names(lines[0], setting) for setting in settings), f"none of {settings} is named: {lines[0]!r}"
    assert file in lines[0], f"{file} is not named: {lines[0]!r}"
    assert not ended.stdout, f"it said that it had started: {ended.stdout!r}"


def test_unreadable_file_is_a_sentence(app, tmp_path, pair):
    mine = pair.copy_to(tmp_path)
    mine.key.chmod(0)
    addresses = ["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]
    program = Program("serve", app.url, "--log-level", "error", *addresses, *mine.flags(), before_exec=without_privileges)
    assert program.wait() == 1, program.transcript()
    said = program.stderr.all()
    assert len(said) == 1 and names(said[0], "tls.keyFile") and str(mine.key) in said[0], said
    assert re.search("permission|may not be read|cannot be read|not readable", said[0], re.IGNORECASE), f"no word on why: {said}"


def test_check_finds_what_needs_no_file(tmp_path, pair):
    file = tmp_path / "holdfast.yaml"
    target = "target: http://localhost:3000/hook\nroutes: [{name: all}]\n"
    for text, setting in (
        (f"tls: {{certificateFile: {pair.certificate}}}\n", "tls.keyFile"), ("listen: [\"wss://127.0.0.1:0\"]\n", "tls.certificateFile"),
        ("tls: {certificatFile: x, keyFile: y}\n", "tls.certificateFile"),
    ):
        file.write_text(text + target)
        ended = run("check", "-c", file)
        assert ended.returncode == 1, f"accepted: {text!r} {ended}"
        assert setting.split(".")[-1] in ended.stderr + ended.stdout, ended


def test_check_shows_the_files_but_no_key(tmp_path, pair):
    file = tmp_path / "holdfast.yaml"
    tls = f"tls: {{certificateFile: {pair.certificate}, keyFile: {pair.key}}}\n"
    file.write_text(tls + "target: http://localhost:3000/hook\nroutes: [{name: all}]\n")
    ended = run("check", "-c", file)
    assert ended.returncode == 0, ended
    assert str(pair.certificate) in ended.stdout and str(pair.key) in ended.stdout, ended.stdout
    assert "PRIVATE KEY" not in ended.stdout + ended.stderr


async def test_expired_certificate_is_a_warning(serve_tls, authority):
    expired = authority.pair(begins=-3, days=-1)
    gateway = serve_tls(pair=expired)
    gateway.expect_log("warning", "certificate", "expired")
    assert gateway.metric("holdfast_certificate_expiry_seconds", listener="public") <= 0
    async with connect(gateway, ssl=blind()) as client:
        await round_trip(client)
    with pytest.raises(ssl.SSLCertVerificationError):
        TLSClient(gateway, authority.trust())


def test_certificate_metrics(serve_tls, pair):
    gateway = serve_tls()
    left = gateway.metric("holdfast_certificate_expiry_seconds", listener="public")
    assert abs(left - (pair.expires - time.time())) < 10, left
    listeners = {sample.labels.get("listener") for sample in gateway.samples() if sample.name.startswith("holdfast_certificate")}
    assert listeners == {"public"}, "the control API has no TLS here"
    assert gateway.metric("holdfast_certificate_reloads_total", listener="public", outcome="failed") == 0


def test_no_certificate_metrics_without_tls(gateway):
    assert not [sample for sample in gateway.samples() if sample.name == "holdfast_certificate_expiry_seconds"]
