# SPDX-License-Identifier: Apache-2.0
import base64
import contextlib
import hashlib
import hmac
import json
import socket
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import holdfast_app as holdfast
from holdfast_app import Actions, Control, SlipActions, SlipControl
from tests.sign import JWT_SECRET, NOW


@contextlib.contextmanager
def api(*answers, path=""):
    """A control API that answers with each of `answers` in turn (the last one stays), and the list of what it was asked."""
    asked, left, silence = [], list(answers), threading.Event()

    class API(BaseHTTPRequestHandler):
        def do(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked.append((self.command, self.path, self.headers.get("content-type"), body.decode(), self.headers.get("authorization")))
            answer = left.pop(0) if len(left) > 1 else left[0]
            if answer == "silence":
                silence.wait(30)
            elif answer != "hang up":
                status, value, headers = (*answer, None, None)[:3]
                data = b"" if value is None else value.encode() if isinstance(value, str) else json.dumps(value).encode()
                self.send_response(status)
                for name, text in (headers or {}).items():
                    self.send_header(name, text)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = do

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), API)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{path}", asked
    finally:
        silence.set()
        server.shutdown()
        server.server_close()


OK = (200, {"results": [{"status": "ok", "delivered": 1}]})
PROBLEM = {"type": "about:blank", "title": "A title", "detail": "because"}


