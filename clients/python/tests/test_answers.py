# SPDX-License-Identifier: Apache-2.0
import json
import unittest

import holdfast_app as holdfast
from tests.sign import OPEN, TEXT, signed, webhook


def answer_to(*events):
    return holdfast.parse(*signed(webhook(list(events), state={"user": "ann"}, channels=["a"])), verify=False).answer()


def slip_answer_to(*events):
    return holdfast.parse_slip({}, json.dumps({"connectionId": "c", "metadata": {"a": 1}, "events": list(events)}).encode(), verify=False).answer()


def said(answer):
    [actions] = json.loads(answer.body).values()
    return actions


class Answers(unittest.TestCase):
    def test_all_actions_in_order(self):
        answer = answer_to(OPEN)
        self.assertIs(answer.accept(protocol="a", headers={"set-cookie": ["a=1", "b=2"]}), answer)
        (answer.send("t").send(b"\x00\xff", to="x").send(holdfast.json({"a": [None]})).close().close(code=4000, reason="r", to="x").subscribe("c")
            .unsubscribe("c", to="x").publish("c", "t").publish("c", bytearray(), except_=["x"], id="i").close_channel("c", code=4001)
            .set_state({"a": "1", "b": None}).dial("wss://x.example/", protocols=["p"], headers={"a": "b"}, state={"c": "d"}, reconnect=True))
        self.assertEqual(said(answer), [
            {"type": "accept", "protocol": "a", "headers": {"set-cookie": ["a=1", "b=2"]}}, {"type": "send", "text": "t"},
            {"type": "send", "base64": "AP8=", "to": "x"}, {"type": "send", "text": '{"a":[null]}'}, {"type": "close"},
            {"type": "close", "code": 4000, "reason": "r", "to": "x"}, {"type": "subscribe", "channel": "c"},
            {"type": "unsubscribe", "channel": "c", "to": "x"}, {"type": "publish", "channel": "c", "text": "t"},
            {"type": "publish", "channel": "c", "base64": "", "except": ["x"], "id": "i"}, {"type": "closeChannel", "channel": "c", "code": 4001},
            {"type": "setState", "state": {"a": "1", "b": None}},
            {"type": "dial", "url": "wss://x.example/", "protocols": ["p"], "headers": {"a": "b"}, "state": {"c": "d"}, "reconnect": True},
        ])

    def test_as_a_response(self):
        answer = answer_to(OPEN).reject(status=418, headers={"a": "b"}, body="ü")
        self.assertEqual((answer.status, answer.headers), (200, {"content-type": "application/json"}))
        self.assertEqual(answer.body, '{"actions":[{"type":"reject","status":418,"headers":{"a":"b"},"body":"ü"}]}'.encode())
        self.assertEqual(answer_to(TEXT).body, b'{"actions":[]}')

    def test_the_connection_follows_the_answer_but_only_its_own(self):
        answer = answer_to(TEXT)
        answer.set_state({"user": None, "n": "1"}).set_state({"n": "2"}, to="x").set_state({"m": "3"}, to="n1.0.x")
        answer.subscribe("b").subscribe("b").subscribe("x", to="x").unsubscribe("a").unsubscribe("never")
        self.assertEqual((answer.webhook.connection.state, answer.webhook.connection.channels), ({"n": "1", "m": "3"}, ["b"]))

    def test_what_was_said_does_not_change_with_what_it_was_made_of(self):
        answer, state = answer_to(TEXT), {"a": "1"}
        answer.send(holdfast.json(answer.webhook.connection.state)).set_state(state)
        state["a"] = "2"
        self.assertEqual(said(answer), [{"type": "send", "text": '{"user":"ann"}'}, {"type": "setState", "state": {"a": "1"}}])

    def test_mistakes_are_refused_where_they_are_made(self):
        for event, make in [
            (TEXT, lambda a: a.accept()), (TEXT, lambda a: a.reject()), (OPEN, lambda a: a.accept().accept()), (OPEN, lambda a: a.accept().reject()),
            (OPEN, lambda a: a.reject().accept()), (OPEN, lambda a: a.reject(status=200)), (OPEN, lambda a: a.reject(status=600)),
            (TEXT, lambda a: a.send(1)), (TEXT, lambda a: a.send({})), (TEXT, lambda a: a.send(None)), (TEXT, lambda a: a.publish("c", None)),
            (TEXT, lambda a: holdfast.json({1, 2})), (TEXT, lambda a: holdfast.json(float("nan"))), (TEXT, lambda a: a.close(code=1002)),
            (TEXT, lambda a: a.close(code=1005)), (TEXT, lambda a: a.close(code=5000)), (TEXT, lambda a: a.close(code="1000")),
            (TEXT, lambda a: a.close(code=True)), (TEXT, lambda a: a.close(reason="ü" * 62)), (TEXT, lambda a: a.close_channel("c", reason=1)),
            (TEXT, lambda a: a.subscribe(None)), (TEXT, lambda a: a.subscribe("")), (TEXT, lambda a: a.publish("x" * 257, "t")),
            (TEXT, lambda a: a.unsubscribe("a\nb")), (TEXT, lambda a: a.set_state({"a": 1})), (TEXT, lambda a: a.set_state({1: "a"})),
            (TEXT, lambda a: a.set_state([])), (TEXT, lambda a: a.set_state(None)), (TEXT, lambda a: a.send("t", to="")),
            (TEXT, lambda a: a.publish("c", "t", id="")), (TEXT, lambda a: a.publish("c", "t", except_=[1])), (TEXT, lambda a: a.dial("http://x")),
            (TEXT, lambda a: holdfast.Actions().send("t")), (TEXT, lambda a: holdfast.Actions().close()),
        ]:
            with self.assertRaises(holdfast.AnswerError):
                make(answer_to(event))

    def test_the_limits_themselves_are_allowed(self):
        answer = answer_to(TEXT)
        for code in (1000, 1001, 1003, 1007, 1014, 3000, 4999):
            answer.close(code=code)
        answer.close(reason="x" * 123).subscribe("ü" * 128)
        self.assertEqual(len(answer), 9)


