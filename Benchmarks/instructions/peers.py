"""Clients and the app of a gateway under measurement, as plain as can be: blocking sockets, one thing at a time."""

import base64
import http.client
import os
import socket
import struct
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, within=120):
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None:
                raise SystemExit(f"{process.args[0]}: ended before it listened on port {port}") from None
            time.sleep(0.05)
    raise SystemExit(f"{process.args[0]}: port {port} never opened")


def frame(text, mask=b"\x11\x22\x33\x44"):
    """A masked text frame."""
    payload = text.encode()
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else bytes([0x80 | 126]) + struct.pack("!H", len(payload))
    return b"\x81" + length + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


class Client:
    """A WebSocket client. It reads frames up to 64 KiB, one by one, whatever they are."""

    def __init__(self, port, headers=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /room HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                             + "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items()) + "\r\n").encode())
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            self._more()
        head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise SystemExit(f"no WebSocket: {head.decode(errors='replace')}")

    def _more(self):
        more = self.socket.recv(65536)
        if not more:
            raise SystemExit("the gateway closed a connection")
        self.bytes += more

    def send(self, frame):
        self.socket.sendall(frame)

    def receive(self):
        """The payload of the next frame."""
        while True:
            if len(self.bytes) >= 4 or len(self.bytes) >= 2 and self.bytes[1] < 126:
                length, start = (self.bytes[1], 2) if self.bytes[1] < 126 else (int.from_bytes(self.bytes[2:4], "big"), 4)
                if len(self.bytes) >= start + length:
                    payload, self.bytes = self.bytes[start:start + length], self.bytes[start + length:]
                    return payload
            self._more()

    def close(self):
        self.socket.close()


class Control:
    """Requests to a control API over one connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, method, path, body=None, kind="text/plain"):
        self.connection.request(method, path, body, {"Content-Type": kind} if body is not None else {})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
        return text


class Backend:
    """The load kit's app."""

    def __init__(self, program, mode, channel):
        self.port = free_port()
        self.process = subprocess.Popen([program, "-p", str(self.port), "-m", mode, "-c", channel], stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)

    def stop(self):
        self.process.kill()
        self.process.wait()
