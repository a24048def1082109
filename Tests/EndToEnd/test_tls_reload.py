"""Certificates are exchanged while the gateway runs: nobody is cut off, and a bad pair changes nothing."""

import asyncio
import dataclasses
import os
import re
import signal
import ssl
import time

import pytest

from app import echo, reply
from authority import Pair, TLSClient, authority, pair, trust  # noqa: F401, three of them are fixtures
from client import connect, received, round_trip
from eventually import eventually, eventually_blocking, stays
from gateway import Gateway

LOOKS_EVERY = 5.0


class Certificates:
    """A folder that the gateway looks at. `certificate.pem` and `key.pem` are in it by way of a link, which is exchanged in one step,
    as Kubernetes does with secrets."""

    def __init__(self, folder, first):
        self._folder, self._count = folder, 0
        folder.mkdir()
        self.paths = Pair(folder / "now" / "certificate.pem", folder / "now" / "key.pem")
        self.exchange(first)

    def exchange(self, pair):
        """Both files at once."""
        self._count += 1
        target = self._folder / str(self._count)
        pair.copy_to(target)
        link = self._folder / "next"
        link.symlink_to(target)
        os.replace(link, self._folder / "now")

    def rename(self, pair):
        """One file after the other, each in one step, as most tools that fetch certificates do."""
        copies = pair.copy_to(self._folder / "incoming")
        os.replace(copies.key, self.paths.key)
        os.replace(copies.certificate, self.paths.certificate)

    def spoil(self, how, authority):
        if how == "another key":
            os.replace(authority.pair().copy_to(self._folder / "incoming").key, self.paths.key)
        elif how == "garbage":
            self.paths.certificate.write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")
        else:
            self.paths.certificate.unlink()


@pytest.fixture
def certificates(tmp_path, pair):
    return Certificates(tmp_path / "certificates", pair)


@pytest.fixture
def gateway(serve, certificates):
    return serve(*certificates.paths.flags())


def shown(gateway, trust):
    """The certificate that a new client gets to see."""
    with TLSClient(gateway, trust) as client:
        return client.certificate


def reloads(gateway, outcome, listener="public"):
    return gateway.metric("holdfast_certificate_reloads_total", outcome=outcome, listener=listener)


def said(gateway, message):
    return [entry for entry in gateway.logs() if entry["message"].startswith(message)]


class Load:
    """Fifty clients that echo all the time, and more that come and go."""

    def __init__(self, gateway, trust, held=50):
        self._gateway, self._trust, self._count = gateway, trust, held
        self.rounds = [0] * held
        self.seen, self._ending = [], False

    async def __aenter__(self):
        self._clients = await asyncio.gather(*(connect(self._gateway, ssl=self._trust, open_timeout=30) for _ in range(self._count)))
        self._tasks = [asyncio.create_task(self._echo(number, client)) for number, client in enumerate(self._clients)]
        self._tasks.append(asyncio.create_task(self._come_and_go()))
        return self

    async def __aexit__(self, kind, *_):
        self._ending = True
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(client.close() for client in self._clients))
        faults = [result for result in results if isinstance(result, BaseException)]
        if kind is None and faults:
            raise AssertionError(f"{len(faults)} of {len(results)} clients met a fault; the first: {faults[0]!r}") from faults[0]

    async def _echo(self, number, client):
        while not self._ending:
            text = f"{number}:{self.rounds[number]}:" + "x" * (self.rounds[number] % 3000)
            await client.send(text)
            heard = await received(client)
            assert heard == text, f"client {number} sent {text[:40]!r} and heard {heard[:40]!r}"
            self.rounds[number] += 1

    async def _come_and_go(self):
        while not self._ending:
            async with connect(self._gateway, ssl=self._trust, open_timeout=30) as client:
                self.seen.append(client.transport.get_extra_info("ssl_object").getpeercert(binary_form=True))
                await round_trip(client)

    async def goes_on(self, rounds=10):
        """Waits until each has done that many more rounds, and some more have come."""
        wanted, newcomers = [done + rounds for done in self.rounds], len(self.seen) + 3

        def done():
            self._insist_on_life()
            return all(now >= then for now, then in zip(self.rounds, wanted)) and len(self.seen) >= newcomers

        await eventually(done, f"all clients do {rounds} more rounds", within=30, show=lambda: self.rounds)

    async def sees(self, pair, within):
        """Waits until newcomers get this certificate."""

        def newest():
            self._insist_on_life()
            return self.seen and self.seen[-1] == pair.der

        await eventually(newest, "newcomers see the new certificate", within=within)

    def _insist_on_life(self):
        for task in self._tasks:
            if task.done() and task.exception():
                raise task.exception()


