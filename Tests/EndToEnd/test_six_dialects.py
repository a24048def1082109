"""All six dialects behind one port: each works beside the others, one hub serves them all, and each request finds its dialect."""

import asyncio
import contextlib
import itertools
import json
import socket

import httpx
import pytest
import yaml

import grip_gateway
import wsify
from app import base64_of
from client import all_received, ending, received, refusal, round_trip
from eventually import eventually, stays
from gateway import free_port, run
from grip_backend import close
from held import Held
from six_routes import BYE, CONTROL_TOKEN, DIALECTS, INBOUND, KEY, PATHS, Audience, Routes, app, neighbours, six, start_six  # noqa: F401 (fixtures)
from slip_app import SECRET, control, token, verified

THREAD = asyncio.to_thread
# Of one width, so that none begins with another.
tags = (f"t{number:05}" for number in itertools.count())
BEARER = {"authorization": f"Bearer {CONTROL_TOKEN}"}


async def told(app, find, what):
    """Awaits that something is found among an app's webhooks."""
    return await eventually(lambda: find(app.webhooks), what, show=lambda: app.transcript(20))


# The core of each dialect

async def json_core(six):
    app, tag = six.apps["json"], next(tags)
    refused = await refusal(six.gateway, f"/json/chat?tag={tag}&refuse")
    assert (refused.status_code, refused.body.strip()) == (401, b"json says no")
    async with await six.connect("json", f"?tag={tag}&channel={tag}") as socket:
        await socket.send("hello")
        await socket.send(b"\0\xff")
        assert await all_received(socket, 2) == ["re:hello", b"\0\xff"]
        identity = await THREAD(six.id_of, socket)
        results = await THREAD(six.gateway.act, {"type": "send", "to": identity, "text": "push"}, {"type": "publish", "channel": tag, "text": "all"})
        assert [result["status"] for result in results] == ["ok", "ok"]
        assert await all_received(socket, 2) == ["push", "all"]
        await socket.send("bye")
        assert await ending(socket) == (BYE["json"], "bye")
    async with await six.connect("json", f"?tag={tag}2") as socket:
        await socket.close(4111, "mine")

    def ends(seen):
        """Sorted, because different connections do not wait for each other."""
        return sorted(webhook.events[-1]["code"] for webhook in seen
                      if f"tag={tag}" in webhook.connection["query"] and webhook.types[-1] == "close")

    await told(app, lambda seen: ends(seen) == [BYE["json"], 4111], "json's app is told both ends")
    assert [kind for webhook in app.of(identity) for kind in webhook.types] == ["open", "message", "message", "message", "close"]


async def wsaas_core(six):
    app, tag = six.apps["wsaas"], next(tags)

    def of(webhooks, method):
        return [webhook for webhook in webhooks if webhook.method == method and webhook.headers["authorization"] == tag]

    assert (await refusal(six.gateway, PATHS["wsaas"], additional_headers={"authorization": "refuse"})).status_code == 403
    async with await six.connect("wsaas", additional_headers={"authorization": tag}) as socket:
        opened, = of(app.webhooks, "POST")
        uri = opened.body["ws_uri"]
        await socket.send("hello")
        await socket.send(b"\0\xff")
        await told(app, lambda seen: [webhook.raw for webhook in of(seen, "PUT")] == [b"hello", b"\0\xff"], "wsaas' app is told the messages")
        for headers, expected in (({"content-type": "text/plain"}, "push"), ({}, b"push")):
            pushed = await THREAD(httpx.put, uri, content=b"push", headers={**BEARER, **headers}, trust_env=False)
            assert (pushed.status_code, pushed.json()) == (200, {"code": "OK"})
            assert await received(socket) == expected
        assert (await THREAD(httpx.delete, uri, headers=BEARER, trust_env=False)).json() == {"code": "OK"}
        assert (await ending(socket))[0] == 1000
    ended, = await told(app, lambda seen: of(seen, "DELETE"), "wsaas' app is told the end")
    assert ended.body == {"code": "CONNECTION_CLOSE", "ws_uri": uri}
    assert (await THREAD(httpx.put, uri, content=b"late", headers=BEARER, trust_env=False)).json() == {"code": "NOT_FOUND"}


