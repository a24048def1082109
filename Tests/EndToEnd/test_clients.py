"""The client libraries of all languages, by one script: each language's conformance app does what is asked for over the WebSocket."""

import base64
import datetime
import json

import httpx
import jwt
import pytest
from standardwebhooks import Webhook as Signer

from app import base64_of
from client import all_received, connect, ending, received, refusal
from client_apps import LANGUAGES, ClientApp
from eventually import eventually
from gateway import free_port

OLD = "whsec_" + base64_of(b"the old secret, 24 bytes")
NEW = "whsec_" + base64_of(b"the new secret of 32 bytes, it is")
JWT_SECRET = "a_secret_of_the_slip_dialect,_long_enough_for_HS256"
TOKEN = "open-sesame"
UNICODE = "grüße 🎈 \u2028 \x00 \" \\ 日本"

pytestmark = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture
def start(language, launch, request):
    """Starts an app and a gateway in front of it. Both are stopped by the end of the test, the gateway first."""
    apps = []

    def begin(app_secrets=(NEW,), gateway_secrets=(NEW,), *flags, token=TOKEN):
        port = free_port()
        app = ClientApp(language, SECRETS=" ".join(app_secrets), CONTROL=f"http://127.0.0.1:{port}", CONTROL_TOKEN=token or "")
        apps.append(app.__enter__())
        request.node.fake_app = app
        secrets = [word for secret in gateway_secrets for word in ("--secret", secret)]
        ports = ["--listen", "127.0.0.1:0", "--control", f"127.0.0.1:{port}"]
        return launch("serve", app.url, *ports, *secrets, *flags, token=token, control_port=port)

    yield begin
    for gateway in request.node.gateways:
        gateway.stop()
    for app in apps:
        app.kill()


@pytest.fixture
def json_gateway(start):
    return start()


async def ask(socket, do, **fields):
    """Sends one command and returns what the app sends back."""
    await socket.send(json.dumps({"do": do, **fields}))
    return json.loads(await received(socket))


async def control(socket, call, **fields):
    return await ask(socket, "control", call=call, **fields)


class Client:
    """A connection whose welcome has been read."""

    def __init__(self, gateway, path="/", **options):
        self._connecting = connect(gateway, path, **options)

    async def __aenter__(self):
        self.socket = await self._connecting
        self.welcome = json.loads(await received(self.socket))
        self.id = self.welcome["welcome"]
        return self

    async def __aexit__(self, *_):
        await self.socket.close()


# Opening

async def test_open_with_subprotocol_and_headers(json_gateway):
    path = "/chat/%C3%BC?user=an%20n&protocol=v2.chat"
    async with Client(json_gateway, path, subprotocols=["v1.chat", "v2.chat"], additional_headers={"X-Client": "c 1"}) as client:
        assert client.welcome == {"welcome": client.id, "user": "an n", "client": "c 1", "protocols": ["v1.chat", "v2.chat"], "verified": True}
        assert client.socket.subprotocol == "v2.chat"
        assert client.socket.response.headers["x-conformance"] == "yes"
        assert await ask(client.socket, "who") == {
            "id": client.id, "state": {"user": "an n"}, "channels": [], "path": "/chat/%C3%BC", "query": "user=an%20n&protocol=v2.chat",
            "protocol": "v2.chat", "batch": 1,
        }


async def test_open_with_nothing(json_gateway):
    async with Client(json_gateway) as client:
        assert client.welcome == {"welcome": client.id, "user": "nobody", "client": None, "protocols": [], "verified": True}
        assert (await ask(client.socket, "who"))["protocol"] is None


async def test_reject(json_gateway):
    answer = await refusal(json_gateway, "/?reject=418")
    assert (answer.status_code, answer.headers["x-reason"], answer.body) == (418, "conformance", "no: ü".encode())


# Messages

async def test_text_binary_and_json(json_gateway):
    async with Client(json_gateway) as client:
        for message in ["hello", "", UNICODE, b"", b"\x00\xff\xfe", bytes(range(256)) * 40]:
            await client.socket.send(message)
            assert await received(client.socket) == message
        for value in [None, 1.5, [], {"ü": [UNICODE, {"a": {}}, True]}]:
            assert await ask(client.socket, "echo", value=value) == {"echo": value}


