"""The seams of the control port: requests that are served in front of the router, those that the router serves, and both on one connection."""

import json
import re
import socket

import pytest

from app import reply
from client import all_received, connect, received

JOIN = {"type": "subscribe", "channel": "room"}
UNKNOWN = "n1.0.AAAAAAAAAAAAAAAAAAAAAA"
JSON = "content-type: application/json"
# What makes a request one for the router, and changes nothing else.
BY_ROUTER = "connection: Keep-Alive, x-none"


def publications(gateway):
    line = re.search(r"^holdfast_publish_total\{[^}]*\} (\S+)$", gateway.get("/metrics").text, re.MULTILINE)
    return float(line.group(1))


def request(path, body=b"", *headers, method="POST", host="localhost", length=True, version="HTTP/1.1"):
    body = body if isinstance(body, bytes) else body.encode()
    lines = [f"{method} {path} {version}", *([f"host: {host}"] if host else []), *headers]
    if length:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def publish(text="hello", *headers, query=""):
    return request(f"/v1/channels/room/messages{query}", text, *headers)


HEALTH = request("/health", method="GET", length=False)


class Control:
    """A connection to a control port that says any bytes."""

    def __init__(self, gateway, within=10.0):
        self.socket = socket.create_connection(("127.0.0.1", gateway.control_port), within)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *requests):
        self.socket.sendall(b"".join(requests))
        return self

    def drip(self, data):
        for byte in data:
            self.socket.sendall(bytes([byte]))
        return self

    def _until(self, enough):
        while not enough():
            data = self.socket.recv(65536)
            assert data, f"the connection ended behind {self._read!r}"
            self._read += data

    def answer(self):
        """The next answer: status, head without its date, body."""
        self._until(lambda: b"\r\n\r\n" in self._read)
        head, self._read = self._read.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE).group(1))
        self._until(lambda: len(self._read) >= length)
        body, self._read = self._read[:length], self._read[length:]
        assert re.search(rb"\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", head), head
        return int(head.split(b" ")[1]), re.sub(rb"\r\nDate: [^\r]*", b"", head).decode(), body.decode()

    def statuses(self, count):
        return [self.answer()[0] for _ in range(count)]

    def ended(self):
        try:
            return self._read == b"" and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture(params=["1", "2"], ids=["one loop", "two loops"])
def joined(request, serve, app):
    """A gateway whose connections join the room at once."""
    app.behaviour = reply(open=[JOIN])
    return serve("--threads", request.param)


ALIKE = {
    "publish": request("/v1/channels/room/messages", "grüße"),
    "publish bytes": request("/v1/channels/room/messages", b"\xff", "content-type: application/octet-stream"),
    "publish by an odd name": request("/v1/channels/r%C3%A4ume%2F7%20%3F/messages", "x"),
    "publish nothing": request("/v1/channels/room/messages"),
    "publish no UTF-8": request("/v1/channels/room/messages", b"\xc3\x28"),
    "a channel without a name": request("/v1/channels//messages", "x"),
    "a channel of a control character": request("/v1/channels/%00/messages", "x"),
    "an empty id": request("/v1/channels/room/messages?id=", "x"),
    "send to nobody": request(f"/v1/connections/{UNKNOWN}/messages", "x"),
    "send to no id": request("/v1/connections/nonsense/messages", "x"),
    "send to no loop": request("/v1/connections/n1.99.AAAAAAAAAAAAAAAAAAAAAA/messages", "x"),
    "send to no node": request("/v1/connections/n9.0.AAAAAAAAAAAAAAAAAAAAAA/messages", "x"),
    "no actions": request("/v1/actions", '{"actions":[]}', JSON),
    "actions": request("/v1/actions", json.dumps({"actions": [
        {"type": "publish", "channel": "room", "text": "x"}, {"type": "send", "to": UNKNOWN, "text": "x"},
        {"type": "send", "to": "n9.0.AAAAAAAAAAAAAAAAAAAAAA", "text": "x"}, {"type": "closeChannel", "channel": "nobody"},
    ]}), JSON),
    "actions that are wrong": request("/v1/actions", '{"actions":[{"type":"publish"}]}', JSON),
    "actions of no JSON": request("/v1/actions", '{"actions":[', JSON),
    "actions of another type": request("/v1/actions", '{"actions":[]}', "content-type: text/plain"),
    "no such path": request("/v1/channel/room/messages", "x"),
    "a page": request("/v1/channels/room/messages", "x", "origin: http://evil.test"),
    "a foreign name": request("/v1/channels/room/messages", "x", host="evil.test"),
    "no host": request("/v1/channels/room/messages", "x", host=None),
    "another method": request("/v1/channels/room/messages", "x", method="PUT"),
    "a look": request("/v1/channels/room/messages", method="HEAD", length=False),
    "a health check": HEALTH,
}