async def grip_core(six):
    app, tag = six.apps["grip"], next(tags)
    assert (await refusal(six.gateway, "/grip/chat?refuse")).status_code == 401
    async with await six.connect("grip", f"?tag={tag}&channel={tag}") as socket:
        await socket.send("hello")
        await socket.send(b"\0\xff")
        assert await all_received(socket, 2) == ["re:hello", b"re:\0\xff"]
        assert await THREAD(grip_gateway.say, six.gateway, tag, "all") == 1
        assert await received(socket) == "all"
        await socket.send("bye")
        assert await ending(socket) == (BYE["grip"], "bye")
    async with await six.connect("grip", f"?tag={tag}2") as socket:
        await socket.close(4222, "mine")
    await told(app, lambda seen: [event for request in seen if request.path == f"/grip/chat?tag={tag}2" for event in request.events
                                  if event.type == "CLOSE"] == [close(4222, "mine")], "grip's app is told the client's close")
    url = f"http://127.0.0.1:{six.gateway.port}/grip/x"
    async with Held(f"{url}?hold=stream&channel={tag}") as stream:
        await stream.holds("held\n")
        answer = await THREAD(grip_gateway.publish, six.gateway, {"channel": tag, "http-stream": {"content": "piece\n"}})
        assert answer == [1]
        await stream.holds("piece\n")
        await THREAD(grip_gateway.publish, six.gateway, {"channel": tag, "http-stream": {"action": "close"}})
        await stream.ended()


async def slip_core(six):
    app, tag = six.apps["slip"], next(tags)
    refused = await refusal(six.gateway, f"/slip?tag={tag}&refuse")
    assert (refused.status_code, refused.body.strip()) == (401, b"slip says no")
    async with await six.connect("slip", f"?tag={tag}&channel={tag}") as socket:
        await socket.send("hello")
        await socket.send(b"\0\xff")
        assert await all_received(socket, 2) == ["re:hello", b"\0\xff"]
        identity = await THREAD(six.id_of, socket)
        answer = await THREAD(
            control, six.gateway, {"type": "TEXT", "connectionId": identity, "data": "push"},
            {"type": "PUBLISH_TEXT", "channelId": tag, "data": "all"},
            path="/any")
        assert answer.status_code == 200, answer.text
        assert (answer.status_code, [result["status"] for result in answer.json()["results"]]) == (200, ["ok", "ok"])
        assert await all_received(socket, 2) == ["push", "all"]
        await socket.send("bye")
        assert await ending(socket) == (BYE["slip"], "bye")
    async with await six.connect("slip", f"?tag={tag}2&channel={tag}") as socket:
        second = await THREAD(six.id_of, socket)
        await THREAD(control, six.gateway, {"type": "CLOSE_CHANNEL", "channelId": tag, "code": 4333, "reason": "all out"}, path="/any")
        assert await ending(socket) == (4333, "all out")
    for one, code in ((identity, BYE["slip"]), (second, 4333)):
        closed, = await told(app, lambda seen, one=one: [webhook for webhook in seen if webhook.body["connectionId"] == one
                                                         and webhook.types == ["CLOSE"]], f"slip's app is told {code}")
        assert closed.events[0]["code"] == code
        verified(closed)


