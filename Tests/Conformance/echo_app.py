"""The app behind the gateway: it sends each message back as it came, text as text and binary as binary, in order.

python3 echo_app.py json, or unsocket, prints its port, and serves the dialect until it is ended. The suite waits for thousands of answers
one after the other, so this is as little HTTP as the gateway's webhooks need: requests have a content-length, and connections are kept.
"""

import asyncio
import json
import re
import sys
import urllib.parse

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+) *\r\n", re.IGNORECASE)


def json_answer(query, webhook):
    actions = []
    for event in json.loads(webhook)["events"]:
        if event["type"] == "message":
            kind = "text" if "text" in event else "base64"
            actions.append({"type": "send", kind: event[kind]})
    return {"actions": actions}


def unsocket_answer(query, webhook):
    """What to connect to is in the app's own URL, /?connect=ws://…: one app is enough for all gateways."""
    answers = []
    for message in json.loads(webhook)["messages"]:
        if message["type"] == "ready":
            answers.append({"type": "connect", "url": query["connect"][0]})
        elif message["type"] in ("text", "binary"):
            answers.append(message)
    return {"messages": answers}


DIALECTS = {"json": json_answer, "unsocket": unsocket_answer}


class EchoApp(asyncio.Protocol):
    """One HTTP connection."""

    def __init__(self, answer):
        self.answer = answer

    def connection_made(self, transport):
        self.transport = transport
        self.received = bytearray()
        # How long the head and the whole request are, once the head is complete.
        self.head = self.whole = None

    def data_received(self, data):
        self.received += data
        while self.is_complete():
            target = self.received.split(b" ", 2)[1].decode()
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)
            answer = self.answer(query, bytes(self.received[self.head:self.whole]))
            del self.received[:self.whole]
            self.head = self.whole = None
            body = json.dumps(answer, ensure_ascii=False).encode()
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
            self.transport.writelines([head, body])

    def is_complete(self):
        if self.head is None:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.head = end + 4
            self.whole = self.head + int(LENGTH.search(self.received, 0, self.head)[1])
        return len(self.received) >= self.whole


async def main(dialect):
    server = await asyncio.get_running_loop().create_server(lambda: EchoApp(DIALECTS[dialect]), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
