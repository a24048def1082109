"""Addressed actions in a cluster: any node's control API reaches any connection, or says within a second that it cannot."""

import concurrent.futures
import re
import time

from app import reply
from brokers import broker, engine  # noqa: F401
from client import all_received, ending, received, round_trip
from cluster import SECOND, SLACK, cluster, heard_by, join, put, wanted  # noqa: F401
from eventually import eventually

BINARY = {"content-type": "application/octet-stream"}


def path_of(identity, rest=""):
    return f"/v1/connections/{identity}{rest}"


async def guest(nodes, name, app, *channels):
    """A client on one node, and its id, which names the node."""
    socket = await join(nodes[name], *channels)
    identity = app.last_id()
    assert identity.split(".")[0] == name, identity
    return socket, identity


def timed(ask):
    """What a request answers, and the seconds that it took."""
    begin = time.monotonic()
    return ask(), time.monotonic() - begin


async def test_send_from_any_node(cluster, app):
    nodes = cluster()
    for home in "abc":
        socket, identity = await guest(nodes, home, app)
        for name in "abc":
            assert nodes[name].post(path_of(identity, "/messages"), content=f"from {name}").status_code == 202
            assert nodes[name].post(path_of(identity, "/messages"), content=b"\x00\xff", headers=BINARY).status_code == 202
        assert await all_received(socket, 6) == ["from a", b"\x00\xff", "from b", b"\x00\xff", "from c", b"\x00\xff"]


async def test_close_from_another_node(cluster, app):
    nodes = cluster(names="ab")
    socket, identity = await guest(nodes, "a", app)
    assert nodes["b"].delete(path_of(identity, "?code=4001&reason=signed%20in%20elsewhere")).status_code == 202
    assert await ending(socket) == (4001, "signed in elsewhere")
    await eventually(lambda: app.events("close"), "the app hears of the end", show=app.transcript)
    assert nodes["b"].post(path_of(identity, "/messages"), content="too late").status_code == 404


async def test_subscribe_and_unsubscribe_from_another_node(cluster, app, broker):
    nodes = cluster()
    socket, identity = await guest(nodes, "a", app)
    assert nodes["b"].put(path_of(identity, "/channels/room%2F7")).status_code == 204
    await heard_by(broker, "room/7", 1)
    put(nodes["c"], "room/7", "hello")
    assert await received(socket) == "hello"
    assert nodes["c"].delete(path_of(identity, "/channels/room%2F7")).status_code == 204
    put(nodes["b"], "room/7", "nobody hears this")
    nodes["b"].post(path_of(identity, "/messages"), content="end")
    assert await received(socket) == "end"


async def test_state_and_get_from_another_node(cluster, app):
    nodes = cluster(names="ab")
    _socket, identity = await guest(nodes, "a", app, "room")
    assert nodes["b"].act({"type": "setState", "to": identity, "state": {"user": "Ann"}}) == [{"status": "ok", "delivered": 1}]
    near, far = nodes["a"].get(path_of(identity)), nodes["b"].get(path_of(identity))
    assert near.status_code == far.status_code == 200
    seen = [{key: value for key, value in answer.json().items() if key != "ageSeconds"} for answer in (near, far)]
    assert seen[0] == seen[1] and seen[0]["state"] == {"user": "Ann"} and seen[0]["channels"] == ["room"], seen


async def test_a_limit_of_the_connection_is_told_from_another_node(cluster, app):
    nodes = cluster("--max-channels", "1", names="ab")
    _socket, identity = await guest(nodes, "a", app, "room")
    assert nodes["b"].put(path_of(identity, "/channels/hall")).status_code == 409
    [result] = nodes["b"].act({"type": "subscribe", "to": identity, "channel": "hall"})
    assert result["status"] == "refused" and result["detail"], result


async def test_one_request_for_connections_of_all_nodes(cluster, app):
    """Each action has its result, in order, wherever it was carried out."""
    nodes = cluster()
    guests = [await guest(nodes, name, app) for name in "abc"]
    unknown = re.sub(r"^a", "nobody", guests[0][1])
    results = nodes["b"].act(*(
        {"type": "send", "to": identity, "text": str(number)}
        for number, identity in enumerate([guests[2][1], unknown, guests[0][1], guests[1][1], guests[2][1]])))
    assert [result["status"] for result in results] == ["ok", "notFound", "ok", "ok", "ok"], results
    assert await all_received(guests[2][0], 2) == ["0", "4"]
    assert [await received(guests[0][0]), await received(guests[1][0])] == ["2", "3"]


