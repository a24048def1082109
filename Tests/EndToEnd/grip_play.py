"""Plays a transcript against one gateway, and writes down what the app, the client and the publisher saw, free of what differs by chance."""

import http.client
import json
import re
import socket
import struct
import uuid

import httpx

from eventually import PATIENCE, eventually_blocking
from grip_backend import polite
from rawsocket import CLOSE, Ended, RawClient, frame, handshake

NAMES = {1: "TEXT", 2: "BINARY", 8: "CLOSE", 9: "PING", 10: "PONG"}
# Headers towards the app that are not compared: what belongs to the connection between the gateway and the app, and what Holdfast
# adds to each request (Pushpin says X-Forwarded-Proto only of https).
UNCOMPARED_REQUEST = {
    "connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding", "traceparent", "x-forwarded-proto",
}
# The same for responses; how a body is delimited is the server's choice.
UNCOMPARED_RESPONSE = {"date", "server", "connection", "keep-alive", "transfer-encoding", "content-length"}


class PlayClient(RawClient):
    """A WebSocket client that puts fragments together."""

    def message(self):
        """The next whole message or control frame: its kind and its content."""
        kind, content = None, b""
        while True:
            final = self._take_byte_of_next_frame() & 0x80
            opcode, payload = self.frame()
            kind, content = kind or opcode, content + payload
            if final:
                return kind, content

    def _take_byte_of_next_frame(self):
        while not self._read:
            self._more()
        return self._read[0]