@pytest.mark.parametrize("case", ALIKE)
def test_both_ways_answer_alike(joined, case):
    plain = ALIKE[case]
    by_router = plain.replace(b"HTTP/1.1\r\n", f"HTTP/1.1\r\n{BY_ROUTER}\r\n".encode(), 1)
    with Control(joined) as quick, Control(joined) as router:
        answers = [quick.send(plain).answer() for _ in range(2)]
        assert answers == [router.send(by_router).answer() for _ in range(2)]


GRIP = {
    "publish": request("/publish/", '{"items":[{"channel":"a","formats":{"ws-message":{"content":"x"}}}]}'),
    "publish for JSON": request("/publish", '{"items":[{"channel":"a","formats":{"ws-message":{"content":"x"}}}]}', "accept: application/json"),
    "no items": request("/publish/", '{"items":[]}'), "no JSON": request("/publish/", "hello"), "a query": request("/publish/?a=b", '{"items":[]}'),
    "what it cannot say": request("/publish/", '{"items":[]}', "accept: image/png"), "another method": request("/publish/", "", method="PUT"),
    "recover": request("/recover/", ""),
}


@pytest.mark.parametrize("case", GRIP)
def test_both_ways_answer_alike_in_grip(launch, app, case):
    gateway = launch("grip", app.url)
    plain = GRIP[case]
    by_router = plain.replace(b"HTTP/1.1\r\n", f"HTTP/1.1\r\n{BY_ROUTER}\r\n".encode(), 1)
    with Control(gateway) as quick, Control(gateway) as router:
        assert quick.send(plain).answer() == router.send(by_router).answer()


async def test_requests_in_a_row_are_answered_in_order(joined, app):
    async with connect(joined) as client:
        send = f"/v1/connections/{app.last_id()}/messages"
        with Control(joined) as control:
            control.send(
                publish("1"), publish("2", query="?id=a"), publish("3", query="?id=a"), HEALTH, request(send, "4"),
                request(f"/v1/connections/{UNKNOWN}/messages", "x"), request("/v1/channels", method="GET", length=False), publish("5"),
                request("/v1/actions", json.dumps({"actions": [{"type": "publish", "channel": "room", "text": "6"}]}), JSON), publish("7"),
            )
            answers = [control.answer() for _ in range(10)]
        assert [status for status, _, _ in answers] == [202, 202, 202, 200, 202, 404, 200, 202, 200, 202]
        bodies = [body for _, _, body in answers]
        assert bodies[0] == bodies[1] == '{"delivered":1}' and json.loads(bodies[2]) == {"delivered": 0, "duplicate": True}, bodies
        assert bodies[3] == '{"status":"ok"}' and bodies[4] == "" and json.loads(bodies[6])["channels"][0]["name"] == "room", bodies
        assert await all_received(client, 6) == ["1", "2", "4", "5", "6", "7"]


def test_many_requests_at_once(joined):
    with Control(joined) as control:
        control.send(*[publish(str(n)) if n % 50 else HEALTH for n in range(1, 2001)])
        assert control.statuses(2000) == [202 if n % 50 else 200 for n in range(1, 2001)]


