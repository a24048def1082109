"""One gateway with a route for each of the six dialects, its six apps, and the remote that one of them has dialled.

The apps remember nothing of a test: what they do follows from what a client says. A client that comes with `?channel=NAME` is put on that
channel, one with `?refuse` is turned away. A message `bye` is answered with a close, `publish NAME WORDS` with a publication where the
dialect's app can say one, and all others with themselves behind `re:`.
"""

import asyncio
import contextlib
import json
import urllib.parse

import pytest
import yaml

from app import FakeApp, base64_of, reply
from client import connect, received
from eventually import eventually
from gateway import Gateway, free_port
from grip_backend import Answer, GripApp, accept, close
from grip_backend import reply as grip_reply
from grip_backend import subscribe as grip_subscribe
from grip_backend import text as grip_text
from held import Held
from remote import Remote
from slip_app import SECRET
from slip_app import answer as slip_answer
from slip_app import event as slip_event
from unsocket_gateway import NO_PROXIES, UnsocketApp, connect_to, texts
from wsify import command

DIALECTS = ["json", "wsaas", "grip", "slip", "wsify", "unsocket"]
# Those whose connections come from clients.
INBOUND = DIALECTS[:-1]
PATHS = {"json": "/json/chat", "wsaas": "/wsaas/chat", "grip": "/grip/chat", "slip": "/slip", "wsify": "/ws"}
CONTROL_TOKEN = "the control token, which opens what is not a dialect's own"
KEY = "s3cret"
CHANNEL, REFUSE = "channel", "refuse"
# The codes with which each app answers `bye`.
BYE = {"json": 4001, "grip": 4002, "slip": 4003, "unsocket": 4004}


class Routes(Gateway):
    """`holdfast serve` with a file that has the ports too."""

    def __init__(self, file, control_port):
        super().__init__("serve", "-c", file, token=CONTROL_TOKEN, control_port=control_port, extra_environment=NO_PROXIES)


def wish(query):
    """What a client's query asks for."""
    return dict(urllib.parse.parse_qsl(query.partition("?")[2] if "?" in query else query, keep_blank_values=True))


def publication(words):
    """The channel and the text of a message that asks for a publication; nothing where it does not."""
    verb, *rest = words.split(" ", 2)
    return tuple(rest) if verb == "publish" and len(rest) == 2 else None


# The apps

def json_open(event, webhook):
    wanted = wish(webhook.connection["query"])
    if REFUSE in wanted:
        return [{"type": "reject", "status": 401, "body": "json says no"}]
    return [{"type": "subscribe", "channel": wanted[CHANNEL]}] if CHANNEL in wanted else []


def json_message(event, webhook):
    if "text" not in event:
        return [{"type": "send", "base64": event["base64"]}]
    if event["text"] == "bye":
        return [{"type": "close", "code": BYE["json"], "reason": "bye"}]
    if wanted := publication(event["text"]):
        return [{"type": "publish", "channel": wanted[0], "text": wanted[1]}]
    return [{"type": "send", "text": "re:" + event["text"]}]


def wsaas_app(webhook):
    refused = webhook.method == "POST" and webhook.headers["authorization"] == REFUSE
    return 200, {"content-type": "application/json"}, b'{"code":"NO"}' if refused else b'{"code":"OK"}'


def grip_app(request):
    wanted = wish(request.path)
    if not request.is_websocket:
        return Answer(200, [("Content-Type", "text/plain"), ("Grip-Hold", wanted["hold"]), ("Grip-Channel", wanted[CHANNEL])], "held\n")
    answers = [event for event in request.events if event.type == "CLOSE"]
    for event in request.events:
        if event.type in ("TEXT", "BINARY"):
            answers.append(close(BYE["grip"], "bye") if event.bytes == b"bye" else event._replace(content=b"m:re:" + event.bytes))
    if "OPEN" not in request.types:
        return grip_reply(*answers)
    if REFUSE in wanted:
        return Answer(401, [], "grip says no")
    return accept(*([grip_subscribe(wanted[CHANNEL])] if CHANNEL in wanted else []), grip_text("welcome"))