@pytest.mark.parametrize("by, exchange", [("SIGHUP", Certificates.exchange), ("SIGHUP", Certificates.rename), ("watching", Certificates.exchange)])
async def test_exchange_under_load(gateway, app, authority, pair, trust, certificates, by, exchange):
    app.behaviour = reply(message=echo)
    new = authority.pair(kind="rsa")
    async with Load(gateway, trust) as load:
        await load.goes_on()
        assert set(load.seen) == {pair.der}
        exchange(certificates, new)
        if by == "SIGHUP":
            gateway.signal(signal.SIGHUP)
        await load.sees(new, within=4 if by == "SIGHUP" else 2 * LOOKS_EVERY + 2)
        first = load.seen.index(new.der)
        await load.goes_on()
        assert set(load.seen[first:]) == {new.der}, "the old certificate came back"
        assert gateway.metric("holdfast_connections_opened_total") - gateway.metric("holdfast_connections_closed_total") >= 50
    assert reloads(gateway, "ok") == 1
    assert len(said(gateway, "certificate loaded")) >= 1
    if exchange is Certificates.exchange:
        assert not said(gateway, "certificate was not reloaded") and reloads(gateway, "failed") == 0
    await eventually(lambda: len(app.events("close")) == len(app.events("open")), "all have left", show=lambda: len(app.events("close")))
    assert {(event["code"], event["clean"]) for event in app.events("close")} == {(1000, True)}, "somebody was dropped"


def test_expiry_follows(serve, authority, tmp_path, trust):
    old, new = authority.pair(days=40), authority.pair(days=70)
    certificates = Certificates(tmp_path / "certificates", old)
    gateway = serve(*certificates.paths.flags())

    def left():
        return gateway.metric("holdfast_certificate_expiry_seconds", listener="public")

    assert abs(left() - (old.expires - time.time())) < 10
    certificates.exchange(new)
    gateway.signal(signal.SIGHUP)
    eventually_blocking(lambda: abs(left() - (new.expires - time.time())) < 10, "the metric follows", within=4, show=left)
    assert shown(gateway, trust) == new.der


@dataclasses.dataclass
class Watched:
    """A gateway, the folder that it looks at, and a client that it holds."""

    how: str
    is_signalled: bool  # Else it has to find out by itself.
    gateway: Gateway
    folder: Certificates
    client: object

    def faults(self):
        return said(self.gateway, "certificate was not reloaded")

    def counts(self):
        return reloads(self.gateway, "ok"), reloads(self.gateway, "failed")

    def signal(self):
        if self.is_signalled:
            self.gateway.signal(signal.SIGHUP)


@pytest.fixture
async def watched(serve, pair, trust, tmp_path):
    """Five of them side by side, because they must keep quiet for long. Nothing happens to the last."""
    cases = []
    for how, is_signalled in (("another key", True), ("garbage", True), ("missing", True), ("garbage", False), ("nothing", False)):
        folder = Certificates(tmp_path / f"watched-{len(cases)}", pair)
        gateway = serve(*folder.paths.flags())
        cases.append(Watched(how, is_signalled, gateway, folder, await connect(gateway, ssl=trust)))
    yield cases
    for case in cases:
        await case.client.close()