async def wsify_core(six):
    app, tag = six.apps["wsify"], next(tags)
    assert (await refusal(six.gateway, "/ws?refuse")).status_code == 403
    async with await six.connect("wsify", f"?tag={tag}") as ann, await six.connect("wsify", f"?tag={tag}2") as bob:
        for socket in (ann, bob):
            await socket.send(wsify.command("join", "forbidden"))
            await socket.send(wsify.command("join", tag))
        await eventually(lambda: THREAD(lambda: six.subscribers(tag) == 2), "both have joined")
        await ann.send(wsify.command("broadcast", tag, content={"n": 1}))
        assert [json.loads(await received(socket)) for socket in (ann, bob)] == [{"n": 1}] * 2
        answer = await THREAD(wsify.publish, six.gateway, {"channel": tag, "content": "all"}, f"?key={KEY}")
        assert (answer.status_code, answer.headers["holdfast-delivered"]) == (201, "2")
        assert [await received(socket) for socket in (ann, bob)] == ['"all"'] * 2
        answer = await THREAD(wsify.publish, six.gateway, {"channel": "forbidden", "content": "x"}, f"?key={KEY}")
        assert answer.headers["holdfast-delivered"] == "0", "the app said no to that"
        await bob.send(wsify.command("leave", tag))
        await bob.send(wsify.command("join", "bye"))
        assert (await ending(bob))[0] == 1000
        await ann.close(4444, "mine")

    def ends(seen):
        return {webhook.body["args"]["query"]["tag"][0]: webhook.body["args"]["code"] for webhook in seen
                if webhook.body["command"] == "disconnect" and webhook.body["args"]["query"].get("tag") in ([tag], [tag + "2"])}

    await told(app, lambda seen: ends(seen) == {tag: 4444, tag + "2": 1000}, "wsify's app is told both ends")


async def unsocket_core(six):
    app, remote, tag = six.apps["unsocket"], six.remote, next(tags)
    await remote.connected()
    await THREAD(remote.send, f"{tag} hello")
    await eventually(lambda: f"re:{tag} hello" in remote.received, "the remote is answered", show=remote.transcript)
    for path in ("/message", "/message?connection=feed"):
        answer = await THREAD(six.gateway.post, path, content=f"{tag} {path}")
        assert (answer.status_code, answer.json()) == (200, {"delivered": 1}), answer.text
        await eventually(lambda path=path: f"{tag} {path}" in remote.received, "the push reaches the remote", show=remote.transcript)

    async def lost(code, how):
        """One loss of the remote, after which it is dialled again."""
        ended, met = len(remote.closes), len(remote.handshakes)
        told_before = len([entry for entry in app.entries if entry["type"] == "close"])
        await how()
        assert (await remote.ended(ended + 1))[-1][0] == code
        await eventually(lambda: len([entry for entry in app.entries if entry["type"] == "close"]) == told_before + 1, "the app is told the end",
                         show=app.transcript)
        assert [entry for entry in app.entries if entry["type"] == "close"][-1]["code"] == code
        await remote.connected(met + 1)
        await eventually(lambda: app.entries[-1]["type"] == "open", "the app is told the next beginning", show=app.transcript)

    await lost(BYE["unsocket"], lambda: THREAD(remote.send, "bye"))
    await lost(4555, lambda: THREAD(remote.close, 4555, "mine"))


CORES = {"json": json_core, "wsaas": wsaas_core, "grip": grip_core, "slip": slip_core, "wsify": wsify_core, "unsocket": unsocket_core}


@pytest.mark.parametrize("order", [DIALECTS, DIALECTS[::-1]], ids=["in order", "reversed"])
async def test_all_at_the_same_time_and_then_each_alone(start_six, order):
    six = start_six(order)
    await six.remote.connected()

    async def repeated(core):
        for _ in range(3 if core is unsocket_core else 8):
            await core(six)

    results = await asyncio.gather(*map(repeated, CORES.values()), return_exceptions=True)
    failed = {name: result for name, result in zip(CORES, results) if result is not None}
    assert not failed, "\n".join(f"{name}, beside the others: {result!r}" for name, result in failed.items())
    for name, core in CORES.items():
        try:
            await core(six)
        except Exception as failure:
            raise AssertionError(f"{name}, alone after all: {failure!r}") from failure


# One hub

async def say_by_json_client(six, audience, channel):
    await audience.sockets["json"].send(f"publish {channel} words")


async def say_by_slip_client(six, audience, channel):
    await audience.sockets["slip"].send(f"publish {channel} words")


async def say_by_wsify_client(six, audience, channel):
    await audience.sockets["wsify"].send(wsify.command("broadcast", channel, content="words"))


def count(answer, status, read):
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    return read(answer)


def delivered_of_broadcast(answer):
    return count(answer, 201, lambda answer: int(answer.headers["holdfast-delivered"]))


def delivered_of_slip(answer):
    return count(answer, 200, lambda answer: answer.json()["results"][0]["delivered"])