@pytest.mark.parametrize("message", ["ü" * (512 * 1024), b"\x00\xff" * (512 * 1024)], ids=["text", "binary"])
async def test_message_of_one_mebibyte(json_gateway, message):
    async with Client(json_gateway) as client:
        await client.socket.send(message)
        assert await received(client.socket) == message


async def test_state(json_gateway):
    async with Client(json_gateway, "/?user=ann") as client:
        assert await ask(client.socket, "state", state={"a": UNICODE, "b": "2"}) == {"state": {"user": "ann", "a": UNICODE, "b": "2"}}
        assert await ask(client.socket, "state", state={"b": None}) == {"state": {"user": "ann", "a": UNICODE}}
        assert (await ask(client.socket, "who"))["state"] == {"user": "ann", "a": UNICODE}


async def test_batch_in_order_with_what_came_before(json_gateway):
    async with Client(json_gateway) as client:
        await client.socket.send(json.dumps({"do": "wait", "ms": 300}))
        commands = [{"do": "state", "state": {"n": "1"}}, {"do": "subscribe", "channel": "c"}, {"do": "who"}, {"do": "state", "state": {"n": None}}]
        for command in commands:
            await client.socket.send(json.dumps(command))
        await client.socket.send("last")
        state, channels, who, gone = [json.loads(text) for text in await all_received(client.socket, 4)]
        assert state == {"state": {"user": "nobody", "n": "1"}}
        assert channels == {"channels": ["c"]}
        assert (who["batch"], who["state"], who["channels"]) == (5, {"user": "nobody", "n": "1"}, ["c"]), "not one webhook with all that waited"
        assert gone == {"state": {"user": "nobody"}}
        assert await received(client.socket) == "last"
        assert (await ask(client.socket, "who"))["state"] == {"user": "nobody"}


# To others

async def test_subscribe_and_publish(json_gateway):
    async with Client(json_gateway) as ann, Client(json_gateway) as bob:
        for each in ann, bob:
            assert await ask(each.socket, "subscribe", channel="room/ü 7") == {"channels": ["room/ü 7"]}
        await ann.socket.send(json.dumps({"do": "publish", "channel": "room/ü 7", "text": UNICODE}))
        assert await received(ann.socket) == await received(bob.socket) == UNICODE
        await ann.socket.send(json.dumps({"do": "publish", "channel": "room/ü 7", "text": "to others", "others": True}))
        await ann.socket.send(json.dumps({"do": "publishBinary", "channel": "room/ü 7", "base64": "AP8="}))
        assert await all_received(bob.socket, 2) == ["to others", b"\x00\xff"]
        assert await received(ann.socket) == b"\x00\xff"
        assert await ask(bob.socket, "unsubscribe", channel="room/ü 7") == {"channels": []}
        await ann.socket.send(json.dumps({"do": "publish", "channel": "room/ü 7", "text": "without bob"}))
        assert await received(ann.socket) == "without bob"
        assert await ask(bob.socket, "echo", value=1) == {"echo": 1}, "bob has left the channel"


async def test_send_to_another(json_gateway):
    async with Client(json_gateway) as ann, Client(json_gateway) as bob:
        await ann.socket.send(json.dumps({"do": "tell", "to": bob.id, "text": UNICODE}))
        assert await received(bob.socket) == UNICODE


# Ends

async def test_close_with_code_and_reason(json_gateway):
    async with Client(json_gateway) as watcher, Client(json_gateway) as client:
        await ask(watcher.socket, "subscribe", channel="ends")
        await client.socket.send(json.dumps({"do": "close", "code": 4001, "reason": "ünd Schluss"}))
        assert await ending(client.socket) == (4001, "ünd Schluss")
        assert json.loads(await received(watcher.socket)) == {"ended": client.id, "code": 4001, "reason": "ünd Schluss", "clean": True}