class SlipAnswers(unittest.TestCase):
    open = {"type": "OPEN", "connectionId": "c"}
    text = {"type": "TEXT", "connectionId": "c", "data": "t"}

    def test_all_actions(self):
        answer = slip_answer_to(self.text)
        (answer.send("t").send_text("u", to="x").send_binary(b"\x00\xff").send(holdfast.json([1])).close().close(code=4000, reason="r", to="x")
            .subscribe("s").unsubscribe("s").set_metadata({"deep": [1]}).set_metadata(None, to="x").publish("s", "t").publish("s", b"\x00")
            .close_channel("s"))
        own = {"connectionId": "c"}
        self.assertEqual(said(answer), [
            {"type": "TEXT", **own, "data": "t"}, {"type": "TEXT", "connectionId": "x", "data": "u"}, {"type": "BINARY", **own, "data": "AP8="},
            {"type": "TEXT", **own, "data": "[1]"}, {"type": "CLOSE", **own}, {"type": "CLOSE", "connectionId": "x", "code": 4000, "reason": "r"},
            {"type": "SUBSCRIBE", **own, "channel": "s"}, {"type": "UNSUBSCRIBE", **own, "channel": "s"},
            {"type": "SET_METADATA", **own, "metadata": {"deep": [1]}}, {"type": "SET_METADATA", "connectionId": "x", "metadata": None},
            {"type": "PUBLISH_TEXT", "channelId": "s", "data": "t"}, {"type": "PUBLISH_BINARY", "channelId": "s", "data": "AA=="},
            {"type": "CLOSE_CHANNEL", "channelId": "s"},
        ])
        self.assertEqual(answer.webhook.connection.metadata, {"deep": [1]})

    def test_an_open_is_accepted_first_of_all_unless_it_is_closed(self):
        types = lambda answer: [event["type"] for event in said(answer)]  # noqa: E731
        self.assertEqual(said(slip_answer_to(self.open)), [{"type": "ACCEPT", "connectionId": "c"}])
        self.assertEqual(types(slip_answer_to(self.open).set_metadata({}).accept().send("t")), ["ACCEPT", "SET_METADATA", "TEXT"])
        self.assertEqual(said(slip_answer_to(self.open).accept(protocol="p")), [{"type": "ACCEPT", "connectionId": "c", "subprotocol": "p"}])
        self.assertEqual(types(slip_answer_to(self.open).close()), ["CLOSE"])
        self.assertEqual(said(slip_answer_to(self.open).close(status=404)), [{"type": "CLOSE", "connectionId": "c", "status": 404}])
        self.assertEqual(types(slip_answer_to(self.open).accept().close()), ["ACCEPT", "CLOSE"])
        self.assertEqual(types(slip_answer_to(self.open).close(to="x")), ["ACCEPT", "CLOSE"])

    def test_mistakes(self):
        for event, make in [
            (self.text, lambda a: a.accept()), (self.text, lambda a: a.send_text(b"")), (self.text, lambda a: a.send_binary("t")),
            (self.text, lambda a: a.send(1)), (self.text, lambda a: a.set_metadata("x")), (self.text, lambda a: a.set_metadata([])),
            (self.text, lambda a: a.close(code=1)), (self.text, lambda a: a.publish("", "t")), (self.text, lambda a: a.close(status=404)),
            (self.text, lambda a: holdfast.SlipActions().send("t")), (self.open, lambda a: a.accept().accept()), (self.open, lambda a: a.close(status=200)),
            (self.open, lambda a: a.close(status=404, to="x")), (self.open, lambda a: a.close(status=404).accept().body),
        ]:
            with self.assertRaises(holdfast.AnswerError):
                make(slip_answer_to(event))