OCTETS = {"content-type": "application/octet-stream"}
# By what each publishes: the message that subscribers get, and how it is said. What is no coroutine returns how many it reached.
PUBLISHERS = {
    "json: action in an answer": ("words", say_by_json_client),
    "json: POST /v1/actions": (
        "words", lambda six, channel: six.gateway.act({"type": "publish", "channel": channel, "text": "words"})[0]["delivered"]),
    "json: POST /v1/actions, binary": (
        b"\0\xff", lambda six, channel: six.gateway.act({"type": "publish", "channel": channel, "base64": base64_of(b"\0\xff")})[0]["delivered"]),
    "wsaas: POST /v1/channels": ("words", lambda six, channel: six.gateway.publish(channel, "words")),
    "wsaas: POST /v1/channels, binary": (b"\0\xff", lambda six, channel: count(
        six.gateway.post(f"/v1/channels/{channel}/messages", content=b"\0\xff", headers=OCTETS), 202, lambda answer: answer.json()["delivered"])),
    "grip: POST /publish/": ("words", lambda six, channel: grip_gateway.say(six.gateway, channel, "words")),
    "grip: POST /publish/, binary": (b"\0\xff", lambda six, channel: grip_gateway.say(six.gateway, channel, b"\0\xff")),
    "slip: PUBLISH_TEXT in an answer": ("words", say_by_slip_client),
    "slip: PUBLISH_TEXT": ("words", lambda six, channel: delivered_of_slip(
        control(six.gateway, {"type": "PUBLISH_TEXT", "channelId": channel, "data": "words"}, path="/any"))),
    "slip: PUBLISH_BINARY": (b"\0\xff", lambda six, channel: delivered_of_slip(
        control(six.gateway, {"type": "PUBLISH_BINARY", "channelId": channel, "data": base64_of(b"\0\xff")}, path="/any"))),
    "wsify: broadcast of a client": ('"words"', say_by_wsify_client),
    "wsify: POST /broadcast": ('"words"', lambda six, channel: delivered_of_broadcast(
        wsify.publish(six.gateway, {"channel": channel, "content": "words"}, f"?key={KEY}"))),
    "wsify: POST /broadcast on the control port": ('"words"', lambda six, channel: delivered_of_broadcast(
        httpx.post(f"{six.gateway.control_url}/broadcast?key={KEY}", json={"channel": channel, "content": "words"}, trust_env=False))),
}


@pytest.mark.parametrize("publisher", PUBLISHERS)
async def test_a_publication_reaches_subscribers_of_every_dialect(six, publisher):
    message, say = PUBLISHERS[publisher]
    async with Audience(six, "room") as audience:
        for _ in range(2):
            if asyncio.iscoroutinefunction(say):
                await say(six, audience, "room")
            else:
                assert await THREAD(say, six, "room") == 6, "so many are told to have got it"
            await audience.all_hear(message)


async def test_what_is_pushed_to_the_channel_of_unsocket_reaches_all_who_are_on_it(six):
    async with Audience(six, "unsocket") as audience:
        assert (await THREAD(six.gateway.post, "/message", content="words")).status_code == 200
        await audience.all_hear("words")
        assert six.gateway.publish("unsocket.feed", "only you") == 1
        assert (await six.remote.gets(audience.before + 1))[-1] == "only you"


async def test_order_of_publishers_is_one_order_for_all(six):
    """Each publisher waits for its answer before the next one speaks; everybody hears them in that order."""
    said = []
    async with Audience(six, "room") as audience:
        for number in range(30):
            for name in ("json: POST /v1/actions", "grip: POST /publish/", "slip: PUBLISH_TEXT", "wsify: POST /broadcast"):
                assert await THREAD(PUBLISHERS[name][1], six, "room") == 6, (number, name)
                said.append(PUBLISHERS[name][0])
        await eventually(lambda: all(len(heard) >= len(said) for heard in audience.all_heard().values()), "all is heard",
                         show=lambda: {name: len(heard) for name, heard in audience.all_heard().items()})
        wrong = [name for name, heard in audience.all_heard().items() if heard != said]
        assert not wrong, wrong


