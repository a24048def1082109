"""A broker that is away, slow, new, or refuses; names that clash. What happens on one node never depends on it."""

import asyncio
import re
import socket
import time
import urllib.parse

import httpx
import pytest
import websockets

from authority import Authority, authority  # noqa: F401
from brokers import broker, engine, start_broker  # noqa: F401
from client import all_received, connect, received, round_trip
from cluster import JOIN, cluster, flags_for, heard_by, join, messages, nodes_of, nothing_more, put  # noqa: F401
from eventually import eventually
from gateway import REPOSITORY, Program, free_port, run

CHANNELS, EACH = 10_000, 100


async def up(nodes, wanted=1, within=15.0):
    """Awaits until all nodes have their connection to the broker, or none has."""
    for node in nodes:
        await eventually(
            lambda node=node: node.metric("holdfast_broker_up") == wanted, f"the broker is {'there' if wanted else 'away'}", within,
            show=lambda node=node: node.get("/metrics").text[-3000:])


# Away

async def test_local_traffic_goes_on_without_the_broker(cluster, broker, app):
    nodes = cluster(names="ab")
    here, there = await join(nodes["a"], "room"), await join(nodes["b"], "room")
    await heard_by(broker, "room", 2)
    broker.kill()
    await up(nodes, 0)
    assert put(nodes["a"], "room", "local")["delivered"] == 1
    assert await received(here) == "local"
    late = await join(nodes["a"], "room")
    assert nodes["a"].post(f"/v1/connections/{app.last_id()}/messages", content="for you").status_code == 202
    assert await received(late) == "for you"
    assert [entry["id"] for entry in nodes["a"].connections()][0].startswith("a.")
    answer = nodes["a"].get("/ready")
    # All nodes lose a broker at once: if all said no, a balancer would have nowhere to go.
    assert answer.status_code == 200 and answer.json()["broker"]["up"] is False and answer.json()["broker"]["problem"], answer.text
    assert nodes["a"].get("/health").status_code == 200
    broker.start().wait()
    await up(nodes)
    assert nodes["a"].get("/ready").json()["broker"]["up"] is True
    # What was published meanwhile comes when both are back.
    await heard_by(broker, "room", 2)
    put(nodes["a"], "room", "end")
    assert await all_received(there, 2) == ["local", "end"]


async def test_what_was_published_while_the_broker_was_away_comes_once_all_are_back(cluster, broker):
    """Nodes come back one after the other: who is first waits for the others."""
    nodes = cluster()
    clients = {name: await join(nodes[name], "room") for name in "abc"}
    await heard_by(broker, "room", 3)
    for attempt in range(2):
        broker.kill()
        await up(nodes, 0)
        sent = {name: [f"{attempt} from {name}: {place}" for place in range(20)] for name in "abc"}
        for name, texts in sent.items():
            for text in texts:
                put(nodes[name], "room", text)
        broker.start().wait()
        for name, client in clients.items():
            heard = await all_received(client, 60, within=15)
            for other in "abc":
                assert [text for text in heard if f"from {other}:" in text] == sent[other], f"{name} of {other}: {heard}"
    for node in nodes:
        assert messages(node, "dropped") == 0


async def test_a_node_that_stood_still_takes_nobody_for_lost(cluster, broker, app):
    """It has much to read when it goes on, and knows only then who has been there all the time."""
    nodes = cluster(lease=2.0)
    clients = {name: await join(nodes[name], "room") for name in "bc"}
    await heard_by(broker, "room", 2)
    # Something to read that has nothing to do with who is there.
    listener = await join(nodes["a"], "busy")
    await heard_by(broker, "busy", 1)
    nodes.freeze("a")
    begin = time.monotonic()
    while time.monotonic() - begin < 5:
        nodes["b"].post("/v1/channels/busy/messages", content="x" * 10_000)
        await asyncio.sleep(0.001)
    nodes.thaw("a")
    nodes.meet(within=10)
    for name, client in clients.items():
        await round_trip(client)
    assert not [entry for entry in nodes["a"].logs() if entry["message"] == "a node was lost"], nodes["a"].stderr.text()
    assert not [webhook.id for webhook in app.webhooks if webhook.types == ["close"] and webhook.id.split(".")[0] != "a"]
    listener.transport.abort()


async def test_a_node_without_the_broker_is_not_ready_where_that_is_wanted(cluster, broker):
    nodes = cluster("--cluster-ready-without-broker", "false", names="ab")
    broker.kill()
    await up(nodes, 0)
    # A restart of the broker is no reason to send clients away.
    assert nodes["a"].get("/ready").status_code == 200
    await eventually(lambda: nodes["a"].get("/ready").status_code == 503, "it is not ready", within=10)
    broker.start().wait()
    await eventually(lambda: nodes["a"].get("/ready").status_code == 200, "it is ready again", within=10)


