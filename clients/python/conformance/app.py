# SPDX-License-Identifier: Apache-2.0
"""The app that Tests/EndToEnd/test_clients.py plays with: every function of the library, asked for over the WebSocket."""

import base64
import json
import os
import pathlib
import sys
import time
from socketserver import ThreadingMixIn
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import holdfast_app as holdfast  # noqa: E402

SLIP = os.environ.get("DIALECT") == "slip"
SECRETS = os.environ.get("SECRETS", "").split()
OPTIONS = {"secret": SECRETS} if SECRETS else {"verify": False}


def control(wrong):
    if SLIP:
        return holdfast.SlipControl(os.environ["CONTROL"], secret="wrong" if wrong else os.environ["CONTROL_SECRET"])
    return holdfast.Control(os.environ["CONTROL"], token="wrong" if wrong else os.environ.get("CONTROL_TOKEN") or None)


def message(command):
    return command["text"] * command.get("repeat", 1) if "text" in command else base64.b64decode(command["base64"])


def end(command):
    return {"code": command.get("code"), "reason": command.get("reason")}


def build(command):
    actions = holdfast.Actions()
    for each in command["actions"]:
        what = each["do"]
        if what == "send":
            actions.send(message(each), to=each["to"])
        elif what == "publish":
            actions.publish(each["channel"], message(each))
        elif what == "close":
            actions.close(to=each["to"], **end(each))
        elif what == "subscribe":
            actions.subscribe(each["channel"], to=each["to"])
        elif what == "setState":
            actions.set_state(each["state"], to=each["to"])
    return actions


def publish(api, c):
    if SLIP:
        return api.publish(c["channel"], message(c))
    return api.publish(c["channel"], message(c), id=c.get("id"), except_=c.get("except"))._asdict()


CALLS = {
    "publish": publish,
    "send": lambda api, c: api.send(c["to"], c["text"]),
    "close": lambda api, c: api.close(c["to"], **end(c)),
    "subscribe": lambda api, c: api.subscribe(c["to"], c["channel"]),
    "unsubscribe": lambda api, c: api.unsubscribe(c["to"], c["channel"]),
    "setState": lambda api, c: api.set_state(c["to"], c["state"]),
    "setMetadata": lambda api, c: api.set_metadata(c["to"], c["metadata"]),
    "closeChannel": lambda api, c: api.close_channel(c["channel"], **end(c)),
    "connections": lambda api, c: [each["id"] for each in api.connections(channel=c.get("channel"))],
    "connection": lambda api, c: {name: api.connection(c["to"])[name] for name in ("id", "state", "channels")},
    "channels": lambda api, c: list(api.channels()),
    "channel": lambda api, c: api.channel(c["channel"]),
    "subscribers": lambda api, c: list(api.subscribers(c["channel"])),
    "perform": lambda api, c: [{k: v for k, v in each.items() if k in ("status", "delivered")} for each in api.perform(build(c))],
}


def call(command):
    try:
        result = CALLS[command["call"]](control(command.get("wrongToken")), command)
        return {"result": None if SLIP else result}
    except holdfast.ControlError as error:
        return {"error": error.code, "status": error.status, "detail": error.detail}


def carry_out(command, connection, answer):
    what, channel = command["do"], command.get("channel")
    if what == "who":
        batch = len(answer.webhook.events)
        if SLIP:
            answer.send(holdfast.json({"id": connection.id, "state": connection.metadata, "batch": batch}))
        else:
            names = ("id", "state", "channels", "path", "query", "protocol")
            answer.send(holdfast.json({**{name: getattr(connection, name) for name in names}, "batch": batch}))
    elif what == "echo":
        answer.send(holdfast.json({"echo": command["value"]}))
    elif what == "state" and SLIP:
        answer.set_metadata(command["state"]).send(holdfast.json({"state": connection.metadata}))
    elif what == "state":
        answer.set_state(command["state"]).send(holdfast.json({"state": connection.state}))
    elif what in ("subscribe", "unsubscribe"):
        getattr(answer, what)(channel).send(holdfast.json({"done": True} if SLIP else {"channels": connection.channels}))
    elif what == "publish":
        answer.publish(channel, command["text"], **({"except_": connection.id} if command.get("others") else {}))
    elif what == "publishBinary":
        answer.publish(channel, base64.b64decode(command["base64"]))
    elif what == "tell":
        answer.send(command["text"], to=command["to"])
    elif what == "close":
        answer.close(to=command.get("to"), **end(command))
    elif what == "closeChannel":
        answer.close_channel(channel, **end(command))
    elif what == "wait":
        time.sleep(command["ms"] / 1000)
    elif what == "throw":
        raise RuntimeError("as asked for")
    elif what == "control":
        answer.send(holdfast.json(call(command)))


def let_in(event, connection, answer):
    client, verified = event.headers.get("x-client", [None])[0], answer.webhook.verified
    if SLIP:
        if "x-reject" in event.headers:
            answer.close(status=int(event.headers["x-reject"][0]), reason="no: ü")
            return
        answer.accept(protocol=event.protocols[-1] if event.protocols else None).set_metadata({"user": "slip"})
        answer.send(holdfast.json({"welcome": connection.id, "user": "slip", "client": client, "verified": verified}))
        return
    query = {name: values[0] for name, values in parse_qs(connection.query).items()}
    if "reject" in query:
        answer.reject(status=int(query["reject"]), headers={"content-type": "text/plain", "x-reason": "conformance"}, body="no: ü")
        return
    answer.accept(protocol=query.get("protocol"), headers={"x-conformance": "yes"}).set_state({"user": query.get("user", "nobody")})
    welcome = {"welcome": connection.id, "user": connection.state["user"], "client": client, "protocols": event.protocols, "verified": verified}
    answer.send(holdfast.json(welcome))


@(holdfast.slip_handler if SLIP else holdfast.handler)(**OPTIONS)
def hook(event, connection, answer):
    if event.type == "open":
        let_in(event, connection, answer)
    elif event.type == "close":
        how = {"code": event.code, "reason": event.reason, **({} if SLIP else {"clean": event.clean})}
        answer.publish("ends", holdfast.json({"ended": connection.id, **how}))
    elif event.binary is not None:
        answer.send(event.binary)
    elif not event.text.startswith("{"):
        answer.send(event.text)
    else:
        carry_out(json.loads(event.text), connection, answer)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    make_server("127.0.0.1", int(os.environ["PORT"]), holdfast.wsgi(hook), Server, Quiet).serve_forever()