async def test_client_closes(json_gateway):
    async with Client(json_gateway) as watcher, Client(json_gateway) as client:
        await ask(watcher.socket, "subscribe", channel="ends")
        await client.socket.close(3999, "bye 🎈")
        assert json.loads(await received(watcher.socket)) == {"ended": client.id, "code": 3999, "reason": "bye 🎈", "clean": True}


async def test_close_others(json_gateway):
    async with Client(json_gateway) as ann, Client(json_gateway) as bob, Client(json_gateway) as eve:
        await ask(eve.socket, "subscribe", channel="room")
        await ann.socket.send(json.dumps({"do": "close", "to": bob.id}))
        assert await ending(bob.socket) == (1000, "")
        await ann.socket.send(json.dumps({"do": "closeChannel", "channel": "room", "code": 4002, "reason": "over"}))
        assert await ending(eve.socket) == (4002, "over")
        assert await ask(ann.socket, "echo", value=1) == {"echo": 1}


async def test_app_that_throws(start):
    gateway = start((NEW,), (NEW,), "--webhook-retries", "0")
    async with Client(gateway) as client:
        await client.socket.send(json.dumps({"do": "throw"}))
        assert (await ending(client.socket))[0] == 1011


# Signatures

@pytest.mark.parametrize(
    "app_secrets, gateway_secrets", [([NEW], [NEW, OLD]), ([OLD], [NEW, OLD]), ([OLD, NEW], [NEW]), ([NEW, OLD], [OLD]), ([OLD, NEW], [OLD, NEW])],
    ids=["app new", "app old", "gateway new", "gateway old", "both both"])
async def test_rotated_secrets(start, app_secrets, gateway_secrets):
    async with Client(start(app_secrets, gateway_secrets)) as client:
        assert client.welcome["verified"] is True
        assert await ask(client.socket, "echo", value=1) == {"echo": 1}


@pytest.mark.parametrize("gateway_secrets", [[OLD], []], ids=["another secret", "none"])
async def test_wrong_signature_is_refused(start, gateway_secrets):
    answer = await refusal(start([NEW], gateway_secrets), "/")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (401, "text/plain") and answer.body, answer


@pytest.mark.parametrize("gateway_secrets", [[NEW], []], ids=["signed", "not signed"])
async def test_without_verification(start, gateway_secrets):
    async with Client(start([], gateway_secrets)) as client:
        assert client.welcome["verified"] is False


WEBHOOK = {
    "connection": {
        "id": "n1.0.x", "direction": "inbound", "route": "default", "remoteAddress": "::1", "path": "/", "query": "", "state": {}, "channels": [],
    },
    "events": [{"seq": 2, "type": "message", "text": "a"}],
}


@pytest.fixture
def post(language):
    """Posts a signed webhook as the gateway does, but for what a test changes."""
    with ClientApp(language, SECRETS=NEW, CONTROL="http://127.0.0.1:1") as app:

        def send(body=json.dumps(WEBHOOK), age=0.0, secret=NEW, headers=None, **more):
            when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age)
            signature = Signer(secret).sign("w.1", when, body)
            signed = {"webhook-id": "w.1", "webhook-timestamp": str(int(when.timestamp())), "webhook-signature": signature}
            return httpx.post(app.url, **{"content": body.encode(), "headers": {**signed, **(headers or {})}, "trust_env": False, **more})

        yield send


@pytest.mark.parametrize("age, status", [(0, 200), (280, 200), (320, 401), (-280, 200), (-320, 401)])
def test_old_timestamps_are_refused(post, age, status):
    answer = post(age=age)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json() == {"actions": [{"type": "send", "text": "a"}]} and answer.headers["content-type"] == "application/json"


def test_forgeries_are_refused(post):
    for answer in [
        post(secret=OLD), post(content=b'{"events": []}'), post(headers={"webhook-id": "w.2"}), post(headers={"webhook-timestamp": "1e9"}),
        post(headers={"webhook-signature": "v1,"}), post(headers={"webhook-signature": "v1,%%%"}),
        post(headers={"webhook-signature": "v2," + "A" * 43 + "="}),
    ]:
        assert answer.status_code == 401 and answer.text, (answer.status_code, answer.text)