def test_a_client_that_reads_late_gets_every_answer(joined):
    """More answers than the sockets hold, behind a client that sends first and reads later."""
    count = 20_000
    with Control(joined, within=60) as control:
        control.socket.setblocking(False)
        to_send, answered = publish("") * count, 0
        sent, read = 0, b""
        while answered < count:
            # Reads only when nothing more can be sent.
            try:
                assert sent < len(to_send)
                sent += control.socket.send(to_send[sent:sent + 65536])
                continue
            except (BlockingIOError, AssertionError):
                control.socket.settimeout(30)
                data = control.socket.recv(1 << 20)
                control.socket.setblocking(False)
            assert data, f"the connection ended behind {answered} answers"
            read += data
            answered += read.count(b'{"delivered":0}')
            read = read[read.rfind(b'{"delivered":0}') + 15:] if b'{"delivered":0}' in read else read
    assert answered == count


@pytest.mark.parametrize("requests, expected", [
    ([publish("one")], [202]), ([HEALTH, publish("one")], [200, 202]), ([publish("one"), HEALTH, publish("two")], [202, 200, 202]),
    ([publish("one", BY_ROUTER), publish("two")], [202, 202]),
], ids=["quick", "router and quick", "quick, router, quick", "handed over"])
async def test_a_byte_at_a_time(joined, requests, expected):
    async with connect(joined) as client:
        with Control(joined) as control:
            control.drip(b"".join(requests))
            assert control.statuses(len(expected)) == expected
        assert await received(client) == "one"


async def test_a_body_that_comes_later(joined):
    async with connect(joined) as client:
        whole = publish("hello" * 1000)
        with Control(joined) as control:
            for part in (whole[:60], whole[60:200], whole[200:]):
                control.send(part)
            assert control.answer()[0] == 202
        assert await received(client) == "hello" * 1000


@pytest.mark.parametrize("size", [(64 << 10) - 1, 64 << 10, (64 << 10) + 1, 1 << 20])
async def test_bodies_of_every_size(joined, size):
    async with connect(joined) as client:
        with Control(joined) as control:
            control.send(publish("a" * size), publish("end"))
            assert control.statuses(2) == [202, 202]
        assert [len(text) for text in await all_received(client, 2)] == [size, 3]


def test_a_body_over_the_limit(serve):
    gateway = serve("--max-message-bytes", "1KiB")
    with Control(gateway) as control:
        control.send(publish("a" * 1024), publish("a" * 1025), publish("b"))
        assert control.statuses(3) == [202, 413, 202]


@pytest.mark.parametrize("name", ["chunked", "expect", "1.0", "absolute"])
async def test_unusual_requests_are_served_as_ever(joined, name):
    path = "/v1/channels/room/messages"
    unusual = {
        "chunked": request(path, b"", "transfer-encoding: chunked", length=False) + b"2\r\non\r\n1\r\ne\r\n0\r\n\r\n",
        "expect": publish("one", "expect: 100-continue"),
        "1.0": request(path, "one", version="HTTP/1.0"),
        "absolute": request(f"http://localhost{path}", "one"),
    }[name]
    async with connect(joined) as client:
        with Control(joined) as control:
            control.send(publish("zero"), unusual)
            assert control.statuses(2) == [202, 202]
            # A client of HTTP/1.0 has not asked to go on.
            if name != "1.0":
                assert control.send(publish("two")).statuses(1) == [202]
        joined.publish("room", "end")
        assert await all_received(client, 4 - (name == "1.0")) == ["zero", "one", *(["two"] if name != "1.0" else []), "end"]


async def test_a_connection_that_is_to_close(joined):
    async with connect(joined) as client:
        with Control(joined) as control:
            control.send(publish("one"), publish("two", "connection: close"), publish("three"))
            assert control.statuses(2) == [202, 202]
            assert control.ended()
        joined.publish("room", "end")
        assert await all_received(client, 3) == ["one", "two", "end"]


