#!/usr/bin/env python3
"""Checks what `backend -m json` answers. ./check builds it and runs this; BIN is the folder where it is."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import time
import unittest

BACKEND = os.path.join(os.environ.get("BIN", pathlib.Path(__file__).resolve().parents[2] / ".build-bench/bin"), "backend")
CONNECTION = {"id": "n1.0.Zk3v9mQx0a2bJ4cdEfGh1w", "direction": "inbound", "route": "default", "remoteAddress": "127.0.0.1",
              "path": "/rooms/c7", "query": "a=\"type\":", "state": {"type": "close", "text": "no"}, "channels": ["bench"]}
OPEN = {"seq": 1, "type": "open", "headers": {"text": ["no"], "type": ["message"]}, "protocols": []}


def message(**body):
    return {"seq": 2, "type": "message", **body}


class Backend:
    """A backend on a free port, for a with statement."""

    def __init__(self, *arguments):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.command = [BACKEND, "-m", "json", "-p", str(self.port), *arguments]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                time.sleep(0.02)
        self.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        return self

    def __exit__(self, *_):
        self.http.close()
        self.process.terminate()
        self.process.wait()

    def post(self, body):
        self.http.request("POST", "/hook", body, {"content-type": "application/json"})
        answer = self.http.getresponse()
        return answer.status, answer.read().decode()

    def actions(self, *events, separators=(",", ":"), ascii=True):
        body = json.dumps({"connection": CONNECTION, "events": events}, separators=separators, ensure_ascii=ascii).encode()
        status, text = self.post(body)
        assert status == 200, status
        return json.loads(text).get("actions", [])


class JSONDialect(unittest.TestCase):
    def test_open_is_answered_with_a_subscription(self):
        with Backend("-c", "news") as app:
            self.assertEqual(app.actions(OPEN), [{"type": "subscribe", "channel": "news"}])
        with Backend("-c", "@path") as app:
            self.assertEqual(app.actions(OPEN), [{"type": "subscribe", "channel": "c7"}])
        with Backend("-c", "") as app:
            self.assertEqual(app.actions(OPEN), [])
        with Backend("-c", "news", "-i") as app:
            told = {"type": "send", "text": "@id " + CONNECTION["id"]}
            self.assertEqual(app.actions(OPEN), [{"type": "subscribe", "channel": "news"}, told])
            self.assertEqual(app.actions(message(text="hi")), [{"type": "send", "text": "hi"}])

    def test_every_message_of_a_batch_comes_back(self):
        texts = ["one", "", 'say "hi"', "a\\", '\\"', 'x","type":"close","text":"y', "}]{[", "é\n\u0001\U0001f600"]
        events = [message(text=text) for text in texts] + [message(base64="AAEC")]
        expected = [{"type": "send", "text": text} for text in texts] + [{"type": "send", "base64": "AAEC"}]
        with Backend() as app:
            self.assertEqual(app.actions(*events), expected)
            self.assertEqual(app.actions(*events, ascii=False), expected)
            self.assertEqual(app.actions(*events, separators=(", ", ": ")), expected)
            self.assertEqual(app.actions({"text": "last", "type": "message"}), [{"type": "send", "text": "last"}])

    def test_close_is_answered_with_nothing_to_do(self):
        close = {"seq": 3, "type": "close", "code": 1000, "reason": "bye", "clean": True}
        with Backend() as app:
            self.assertEqual(app.actions(close), [])
            self.assertEqual(app.actions(message(text="late"), close), [])
            self.assertEqual(app.actions({"seq": 3, "type": "ping"}), [])

    def test_text_is_copied_as_it_stands(self):
        with Backend() as app:
            _, text = app.post(b'{"connection":{"path":"/"},"events":[{"type":"message","text":"\\u0041\\/\\""}]}')
            self.assertEqual(text, '{"actions":[{"type":"send","text":"\\u0041\\/\\""}]}')

    def test_chunked_and_large_bodies(self):
        big = "x" * 300_000
        body = json.dumps({"connection": CONNECTION, "events": [message(text=big)]}).encode()
        with Backend() as app:
            for sent in (body, iter([body[:1000], body[1000:]])):  # http.client sends what has no length in chunks
                status, text = app.post(sent)
                self.assertEqual((status, json.loads(text)["actions"][0]["text"]), (200, big))

    def test_what_is_no_webhook_is_refused(self):
        with Backend() as app:
            for body in (b"", b"{}", b"hello", b'{"events":[{"type":"message"}]}', b'{"events":[{"type":"open"', b'{"events":[]}', b"]"):
                self.assertEqual(app.post(body)[0], 400, body)


if __name__ == "__main__":
    unittest.main()