async def test_held_requests_take_only_what_is_theirs(six):
    url = f"http://127.0.0.1:{six.gateway.port}/grip/x"
    stream, response = (Held(f"{url}?hold={mode}&channel=room") for mode in ("stream", "response"))
    async with stream, response, Audience(six, "room") as audience:
        await stream.holds("held\n")
        await eventually(lambda: six.subscribers("room") == 8, "both are held", show=lambda: six.subscribers("room"))
        assert (await THREAD(wsify.publish, six.gateway, {"channel": "room", "content": 1}, f"?key={KEY}")).status_code == 201
        await audience.all_hear("1")
        assert stream.text == "held\n" and not stream.done and not response.done
        item = {"channel": "room", "ws-message": {"content": "w"}, "http-stream": {"content": "s\n"}, "http-response": {"body": "r"}}
        await THREAD(grip_gateway.publish, six.gateway, item)
        await audience.all_hear("w")
        await stream.holds("s\n")
        await response.ended()
        assert response.text == "r"


# Whose request it is

ORDERS = [DIALECTS, DIALECTS[::-1], ["slip", "unsocket", "wsaas", "wsify", "grip", "json"]]
ITEM = {"items": [{"channel": "room", "ws-message": {"content": "grip"}}]}
EVENTS = {"events": [{"type": "PUBLISH_TEXT", "channelId": "room", "data": "slip"}]}
HELLO = {"channel": "room", "content": "wsify"}


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order[0])
async def test_each_request_finds_its_dialect(start_six, order):
    six = start_six(order)
    await six.remote.connected()
    gateway = six.gateway
    async with Audience(six, "room") as audience:
        answer = gateway.post("/publish/", json=ITEM)
        assert (answer.status_code, answer.text) == (200, "Published\n")
        await audience.all_hear("grip")
        for path, kind in (("/", "application/websocket-events"), ("/", "application/json"), ("/any/path", "application/websocket-events")):
            answer = control(gateway, *EVENTS["events"], path=path, content_type=kind)
            assert (answer.status_code, answer.json().get("message")) == (200, "processed successfully"), (path, kind)
            await audience.all_hear("slip")
        for how in ({"params": {"key": KEY}}, {"headers": {"authorization": f"Bearer {KEY}"}}):
            answer = httpx.post(f"{gateway.control_url}/broadcast", json=HELLO, trust_env=False, **how)
            assert answer.status_code == 201, answer.text
            await audience.all_hear('"wsify"')
        for how in ({"content": "plain"}, {"json": {"text": "plain"}}, {"json": {"messages": [{"type": "text", "text": "plain"}]}}):
            before = len(six.remote.received)
            answer = gateway.post("/message", **how)
            assert (answer.status_code, answer.json()) == (200, {"delivered": 1}), (how, answer.text)
            assert (await six.remote.gets(before + 1))[-1] == "plain"
        await stays(lambda: not any(audience.heard.values()), "nobody else hears of that", 0.2)
        audience.before = len(six.remote.received)
        identity = six.id_of(audience.sockets["wsaas"])
        assert gateway.put(f"/{identity}", content=b"wsaas").json() == {"code": "OK"}
        await eventually(lambda: audience.heard["wsaas"] == [b"wsaas"], "the wsaas client is sent to", show=audience.all_heard)
        assert gateway.delete(f"/{identity}").json() == {"code": "OK"}
        await audience.sockets["wsaas"].wait_closed()
        assert audience.sockets["wsaas"].close_code == 1000
    for path in ("/publish/", "/message", "/v1/connections", "/metrics"):
        assert httpx.post(f"http://127.0.0.1:{gateway.port}{path}", json={}, headers=BEARER, trust_env=False).status_code == 404, \
            f"{path} is not for the public port"


