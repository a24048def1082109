"""The wsify dialect: publishing on the public port."""

import asyncio
import http.client
import json
import socket

import httpx
import pytest

from client import all_received, connect, received
from wsify import HELLO, app, joined, publish, start, wsify  # noqa: F401


@pytest.mark.one_node("delivered counts the node that publishes")
async def test_both_bodies_and_which_one_counts(wsify):
    async with connect(wsify, "/ws") as socket:
        await joined(wsify, socket, "c")
        bodies = [
            ({"channel": "c", "content": 1}, "1"), ({"channel": "c", "args": {"content": 2}}, "2"),
            ({"channel": "c", "content": 3, "args": {"content": 4}}, "3"), ({"channel": "c", "content": None, "args": {"content": 5}}, "null"),
            ({"channel": "c"}, "null"),
        ]
        for body, delivered in bodies:
            answer = publish(wsify, body)
            assert (answer.status_code, answer.content, answer.headers["holdfast-delivered"]) == (201, b"", "1"), answer
            assert await received(socket) == delivered, body


async def test_nobody_listening_is_201_too(wsify):
    answer = publish(wsify, HELLO)
    assert (answer.status_code, answer.headers["holdfast-delivered"]) == (201, "0")


@pytest.mark.parametrize("kind, status", [
    ("application/json", 201), ("Application/JSON", 201), ("application/json; charset=utf-8", 201), ("application/json;charset=UTF-8", 201),
    ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/jsonx", 415), (None, 415),
])
def test_content_types(wsify, kind, status):
    assert publish(wsify, HELLO, headers={"content-type": kind} if kind else {}).status_code == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"c"', b"{}", b'{"content":1}', b'{"channel":7}', b'{"channel":" "}', b"\xff"], ids=repr)
def test_bad_bodies(wsify, body):
    answer = publish(wsify, body)
    assert answer.status_code == 400 and answer.json()["error"], answer.text


def test_key(start):
    gateway = start("--broadcasting-key", "s3 cret")
    assert publish(gateway, HELLO, "?key=s3+cret").status_code == 201
    assert publish(gateway, HELLO, "?key=s3%20cret").status_code == 201
    json_type = {"content-type": "application/json"}
    assert publish(gateway, HELLO, headers={**json_type, "authorization": "Bearer s3 cret"}).status_code == 201
    for query, headers in [("", {}), ("?key=", {}), ("?key=x", {}), ("?key=x", {"authorization": "Bearer s3 cret"}), ("", {"authorization": "Bearer x"})]:
        answer = publish(gateway, HELLO, query, headers={**json_type, **headers})
        assert (answer.status_code, answer.content) == (403, b""), (query, headers)
    assert publish(gateway, b"no json", "?key=x", headers={}).status_code == 403, "the key is judged first"


def test_a_key_where_none_is_set_up_is_wrong(wsify):
    assert publish(wsify, HELLO, "?key=x").status_code == 403
    assert publish(wsify, HELLO, "?key=").status_code == 201


def test_open_doors_are_told(start):
    start().expect_log("anyone who reaches the public port may publish by POST /broadcast")
    guarded = start("--broadcasting-key", "k")
    assert "anyone" not in guarded.stderr.text()


def test_cors(wsify):
    url = f"http://127.0.0.1:{wsify.port}/broadcast"
    asked_first = httpx.options(url, headers={
        "origin": "https://page.test", "access-control-request-method": "POST", "access-control-request-headers": "content-type",
    }, trust_env=False)
    assert asked_first.status_code == 204
    assert asked_first.headers["access-control-allow-origin"] == "*"
    assert asked_first.headers["access-control-allow-methods"] == "POST"
    assert asked_first.headers["access-control-allow-headers"] == "content-type"
    for answer in (publish(wsify, HELLO), publish(wsify, b"{"), publish(wsify, HELLO, "?key=x"), httpx.get(url, trust_env=False)):
        assert answer.headers["access-control-allow-origin"] == "*", answer
    assert httpx.get(url, trust_env=False).status_code == 405


def test_keep_alive(wsify):
    connection = http.client.HTTPConnection("127.0.0.1", wsify.port, timeout=10)
    connection.connect()
    local = connection.sock.getsockname()
    for number in range(20):
        body = json.dumps({"channel": "c", "content": number}) if number % 3 else "{"
        connection.request("POST", "/broadcast", body, {"content-type": "application/json"})
        response = connection.getresponse()
        response.read()
        assert response.status == (201 if number % 3 else 400)
        assert connection.sock.getsockname() == local, "the connection was not kept"
    connection.close()


async def test_pipelined(wsify):
    async with connect(wsify, "/ws") as reader:
        await joined(wsify, reader, "c")
        requests = b""
        for number in range(50):
            body = json.dumps({"channel": "c", "content": number}).encode()
            requests += b"POST /broadcast HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        with socket.create_connection(("127.0.0.1", wsify.port), timeout=10) as publisher:
            publisher.sendall(requests)
            answers = b""
            while answers.count(b"\r\n\r\n") < 50:
                part = await asyncio.to_thread(publisher.recv, 65536)
                assert part, answers
                answers += part
        assert answers.count(b"HTTP/1.1 201 Created\r\n") == 50
        assert [int(text) for text in await all_received(reader, 50)] == list(range(50))


def test_a_large_body_is_refused(start):
    gateway = start("--max-answer-bytes", "10KiB")
    answer = publish(gateway, {"channel": "c", "content": "x" * 20_000})
    assert answer.status_code == 413
    assert publish(gateway, HELLO).status_code == 201


async def test_publishing_by_the_control_api(start):
    gateway = start("--broadcasting-key", "k")
    async with connect(gateway, "/ws") as reader:
        await joined(gateway, reader, "c")
        assert gateway.post("/broadcast?key=k", json=HELLO).status_code == 201
        assert await received(reader) == '"hello"'
        assert gateway.publish("c", '"raw"') == 1
        assert await received(reader) == '"raw"'
        assert gateway.post("/broadcast?key=x", json=HELLO).status_code == 403