def slip_app(webhook):
    answers = []
    for happened in webhook.events:
        if happened["type"] == "OPEN":
            wanted = wish(happened["query"])
            if REFUSE in wanted:
                return slip_answer(slip_event("CLOSE", webhook, status=401, reason="slip says no"))
            answers.append(slip_event("ACCEPT", webhook))
            if CHANNEL in wanted:
                answers.append(slip_event("SUBSCRIBE", webhook, channel=wanted[CHANNEL]))
        elif happened["type"] == "TEXT":
            if happened["data"] == "bye":
                answers.append(slip_event("CLOSE", webhook, code=BYE["slip"], reason="bye"))
            elif wanted := publication(happened["data"]):
                answers.append({"type": "PUBLISH_TEXT", "channelId": wanted[0], "data": wanted[1]})
            else:
                answers.append(slip_event("TEXT", webhook, data="re:" + happened["data"]))
        elif happened["type"] == "BINARY":
            answers.append(slip_event("BINARY", webhook, data=happened["data"]))
    return slip_answer(*answers)


def wsify_app(webhook):
    args, word = webhook.body["args"], webhook.body["command"]
    if word == "connect":
        return (500 if REFUSE in args["query"] else 200), {}, b""
    return {"forbidden": 403, "bye": 500}.get(args.get("channel"), 200), {}, b""


class FeedApp(UnsocketApp):
    """The app of the unsocket route, which has one remote dialled, by the name `feed`."""

    def __init__(self, remote):
        super().__init__()
        self.connects = [connect_to(remote, connection="feed")]
        self.on_message = self._message

    def _message(self, entry):
        if entry.get("text") == "bye":
            return [{"type": "close", "code": BYE["unsocket"], "reason": "bye"}]
        if entry["type"] == "close" and entry["code"] == BYE["unsocket"]:
            return self.connects  # What the app has closed is not had again unasked.
        return texts("re:" + entry["text"]) if "text" in entry else []


# All together

class Six:
    """The running gateway and all who belong to it."""

    def __init__(self, gateway, apps, remote):
        self.gateway, self.apps, self.remote = gateway, apps, remote

    def transcript(self):
        return "\n".join(f"--- {dialect}: {app.transcript(12)}" for dialect, app in self.apps.items())

    async def connect(self, dialect, query="", **options):
        """A client of one dialect. What its app says in greeting has been read."""
        socket = await connect(self.gateway, PATHS[dialect] + query, **options)
        if dialect == "grip":
            assert await received(socket) == "welcome"
        return socket

    def id_of_remote(self):
        """The id of the connection to the remote; there may be none for a moment."""
        return next((entry["id"] for entry in self.gateway.connections("?route=unsocket")), None)

    def id_of(self, socket):
        """The id of a client's connection."""
        tag = wish(socket.request.path)["tag"]
        found = [entry["id"] for entry in self.gateway.connections("?limit=1000") if wish(entry["query"]).get("tag") == tag]
        assert len(found) == 1, f"connections with the tag {tag}: {found}"
        return found[0]

    def subscribe(self, identity, channel):
        answer = self.gateway.put(f"/v1/connections/{identity}/channels/{urllib.parse.quote(channel, safe='')}")
        assert answer.status_code == 204, answer.text

    def subscribers(self, channel):
        answer = self.gateway.get(f"/v1/channels/{urllib.parse.quote(channel, safe='')}")
        return answer.json()["subscribers"] if answer.status_code == 200 else 0


