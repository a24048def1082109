# SPDX-License-Identifier: Apache-2.0
import asyncio
import contextlib
import http.client
import io
import json
import threading
import unittest
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import holdfast_app as holdfast
from tests.sign import JWT_SECRET, OTHER, SECRET, TEXT, now, signed, slip, webhook

ECHOED = b'{"actions":[{"type":"send","text":"hello"}]}'
OPTIONS = {"secret": SECRET, "now": now}


@holdfast.handler(**OPTIONS)
def echo(event, connection, answer):
    if event.type == "message":
        answer.send(event.text)


@holdfast.handler(**OPTIONS)
async def async_echo(event, connection, answer):
    await asyncio.sleep(0)
    answer.send(event.text)


class Handlers(unittest.TestCase):
    def test_each_event_in_order_with_one_answer(self):
        seen = []

        @holdfast.handler(**OPTIONS)
        def hook(event, connection, answer):
            seen.append((event.seq, connection.state.get("n")))
            answer.set_state({"n": str(event.seq)})

        reply = hook.respond(*signed(webhook([TEXT, {**TEXT, "seq": 3}])))
        self.assertEqual(seen, [(2, None), (3, "2")])
        self.assertEqual([action["state"]["n"] for action in json.loads(reply.body)["actions"]], ["2", "3"])

    def test_refusals(self):
        hook = holdfast.handler(**OPTIONS, max_body_bytes=1000)(lambda event, connection, answer: None)
        for reply, status, words in [
            (hook.respond(*signed(webhook([TEXT]), secret=OTHER)), 401, b"not verified"), (hook.respond(*signed("x")), 400, b"not JSON"),
            (hook.respond({}, b"", method="GET"), 405, b"POST"), (hook.respond(*signed("x" * 1001)), 413, b"1000 bytes"),
        ]:
            self.assertEqual((reply.status, reply.headers["content-type"], reply.headers.get("allow")),
                             (status, "text/plain; charset=utf-8", "POST" if status == 405 else None))
            self.assertIn(words, reply.body)

    def test_a_function_that_raises_is_a_500_that_tells_nothing(self):
        @holdfast.handler(**OPTIONS)
        def hook(event, connection, answer):
            raise RuntimeError("the password is x")

        with self.assertLogs("holdfast_app", "ERROR") as logged:
            reply = hook.respond(*signed(webhook([TEXT])))
        self.assertEqual((reply.status, reply.body), (500, b"the app failed\n"))
        self.assertIn("the password is x", logged.output[0])

    def test_without_verification(self):
        hook = holdfast.handler(verify=False)(lambda event, connection, answer: answer.send(str(answer.webhook.verified)))
        self.assertEqual(hook.respond(*signed(webhook([TEXT]), secret=OTHER)).body, b'{"actions":[{"type":"send","text":"False"}]}')

    def test_slip(self):
        hook = holdfast.slip_handler(secret=JWT_SECRET, now=now)(lambda event, connection, answer: answer.send(event.type))
        value = {"connectionId": "c", "metadata": None, "events": [{"type": "OPEN", "connectionId": "c"}]}
        events = json.loads(hook.respond(*slip(value)).body)["events"]
        self.assertEqual(events, [{"type": "ACCEPT", "connectionId": "c"}, {"type": "TEXT", "data": "open", "connectionId": "c"}])
        self.assertEqual(hook.respond({}, slip(value)[1]).status, 401)

    def test_async(self):
        for hook in (echo, async_echo):
            self.assertEqual(asyncio.run(hook.respond_async(*signed(webhook([TEXT])))).body, ECHOED)
        with self.assertRaises(holdfast.ConfigurationError):
            async_echo.respond(*signed(webhook([TEXT])))
        with self.assertRaises(holdfast.ConfigurationError):
            holdfast.wsgi(async_echo)

    def test_the_function_can_be_called_by_itself(self):
        answer = holdfast.parse(*signed(webhook([TEXT])), **OPTIONS).answer()
        echo(answer.webhook.events[0], answer.webhook.connection, answer)
        self.assertEqual(answer.body, ECHOED)