async def test_what_waits_is_bounded_and_what_is_dropped_is_counted(cluster, broker):
    """The oldest go first. What does not wait is counted, to the last message."""
    count, size = 2000, 1000
    nodes = cluster("--cluster-queue-bytes", "256KiB", names="ab", lease=30.0)
    client = await join(nodes["b"], "room")
    await heard_by(broker, "room", 1)
    before = messages(nodes["a"], "dropped")
    broker.kill()
    await up(nodes, 0)
    for start in range(0, count, 100):
        nodes["a"].act(*({"type": "publish", "channel": "room", "text": f"{number:06}" + "x" * size} for number in range(start, start + 100)))
    waits = nodes["a"].metric("holdfast_broker_queue_bytes")
    assert 128 * 1024 < waits <= 256 * 1024, waits
    dropped = messages(nodes["a"], "dropped") - before
    assert 0 < dropped < count, dropped
    # They are sent as soon as the broker is back. A subscriber may come too late for the first of them, as with any publication.
    broker.start().wait()
    await up(nodes)
    await heard_by(broker, "room", 1)
    put(nodes["a"], "room", "end")
    got = []
    while (message := await received(client)) != "end":
        got.append(int(message[:6]))
    assert got == sorted(set(got)) and all(number >= dropped for number in got), (got[:3], dropped)
    assert messages(nodes["a"], "dropped") - before == dropped


async def test_ten_thousand_channels_are_heard_again_within_two_seconds(cluster, broker):
    nodes = cluster(names="ab", lease=30.0)
    for start in range(0, CHANNELS, EACH):
        await join(nodes["a"], *(f"c{number}" for number in range(start, start + EACH)))
    await eventually(lambda: len(broker.subjects("holdfast.c.")) == CHANNELS, "all are heard", within=20)
    broker.kill()
    await up(nodes, 0)
    broker.start().wait()
    begin = time.monotonic()
    await up(nodes)
    took = time.monotonic() - begin
    assert len(broker.subjects("holdfast.c.")) == CHANNELS, "it is up when all is heard again"
    # Of this, up to a second is the wait before the next attempt to connect.
    assert took < 2 + 1.5, took


async def test_a_broker_that_comes_back_empty(cluster, broker):
    nodes = cluster()
    sockets = [await join(node, "room") for node in nodes]
    for _ in range(3):
        broker.restart()
        await up(nodes)
        await heard_by(broker, "room", 3)
        nodes.meet()
        put(nodes["a"], "room", "hello")
        assert [await received(client) for client in sockets] == ["hello"] * 3
    assert nodes["a"].metric("holdfast_broker_reconnects_total") == 3


async def test_nodes_start_before_the_broker(broker, app):
    """They take no clients before they are part of the cluster, and come when it does."""
    broker.kill()
    port = free_port()
    clients = free_port()
    early = Program("serve", app.url, "--listen", f"127.0.0.1:{clients}", "--control", f"127.0.0.1:{port}", *flags_for(broker, "a"))
    try:
        def ready():
            try:
                return httpx.get(f"http://127.0.0.1:{port}/ready", trust_env=False)
            except httpx.TransportError:
                return None

        answer = await eventually(ready, "its control API answers", within=10, show=early.transcript)
        assert answer.status_code == 503 and answer.json()["status"] == "starting", answer.text
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", clients), 1)
        assert httpx.get(f"http://127.0.0.1:{port}/v1/connections", trust_env=False).status_code == 503
        broker.start().wait()
        await eventually(lambda: ready().status_code == 200, "it is ready", within=10, show=early.transcript)
        socket.create_connection(("127.0.0.1", clients), 1).close()
        early.signal()
        assert early.wait() == 0
    finally:
        early.kill()


# Slow

async def test_a_broker_that_stands_still_for_a_moment(cluster, broker):
    """Nothing is lost, and nothing comes twice."""
    nodes = cluster(names="ab", lease=30.0)
    here, there = await join(nodes["a"], "room"), await join(nodes["b"], "room")
    await heard_by(broker, "room", 2)
    with broker.paused():
        for start in range(0, 1000, 100):
            nodes["a"].act(*({"type": "publish", "channel": "room", "text": str(number)} for number in range(start, start + 100)))
        assert await all_received(here, 1000) == [str(number) for number in range(1000)], "local subscribers do not wait"
    assert await all_received(there, 1000) == [str(number) for number in range(1000)]
    await nothing_more(here, there, by=lambda: put(nodes["a"], "room", "end"))