class Audience:
    """One subscriber of a channel for each dialect, and one who follows it at the control API. `heard` has what each of them got."""

    def __init__(self, six, channel):
        self.six, self.channel, self.heard, self.sockets = six, channel, {}, {}
        self._stack = contextlib.AsyncExitStack()
        self._tasks = []

    async def __aenter__(self):
        six, quoted = self.six, urllib.parse.quote(self.channel)
        for dialect in INBOUND:
            asked = f"?tag=audience-{dialect}" + (f"&channel={quoted}" if dialect in ("json", "grip", "slip") else "")
            socket = self.sockets[dialect] = await self._stack.enter_async_context(await six.connect(dialect, asked))
            if dialect == "wsify":
                await socket.send(command("join", self.channel))
            elif dialect == "wsaas":
                six.subscribe(six.id_of(socket), self.channel)
            self.heard[dialect] = []
            self._tasks.append(asyncio.create_task(self._listen(socket, self.heard[dialect])))
        identity = await eventually(six.id_of_remote, "the remote is connected", show=six.gateway.transcript)
        six.subscribe(identity, self.channel)
        self.follower = await self._stack.enter_async_context(Held(
            f"{six.gateway.control_url}/v1/channels/{quoted}/messages", headers={"authorization": f"Bearer {CONTROL_TOKEN}"}))
        await self.follower.holds(": ")
        await eventually(lambda: six.subscribers(self.channel) >= 6, "all six are subscribed", show=lambda: six.gateway.get("/v1/channels").text)
        self.before = len(six.remote.received)
        return self

    async def __aexit__(self, *failure):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.__aexit__(*failure)

    @staticmethod
    async def _listen(socket, heard):
        async for message in socket:
            heard.append(message)

    def all_heard(self):
        """What each has got so far."""
        follower = [json.loads(line[6:]) for line in self.follower.text.splitlines() if line.startswith("data: ")]
        followed = [event.get("text", event.get("base64")) for event in follower]
        return {**self.heard, "unsocket": self.six.remote.received[self.before:], "follower": followed}

    async def all_hear(self, message):
        """Insists that each of them gets this next, once, and nothing else. All who do not are named."""
        followed = base64_of(message) if isinstance(message, bytes) else message
        expected = {name: [followed if name == "follower" else message] for name in self.all_heard()}
        with contextlib.suppress(AssertionError):
            await eventually(lambda: all(self.all_heard().values()), "each has heard something", within=5)
        # The remote has read all that was sent before the ping's answer, and so has the rest by then.
        await asyncio.to_thread(self.six.remote.ping)
        wrong = {name: heard for name, heard in self.all_heard().items() if heard != expected[name]}
        assert not wrong, f"{message!r} was expected once by each; these got something else: {wrong}"
        for heard in self.heard.values():
            heard.clear()
        self.before = len(self.six.remote.received)
        self.follower.body = b""


@pytest.fixture
def app(request):
    """The app of the json route."""
    with FakeApp(healthy=reply(open=json_open, message=json_message)) as app:
        request.node.fake_app = app
        yield app


@pytest.fixture
def neighbours(app):
    """The other five apps, by their dialects, and the remote. They end after the gateway."""
    with contextlib.ExitStack() as stack:
        remote = stack.enter_context(Remote())
        started = {
            "wsaas": FakeApp(path="/websocket", healthy=wsaas_app), "grip": GripApp(grip_app), "slip": FakeApp(path="/slip", healthy=slip_app),
            "wsify": FakeApp(path="/authorize", healthy=wsify_app), "unsocket": FeedApp(remote),
        }
        for other in started.values():
            stack.enter_context(other)
        yield started, remote


@pytest.fixture
def start_six(app, neighbours, launch, tmp_path):
    """Starts the gateway; `order` is that of its routes, `more` has further keys for routes, by dialect."""

    def start(order=DIALECTS, more=None):
        others, remote = neighbours
        apps, port = {"json": app, **others}, free_port()
        routes = {
            "json": {"path": "/json/*"},
            "wsaas": {"path": "/wsaas/*", "wsaas": {"localAddress": f"http://127.0.0.1:{port}"}},
            "grip": {"path": "/grip/*"},
            "slip": {"path": "/slip", "slip": {"jwtSecret": SECRET}},
            "wsify": {"path": "/ws", "wsify": {"broadcastPath": "/broadcast", "broadcastingKey": KEY, "identity": True, "disconnect": True}},
            "unsocket": {
                "path": "/unsocket", "unsocket": {"lifecycle": True},
                "dial": {"denyPrivate": False, "reconnect": {"firstDelay": "50ms", "maxDelay": "300ms"}},
            },
        }
        made = [{"name": name, "dialect": name, "target": apps[name].url, **routes[name], **(more or {}).get(name, {})} for name in order]
        file = tmp_path / "holdfast.yaml"
        file.write_text(yaml.safe_dump({"listen": ["127.0.0.1:0"], "control": {"listen": f"127.0.0.1:{port}"}, "routes": made}, sort_keys=False))
        return Six(launch(file, kind=Routes, control_port=port), apps, remote)

    return start


@pytest.fixture
async def six(start_six):
    started = start_six()
    await started.remote.connected()
    return started
