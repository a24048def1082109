"""What a cluster shows of itself: connections, channels and nodes, the same on each node."""

import time

from brokers import broker, engine  # noqa: F401
from cluster import SECOND, SLACK, cluster, join, nodes_of  # noqa: F401
from eventually import eventually


def pages(gateway, limit, query=""):
    """All pages of the connections, each as its list of ids."""
    found, after = [], ""
    while True:
        answer = gateway.get(f"/v1/connections?limit={limit}{query}{after}").json()
        found.append([entry["id"] for entry in answer["connections"]])
        if "next" not in answer:
            return found
        assert len(found[-1]) == limit, f"a page that is not the last has {len(found[-1])} of {limit}"
        after = f"&after={answer['next']}"


async def test_connections_of_all_nodes_in_pages(cluster, app):
    nodes = cluster()
    sockets = [await join(node, "room" if number % 2 else "hall") for node in nodes for number in range(7)]
    everybody = set(app.ids())
    assert len(sockets) == len(everybody) == 21
    for node in nodes:
        whole = [entry["id"] for entry in node.connections("?limit=1000")]
        assert set(whole) == everybody and len(whole) == 21
        for limit in (1, 4, 7, 20, 21):
            told = [identity for page in pages(node, limit) for identity in page]
            assert told == whole, f"in pages of {limit} it is another list"
        in_room = [identity for page in pages(node, 2, "&channel=room") for identity in page]
        assert len(in_room) == 9 and set(in_room) < everybody
    shown = {name: [entry["id"] for entry in nodes[name].connections("?limit=1000")] for name in "abc"}
    assert shown["a"] == shown["b"] == shown["c"], "each node shows them in one order"


async def test_views_of_one_node(cluster, app):
    nodes = cluster(names="ab")
    _sockets = [await join(node, "room") for node in nodes]
    for name in "ab":
        [shown] = nodes["a"].connections(f"?node={name}")
        assert shown["id"].split(".")[0] == name
        assert nodes["a"].get(f"/v1/channels?node={name}").json()["channels"] == [{"name": "room", "subscribers": 1}]
    assert nodes["a"].get("/v1/connections?node=nobody").status_code == 404


async def test_channels_of_all_nodes(cluster):
    nodes = cluster()
    _sockets = [await join(node, "room", f"only-{name}") for name, node in nodes.nodes.items()]
    expected = [{"name": f"only-{name}", "subscribers": 1} for name in "abc"] + [{"name": "room", "subscribers": 3}]
    for node in nodes:
        assert node.get("/v1/channels").json()["channels"] == expected
        first = node.get("/v1/channels?limit=2").json()
        assert first["channels"] == expected[:2] and first["next"] == "only-b", first
        assert node.get("/v1/channels?limit=2&after=only-b").json()["channels"] == expected[2:]


async def test_presence_of_a_channel_across_nodes(cluster, app):
    nodes = cluster()
    _sockets = [await join(node, "room") for node in nodes for _ in range(3)]
    for node in nodes:
        shown = node.get("/v1/channels/room?limit=100").json()
        assert (shown["name"], shown["subscribers"], set(shown["connections"])) == ("room", 9, set(app.ids())), shown
        found, after = [], ""
        while True:
            page = node.get(f"/v1/channels/room?limit=2{after}").json()
            found += page["connections"]
            assert page["subscribers"] == 9
            if "next" not in page:
                break
            after = f"&after={page['next']}"
        assert sorted(found) == sorted(app.ids())


async def test_nodes(cluster):
    nodes = cluster()
    _sockets = [await join(nodes["b"]) for _ in range(3)]
    version = nodes["a"].metric("holdfast_build_info")
    assert version == 1
    assert [node.metric("holdfast_cluster_nodes") for node in nodes] == [3, 3, 3]
    for node in nodes:
        await eventually(
            lambda node=node: nodes_of(node)["b"]["connections"] == 3, "the clients of b are counted", within=5,
            show=lambda node=node: nodes_of(node))
        shown = nodes_of(node)
        assert set(shown) == {"a", "b", "c"}
        assert len({entry["version"] for entry in shown.values()}) == 1, shown


async def test_a_node_that_comes_is_known_at_once(cluster):
    nodes = cluster(names="ab", lease=30.0)
    nodes.start("c")
    # Long before the others would have told of themselves by the clock.
    nodes.meet(within=3)


async def test_a_node_that_leaves_is_gone_at_once(cluster):
    nodes = cluster(lease=30.0)
    _socket = await join(nodes["c"])
    nodes["c"].stop()
    nodes.meet("a", "b", within=3)
    assert nodes["a"].connections() == []


async def test_a_killed_node_vanishes_within_the_lease(cluster, app):
    nodes = cluster()
    _gone, stays = await join(nodes["a"], "room"), await join(nodes["b"], "room")
    begin = time.monotonic()
    nodes.crash("a")
    for name in "bc":
        await eventually(
            lambda name=name: [entry["id"].split(".")[0] for entry in nodes[name].connections()] == ["b"], f"{name} shows what is left",
            within=nodes.lease + 2, show=lambda name=name: nodes[name].connections())
    assert time.monotonic() - begin < nodes.lease + 2
    for name in "bc":
        nodes.meet("b", "c", within=nodes.lease + 2)
        assert nodes[name].get("/v1/channels/room").json()["subscribers"] == 1
    await stays.close()


async def test_views_do_not_wait_for_a_node_that_hangs(cluster):
    """What the others hold is shown within a second or so, and who is missing is named."""
    nodes = cluster(lease=30.0)
    _sockets = [await join(node, "room") for node in nodes]
    nodes.freeze("c")
    for path, key in [("/v1/connections", "connections"), ("/v1/channels", "channels"), ("/v1/channels/room", "connections")]:
        begin = time.monotonic()
        answer = nodes["a"].get(path)
        took = time.monotonic() - begin
        assert answer.status_code == 200 and took < SECOND + SLACK, (path, answer.status_code, answer.text, took)
        assert answer.json()[key], answer.text
        assert answer.json()["unreachable"] == ["c"], answer.text
    nodes.thaw("c")

    def whole():
        answer = nodes["a"].get("/v1/connections").json()
        return "unreachable" not in answer and len(answer["connections"]) == 3

    await eventually(whole, "it is back", show=lambda: nodes["a"].get("/v1/connections").text)