BAD = [b"GARBAGE\r\n\r\n", b"POST / HTTP/1.1\r\nbad field: x\r\n\r\n", b"POST /v1/channels/room/messages HTTP/1.1\r\ncontent-length: x\r\n\r\n"]


@pytest.mark.parametrize("bad", BAD)
def test_answers_before_bad_bytes_are_given(joined, bad):
    with Control(joined) as control:
        control.send(publish(), HEALTH, publish(), bad)
        assert control.statuses(3) == [202, 200, 202]
        control._until(lambda: b"\r\n\r\n" in control._read)
        assert control._read.startswith(b"HTTP/1.1 400 "), control._read


@pytest.mark.parametrize("requests", [[publish()], [publish(), HEALTH, publish()], [HEALTH], [publish(), publish("x", BY_ROUTER)]])
def test_a_client_that_only_listens_any_more_is_answered(joined, requests):
    with Control(joined) as control:
        control.send(*requests)
        control.socket.shutdown(socket.SHUT_WR)
        assert control.statuses(len(requests)) == [200 if request == HEALTH else 202 for request in requests]
        assert control.ended()


def test_half_a_request_is_not_carried_out(joined):
    with Control(joined) as control:
        control.send(publish()[:-1])
        control.socket.shutdown(socket.SHUT_WR)
        control._until(lambda: b"\r\n\r\n" in control._read)
        assert control._read.startswith(b"HTTP/1.1 400 "), control._read
    assert publications(joined) == 0


TOKEN = "open-sesame"


def test_the_token_is_asked_for_with_each_request(serve):
    gateway = serve(token=TOKEN)
    good, bad = f"authorization: Bearer {TOKEN}", "authorization: Bearer open-sesamf"
    with Control(gateway) as control:
        control.send(
            publish("1", good), publish("2", bad), publish("3", good), publish("4"), publish("5", good), publish("6", good + "x"),
            publish("7", good[:-1]), publish("8", f"authorization: bearer {TOKEN}"), publish("9", good, good),
        )
        assert control.statuses(9) == [202, 401, 202, 401, 202, 401, 401, 202, 401]
    with Control(gateway) as control:
        control.send(request("/v1/channels/room/messages", b"", bad, "content-length: 1000000", length=False))
        assert control.answer()[0] == 401, "the body of a stranger is awaited"


def test_pages_and_programs_on_one_connection(gateway):
    with Control(gateway) as control:
        foreign = request("/v1/channels/room/messages", "4", host="evil.test")
        control.send(publish("1"), publish("2", "origin: http://evil.test"), publish("3"), foreign, publish("5"))
        assert control.statuses(5) == [202, 403, 202, 403, 202]


async def test_an_event_stream_behind_a_publication(joined):
    with Control(joined) as listener, Control(joined) as control:
        listener.send(publish("zero"), request("/v1/channels/room/messages", method="GET", length=False))
        assert listener.answer()[0] == 202
        listener._until(lambda: b"text/event-stream" in listener._read and b"\r\n\r\n" in listener._read)
        control.send(publish("one"))
        assert control.answer()[0] == 202
        listener._until(lambda: b'"text":"one"' in listener._read)


def test_a_stop_answers_what_has_come(serve, app):
    gateway = serve()
    with Control(gateway) as idle, Control(gateway) as half:
        idle.send(publish())
        assert idle.answer()[0] == 202
        whole = publish("hello")
        half.send(publish(), whole[:-2])
        assert half.answer()[0] == 202
        gateway.signal()
        assert idle.ended(), "an idle connection is closed at once"
        half.send(whole[-2:])
        assert half.answer()[0] == 202
        assert half.ended()
        assert gateway.wait() == 0


def test_publications_are_counted_once(joined):
    with Control(joined) as control:
        control.send(*[publish()] * 3, publish("x", BY_ROUTER))
        assert control.statuses(4) == [202] * 4
    assert publications(joined) == 4
