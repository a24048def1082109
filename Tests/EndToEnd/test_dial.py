"""Outgoing connections of the json dialect: the action `dial`, and `POST /v1/dial`."""

import pytest

from app import echo, reply
from client import all_received, connect, received
from dialling import dial, dialler, told  # noqa: F401 (fixtures)
from eventually import eventually, stays
from gateway import free_port
from rawsocket import TEXT
from remote import raw_remotes, read_frame, remote, remotes, switching  # noqa: F401 (fixtures)


# The ways to ask for one

async def test_the_control_api_dials(app, remote, dialler):
    gateway = dialler()
    identity = dial(gateway, remote.url + "?room=7", state={"user": "42"})
    await remote.connected()
    await told(app, identity, "open")
    connection = app.of(identity)[0].connection
    assert connection["direction"] == "outbound" and connection["route"] == "default"
    assert (connection["path"], connection["query"]) == ("/socket", "room=7")
    assert connection["state"] == {"user": "42"}
    assert "127.0.0.1" in connection["remoteAddress"]


async def test_an_answer_dials_on_the_route_of_its_connection(app, remote, dialler):
    app.behaviour = reply(message=lambda event, webhook: [{"type": "dial", "url": remote.url, "state": {"for": webhook.id}}]
                          if webhook.connection["direction"] == "inbound" else [])
    gateway = dialler()
    async with connect(gateway) as client:
        await client.send("dial")
        await remote.connected()
        await eventually(lambda: len(app.ids()) == 2, "the new connection is told", show=app.transcript)
        inbound, outbound = app.ids()
        assert (await told(app, outbound, "open"))[0]["seq"] == 1
        assert app.of(outbound)[0].connection["state"] == {"for": inbound}


async def test_the_list_of_actions_dials(app, remote, dialler):
    gateway = dialler()
    result, = gateway.act({"type": "dial", "url": remote.url})
    assert result["status"] == "ok" and result["connection"]
    await told(app, result["connection"], "open")


async def test_the_route_can_be_named(app, remote, dialler):
    config = {
        "dial": {"denyPrivate": False},
        "routes": [{"name": "one", "path": "/one", "target": app.url}, {"name": "two", "path": "/two", "target": app.url + "/two"}],
    }
    gateway = dialler(config=config)
    identity = dial(gateway, remote.url, route="two")
    await told(app, identity, "open")
    assert app.of(identity)[0].connection["route"] == "two"
    assert app.of(identity)[0].path == "/hook/two"
    assert "three" in dial(gateway, remote.url, status=409, route="three")