class Play:
    """One run of a transcript. `record` is what is compared."""

    def __init__(self, gateway, app):
        self.gateway, self.app = gateway, app
        # Apart from all other runs: in its paths, channels and ids. Taken out of the record.
        self.tag = "t" + uuid.uuid4().hex[:8]
        self.record = {"requests": [], "bodies": [], "client": [], "published": [], "responses": []}
        self._clients = []
        # Whether it is left to chance how the app's events are spread over requests.
        self.joins_requests = False

    # The app

    @property
    def behaviour(self):
        """What the app does when it is asked about this run. Late requests of other runs get the usual answer."""
        return self.app.behaviour

    @behaviour.setter
    def behaviour(self, wanted):
        self.app.behaviour = lambda request: wanted(request) if self._is_mine(request) else polite()(request)

    def _is_mine(self, request):
        return request.path.startswith(f"/{self.tag}/")

    def requests(self):
        return [request for request in self.app.requests if self._is_mine(request)]

    def told(self, count, within=PATIENCE):
        """Waits until the app has been asked so many times."""
        eventually_blocking(lambda: len(self.requests()) >= count, f"the app has {count} requests", within, show=self.requests)

    def heard(self, *types, within=PATIENCE):
        """Waits until the app has heard of events of these types, in whatever requests."""

        def all_there():
            left = list(types)
            for request in self.requests():
                left = [kind for kind in left if kind not in request.types]
            return not left

        eventually_blocking(all_there, f"the app hears of {types}", within, show=self.requests)

    # The client

    def path(self, rest=""):
        return f"/{self.tag}/{rest}"

    def client(self, rest="", accepted=True, **options):
        """Connects and shakes hands."""
        client = PlayClient(self.gateway)
        self._clients.append(client)
        client.send(handshake(self.path(rest), **options))
        response = client.response()
        self._note_response(response.status, None, response.headers, b"" if response.status == 101 else response.body)
        assert not accepted or response.status == 101, response
        return client

    def frames(self, client, count):
        """Takes so many messages, and writes them down."""
        for _ in range(count):
            kind, content = client.message()
            self.note("client", NAMES.get(kind, kind), content)

    def until_text(self, client, content):
        """Takes messages up to one with this content, and writes them down."""
        while True:
            kind, got = client.message()
            self.note("client", NAMES.get(kind, kind), got)
            if got == content:
                return

    def until_end(self, client, polite=True):
        """Takes what comes until the gateway hangs up. A close is answered as a client must."""
        answered = False
        try:
            while True:
                kind, content = client.message()
                self.note("client", NAMES.get(kind, kind), content)
                if kind == CLOSE and polite and not answered:
                    answered = True
                    client.send(closing(content))
        except Ended:
            self.note("client", "end of the connection", b"")

    # Plain requests

    def ask(self, rest="", method="GET", body=None, headers=()):
        """Sends a request whose response is read later."""
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=PATIENCE)
        self._clients.append(connection)
        connection.putrequest(method, self.path(rest), skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return connection

    def answer(self, connection):
        """Reads a response whole, and writes it down."""
        response = connection.getresponse()
        body = response.read()
        self._note_response(response.status, response.reason, response.getheaders(), body)

    def fetch(self, rest="", **options):
        self.answer(self.ask(rest, **options))

    def begun(self, connection):
        """Reads a response's head, and writes it down. Returns the response."""
        response = connection.getresponse()
        self._note_response(response.status, response.reason, response.getheaders())
        return response

    def until(self, response, content):
        """Reads on in a body until some content has come, and nothing beyond it."""
        got = b""
        while not got.endswith(content):
            piece = response.read1(65536)
            assert piece, f"the response ended after {got!r}"
            got += piece
        self.note("responses", got)

    def rest(self, response):
        """Reads a body to its end."""
        self.note("responses", response.read())

    def answered(self, connection, **item):
        """Publishes an item again and again until a held request is answered: nobody but the gateway knows when its hold begins."""
        self.answered_by(connection, lambda: item)

    def answered_by(self, connection, items):
        """The same with an item that is made for each turn."""

        def once_more():
            self._post({"items": [{"channel": self.channel(), **items()}]})
            connection.sock.settimeout(0.1)
            try:
                return connection.sock.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                return None
            finally:
                connection.sock.settimeout(PATIENCE)

        eventually_blocking(once_more, "the held request is answered")
        self.answer(connection)

    # The publisher

    def channel(self, name="room"):
        return f"{self.tag}-{name}"

    def id(self, name):
        return f"{self.tag}-{name}"

    def publish(self, *items):
        """Publishes items on a channel of this run, and writes the answer down."""
        if settle := getattr(self.gateway, "settle", None):
            settle()
        self.post({"items": [{"channel": self.channel(), **item} for item in items]})

    def say(self, content, **more):
        """Publishes one text."""
        self.publish({"formats": {"ws-message": {"content": content}}, **more})

    def post(self, body, path="/publish/", method="POST", headers=()):
        """Any request to the publish API."""
        response = self._post(body, path, method, headers)
        kind = response.headers.get("content-type", "").split(";")[0]
        self.note("published", response.status_code, kind, response.text, response.headers.get("allow"))

    def _post(self, body, path="/publish/", method="POST", headers=()):
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        return httpx.request(method, self.gateway.control_url + path, content=content, headers=dict(headers), trust_env=False, timeout=PATIENCE)

    # The record

    def note(self, part, *facts):
        self.record[part].append(self._untagged(facts if len(facts) > 1 else facts[0]))

    def finish(self):
        """Ends the run: adds the app's requests to the record, and returns it."""
        ids = {}
        for request in self.requests():
            # Said once as long as they stay the same.
            head = self._untagged((f"{request.method} {request.path}", self._request_headers(request, ids)))
            if self.record["requests"][-1:] != [head]:
                self.record["requests"].append(head)
            self.record["bodies"].append(self._untagged([tuple(event) for event in request.events] if request.is_websocket else request.raw))
        if self.joins_requests:
            self.record["bodies"] = [event for body in self.record["bodies"] for event in body]
        return self.record

    def leave(self):
        """Hangs up what is still open."""
        for client in self._clients:
            client.close()

    def _request_headers(self, request, ids):
        headers = {}
        for name, value in request.headers:
            name = name.lower()
            if name == "connection-id":
                assert re.fullmatch(r"[\w.~-]{8,200}", value), value
                value = ids.setdefault(value, f"connection {len(ids) + 1}")
            elif name == "grip-sig":
                assert value.count(".") == 2, value
                value = "signed"
            elif name == "host":
                value = value.replace(f":{self.gateway.port}", ":its port")
            elif name == "grip-feature":
                # What Pushpin can, Holdfast can too; it may be able to do more.
                missing = {"status", "session", "link:next", "filter:skip-self", "filter:skip-users", "filter:require-sub", "filter:build-id",
                           "filter:var-subst"} - set(value.split(", "))
                value = f"lacks {missing}" if missing else "all"
            # Pushpin's own HTTP client says so where the client says nothing.
            if name not in UNCOMPARED_REQUEST and (name, value) != ("accept", "*/*"):
                headers.setdefault(name, []).append(value)
        return {name: values[0] if len(values) == 1 else values for name, values in sorted(headers.items())}

    def _note_response(self, status, reason, headers, body=b""):
        if status == 502:
            # No app of a transcript says it: these are the gateway's own words.
            self.note("responses", "502")
            return
        compared = sorted((name.lower(), value) for name, value in headers if name.lower() not in UNCOMPARED_RESPONSE)
        self.note("responses", status, reason, compared, body)

    def _untagged(self, fact):
        if isinstance(fact, bytes):
            return fact.replace(self.tag.encode(), b"TAG")
        if isinstance(fact, str):
            return fact.replace(self.tag, "TAG")
        if isinstance(fact, dict):
            return {key: self._untagged(value) for key, value in fact.items()}
        if isinstance(fact, list | tuple):
            return [self._untagged(one) for one in fact]
        return fact


def closing(content):
    """A client's answer to a close frame."""
    return frame(CLOSE, content[:2])


def code(number, reason=""):
    """The content of a close frame."""
    return struct.pack("!H", number) + reason.encode()
