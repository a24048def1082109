"""A chat room that holds no socket and remembers nothing: python3 app.py [port [address]]"""

import json, pathlib, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


def actions(connection, event):
    name = connection["state"].get("user") or parse_qs(connection.get("query") or "").get("name", ["guest"])[0]
    if event["type"] == "open":
        yield {"type": "setState", "state": {"user": name}}
        yield {"type": "subscribe", "channel": "lobby"}
        yield {"type": "publish", "channel": "lobby", "json": {"notice": f"{name} joined"}}
    elif event["type"] == "message" and "text" in event:
        yield {"type": "publish", "channel": "lobby", "json": {"from": name, "text": event["text"]}}
    elif event["type"] == "close":
        yield {"type": "publish", "channel": "lobby", "json": {"notice": f"{name} left"}}


class Chat(BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

    def do_GET(self):
        self.answer("text/html; charset=utf-8", pathlib.Path(__file__).with_name("chat.html").read_bytes())

    def do_POST(self):
        webhook = json.loads(self.rfile.read(int(self.headers["content-length"])))
        done = [action for event in webhook["events"] for action in actions(webhook["connection"], event)]
        self.answer("application/json", json.dumps({"actions": done}).encode())

    def answer(self, kind, body):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


arguments = dict(enumerate(sys.argv))
ThreadingHTTPServer((arguments.get(2, "127.0.0.1"), int(arguments.get(1, 3000))), Chat).serve_forever()