class Calls(unittest.TestCase):
    def test_options(self):
        for options in [
            {"url": "nonsense"}, {"url": "ftp://x"}, {"url": "http://a:b@x"}, {"url": "http://x/?q"}, {"url": "http://x:y"}, {"url": None}, {"token": ""},
            {"token": "a b"}, {"token": 7}, {"timeout": 0}, {"timeout": "1"}, {"retries": -1},
        ]:
            with self.subTest(options=options), self.assertRaises(holdfast.ConfigurationError):
                Control(**options)
        for secret in ("", None, 7):
            with self.assertRaises(holdfast.ConfigurationError):
                SlipControl(secret=secret)

    def test_what_goes_over_the_wire(self):
        with api(OK, path="/prefix") as (url, asked):
            control = Control(url + "/", token="t0ken")
            control.publish("a/ü ?", "grüße")
            control.publish("c", b"A", id="i&/")
            control.publish("c", holdfast.json({"a": "ü"}))
            control.publish("c", "x", except_="e", id="i")
            control.send("i/d", "")
            control.close("id")
            control.close("id", code=4000, reason="a&b ü")
            control.subscribe("id", "a/b")
            control.unsubscribe("id", "a/b")
            control.set_state("id", {"a": "1", "b": None})
            self.assertEqual(control.close_channel("c", code=4001), 1)
            self.assertEqual([(method, path.replace("/prefix", ""), type, body) for method, path, type, body, _ in asked], [
                ("POST", "/v1/channels/a%2F%C3%BC%20%3F/messages", "text/plain; charset=utf-8", "grüße"),
                ("POST", "/v1/channels/c/messages?id=i%26%2F", "application/octet-stream", "A"),
                ("POST", "/v1/channels/c/messages", "application/json", '{"a":"ü"}'),
                ("POST", "/v1/actions", "application/json", '{"actions": [{"type": "publish", "channel": "c", "text": "x", "id": "i", "except": ["e"]}]}'),
                ("POST", "/v1/connections/i%2Fd/messages", "text/plain; charset=utf-8", ""),
                ("DELETE", "/v1/connections/id", None, ""), ("DELETE", "/v1/connections/id?code=4000&reason=a%26b+%C3%BC", None, ""),
                ("PUT", "/v1/connections/id/channels/a%2Fb", None, ""), ("DELETE", "/v1/connections/id/channels/a%2Fb", None, ""),
                ("POST", "/v1/actions", "application/json", '{"actions": [{"type": "setState", "state": {"a": "1", "b": null}, "to": "id"}]}'),
                ("POST", "/v1/actions", "application/json", '{"actions": [{"type": "closeChannel", "channel": "c", "code": 4001}]}'),
            ])
            self.assertEqual({authorization for *_, authorization in asked}, {"Bearer t0ken"})

    def test_without_a_token(self):
        with api((202, {"delivered": 0})) as (url, asked):
            self.assertEqual(Control(url).publish("c", "x"), (0, False))
            self.assertIsNone(asked[0][4])

    def test_several_actions(self):
        results = [{"status": "ok", "delivered": 1}, {"status": "notFound"}]
        with api((200, {"results": results})) as (url, asked):
            control = Control(url)
            self.assertEqual(control.perform(Actions().send("a", to="x").send("b", to="y")), results)
            self.assertEqual(control.perform(Actions()), [])
            self.assertEqual(len(asked), 1, "nothing to do is not worth a request")
            with self.assertRaises(holdfast.AnswerError):
                control.perform([{"type": "send"}])
            with self.assertRaises(holdfast.UnexpectedAnswerError):
                control.perform(Actions().send("a", to="x"))

    def test_dial(self):
        with api((200, {"results": [{"status": "ok", "connection": "n1.0.d"}]})) as (url, asked):
            self.assertEqual(Control(url).dial("wss://x.example", route="out"), "n1.0.d")
            self.assertEqual(json.loads(asked[0][3]), {"actions": [{"type": "dial", "url": "wss://x.example", "route": "out"}]})

    def test_lists_are_read_page_after_page_as_they_are_asked_for(self):
        with api((200, {"connections": [{"id": "a"}, {"id": "b"}], "next": "b"}), (200, {"connections": [{"id": "c"}]})) as (url, asked):
            found = Control(url).connections(route="r", channel="c ü")
            self.assertEqual([next(found)["id"], len(asked)], ["a", 1])
            self.assertEqual([each["id"] for each in found], ["b", "c"])
            self.assertEqual(asked[1][1], "/v1/connections?route=r&channel=c+%C3%BC&limit=100&after=b")
        with api((200, {"connections": ["a"], "next": "a"}), (200, {"connections": ["b"]})) as (url, asked):
            self.assertEqual(list(Control(url).subscribers("c/d")), ["a", "b"])
            self.assertEqual(asked[1][1], "/v1/channels/c%2Fd?limit=100&after=a")
        with api((200, {"channels": [], "next": "x"})) as (url, asked):
            self.assertEqual(list(Control(url).channels()), [])
            self.assertEqual(len(asked), 2, "a list that goes in a circle ends")

    def test_mistakes_of_the_caller_are_no_requests(self):
        with api(OK) as (url, asked):
            control = Control(url)
            for call in [
                lambda: control.send("", "x"), lambda: control.send("x", 1), lambda: control.publish("", "x"), lambda: control.publish("c", "x", id=""),
                lambda: control.close("x", code=1), lambda: control.set_state("x", {"a": 1}), lambda: control.set_state(None, {}),
                lambda: control.subscribe("x", "\n"), lambda: control.dial("http://x"), lambda: control.connection(None),
            ]:
                with self.assertRaises(holdfast.AnswerError):
                    call()
            self.assertEqual(asked, [])