def test_several_signatures_one_of_which_fits(post):
    body = json.dumps(WEBHOOK)
    now = datetime.datetime.now(datetime.timezone.utc)
    right, wrong = (Signer(secret).sign("w.1", now, body) for secret in (NEW, OLD))
    stamp = {"webhook-timestamp": str(int(now.timestamp()))}
    assert post(headers={"webhook-signature": f"v1a,xyz {wrong} {right}", **stamp}).status_code == 200
    assert post(headers={"webhook-signature": f"v1a,xyz {wrong}", **stamp}).status_code == 401


@pytest.mark.parametrize("body", [
    "no JSON", "[]", "{}", '{"connection": {"id": "x"}}', '{"connection": {}, "events": []}', '{"connection": {"id": "x"}, "events": [1]}',
    '{"connection": {"id": "x"}, "events": [{"type": "message", "base64": "%"}]}',
])
def test_signed_nonsense_is_a_bad_request(post, body):
    assert post(body=body).status_code == 400


def test_unknown_events_are_no_error(post):
    later = json.dumps({**WEBHOOK, "events": [{"seq": 1, "type": "ping", "base64": "AA=="}]})
    assert post(body=later).status_code == 200


# The control API

async def test_control_publishes(json_gateway):
    async with Client(json_gateway) as ann, Client(json_gateway) as bob:
        for each in ann, bob:
            await ask(each.socket, "subscribe", channel="room/ü 7")
        assert await control(ann.socket, "publish", channel="nobody", text="x") == {"result": {"delivered": 0, "duplicate": False}}
        for fields, message, listeners in [
            ({"text": UNICODE}, UNICODE, [ann, bob]), ({"base64": "AP8="}, b"\x00\xff", [ann, bob]), ({"text": ""}, "", [ann, bob]),
            ({"text": "x", "id": "id ü/1"}, "x", [ann, bob]), ({"text": "y", "except": [ann.id]}, "y", [bob]),
        ]:
            await ann.socket.send(json.dumps({"do": "control", "call": "publish", "channel": "room/ü 7", **fields}))
            heard = {client: await received(client.socket) for client in listeners}
            assert set(heard.values()) == {message}
            assert json.loads(await received(ann.socket)) == {"result": {"delivered": len(listeners), "duplicate": False}}
        assert await control(ann.socket, "publish", channel="room/ü 7", text="x", id="id ü/1") == {"result": {"delivered": 0, "duplicate": True}}


async def test_control_changes_a_connection(json_gateway):
    async with Client(json_gateway) as ann, Client(json_gateway) as bob:
        assert await control(ann.socket, "send", to=bob.id, text=UNICODE) == {"result": None}
        assert await received(bob.socket) == UNICODE
        assert await control(ann.socket, "subscribe", to=bob.id, channel="a/b") == {"result": None}
        assert await control(ann.socket, "setState", to=bob.id, state={"k": "ü", "user": None}) == {"result": None}
        who = await ask(bob.socket, "who")
        assert (who["channels"], who["state"]) == (["a/b"], {"k": "ü"})
        assert await control(ann.socket, "connection", to=bob.id) == {"result": {"id": bob.id, "state": {"k": "ü"}, "channels": ["a/b"]}}
        assert await control(ann.socket, "unsubscribe", to=bob.id, channel="a/b") == {"result": None}
        assert (await ask(bob.socket, "who"))["channels"] == []
        assert await control(ann.socket, "close", to=bob.id, code=4009, reason="ünd & so") == {"result": None}
        assert await ending(bob.socket) == (4009, "ünd & so")