class WSGI(unittest.TestCase):
    def test_a_real_server(self):
        class Quiet(WSGIRequestHandler):
            def log_message(self, *_):
                pass

        with make_server("127.0.0.1", 0, validator(holdfast.wsgi(echo)), handler_class=Quiet) as server:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            for (headers, body), method, status, wanted in [
                (signed(webhook([TEXT])), "POST", 200, ECHOED), (signed(webhook([TEXT]), secret=OTHER), "POST", 401, None), (({}, b""), "GET", 405, None),
                (({}, b""), "POST", 401, None),
            ]:
                connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
                connection.request(method, "/hook", body or None, headers)
                answer = connection.getresponse()
                data = answer.read()
                connection.close()
                self.assertEqual(answer.status, status, data)
                if wanted:
                    self.assertEqual((data, answer.getheader("content-type")), (wanted, "application/json"))
            server.shutdown()

    def call(self, hook, body=b"", **environ):
        started = []
        full = {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(body), **environ}
        data = b"".join(holdfast.wsgi(hook)(full, lambda status, headers: started.append((status, dict(headers)))))
        return started[0][0], started[0][1], data

    def test_bodies(self):
        headers, body = signed(webhook([TEXT]))
        signatures = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()}
        for environ in [{"CONTENT_LENGTH": str(len(body))}, {"HTTP_TRANSFER_ENCODING": "chunked"}, {"wsgi.input_terminated": True}]:
            status, fields, data = self.call(echo, body, **signatures, **environ)
            self.assertEqual((status, fields["content-length"], data), ("200 OK", str(len(ECHOED)), ECHOED))
        small = holdfast.handler(**OPTIONS, max_body_bytes=10)(lambda event, connection, answer: None)
        for environ in [{"CONTENT_LENGTH": str(len(body))}, {"HTTP_TRANSFER_ENCODING": "chunked"}]:
            self.assertTrue(self.call(small, body, **signatures, **environ)[0].startswith("413 "))
        for length in ("", "x", "-1"):
            self.assertEqual(self.call(echo, body, **signatures, CONTENT_LENGTH=length)[0], "401 Unauthorized")


class ASGI(unittest.TestCase):
    def call(self, hook, pieces, headers=(), method="POST", kind="http"):
        sent, left = [], list(pieces)

        async def receive():
            return left.pop(0)

        async def send(message):
            sent.append(message)

        raw = [(name.encode(), value.encode()) for name, value in dict(headers).items()]
        asyncio.run(holdfast.asgi(hook)({"type": kind, "method": method, "headers": raw}, receive, send))
        return sent

    def test_a_webhook_in_pieces(self):
        headers, body = signed(webhook([TEXT]))
        pieces = [{"type": "http.request", "body": body[:10], "more_body": True}, {"type": "http.request", "body": body[10:]}]
        for hook in (echo, async_echo):
            start, end = self.call(hook, pieces, headers)
            self.assertEqual((start["status"], dict(start["headers"])[b"content-length"], end["body"]), (200, b"%d" % len(ECHOED), ECHOED))

    def test_refusals(self):
        headers, body = signed(webhook([TEXT]), secret=OTHER)
        self.assertEqual(self.call(echo, [{"type": "http.request", "body": body}], headers)[0]["status"], 401)
        self.assertEqual(self.call(echo, [{"type": "http.request"}], method="GET")[0]["status"], 405)
        small = holdfast.handler(**OPTIONS, max_body_bytes=10)(lambda event, connection, answer: None)
        pieces = [{"type": "http.request", "body": b"x" * 11, "more_body": True}]
        self.assertEqual(self.call(small, pieces)[0]["status"], 413)

    def test_a_caller_that_leaves(self):
        self.assertEqual(self.call(echo, [{"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.disconnect"}]), [])

    def test_lifespan_and_other_kinds(self):
        sent = self.call(echo, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}], kind="lifespan")
        self.assertEqual([message["type"] for message in sent], ["lifespan.startup.complete", "lifespan.shutdown.complete"])
        with self.assertRaises(holdfast.ConfigurationError), contextlib.redirect_stderr(io.StringIO()):
            self.call(echo, [], kind="websocket")