def keys():
    """What somebody could show: by name, headers and query."""
    return {
        "nothing": ({}, ""), "control token": (BEARER, ""), "slip token": ({"authorization": f"Bearer {token()}"}, ""),
        "slip secret": ({"authorization": f"Bearer {SECRET}"}, ""),
        "slip token by the control token": ({"authorization": f"Bearer {token(CONTROL_TOKEN)}"}, ""),
        "wsify key": ({"authorization": f"Bearer {KEY}"}, ""), "wsify key in the query": ({}, f"?key={KEY}"),
        "control token in the query": ({}, f"?key={CONTROL_TOKEN.replace(' ', '+')}"),
        "nonsense": ({"authorization": "Bearer nonsense"}, "?key=nonsense"),
        "slip token by the wsify key": ({"authorization": f"Bearer {token(KEY)}"}, ""),
        "control token and a wrong key": (BEARER, "?key=nonsense"),
    }


# The door, what is sent there, and who comes in.
DOORS = {
    # Its paths have no query.
    "grip": ("POST", "/publish/", {"json": ITEM}, {"control token"}),
    "slip": ("POST", "/", {"json": EVENTS}, {"slip token"}),
    "slip's own type": ("POST", "/", {"content": json.dumps(EVENTS), "headers": {"content-type": "application/websocket-events"}}, {"slip token"}),
    "wsify": ("POST", "/broadcast", {"json": HELLO}, {"wsify key", "wsify key in the query"}),
    "unsocket": ("POST", "/message", {"json": {"text": "unsocket"}}, {"control token", "control token and a wrong key"}),
    "unsocket, plain": ("POST", "/message", {"content": "unsocket"}, {"control token", "control token and a wrong key"}),
    "wsaas": ("PUT", "/{id}", {"content": "wsaas"}, {"control token", "control token and a wrong key"}),
    "connections": ("GET", "/v1/connections", {}, {"control token", "control token and a wrong key"}),
    "channels": ("POST", "/v1/channels/room/messages", {"content": "v1"}, {"control token", "control token and a wrong key"}),
    "actions": ("POST", "/v1/actions", {"json": {"actions": [{"type": "publish", "channel": "room", "text": "v1"}]}},
                {"control token", "control token and a wrong key"}),
    "dial": ("POST", "/v1/dial", {"json": {"url": "ws://127.0.0.1:1/", "route": "json"}}, {"control token", "control token and a wrong key"}),
    "metrics": ("GET", "/metrics", {}, {"control token", "control token and a wrong key"}),
}


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order[0])
async def test_a_key_opens_its_own_door_and_no_other(start_six, order):
    six = start_six(order)
    await six.remote.connected()
    wrong = []
    async with Audience(six, "room") as audience:
        identity = six.id_of(audience.sockets["wsaas"])
        for door, (method, path, options, friends) in DOORS.items():
            for name, (headers, query) in keys().items():
                sent = {**options, "headers": {**options.get("headers", {}), **headers}}
                url = six.gateway.control_url + path.replace("{id}", identity) + query
                answer = await THREAD(httpx.request, method, url, trust_env=False, timeout=10, **sent)
                if name not in friends:
                    # A slip token lets in at every path, but only lists of events are understood there.
                    statuses = (400, 401, 403) if name == "slip token" else (401, 403)
                    # The root of grip's API tells its name to whoever has the control token, and does nothing.
                    if answer.status_code not in statuses and not (name.startswith("control token") and answer.text == "Pushpin API\n"):
                        wrong.append(f"{door} with {name}: {answer.status_code} {answer.text[:100]}")
                    await THREAD(six.remote.ping)
                    if any(audience.all_heard().values()):
                        wrong.append(f"{door} with {name}: refused, but done: {audience.all_heard()}")
                elif answer.status_code >= 400 and door != "dial":
                    wrong.append(f"{door} with {name}: {answer.status_code} {answer.text[:100]}")
                elif door == "dial":
                    if answer.status_code != 409:  # Let in; but loopback is not dialled.
                        wrong.append(f"{door} with {name}: {answer.status_code} {answer.text[:100]}")
                elif door not in ("connections", "metrics"):
                    hearers = {"wsaas": {"wsaas"}, "unsocket": {"unsocket"}, "unsocket, plain": {"unsocket"}}.get(door, set(audience.all_heard()))
                    with contextlib.suppress(AssertionError):
                        await eventually(lambda: all(audience.all_heard()[hearer] for hearer in hearers), "it is heard", within=3)
                    if (heard := {hearer for hearer, heard in audience.all_heard().items() if heard}) != hearers:
                        wrong.append(f"{door} with {name}: heard by {heard}")
                for heard in audience.heard.values():
                    heard.clear()
                audience.before, audience.follower.body = len(six.remote.received), b""
    assert not wrong, "\n".join(wrong)