async def test_a_broker_that_stands_still_for_long_is_taken_for_away(cluster, broker):
    nodes = cluster(names="ab", lease=30.0)
    client = await join(nodes["b"], "room")
    await heard_by(broker, "room", 1)
    with broker.paused():
        await up(nodes, 0, within=40)
    await up(nodes, within=30)
    await heard_by(broker, "room", 1, within=10)
    put(nodes["a"], "room", "hello")
    assert await received(client) == "hello"


# Refused

def refused(*flags, app, name="a"):
    """Starts a node that must not come up, and returns what it says."""
    ended = run("serve", app.url, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--node", name, *flags, within=20)
    assert ended.returncode == 1, f"exit code {ended.returncode}\n{ended.stdout}{ended.stderr}"
    assert "Fatal" not in ended.stderr and len(ended.stderr.strip()) > 20, ended.stderr
    return ended.stderr


LOCKED = {"nats": {"more": "authorization { user: ann, password: \"s3cret word\" }"}, "redis": {"more": ["--requirepass", "s3cret word"]}}


def with_login(url, login):
    return url.replace("://", f"://{login}@")


async def test_credentials(engine, tmp_path, app, launch):
    server = start_broker(engine, tmp_path / "broker", **LOCKED[engine])
    try:
        user = "ann" if engine == "nats" else "default"
        for login in (None, f"{user}:wrong-word"):
            said = refused("--broker", with_login(server.url, login) if login else server.url, app=app)
            assert server.url.split("//")[1] in said, said
            assert "wrong-word" not in said and "s3cret" not in said, said
        login = f"{user}:{urllib.parse.quote('s3cret word')}"
        nodes = [launch("serve", app.url, "--broker", with_login(server.url, login), "--node", name) for name in "ab"]
        for node in nodes:
            await eventually(lambda node=node: len(nodes_of(node)) == 2, "they meet", show=node.transcript)
        for node in nodes:
            node.stop()
            assert "s3cret" not in node.stdout.text() + node.stderr.text()
    finally:
        server.kill()


async def test_permissions_as_documented(engine, tmp_path, app, launch):
    """What docs/scaling.md says that a user of the broker needs is enough, and what it leaves out is refused."""
    page = (REPOSITORY / "docs" / "scaling.md").read_text()
    if engine == "nats":
        permissions = re.search(r"^permissions: (\{.*\})$", page, re.MULTILINE)[1]
        more = f"authorization {{ users: [ {{ user: production, password: secret, permissions: {permissions} }} ] }}"
        server = start_broker("nats", tmp_path / "broker", more=more)
    else:
        server = start_broker("redis", tmp_path / "broker")
        words = re.search(r"^ACL SETUSER production .*$", page, re.MULTILINE)[0].split()
        assert server.ask(*words) == "OK"
    try:
        url = with_login(server.url, "production:secret")
        nodes = [launch("serve", app.url, "--broker", url, "--node", name, "--cluster-name", "production") for name in "ab"]
        app.behaviour = app.healthy = JOIN
        for node in nodes:
            await eventually(lambda node=node: len(nodes_of(node)) == 2, "they meet", show=node.transcript)
        client = await join(nodes[0], "room 7")
        await eventually(lambda: nodes[0].metric("holdfast_broker_channels") == 1, "the channel is asked for")
        await eventually(lambda: put(nodes[1], "room 7", "hello") and nodes[0].metric("holdfast_messages_sent_total") > 1, "it is heard")
        assert await received(client) == "hello"
        for node in nodes:
            node.stop()
        said = refused("--broker", url, "--cluster-name", "other", app=app)
        assert "permission" in said.lower() or "NOPERM" in said, said
    finally:
        server.kill()


async def test_a_node_that_may_not_publish_does_not_start(engine, tmp_path, app):
    if engine == "nats":
        rights = 'permissions: { publish: "other.>", subscribe: ">" }'
        server = start_broker("nats", tmp_path / "broker", more=f"authorization {{ users: [ {{ user: mute, password: secret, {rights} }} ] }}")
    else:
        server = start_broker("redis", tmp_path / "broker")
        words = "ACL SETUSER mute on >secret allchannels +hello +auth +subscribe +unsubscribe +ping +client|setname"
        assert server.ask(*words.split()) == "OK"
    try:
        said = refused("--broker", with_login(server.url, "mute:secret"), app=app)
        assert "does not let this node publish" in said, said
    finally:
        server.kill()


def test_credentials_are_not_shown(app):
    shown = run("check", app.url, "--broker", "nats://ann:s3cret@127.0.0.1:4222")
    assert shown.returncode == 0 and "s3cret" not in shown.stdout + shown.stderr, shown


async def test_a_token_of_nats(tmp_path, app, launch):
    server = start_broker("nats", tmp_path / "broker", more='authorization { token: "t0ken" }')
    try:
        refused("--broker", with_login(server.url, "other"), app=app)
        node = launch("serve", app.url, "--broker", with_login(server.url, "t0ken"), "--node", "a")
        assert node.metric("holdfast_broker_up") == 1
        node.stop()
    finally:
        server.kill()


@pytest.mark.parametrize("urls", [
    ["kafka://x"], ["nats://"], ["redis://x:notaport"], ["nats:4222"], ["memory", "nats://x"], ["nats://x", "redis://x"],
], ids=" ".join)
def test_urls_that_name_no_broker(app, urls):
    assert "broker" in refused(*(word for url in urls for word in ("--broker", url)), app=app)


async def test_tls(engine, tmp_path, authority, app, launch):
    pair = authority.pair()
    options = {"tls": pair} | ({"authority": authority.file} if engine == "redis" else {})
    server = start_broker(engine, tmp_path / "broker", **options)
    try:
        nodes = [launch("serve", app.url, *flags_for(server, name), "--cluster-ca-file", authority.file) for name in "ab"]
        for node in nodes:
            await eventually(lambda node=node: len(nodes_of(node)) == 2, "they meet", show=node.transcript)
        client = await connect(nodes[0])
        await eventually(lambda: len(nodes[1].connections()) == 1, "b sees it")
        await client.close()
        stranger = Authority(tmp_path / "stranger", "Somebody else")
        assert "certificate" in refused(*flags_for(server), "--cluster-ca-file", stranger.file, app=app).lower()
        assert "certificate" in refused(*flags_for(server), app=app).lower()
        refused(*flags_for(server), "--cluster-ca-file", tmp_path / "none.pem", app=app)
        for node in nodes:
            node.stop()
    finally:
        server.kill()


async def test_a_certificate_for_another_host_is_refused(engine, tmp_path, authority, app):
    options = {"tls": authority.pair(names=("DNS:elsewhere.example",))} | ({"authority": authority.file} if engine == "redis" else {})
    server = start_broker(engine, tmp_path / "broker", **options)
    try:
        assert "certificate" in refused(*flags_for(server), "--cluster-ca-file", authority.file, app=app).lower()
    finally:
        server.kill()


# Names

async def test_a_name_that_is_taken_is_refused(cluster, app, broker):
    nodes = cluster(names="ab")
    client = await join(nodes["a"], "room")
    said = refused(*flags_for(broker), app=app, name="a")
    assert "a" in said and "--node" in said, said
    # That one sentence, and no noise of what was taken down.
    lines = [line for line in said.splitlines() if '"level":"info"' not in line]
    assert len(lines) == 1 and lines[0].startswith("holdfast: "), said
    # Who was there first is not disturbed.
    await round_trip(client)
    assert nodes["b"].post(f"/v1/connections/{app.last_id()}/messages", content="hello").status_code == 202
    assert await received(client) == "hello"
    assert set(nodes_of(nodes["b"])) == {"a", "b"}


async def test_a_name_is_free_at_once_after_kill_9(cluster, app, broker):
    nodes = cluster(lease=20.0)
    nodes.crash("a")
    begin = time.monotonic()
    nodes.start("a")
    nodes.meet(within=5)
    assert time.monotonic() - begin < 5
    client = await join(nodes["a"], "room")
    await heard_by(broker, "room", 1)
    put(nodes["b"], "room", "hello")
    assert await received(client) == "hello"


async def test_a_name_is_free_at_once_after_a_stop(cluster):
    nodes = cluster(names="ab", lease=20.0)
    nodes["a"].stop()
    warned = [entry for name in "ab" for entry in nodes[name].logs() if entry["level"] not in ("info", "debug")]
    assert not warned, warned
    nodes.start("a")
    nodes.meet(within=5)


async def test_clients_of_a_killed_node_find_another(cluster, broker):
    """What a client sees of it: its socket breaks, and where it comes back to all is as before."""
    nodes = cluster()
    client = await join(nodes["a"], "room")
    nodes.crash("a")
    with pytest.raises(websockets.ConnectionClosed):
        await asyncio.wait_for(client.recv(), 5)
    again = await join(nodes["b"], "room")
    await heard_by(broker, "room", 1)
    put(nodes["c"], "room", "hello")
    assert await received(again) == "hello"
