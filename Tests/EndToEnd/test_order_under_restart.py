"""Order and completeness while the app's process is killed and started again, again and again."""

import asyncio
import json
import pathlib
import signal
import subprocess
import sys
from collections import defaultdict

import pytest
import websockets

from client import connect
from eventually import eventually
from gateway import free_port

CONNECTIONS = 500
ROUND = 4
SCRIPT = pathlib.Path(__file__).with_name("app_process.py")


class MortalApp:
    """The app in its own process, with the file in which every run writes down what it receives."""

    def __init__(self, folder):
        self.port, self.file, self.run, self.process = free_port(), folder / "received.jsonl", 0, None
        self.file.touch()
        self.url = f"http://127.0.0.1:{self.port}/hook"

    async def start(self):
        self.run += 1
        self.process = subprocess.Popen([sys.executable, SCRIPT, str(self.port), str(self.file), str(self.run)])
        await eventually(lambda: {"run": self.run, "listening": True} in self.lines(), f"run {self.run} of the app listens")

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def lines(self):
        return [json.loads(line) for line in self.file.read_text().split("\n")[:-1]]

    def webhooks(self):
        return [line for line in self.lines() if "events" in line]

    def closed(self):
        """How many connections had their close event."""
        return len({line["id"] for line in self.webhooks() if line["events"][-1]["type"] == "close"})


@pytest.fixture
def mortal(tmp_path):
    app = MortalApp(tmp_path)
    yield app
    app.kill()


class Client:
    """Sends numbered messages and knows how many of them the gateway has surely read."""

    def __init__(self, number):
        self.number, self.sent, self.sure, self.socket = number, 0, 0, None

    async def open(self, gateway):
        self.socket = await connect(gateway, f"/?{self.number}", open_timeout=60)

    async def send_round(self):
        try:
            for _ in range(ROUND):
                await self.socket.send(f"{self.number}:{self.sent}")
                self.sent += 1
            pong = await self.socket.ping()
            await asyncio.wait_for(pong, 30)
            self.sure = self.sent
        except websockets.ConnectionClosed:
            pass

    @property
    def failed(self):
        return self.socket.close_code == 1011


async def all_of(clients, action):
    """Does something with every client at once, and insists that nothing goes wrong."""
    await asyncio.gather(*(action(client) for client in clients))


async def open_all(gateway):
    clients, at_once = [Client(number) for number in range(CONNECTIONS)], asyncio.Semaphore(50)

    async def open_one(client):
        async with at_once:
            await client.open(gateway)

    await all_of(clients, open_one)
    return clients


async def round_with_a_kill(app, clients):
    """All clients send; in the midst of it the app dies."""
    size = app.file.stat().st_size
    sending = asyncio.create_task(all_of(clients, Client.send_round))
    await eventually(lambda: app.file.stat().st_size > size + 20_000, "some of the round has reached the app")
    app.kill()
    await sending


def check(app, clients):
    """The rules, for each connection: no gap, no reordering, repeats only of what was received and not answered, one close, at the end."""
    lines, latest, confirmed = app.lines(), {}, set()
    for index, line in enumerate(lines):
        if "confirmed" in line:
            confirmed.add(latest[line["run"], line["peer"]])
        elif "events" in line:
            latest[line["run"], line["peer"]] = index

    events, carriers = defaultdict(dict), defaultdict(list)
    for index, line in enumerate(lines):
        if "events" not in line:
            continue
        client = int(line["query"])
        seqs = [event["seq"] for event in line["events"]]
        where = f"client {client} ({line['id']}), line {index + 1} of {app.file}"
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), f"{where}: seqs of one webhook are {seqs}"
        assert seqs[0] <= len(events[client]) + 1, f"{where}: a gap, seq {seqs[0]} came when {len(events[client])} events were there"
        for event in line["events"]:
            seq = event["seq"]
            for earlier in carriers[client, seq]:
                told = f"{where}: seq {seq} again, first in line {earlier + 1}"
                assert earlier not in confirmed, f"{told}, whose answer the gateway had read"
                assert lines[earlier]["run"] < line["run"], f"{told}, in the same run of the app, which answers everything"
                assert events[client][seq] == event, f"{told}, as another event: {events[client][seq]} and {event}"
            carriers[client, seq].append(index)
            events[client][seq] = event

    assert set(events) == {client.number for client in clients}
    for client in clients:
        mine = [events[client.number][seq] for seq in sorted(events[client.number])]
        kinds = [event["type"] for event in mine]
        assert kinds == ["open", *["message"] * (len(mine) - 2), "close"], f"client {client.number}: {kinds}"
        texts = [event["text"] for event in mine if event["type"] == "message"]
        assert texts == [f"{client.number}:{n}" for n in range(len(texts))], f"client {client.number}: {texts}"
        assert client.sure <= len(texts) <= client.sent, f"client {client.number}: {len(texts)} messages of {client.sent}, {client.sure} surely read"
        if client.failed:
            assert mine[-1].get("error"), f"client {client.number}: closed with 1011, but its close event does not say why: {mine[-1]}"


async def close_all(app, clients):
    await all_of(clients, lambda client: client.socket.close())
    await eventually(lambda: app.closed() == CONNECTIONS, "every connection has its close event", within=90, show=app.closed)


@pytest.mark.timeout(300)
async def test_nothing_is_lost_while_retries_last(mortal, launch):
    await mortal.start()
    gateway = launch("serve", mortal.url, "--webhook-retries", "8")
    clients = await open_all(gateway)
    for _ in range(3):
        retries = gateway.metric("holdfast_webhook_retries_total")
        await round_with_a_kill(mortal, clients)
        await all_of(clients, Client.send_round)
        await eventually(lambda: gateway.metric("holdfast_webhook_retries_total") > retries, "the gateway retries")
        await mortal.start()
    await all_of(clients, Client.send_round)
    closed_early = [(client.number, client.socket.close_code) for client in clients if client.socket.close_code is not None]
    assert not closed_early, f"closed although retries were left: {closed_early[:10]}"
    await close_all(mortal, clients)
    check(mortal, clients)
    assert {client.sure for client in clients} == {7 * ROUND}, "some client could not send everything"


@pytest.mark.timeout(300)
async def test_connections_that_are_given_up_end_in_order(mortal, launch):
    await mortal.start()
    gateway = launch("serve", mortal.url)
    clients = await open_all(gateway)
    await all_of(clients, Client.send_round)
    await round_with_a_kill(mortal, clients)
    await all_of(clients, Client.send_round)
    await eventually(lambda: any(client.failed for client in clients), "the first connections are given up", within=30)
    await mortal.start()
    await close_all(mortal, clients)
    check(mortal, clients)