async def test_control_lists(json_gateway):
    async with Client(json_gateway) as ann, Client(json_gateway) as bob:
        for each, channels in (ann, ["a", "b/ü"]), (bob, ["a"]):
            for channel in channels:
                await ask(each.socket, "subscribe", channel=channel)
        assert sorted((await control(ann.socket, "connections"))["result"]) == sorted([ann.id, bob.id])
        assert await control(ann.socket, "connections", channel="b/ü") == {"result": [ann.id]}
        assert await control(ann.socket, "channels") == {"result": [{"name": "a", "subscribers": 2}, {"name": "b/ü", "subscribers": 1}]}
        assert await control(ann.socket, "channel", channel="b/ü") == {"result": {"name": "b/ü", "subscribers": 1}}
        assert sorted((await control(ann.socket, "subscribers", channel="a"))["result"]) == sorted([ann.id, bob.id])
        assert await control(ann.socket, "subscribers", channel="nobody") == {"result": []}


async def test_control_lists_page_after_page(json_gateway):
    async with Client(json_gateway) as ann, Client(json_gateway) as bob:
        names = [f"{number:03}" for number in range(128)]
        actions = [{"type": "subscribe", "to": each.id, "channel": prefix + name} for each, prefix in ((ann, "a"), (bob, "b")) for name in names]
        assert all(result["status"] == "ok" for result in json_gateway.act(*actions))
        listed = (await control(ann.socket, "channels"))["result"]
        assert [each["name"] for each in listed] == [prefix + name for prefix in "ab" for name in names]


async def test_control_closes_a_channel(json_gateway):
    async with Client(json_gateway) as ann, Client(json_gateway) as bob:
        await ask(bob.socket, "subscribe", channel="room")
        assert await control(ann.socket, "closeChannel", channel="room", code=4002, reason="over") == {"result": 1}
        assert await ending(bob.socket) == (4002, "over")
        assert await control(ann.socket, "closeChannel", channel="room") == {"result": 0}


async def test_control_performs_several(json_gateway):
    async with Client(json_gateway) as ann, Client(json_gateway) as bob:
        # Not the last letter: that one has bits to spare.
        gone = f"{bob.id[:-5]}{'A' if bob.id[-5] != 'A' else 'B'}{bob.id[-4:]}"
        actions = [
            {"do": "setState", "to": bob.id, "state": {"k": "v"}}, {"do": "subscribe", "to": bob.id, "channel": "c"},
            {"do": "send", "to": bob.id, "base64": "AP8="}, {"do": "publish", "channel": "c", "text": UNICODE},
            {"do": "send", "to": gone, "text": "anybody?"}, {"do": "close", "to": bob.id, "code": 4000},
        ]
        answer = await control(ann.socket, "perform", actions=actions)
        assert "result" in answer, answer
        found = answer["result"]
        assert [each["status"] for each in found] == ["ok", "ok", "ok", "ok", "notFound", "ok"]
        assert found[3]["delivered"] == 1
        assert await all_received(bob.socket, 2) == [b"\x00\xff", UNICODE]
        assert (await ending(bob.socket))[0] == 4000
        assert await control(ann.socket, "perform", actions=[]) == {"result": []}


async def test_control_errors_have_types(json_gateway):
    async with Client(json_gateway) as ann:
        async with Client(json_gateway) as bob:
            pass
        await eventually(lambda: len(json_gateway.connections()) == 1, "the gateway has forgotten bob")
        for call, fields in [
            ("send", {"text": "x"}), ("close", {}), ("subscribe", {"channel": "c"}), ("unsubscribe", {"channel": "c"}),
            ("setState", {"state": {"a": "1"}}), ("connection", {}),
        ]:
            answer = await control(ann.socket, call, to=bob.id, **fields)
            assert (answer["error"], answer["status"]) == ("notFound", 404), (call, answer)
        assert bob.id in (await control(ann.socket, "send", to=bob.id, text="x"))["detail"]
        assert (await control(ann.socket, "send", to="no id/ü", text="x"))["status"] in (400, 404)
        for call, fields in [
            ("publish", {"channel": "c", "text": "x"}), ("setState", {"to": ann.id, "state": {}}), ("channels", {}),
            ("perform", {"actions": [{"do": "publish", "channel": "c", "text": "x"}]}),
        ]:
            answer = await control(ann.socket, call, wrongToken=True, **fields)
            assert (answer["error"], answer["status"]) == ("unauthorized", 401) and answer["detail"], (call, answer)
        for number in range(128):
            assert await control(ann.socket, "subscribe", to=ann.id, channel=str(number)) == {"result": None}
        answer = await control(ann.socket, "subscribe", to=ann.id, channel="one more")
        assert (answer["error"], answer["status"]) == ("limit", 409), answer