async def test_public_broadcasts_need_their_own_key(six):
    async with Audience(six, "room") as audience:
        for name, (headers, query) in keys().items():
            answer = wsify.publish(six.gateway, HELLO, query, headers={"content-type": "application/json", **headers})
            assert answer.status_code == (201 if name in DOORS["wsify"][3] else 403), (name, answer.status_code)
            if answer.status_code == 201:
                await audience.all_hear('"wsify"')
        await stays(lambda: not any(audience.all_heard().values()), "nothing more is heard", 0.2)


async def test_nobody_connects_to_the_unsocket_route(start_six):
    for lifecycle in (True, False):
        six = start_six(more={"unsocket": {"unsocket": {"lifecycle": lifecycle}}})
        await eventually(six.id_of_remote, "the remote is connected")
        response = await refusal(six.gateway, "/unsocket")
        assert response.status_code == 404, response
        assert len(six.gateway.connections("?route=unsocket")) == 1
        assert not [entry for entry in six.apps["unsocket"].entries if "connection" not in entry], "a stranger is told as if it were the remote"


def keyless(six, path):
    """What a stranger is told who only announces a body."""
    with socket.create_connection(("127.0.0.1", six.gateway.control_port), 10) as stranger:
        stranger.settimeout(3)
        stranger.sendall(f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n".encode())
        try:
            return stranger.recv(100).decode()[9:12]
        except TimeoutError:
            return "the body is awaited"


def test_bodies_of_strangers_are_not_read(start_six):
    six = start_six()
    told = {path: keyless(six, path) for path in ("/", "/any", "/publish/", "/message", "/broadcast", "/broadcast?key=nonsense", "/v1/actions")}
    assert set(told.values()) <= {"401", "403"}, told


TWO_KEYS = {
    "two hosts": ({"host": "a.test", "path": "/ws"}, {"host": "b.test", "path": "/ws"}), "two paths": ({"path": "/a"}, {"path": "/b"}),
}


@pytest.mark.parametrize("where", TWO_KEYS)
def test_each_of_two_wsify_routes_has_its_key(app, launch, tmp_path, where):
    port = free_port()
    shared = {"broadcastPath": "/broadcast"} if where == "two hosts" else {}
    routes = [
        {"name": key, "dialect": "wsify", **place, "wsify": {**shared, "broadcastingKey": key}} for key, place in zip(("one", "two"), TWO_KEYS[where])
    ]
    file = tmp_path / "two.yaml"
    file.write_text(yaml.safe_dump({"listen": ["127.0.0.1:0"], "control": {"listen": f"127.0.0.1:{port}"}, "routes": routes}))
    gateway = launch(file, kind=Routes, control_port=port)
    url = f"{gateway.control_url}/broadcast"
    statuses = {key: httpx.post(url, json=HELLO, params={"key": key}, trust_env=False).status_code for key in ("one", "two", "three")}
    assert statuses == {"one": 201, "two": 201, "three": 403}


# What is seen of them, and the end

async def test_all_six_are_listed_and_counted(six):
    async with Audience(six, "room"):
        listed = {entry["route"]: entry for entry in six.gateway.connections()}
        assert {name: entry["dialect"] for name, entry in listed.items()} == {name: name for name in DIALECTS}
        assert {name: entry["direction"] for name, entry in listed.items()} == {**dict.fromkeys(INBOUND, "inbound"), "unsocket": "outbound"}
        assert all("room" in entry["channels"] for entry in listed.values()), listed
        for name in DIALECTS:
            one, = six.gateway.connections(f"?route={name}")
            assert one["id"] == listed[name]["id"]
            direction = listed[name]["direction"]
            for sample in ("holdfast_connections", "holdfast_connections_opened_total"):
                assert six.gateway.metric(sample, route=name, dialect=name, direction=direction) == 1, (sample, name)
            assert six.gateway.metric("holdfast_webhook_requests_total", route=name) >= 1, name
        assert six.gateway.metric("holdfast_connections") == 6


def closings(six):
    """The events by which each app learns an end."""
    apps = six.apps
    return {
        "json": len(apps["json"].events("close")), "wsaas": len([one for one in apps["wsaas"].webhooks if one.method == "DELETE"]),
        "grip": len(apps["grip"].events("CLOSE", "DISCONNECT")), "slip": len([one for one in apps["slip"].webhooks if "CLOSE" in one.types]),
        "wsify": len([one for one in apps["wsify"].webhooks if one.body["command"] == "disconnect"]),
        "unsocket": len([entry for entry in apps["unsocket"].entries if entry["type"] == "close"]),
    }


async def test_at_the_end_each_app_is_told_once(six):
    sockets = [await six.connect(dialect, f"?tag={dialect}") for dialect in INBOUND]
    url = f"http://127.0.0.1:{six.gateway.port}/grip/x?hold=stream&channel=room"
    async with Held(url) as stream:
        await stream.holds("held\n")
        assert set(closings(six).values()) == {0}
        six.gateway.signal()
        endings = dict(zip(INBOUND, await asyncio.gather(*map(ending, sockets))))
        assert {code for code, _ in endings.values()} == {1001}, endings
        assert (await six.remote.ended())[0][0] == 1001
        assert await THREAD(six.gateway.wait) == 0, six.gateway.transcript()
        await eventually(lambda: stream.done, "the held request ends", show=stream.seen)
    assert closings(six) == dict.fromkeys(DIALECTS, 1)
    assert len(six.apps["unsocket"].questions) == 1, "a gateway that stops does not ask where to"


async def test_grip_waits_as_long_as_its_own_route_says(start_six):
    """The default of the others is 5 s."""
    six = start_six(more={"grip": {"grip": {"messageWait": "500ms"}}})
    async with await six.connect("grip", "?channel=room") as socket:
        await THREAD(lambda: grip_gateway.say(six.gateway, "room", "1", id="1"))
        await THREAD(lambda: grip_gateway.say(six.gateway, "room", "3", id="3", prev_id="2"))
        assert await received(socket) == "1"
        assert await received(socket, within=3) == "3"


# Trouble of one is not trouble of the others

@pytest.mark.parametrize("dead", DIALECTS)
async def test_an_app_that_is_down_does_not_touch_the_others(six, dead):
    six.apps[dead].kill()
    rest = [core for name, core in CORES.items() if name != dead]
    results = await asyncio.gather(*(core(six) for core in rest), return_exceptions=True)
    assert not [result for result in results if result is not None], results
    six.apps[dead].start()
    await CORES[dead](six)


async def test_the_end_of_the_last_outgoing_connection_is_not_that_of_the_gateway(start_six):
    six = start_six(more={"unsocket": {"unsocket": {"lifecycle": True, "reconnect": False}}})
    await six.remote.connected()
    six.remote.close(1000, "done")
    await eventually(lambda: closings(six)["unsocket"] == 1, "the app is told the end", show=six.transcript)
    await eventually(lambda: not six.id_of_remote(), "the connection is gone")
    assert (await THREAD(six.gateway.post, "/message", content="x")).status_code == 503
    await asyncio.gather(*(CORES[name](six) for name in INBOUND))


async def test_an_app_that_names_nothing_to_dial_does_not_end_the_gateway(start_six, neighbours):
    neighbours[0]["unsocket"].connects = []
    six = start_six()
    await six.apps["unsocket"].asked(1)
    await asyncio.gather(*(CORES[name](six) for name in INBOUND))
    assert six.remote.attempts == 0


async def test_the_file_passes_the_check(six, tmp_path):
    checked = run("check", "-c", tmp_path / "holdfast.yaml", "--control-token", "x")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert SECRET not in checked.stdout + checked.stderr and KEY not in checked.stdout
    again = yaml.safe_load(checked.stdout)
    assert [route["dialect"] for route in again["routes"]] == DIALECTS
