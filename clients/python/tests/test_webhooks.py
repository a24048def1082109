# SPDX-License-Identifier: Apache-2.0
import json
import unittest

import holdfast_app as holdfast
from tests.sign import JWT_SECRET, NOW, OPEN, OTHER, SECRET, TEXT, now, secret_of, signed, slip, token, webhook


def parse(request, **options):
    return holdfast.parse(*request, **{"secret": SECRET, "now": now, **options})


def parse_slip(request, **options):
    return holdfast.parse_slip(*request, **{"secret": JWT_SECRET, "now": now, **options})


class Options(unittest.TestCase):
    def test_what_cannot_be_meant_is_an_error_where_the_handler_is_made(self):
        for options in [
            {}, {"secret": None}, {"secret": ""}, {"secret": []}, {"secret": [SECRET, None]}, {"secret": SECRET[6:]}, {"secret": "whsec_" + "*" * 40},
            {"secret": secret_of("x" * 23)}, {"secret": secret_of("x" * 65)}, {"secret": SECRET, "verify": False}, {"secret": SECRET, "verify": True},
            {"verify": True}, {"verify": 0}, {"secret": SECRET, "tolerance": "300"}, {"secret": SECRET, "tolerance": -1},
            {"secret": SECRET, "tolerance": float("inf")}, {"secret": SECRET, "max_body_bytes": 0}, {"secret": SECRET.encode()}, {"secret": 7},
        ]:
            with self.subTest(options=options):
                for make in (lambda: holdfast.handler(**options), lambda: holdfast.parse({}, b"", **options)):
                    with self.assertRaises((holdfast.ConfigurationError, TypeError)) as caught:
                        make()
                    self.assertNotIn(SECRET[6:], str(caught.exception))

    def test_unknown_words(self):
        with self.assertRaises(TypeError):
            holdfast.handler(secret=SECRET, tolerence=1)

    def test_slip(self):
        for options in [{}, {"secret": ""}, {"secret": []}, {"secret": 7}, {"secret": "x", "verify": False}, {"verify": True}]:
            with self.subTest(options=options), self.assertRaises((holdfast.ConfigurationError, TypeError)):
                holdfast.slip_handler(**options)

    def test_a_handler_needs_a_function(self):
        with self.assertRaises(holdfast.ConfigurationError):
            holdfast.handler(verify=False)(None)