async def test_control_message_that_is_too_large(start):
    async with Client(start((NEW,), (NEW,), "--max-message-bytes", "1KiB")) as ann:
        assert await control(ann.socket, "publish", channel="c", text="1KiB", repeat=256) == {"result": {"delivered": 0, "duplicate": False}}
        answer = await control(ann.socket, "publish", channel="c", text="1KiB!", repeat=205)
        assert (answer["error"], answer["status"]) == ("tooLarge", 413) and "1024" in answer["detail"], answer


async def test_control_without_a_token(start):
    async with Client(start(token=None)) as client:
        assert await control(client.socket, "publish", channel="c", text="x") == {"result": {"delivered": 0, "duplicate": False}}


async def test_control_api_that_is_gone(language, launch):
    with ClientApp(language, SECRETS=NEW, CONTROL=f"http://127.0.0.1:{free_port()}") as app:
        gateway = launch("serve", app.url, "--secret", NEW)
        async with Client(gateway) as client:
            answer = await control(client.socket, "publish", channel="c", text="x")
            assert (answer["error"], answer["status"]) == ("unreachable", 0), answer
        gateway.stop()


# The slip dialect

@pytest.fixture
def slip(language, launch):
    port = free_port()
    with ClientApp(language, DIALECT="slip", SECRETS=JWT_SECRET, CONTROL=f"http://127.0.0.1:{port}",
                   CONTROL_SECRET=JWT_SECRET) as app:
        gateway = launch("slip", app.url, "--listen", "127.0.0.1:0", "--control", f"127.0.0.1:{port}", control_port=port, token=TOKEN,
                         extra_environment={"JWT_SECRET": JWT_SECRET})
        yield gateway
        gateway.stop()


async def test_slip_open(slip):
    async with Client(slip, additional_headers={"X-Client": "c 1"}, subprotocols=["a", "b"]) as client:
        assert client.socket.subprotocol == "b"
        assert client.welcome == {"welcome": client.id, "user": "slip", "client": "c 1", "verified": True}
        assert await ask(client.socket, "who") == {"id": client.id, "state": {"user": "slip"}, "batch": 1}
    refused = await refusal(slip, additional_headers={"X-Reject": "418"})
    assert (refused.status_code, refused.body.decode()) == (418, "no: ü\n")


async def test_slip_messages(slip):
    async with Client(slip) as client:
        for message in ["hello", UNICODE, b"\x00\xff", "ü" * (512 * 1024)]:
            await client.socket.send(message)
            assert await received(client.socket) == message
        assert await ask(client.socket, "echo", value={"ü": [1]}) == {"echo": {"ü": [1]}}
        assert await ask(client.socket, "state", state={"n": {"deep": [1, "ü"]}}) == {"state": {"n": {"deep": [1, "ü"]}}}
        assert (await ask(client.socket, "who"))["state"] == {"n": {"deep": [1, "ü"]}}


async def test_slip_channels_and_ends(slip):
    async with Client(slip) as ann, Client(slip) as bob:
        for each in ann, bob:
            assert await ask(each.socket, "subscribe", channel="room/ü") == {"done": True}
        await ann.socket.send(json.dumps({"do": "publish", "channel": "room/ü", "text": UNICODE}))
        assert await received(ann.socket) == await received(bob.socket) == UNICODE
        await ann.socket.send(json.dumps({"do": "tell", "to": bob.id, "text": "only you"}))
        assert await received(bob.socket) == "only you"
        assert await ask(bob.socket, "unsubscribe", channel="room/ü") == {"done": True}
        await ask(bob.socket, "subscribe", channel="ends")
        await ann.socket.send(json.dumps({"do": "close", "code": 4001, "reason": "ünd Schluss"}))
        assert await ending(ann.socket) == (4001, "ünd Schluss")
        assert json.loads(await received(bob.socket)) == {"ended": ann.id, "code": 4001, "reason": "ünd Schluss"}