class Errors(unittest.TestCase):
    def test_statuses(self):
        for status, kind, code in [
            (400, holdfast.BadRequestError, "badRequest"), (401, holdfast.UnauthorizedError, "unauthorized"), (403, holdfast.ForbiddenError, "forbidden"),
            (404, holdfast.NotFoundError, "notFound"), (409, holdfast.LimitError, "limit"), (413, holdfast.TooLargeError, "tooLarge"),
            (415, holdfast.BadRequestError, "badRequest"), (429, holdfast.QueueFullError, "full"), (500, holdfast.UnavailableError, "unavailable"),
            (503, holdfast.UnavailableError, "unavailable"), (418, holdfast.UnexpectedAnswerError, "unexpected"),
        ]:
            with self.subTest(status=status), api((status, PROBLEM)) as (url, _), self.assertRaises(holdfast.ControlError) as caught:
                Control(url).send("x", "y")
            error = caught.exception
            self.assertIs(type(error), kind)
            self.assertEqual((error.code, error.status, error.title, error.detail, str(error)), (code, status, "A title", "because", "because"))

    def test_results_of_one_action(self):
        for result, kind, status in [
            ("notFound", holdfast.NotFoundError, 404), ("refused", holdfast.LimitError, 409), ("full", holdfast.QueueFullError, 429),
            ("unreachable", holdfast.UnavailableError, 503),
        ]:
            with self.subTest(result=result), api((200, {"results": [{"status": result, "detail": "because"}]})) as (url, _):
                with self.assertRaises(kind) as caught:
                    Control(url).set_state("x", {})
            self.assertEqual((caught.exception.status, caught.exception.detail), (status, "because"))

    def test_strange_answers(self):
        with api((404,), (502, "<html>"), (403, "plain words", {"content-type": "text/plain"}), (200, "<html>"), (200, {}), (200, [])) as (url, _):
            control = Control(url)
            for kind, status, detail, call in [
                (holdfast.NotFoundError, 404, "", lambda: control.send("x", "y")), (holdfast.UnavailableError, 502, "", lambda: control.send("x", "y")),
                (holdfast.ForbiddenError, 403, "plain words", lambda: control.send("x", "y")),
                (holdfast.UnexpectedAnswerError, 200, None, lambda: control.send("x", "y")),
                (holdfast.UnexpectedAnswerError, 200, None, lambda: list(control.channels())),
                (holdfast.UnexpectedAnswerError, 200, None, lambda: control.set_state("x", {})),
            ]:
                with self.assertRaises(kind) as caught:
                    call()
                self.assertEqual(caught.exception.status, status)
                if detail is not None:
                    self.assertEqual(caught.exception.detail, detail)

    def test_redirects_are_not_followed(self):
        with api((307, "", {"location": "/elsewhere"})) as (url, asked), self.assertRaises(holdfast.UnexpectedAnswerError) as caught:
            Control(url, token="t").send("x", "y")
        self.assertEqual((caught.exception.status, len(asked)), (307, 1))

    def test_silence(self):
        with api("silence") as (url, _), self.assertRaises(holdfast.ControlTimeoutError) as caught:
            Control(url, timeout=0.05).send("x", "y")
        self.assertEqual((caught.exception.status, caught.exception.code), (0, "timeout"))

    def test_an_answer_that_drips_ends_too(self):
        listener = socket.create_server(("127.0.0.1", 0))
        enough = threading.Event()

        def drip():
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
                while not enough.wait(0.02):
                    connection.sendall(b" ")

        threading.Thread(target=drip, daemon=True).start()
        with self.assertRaises(holdfast.ControlTimeoutError):
            Control(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.2).send("x", "y")
        enough.set()
        listener.close()

    def test_nobody_there(self):
        with api(OK) as (url, _):
            pass
        with self.assertRaises(holdfast.UnreachableError) as caught:
            Control(url).send("x", "y")
        self.assertEqual((caught.exception.status, caught.exception.code), (0, "unreachable"))


class Retries(unittest.TestCase):
    def test_nothing_is_repeated_unless_asked_for_and_nothing_that_could_be_done_twice(self):
        with api((503, PROBLEM)) as (url, asked):
            with self.assertRaises(holdfast.UnavailableError):
                Control(url).subscribe("x", "c")
            self.assertEqual(len(asked), 1)
            control = Control(url, retries=2)
            for call in [lambda: control.send("x", "y"), lambda: control.publish("c", "x"), lambda: control.close("x"),
                         lambda: control.perform(Actions().publish("c", "x")), lambda: control.close_channel("c")]:
                asked.clear()
                with self.assertRaises(holdfast.UnavailableError):
                    call()
                self.assertEqual(len(asked), 1)
            asked.clear()
            with self.assertRaises(holdfast.UnavailableError):
                control.subscribe("x", "c")
            self.assertEqual(len(asked), 3)

    def test_what_can_be_repeated_is_until_it_works(self):
        for first in ("hang up", (502, PROBLEM), (503, PROBLEM), (504, PROBLEM)):
            with self.subTest(first=first), api(first, (202, {"delivered": 1})) as (url, asked):
                self.assertEqual(Control(url, retries=1).publish("c", "x", id="i"), (1, False))
                self.assertEqual(len(asked), 2)
        with api((404, PROBLEM)) as (url, asked), self.assertRaises(holdfast.NotFoundError):
            Control(url, retries=5).unsubscribe("x", "c")
        self.assertEqual(len(asked), 1)


