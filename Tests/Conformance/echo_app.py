"""The app behind the gateway: it sends each message back as it came, text as text and binary as binary, in order.

python3 echo_app.py prints its port, and serves until it is ended. The suite waits for thousands of answers one after the other, so this
is as little HTTP as the gateway's webhooks need: requests have a content-length, and connections are kept.
"""

import asyncio
import json
import re

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+) *\r\n", re.IGNORECASE)


def answer(webhook):
    """The body of the answer to one webhook."""
    actions = []
    for event in json.loads(webhook)["events"]:
        if event["type"] == "message":
            kind = "text" if "text" in event else "base64"
            actions.append({"type": "send", kind: event[kind]})
    return json.dumps({"actions": actions}, ensure_ascii=False).encode()


class EchoApp(asyncio.Protocol):
    """One HTTP connection."""

    def connection_made(self, transport):
        self.transport = transport
        self.received = bytearray()
        # How long the head and the whole request are, once the head is complete.
        self.head = self.whole = None

    def data_received(self, data):
        self.received += data
        while self.is_complete():
            body = answer(bytes(self.received[self.head:self.whole]))
            del self.received[:self.whole]
            self.head = self.whole = None
            self.transport.writelines([b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body), body])

    def is_complete(self):
        if self.head is None:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.head = end + 4
            self.whole = self.head + int(LENGTH.search(self.received, 0, self.head)[1])
        return len(self.received) >= self.whole


async def main():
    server = await asyncio.get_running_loop().create_server(EchoApp, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