WRONG = {
    "no url": ({}, "url"), "number": ({"url": 7}, "url"), "http": ({"url": "http://a/"}, "wss://"), "user": ({"url": "ws://a:b@c/"}, "wss://"),
    "fragment": ({"url": "ws://c/#x"}, "wss://"), "protocols": ({"url": "ws://a/", "protocols": ["a b"]}, "protocols[0]"),
    "headers": ({"url": "ws://a/", "headers": {"host": "b"}}, "headers.host"), "state": ({"url": "ws://a/", "state": {"a": 7}}, "state.a"),
    "reconnect": ({"url": "ws://a/", "reconnect": "yes"}, "reconnect"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_dial_is_refused_with_what_is_accepted(app, remote, dialler, wrong):
    gateway = dialler()
    body, words = WRONG[wrong]
    answer = gateway.post("/v1/dial", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    listed = gateway.post("/v1/actions", json={"actions": [{"type": "dial", **body}]})
    assert listed.status_code == 400 and words in listed.json()["detail"]


def test_no_json_and_no_token(app, remote, dialler):
    gateway = dialler(token="secret")
    assert gateway.post("/v1/dial", content="{", headers={"content-type": "application/json"}).status_code == 400
    assert gateway.post("/v1/dial", content="{").status_code == 415
    assert gateway.post("/v1/dial", json={"url": remote.url}, headers={"authorization": "Bearer wrong"}).status_code == 401


# Its life

async def test_open_message_close(app, remote, dialler):
    remote.headers = [("x-served-by", "r1")]
    remote.protocols = ["v2"]
    app.behaviour = reply(message=echo)
    gateway = dialler()
    identity = dial(gateway, remote.url, protocols=["v1", "v2"])
    await remote.connected()
    remote.send("hello", b"\0\xff")
    assert await remote.gets(2) == ["hello", b"\0\xff"]
    remote.close(4001, "bye")
    opened, text, binary, closed = await told(app, identity, "open", "message", "message", "close")
    assert opened["headers"]["x-served-by"] == ["r1"], "the remote's response headers"
    assert app.of(identity)[0].connection["protocol"] == "v2"
    assert (text["text"], binary["base64"]) == ("hello", "AP8=")
    assert (closed["code"], closed["reason"], closed["clean"]) == (4001, "bye", True)
    assert [event["seq"] for event in (opened, text, binary, closed)] == [1, 2, 3, 4]


async def test_what_the_control_api_can_do_with_it(app, remote, dialler):
    gateway = dialler()
    identity = dial(gateway, remote.url)
    await told(app, identity, "open")
    assert gateway.get(f"/v1/connections/{identity}").json()["direction"] == "outbound"
    assert gateway.post(f"/v1/connections/{identity}/messages", content="one").status_code == 202
    assert gateway.put(f"/v1/connections/{identity}/channels/room").status_code == 204
    assert gateway.publish("room", "two") == 1
    assert await remote.gets(2) == ["one", "two"]
    assert gateway.delete(f"/v1/connections/{identity}?code=4003&reason=enough").status_code == 202
    assert await remote.ended() == [(4003, "enough")]
    await told(app, identity, "open", "close")


async def test_a_publication_reaches_clients_and_remotes_alike(app, remote, dialler):
    app.behaviour = reply(open=[{"type": "subscribe", "channel": "room"}])
    gateway = dialler()
    async with connect(gateway) as client:
        identity = dial(gateway, remote.url)
        await told(app, identity, "open")
        await eventually(lambda: gateway.publish("room", "to all") == 2, "both are subscribed")
        while (message := await received(client)) != "to all":
            assert message
        await eventually(lambda: "to all" in remote.received, "the remote gets it", show=remote.transcript)
        assert len(remote.received) in (1, 2)


async def test_the_queue_of_a_slow_handshake_goes_out_in_order(app, raw_remotes, dialler):
    gate, frames = app.gate(), []

    def behave(connection, request):
        gate.hold()
        connection.sendall(switching(request))
        while True:
            frames.append(read_frame(connection))

    raw = raw_remotes(behave)
    gateway = dialler()
    identity = dial(gateway, raw.url)
    raw.requested()
    for word in ("one", "two", "three"):
        assert gateway.post(f"/v1/connections/{identity}/messages", content=word).status_code == 202
    assert frames == []
    gate.open()
    await eventually(lambda: len(frames) >= 3, "all frames come", show=lambda: frames)
    assert frames[:3] == [(TEXT, True, b"one"), (TEXT, True, b"two"), (TEXT, True, b"three")]


async def test_a_dial_can_be_called_off(app, remote, dialler):
    remote.stalls = True
    gateway = dialler()
    identity = dial(gateway, remote.url)
    await eventually(lambda: remote.attempts == 1, "the remote is asked", show=remote.transcript)
    assert gateway.delete(f"/v1/connections/{identity}").status_code == 202
    closed = (await told(app, identity, "close"))[0]
    assert closed["clean"] is False
    assert gateway.get(f"/v1/connections/{identity}").status_code == 404


# Again

async def test_a_lost_connection_is_had_again_with_its_state(app, remote, dialler):
    gateway = dialler()
    first = dial(gateway, remote.url, state={"user": "42"}, reconnect=True)
    await told(app, first, "open")
    remote.drop()
    await told(app, first, "open", "close")
    await remote.connected(2)
    await eventually(lambda: len(app.ids()) == 2, "a new connection is told", show=app.transcript)
    second = app.ids()[1]
    assert second != first
    await told(app, second, "open")
    assert app.of(second)[0].connection["state"] == {"user": "42"}
    assert app.of(second)[0].events[0]["seq"] == 1


async def test_a_remote_that_is_not_there_yet_is_dialled_until_it_is(app, remote, dialler):
    remote.kill()
    gateway = dialler()
    dial(gateway, remote.url, reconnect=True)
    await stays(lambda: remote.handshakes == [], "nobody is there", 0.5)
    remote.start()
    await remote.connected(1)
    await eventually(lambda: app.events("open"), "the connection is told", show=app.transcript)


async def test_it_is_given_up_after_so_many_failures(app, remote, dialler):
    remote.refuse = 503
    gateway = dialler("--dial-reconnect-max-failures", "3")
    dial(gateway, remote.url, reconnect=True)
    await eventually(lambda: remote.attempts == 3, "three attempts are made", show=remote.transcript)
    await eventually(lambda: app.events("close"), "the end is told", show=app.transcript)
    await stays(lambda: remote.attempts == 3, "that was all", 1)
    assert "503" in app.events("close")[-1]["error"]


async def test_without_reconnect_it_stays_lost(app, remote, dialler):
    gateway = dialler()
    identity = dial(gateway, remote.url)
    await told(app, identity, "open")
    remote.close()
    await told(app, identity, "open", "close")
    await stays(lambda: remote.attempts == 1, "one attempt", 0.5)


async def test_what_the_app_has_closed_stays_closed(app, remote, dialler):
    gateway = dialler()
    identity = dial(gateway, remote.url, reconnect=True)
    await told(app, identity, "open")
    assert gateway.delete(f"/v1/connections/{identity}").status_code == 202
    await told(app, identity, "open", "close")
    await stays(lambda: remote.attempts == 1, "it is not dialled again", 0.5)


async def test_a_shutdown_says_goodbye_and_dials_no_more(app, remote, dialler):
    gateway = dialler()
    identity = dial(gateway, remote.url, reconnect=True)
    await told(app, identity, "open")
    gateway.stop()
    assert (await remote.ended())[0][0] == 1001
    assert [event["type"] for webhook in app.of(identity) for event in webhook.events] == ["open", "close"]
    assert remote.attempts == 1


# Many

async def test_many_at_once(app, remote, dialler):
    app.behaviour = reply(open=[{"type": "subscribe", "channel": "all"}])
    gateway = dialler()
    for _ in range(100):
        dial(gateway, remote.url)
    await remote.connected(100, within=30)
    await eventually(lambda: gateway.publish("all", "x") == 100, "all are subscribed", 30)
    await eventually(lambda: gateway.metric("holdfast_connections") == 100, "all are counted", show=lambda: gateway.get("/metrics").text)
    remote.drop()
    await eventually(lambda: gateway.metric("holdfast_connections") == 0, "none is left", show=lambda: gateway.get("/metrics").text)


async def test_inbound_clients_are_untouched_by_dials_that_fail(app, remote, dialler):
    app.behaviour = reply(message=echo)
    gateway = dialler()
    async with connect(gateway) as client:
        for _ in range(20):
            dial(gateway, f"ws://127.0.0.1:{free_port()}/")
        await client.send("still here")
        assert await all_received(client, 1) == ["still here"]
    await eventually(lambda: len(app.events("close")) == 21, "each end is told", show=app.transcript)