class Slip(unittest.TestCase):
    def test_each_request_has_a_token_of_its_own(self):
        times = iter([NOW, NOW + 100.5])
        with api((200, {"message": "processed successfully"})) as (url, asked):
            control = SlipControl(url, secret=JWT_SECRET, now=lambda: next(times))
            control.publish("s", "t")
            control.perform(SlipActions().subscribe("s", to="c").set_metadata({"a": 1}, to="c").send(b"\x00", to="c"))
        for index, (method, _, type, _, authorization) in enumerate(asked):
            head, claims, signature = authorization.replace("Bearer ", "").split(".")
            decoded = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims)]
            at = NOW + 100 * index
            self.assertEqual(decoded, [{"alg": "HS256", "typ": "JWT"}, {"iss": "slip-sockets", "aud": "ControlEvent", "iat": at, "exp": at + 60}])
            mac = hmac.new(JWT_SECRET.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
            self.assertEqual(base64.urlsafe_b64decode(signature + "=="), mac)
            self.assertEqual((method, type), ("POST", "application/websocket-events"))
        self.assertEqual([json.loads(body)["events"] for _, _, _, body, _ in asked], [
            [{"type": "PUBLISH_TEXT", "channelId": "s", "data": "t"}],
            [{"type": "SUBSCRIBE", "connectionId": "c", "channel": "s"}, {"type": "SET_METADATA", "connectionId": "c", "metadata": {"a": 1}},
             {"type": "BINARY", "data": "AA==", "connectionId": "c"}],
        ])

    def test_single_calls(self):
        with api((200, {"message": "processed successfully"})) as (url, asked):
            control = SlipControl(url, secret="s")
            control.send("c", "t")
            control.send_text("c", "t")
            control.send_binary("c", b"\x00")
            control.close("c", code=4000)
            control.subscribe("c", "s")
            control.unsubscribe("c", "s")
            control.set_metadata("c", None)
            control.close_channel("s")
            self.assertEqual(control.perform(SlipActions()), [])
            types = [json.loads(body)["events"][0]["type"] for _, _, _, body, _ in asked]
            self.assertEqual(types, ["TEXT", "TEXT", "BINARY", "CLOSE", "SUBSCRIBE", "UNSUBSCRIBE", "SET_METADATA", "CLOSE_CHANNEL"])
            for call in (lambda: control.perform(Actions()), lambda: control.send("", "t")):
                with self.assertRaises(holdfast.AnswerError):
                    call()

    def test_what_is_refused(self):
        with api((403, "Invalid token", {"content-type": "text/plain"}), (400, {"message": "invalid commands"}),
                 (200, {"results": [{"type": "TEXT", "status": "notFound"}]})) as (url, _):
            control = SlipControl(url, secret="s")
            for kind, status, detail in [(holdfast.UnauthorizedError, 403, "Invalid token"), (holdfast.BadRequestError, 400, "invalid commands"),
                                         (holdfast.NotFoundError, 404, "the gateway answered notFound")]:
                with self.assertRaises(kind) as caught:
                    control.send("c", "t")
                self.assertEqual((caught.exception.status, caught.exception.detail), (status, detail))
            self.assertEqual(control.perform(SlipActions().send("t", to="c")), [{"type": "TEXT", "status": "notFound"}])