class StandardWebhooks(unittest.TestCase):
    def refused(self, headers, body, **options):
        with self.assertRaises(holdfast.SignatureError) as caught:
            parse((headers, body), **options)
        self.assertEqual((caught.exception.status, caught.exception.code), (401, "signature"))

    def test_the_specifications_own_example(self):
        headers = {
            "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "Webhook-Timestamp": "1614265330",
            "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }
        # The signature is right, so that what is missing is what the body says.
        with self.assertRaises(holdfast.PayloadError):
            parse((headers, b'{"test": 2432232314}'), secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", now=lambda: 1614265330)

    def test_a_signed_webhook_is_read(self):
        found = parse(signed(webhook([OPEN], protocol="a", remoteAddress="::1")))
        self.assertEqual((found.id, found.timestamp, found.verified), ("w.1", NOW, True))
        self.assertEqual(found.connection, holdfast.Connection(id="n1.0.x", path="/", protocol="a", remote_address="::1"))
        self.assertEqual(found.events, [holdfast.Event(type="open", seq=1, headers={"x-client": ["c"]}, protocols=["a", "b"], raw=OPEN)])

    def test_headers_of_any_kind(self):
        headers, body = signed(webhook([TEXT]))
        upper = {name.upper(): value for name, value in headers.items()}
        for given in [upper, list(headers.items()), {name: [value] for name, value in headers.items()},
                      [(name.encode(), value.encode()) for name, value in headers.items()]]:
            self.assertTrue(parse((given, body)).verified)
        for data in (bytearray(body), memoryview(body), body.decode()):
            self.assertEqual(parse((headers, data)).events[0].text, "hello")
        with self.assertRaises(TypeError):
            parse((headers, json.loads(body)))

    def test_forgeries(self):
        headers, body = signed(webhook([TEXT]))
        for name in headers:
            with self.subTest(missing=name):
                self.refused({key: value for key, value in headers.items() if key != name}, body)
        for change in [
            {"webhook-id": "w.2"}, {"webhook-timestamp": "now"}, {"webhook-timestamp": "17e8"}, {"webhook-timestamp": str(NOW + 1)},
            {"webhook-timestamp": "١٧٠٠٠٠٠٠٠٠"}, {"webhook-signature": ""}, {"webhook-signature": "v1,"}, {"webhook-signature": "v1,%%%"},
            {"webhook-signature": "v1,ü"}, {"webhook-signature": headers["webhook-signature"][:-4]},
            {"webhook-signature": headers["webhook-signature"].replace("v1", "v2")},
        ]:
            with self.subTest(change=change):
                self.refused({**headers, **change}, body)
        self.refused({}, body)
        self.refused(headers, body + b" ")
        self.refused(*signed(webhook([TEXT]), secret=OTHER))

    def test_age(self):
        for at in (NOW - 300, NOW + 300):
            self.assertTrue(parse(signed(webhook([TEXT]), at=at)).verified)
        for at in (NOW - 301, NOW + 301, 0):
            self.refused(*signed(webhook([TEXT]), at=at))
        self.assertTrue(parse(signed(webhook([TEXT]), at=NOW - 10), tolerance=10).verified)
        self.refused(*signed(webhook([TEXT]), at=NOW - 11), tolerance=10)

    def test_secrets_that_replace_each_other(self):
        for secret in (SECRET, OTHER):
            self.assertTrue(parse(signed(webhook([TEXT]), secret=secret), secret=[SECRET, OTHER]).verified)
        headers, body = signed(webhook([TEXT]), secret=OTHER)
        right = signed(webhook([TEXT]))[0]["webhook-signature"]
        self.assertTrue(parse(({**headers, "webhook-signature": f"v1a,xyz {headers['webhook-signature']} {right}"}, body)).verified)

    def test_without_verification(self):
        found = holdfast.parse(*signed(webhook([TEXT]), secret=OTHER, at=1), verify=False)
        self.assertEqual((found.verified, found.timestamp, found.events[0].text), (False, None, "hello"))


class Understanding(unittest.TestCase):
    def test_binary_messages_are_bytes(self):
        events = parse(signed(webhook([{"seq": 1, "type": "message", "base64": "AAH/"}, {"seq": 2, "type": "ping", "base64": ""}]))).events
        self.assertEqual([(event.text, event.binary) for event in events], [(None, b"\x00\x01\xff"), (None, b"")])

    def test_nonsense(self):
        for value in [
            "no JSON", "", "[]", "null", "{}", {"connection": {}}, {"connection": {"id": 1}, "events": []}, {"connection": {"id": "x"}}, webhook([1]),
            webhook([{}]), webhook([{"type": "message"}]), webhook([{"type": "message", "text": 1}]), webhook([{"type": "message", "base64": "%"}]),
            webhook([{"type": "open", "headers": []}]), webhook([], state=[]), webhook([], channels={}), b'"\xff"', "[" * 200_000,
        ]:
            with self.subTest(value=str(value)[:60]), self.assertRaises(holdfast.PayloadError) as caught:
                parse(signed(value))
            self.assertEqual(caught.exception.status, 400)

    def test_unknown_events_are_passed_on(self):
        [event] = parse(signed(webhook([{"seq": 9, "type": "later", "more": 1}]))).events
        self.assertEqual((event.type, event.raw["more"]), ("later", 1))

    def test_too_long(self):
        long = signed(webhook([{"seq": 1, "type": "message", "text": "x" * 1000}]))
        self.assertTrue(parse(long, max_body_bytes=len(long[1])).verified)
        with self.assertRaises(holdfast.WebhookError) as caught:
            parse(long, max_body_bytes=len(long[1]) - 1)
        self.assertEqual(caught.exception.status, 413)


class Slip(unittest.TestCase):
    text = {"connectionId": "c", "metadata": {"user": "ann"}, "events": [{"type": "TEXT", "connectionId": "c", "data": "hello"}]}

    def test_a_token_made_elsewhere(self):
        # By PyJWT.
        claims = "eyJpc3MiOiJzbGlwLXNvY2tldHMiLCJhdWQiOiJXZWJTb2NrZXRFdmVudCIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwMDYwfQ"
        made = f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{claims}.NWK9BE78AXvCl-5C47Ox3rjzO9eJJYx3PwsnhirVHNs"
        for authorization in (f"Bearer {made}", f"bearer   {token()} "):
            found = parse_slip(slip(self.text, authorization))
            self.assertEqual((found.verified, found.connection.metadata), (True, {"user": "ann"}))

    def test_bad_tokens(self):
        good = token().split(".")
        later = token({"exp": NOW + 9999}).split(".")
        for authorization in [
            "Basic eDp5", "Bearer ", "Bearer x", "Bearer ..", "Bearer YQ.YQ.YQ", "Bearer ü.ü.ü", f"Bearer W10.{good[1]}.{good[2]}",
            f"Bearer {token(secret='other')}", f"Bearer {token(head={'alg': 'none'})}", f"Bearer {token(head={'alg': 'none'}).rsplit('.', 1)[0]}.",
            f"Bearer {token(head={'alg': 'HS512'}, hash='sha512')}", f"Bearer {token(head={'alg': 'hs256'})}",
            f"Bearer {token(head={'alg': 'HS256', 'crit': ['b64']})}", f"Bearer {token({'iss': 'x'})}", f"Bearer {token({'iss': None})}",
            f"Bearer {token({'aud': 'ControlEvent'})}", f"Bearer {token({'aud': None})}", f"Bearer {token({'exp': NOW})}", f"Bearer {token({'exp': None})}",
            f"Bearer {token({'exp': str(NOW + 60)})}", f"Bearer {token({'exp': True})}", f"Bearer {token({'nbf': NOW + 1})}", f"Bearer {token({'nbf': 'x'})}",
            f"Bearer {good[0]}.{later[1]}.{good[2]}",
        ]:
            with self.subTest(authorization=authorization), self.assertRaises(holdfast.SignatureError):
                parse_slip(slip(self.text, authorization))
        with self.assertRaises(holdfast.SignatureError):
            holdfast.parse_slip({}, b"{}", secret=JWT_SECRET)

    def test_several_of_each(self):
        self.assertTrue(parse_slip(slip(self.text, f"Bearer {token({'aud': ['x', 'WebSocketEvent']})}")).verified)
        self.assertTrue(parse_slip(slip(self.text), secret=["other", JWT_SECRET]).verified)
        self.assertTrue(parse_slip(slip(self.text, f"Bearer {token({'exp': NOW - 9})}"), tolerance=10).verified)

    def test_events_have_the_names_of_the_json_dialect(self):
        metadata = {"headers": {"X-Client": "c", "Sec-WebSocket-Protocol": "a, b"}, "ip": "::1"}
        sent = [
            {"type": "OPEN"}, {"type": "TEXT", "data": "t"}, {"type": "BINARY", "data": "AP8="}, {"type": "CLOSE", "code": 4000, "reason": "r"},
            {"type": "PING", "data": "AA=="}, {"type": "OPEN", "headers": {"a": "b"}, "subprotocols": ["s"]},
        ]
        found = parse_slip(slip({"connectionId": "c", "metadata": metadata, "events": sent}))
        first, text, binary, close, ping, extended = found.events
        self.assertEqual([event.type for event in found.events], ["open", "message", "message", "close", "ping", "open"])
        self.assertEqual((first.headers, first.protocols), ({"x-client": ["c"], "sec-websocket-protocol": ["a, b"]}, ["a", "b"]))
        self.assertEqual((text.text, binary.binary, close.code, close.reason, ping.binary), ("t", b"\x00\xff", 4000, "r", b"\x00"))
        self.assertEqual((extended.headers, extended.protocols), ({"a": ["b"]}, ["s"]))

    def test_nonsense(self):
        for value in [b"x", [], {}, {"connectionId": 1, "events": []}, {"connectionId": "c"}, {"connectionId": "c", "events": [{"type": "TEXT"}]},
                      {"connectionId": "c", "events": [{"type": "BINARY", "data": "%"}]}, {"connectionId": "c", "events": [{"type": "BINARY"}]}]:
            with self.subTest(value=value), self.assertRaises(holdfast.PayloadError):
                parse_slip(slip(value))