async def test_order_of_each_connection_is_kept(cluster, app):
    nodes = cluster(names="ab")
    guests = [await guest(nodes, "a", app) for _ in range(4)]
    for start in range(0, 500, 50):
        nodes["b"].act(*(
            {"type": "send", "to": identity, "text": str(number)} for number in range(start, start + 50) for _, identity in guests))
    for socket, _ in guests:
        assert await all_received(socket, 500) == [str(number) for number in range(500)]


async def test_answers_of_the_app_reach_connections_of_other_nodes(cluster, app):
    nodes = cluster(names="ab")
    ann, id_of_ann = await guest(nodes, "a", app)
    bob, _ = await guest(nodes, "b", app)
    app.behaviour = reply(open=wanted, message=lambda event, _: [{"type": "send", "to": id_of_ann, "text": event["text"]}])
    for number in range(50):
        await bob.send(str(number))
    assert await all_received(ann, 50) == [str(number) for number in range(50)]


# Nodes that do not answer

async def test_a_node_that_nobody_knows_is_404_at_once(cluster, app):
    nodes = cluster(names="ab")
    _socket, identity = await guest(nodes, "a", app)
    for stranger in (re.sub(r"^a", "stranger", identity), re.sub(r"^a", "b", identity), identity[:-4] + "AAAA"):
        answer, took = timed(lambda stranger=stranger: nodes["b"].post(path_of(stranger, "/messages"), content="hello"))
        assert answer.status_code == 404 and took < SECOND / 2, (stranger, answer.status_code, took)
        assert nodes["b"].act({"type": "send", "to": stranger, "text": "x"})[0]["status"] == "notFound"


async def test_a_killed_node_is_503_or_404_within_a_second(cluster, app):
    nodes = cluster()
    _socket, identity = await guest(nodes, "a", app)
    nodes.crash("a")
    answer, took = timed(lambda: nodes["b"].post(path_of(identity, "/messages"), content="hello"))
    assert answer.status_code in (404, 503) and took < SECOND + SLACK, (answer.status_code, answer.text, took)
    nodes.meet("b", "c", within=nodes.lease + 10)
    answer, took = timed(lambda: nodes["b"].post(path_of(identity, "/messages"), content="hello"))
    assert answer.status_code == 404 and took < SECOND / 2, (answer.status_code, took)


async def test_a_node_that_hangs_is_503_within_a_second(cluster, app):
    nodes = cluster(lease=20.0)
    socket, identity = await guest(nodes, "a", app)
    nodes.freeze("a")
    answer, took = timed(lambda: nodes["b"].post(path_of(identity, "/messages"), content="while it hangs"))
    assert answer.status_code == 503 and SECOND / 2 < took < SECOND + SLACK, (answer.status_code, answer.text, took)
    [result] = nodes["b"].act({"type": "send", "to": identity, "text": "while it hangs"})
    assert result["status"] == "unreachable"
    answer, took = timed(lambda: nodes["b"].get(path_of(identity)))
    assert answer.status_code == 503 and took < SECOND + SLACK, (answer.status_code, answer.text, took)
    # The others do not wait for it.
    other, elsewhere = await guest(nodes, "c", app)
    answer, took = timed(lambda: nodes["b"].post(path_of(elsewhere, "/messages"), content="hello"))
    assert answer.status_code == 202 and took < SECOND, (answer.status_code, took)
    assert await received(other) == "hello"
    nodes.thaw("a")
    assert nodes["b"].post(path_of(identity, "/messages"), content="afterwards").status_code in (202, 503)
    while await received(socket) != "afterwards":
        pass


async def test_many_at_once_to_a_node_that_hangs_wait_together(cluster, app):
    nodes = cluster(lease=20.0)
    _socket, identity = await guest(nodes, "a", app)
    nodes.freeze("a")
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: nodes["b"].post(path_of(identity, "/messages"), content="x"), range(30)))
    took = time.monotonic() - begin
    nodes.thaw("a")
    assert {answer.status_code for answer in answers} == {503} and took < 2 * SECOND + SLACK, took


async def test_without_the_broker_it_is_503_at_once(cluster, app, broker):
    nodes = cluster(names="ab")
    socket, identity = await guest(nodes, "a", app)
    broker.kill()
    await eventually(lambda: nodes["b"].metric("holdfast_broker_up") == 0, "b notices")
    answer, took = timed(lambda: nodes["b"].post(path_of(identity, "/messages"), content="x"))
    assert answer.status_code == 503 and took < SECOND / 2, (answer.status_code, answer.text, took)
    assert nodes["a"].post(path_of(identity, "/messages"), content="here all is well").status_code == 202
    assert await received(socket) == "here all is well"
    broker.start().wait()
    for node in nodes:
        await eventually(lambda node=node: node.metric("holdfast_broker_up") == 1, "the broker is back")
    assert nodes["b"].post(path_of(identity, "/messages"), content="again").status_code == 202
    assert await received(socket) == "again"
    await round_trip(socket)