async def test_bad_pairs_are_refused(watched, authority, pair, trust):
    *faulty, untouched = watched
    for case in faulty:
        case.folder.spoil(case.how, authority)
        case.signal()
    for case in faulty:
        if case.is_signalled:
            await eventually(case.faults, f"{case.how}: it is logged", within=4, show=case.gateway.stderr.text)

    def quiet():
        return all(len(case.faults()) == 1 for case in faulty if case.is_signalled) and not untouched.faults()

    await stays(quiet, "one line for each fault", LOOKS_EVERY + 1.5)
    for case in faulty:
        await eventually(case.faults, f"{case.how}: it is found", within=LOOKS_EVERY, show=case.gateway.stderr.text)
        line = case.faults()[0]
        assert line["level"] == "warning" and line.get("hf.error"), f"{case.how}: {line}"
        assert not re.search(r"\.swift|Error\b|NIOSSL|BoringSSL", line["hf.error"]), f"{case.how}: not for a person: {line}"
        assert case.counts() == (0, 1), case.how
        assert shown(case.gateway, trust) == pair.der, f"{case.how}: the old certificate was given up"
        await round_trip(case.client)
    assert untouched.counts() == (0, 0)

    good = authority.pair()
    for case in faulty:
        case.folder.exchange(good)
        case.signal()
    for case in faulty:
        within = 4 if case.is_signalled else 2 * LOOKS_EVERY
        await eventually(lambda: shown(case.gateway, trust) == good.der, f"{case.how}: a good pair works again", within=within)
        assert case.counts() == (1, 1), case.how
        await round_trip(case.client)


async def test_many_signals(gateway, app, authority, trust, certificates):
    """Signals that come faster than files are read, while clients shake hands."""
    app.behaviour = reply(message=echo)
    pairs = [authority.pair() for _ in range(5)]
    async with Load(gateway, trust, held=5) as load:
        for number in range(50):
            certificates.exchange(pairs[number % 5])
            gateway.signal(signal.SIGHUP)
            await asyncio.sleep(0.01)  # The pace of the signals that the test is about.
        await load.sees(pairs[49 % 5], within=2 * LOOKS_EVERY + 2)
    assert reloads(gateway, "failed") == 0
    assert reloads(gateway, "ok") >= 1


def test_session_of_before_is_still_served(gateway, authority, certificates):
    """A client that comes back with a ticket of TLS 1.2 from before the exchange shakes hands again, or is taken at its word."""
    context = authority.trust()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with TLSClient(gateway, context) as client:
        client.open()
        session = client.socket.session
    new = authority.pair()
    certificates.exchange(new)
    gateway.signal(signal.SIGHUP)
    eventually_blocking(lambda: shown(gateway, context) == new.der, "the new certificate is there", within=4)

    with TLSClient(gateway, Resuming(context, session)) as client:
        client.open()


class Resuming:
    """A context whose clients come back with this session."""

    def __init__(self, context, session):
        self._context, self._session = context, session

    def wrap_socket(self, plain, **options):
        return self._context.wrap_socket(plain, session=self._session, **options)


def test_control_api_is_reloaded_too(serve, authority, trust, pair, tmp_path):
    public, private = Certificates(tmp_path / "public", pair), Certificates(tmp_path / "private", pair)
    gateway = serve(*public.paths.flags(), *private.paths.flags("--control-tls"), trust=trust)

    class Control:
        port = gateway.control_port

    new = authority.pair(days=70)
    public.spoil("garbage", authority)
    private.exchange(new)
    gateway.signal(signal.SIGHUP)
    eventually_blocking(lambda: shown(Control, trust) == new.der, "the control API has its new certificate", within=4)
    eventually_blocking(lambda: reloads(gateway, "failed", "public") == 1, "the public port has not", within=4)
    assert (reloads(gateway, "ok", "control"), reloads(gateway, "ok", "public"), reloads(gateway, "failed", "control")) == (1, 0, 0)
    assert shown(gateway, trust) == pair.der
    left = gateway.metric("holdfast_certificate_expiry_seconds", listener="control")
    assert abs(left - (new.expires - time.time())) < 10


async def test_hangup_without_tls_ends_nothing(serve):
    gateway = serve()
    async with connect(gateway) as client:
        gateway.signal(signal.SIGHUP)
        await round_trip(client)
        await stays(lambda: gateway.running() and gateway.get("/ready").status_code == 200, "the gateway serves", 0.5)
        await round_trip(client)
    async with connect(gateway) as newcomer:
        await round_trip(newcomer)
    assert not [entry for entry in gateway.logs() if entry["level"] in ("warning", "error", "critical")], gateway.stderr.text()