async def test_slip_control(slip):
    async with Client(slip) as ann, Client(slip) as bob:
        assert await control(ann.socket, "subscribe", to=bob.id, channel="c") == {"result": None}
        assert await control(ann.socket, "publish", channel="c", text=UNICODE) == {"result": None}
        assert await control(ann.socket, "publish", channel="c", base64="AP8=") == {"result": None}
        assert await control(ann.socket, "send", to=bob.id, text="only you") == {"result": None}
        assert await all_received(bob.socket, 3) == [UNICODE, b"\x00\xff", "only you"]
        assert await control(ann.socket, "setMetadata", to=bob.id, metadata={"k": 1}) == {"result": None}
        assert (await ask(bob.socket, "who"))["state"] == {"k": 1}
        answer = await control(ann.socket, "publish", channel="c", text="x", wrongToken=True)
        assert answer == {"error": "unauthorized", "status": 403, "detail": "Invalid token"}
        assert await control(ann.socket, "close", to=bob.id) == {"result": None}
        assert (await ending(bob.socket))[0] == 1000
        await eventually(lambda: len(slip.connections()) == 1, "the gateway has forgotten bob")
        for call, fields in [("send", {"text": "x"}), ("close", {}), ("subscribe", {"channel": "c"}), ("setMetadata", {"metadata": None})]:
            answer = await control(ann.socket, call, to=bob.id, **fields)
            assert (answer["error"], answer["status"]) == ("notFound", 404), (call, answer)


SLIP_WEBHOOK = {"connectionId": "x", "metadata": None, "events": [{"type": "TEXT", "connectionId": "x", "data": "a"}]}


@pytest.mark.parametrize("claims, secret, status", [
    ({}, JWT_SECRET, 200), ({}, JWT_SECRET[::-1], 401), ({"exp": -1}, JWT_SECRET, 401), ({"aud": "ControlEvent"}, JWT_SECRET, 401),
    ({"iss": "somebody"}, JWT_SECRET, 401), ({"aud": ["other", "WebSocketEvent"]}, JWT_SECRET, 200),
], ids=["good", "another secret", "expired", "audience", "issuer", "several audiences"])
def test_slip_tokens(language, claims, secret, status):
    now = int(datetime.datetime.now().timestamp())
    full = {"iss": "slip-sockets", "aud": "WebSocketEvent", "iat": now, **claims, "exp": now + claims.get("exp", 60)}
    token = jwt.encode(full, secret, algorithm="HS256")
    with ClientApp(language, DIALECT="slip", SECRETS=JWT_SECRET, CONTROL="http://127.0.0.1:1", CONTROL_SECRET="x") as app:
        answer = httpx.post(app.url, json=SLIP_WEBHOOK, headers={"authorization": f"Bearer {token}"}, trust_env=False)
        assert answer.status_code == status, answer.text
        if status == 200:
            assert answer.json() == {"events": [{"type": "TEXT", "connectionId": "x", "data": "a"}]}


def test_slip_forged_tokens(language):
    now = int(datetime.datetime.now().timestamp())
    full = {"iss": "slip-sockets", "aud": "WebSocketEvent", "exp": now + 60}
    none = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, full)) + "."
    tokens = [None, "Basic eDp5", "Bearer x", "Bearer a.b.c", f"Bearer {none}", f"Bearer {jwt.encode(full, JWT_SECRET * 2, algorithm='HS512')}",
              f"Bearer {jwt.encode({'iss': 'slip-sockets', 'aud': 'WebSocketEvent'}, JWT_SECRET, algorithm='HS256')}"]
    with ClientApp(language, DIALECT="slip", SECRETS=JWT_SECRET, CONTROL="http://127.0.0.1:1", CONTROL_SECRET="x") as app:
        for token in tokens:
            headers = {} if token is None else {"authorization": token}
            answer = httpx.post(app.url, json=SLIP_WEBHOOK, headers=headers, trust_env=False)
            assert answer.status_code == 401 and answer.text, (token, answer.text)
