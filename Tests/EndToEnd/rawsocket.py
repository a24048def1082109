"""A client that sends any bytes: for handshakes and frames that no decent library would send."""

import base64
import hashlib
import os
import socket
import struct

KEY = base64.b64encode(b"sixteen bytes ok").decode()
ACCEPT = base64.b64encode(hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def handshake(path="/", method="GET", version="HTTP/1.1", without=(), extra=(), **replaced):
    """An opening request. `without` names headers to leave out, `replaced` gives other values (`sec_websocket_key=...`)."""
    headers = {
        "host": "example.test", "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-key": KEY, "sec-websocket-version": "13",
    }
    headers.update({name.replace("_", "-"): value for name, value in replaced.items()})
    lines = [f"{name}: {value}" for name, value in headers.items() if name not in without]
    lines += [f"{name}: {value}" for name, value in extra]
    return "\r\n".join([f"{method} {path} {version}", *lines, "", ""]).encode()


def frame(opcode, payload=b"", fin=True, masked=True, reserved=0):
    """One frame as a client sends it."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head = struct.pack("!BB", first, bit | len(payload))
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, bit | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, bit | 127, len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        """The value of a header, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def __repr__(self):
        return f"Response({self.status}, {self.headers}, {self.body!r})"


class Ended(Exception):
    """The peer ended the connection."""


class RawClient:
    def __init__(self, gateway, within=10.0, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(within)
        self.socket.connect(("127.0.0.1", gateway.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            raise AssertionError(f"nothing came within {self.socket.gettimeout():g} s; so far: {self._read!r}") from None
        except ConnectionError as error:
            raise Ended(str(error)) from None
        if not data:
            raise Ended(f"end of stream; left over: {self._read!r}")
        self._read += data

    def _take(self, count):
        while len(self._read) < count:
            self._more()
        taken, self._read = self._read[:count], self._read[count:]
        return taken

    def readable(self, within):
        """Whether something arrives, or the peer ends the connection, within so many seconds."""
        if self._read:
            return True
        usual = self.socket.gettimeout()
        self.socket.settimeout(within)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
            return True
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        finally:
            self.socket.settimeout(usual)

    def response(self):
        """The next HTTP response."""
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, self._read = self._read.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        response = Response(status, headers, b"")
        if status != 101:
            length = response.header("content-length")
            response.body = self._take(int(length)) if length is not None else self._rest() if status not in (100, 204, 304) else b""
        return response

    def _rest(self):
        try:
            while True:
                self._more()
        except Ended:
            rest, self._read = self._read, b""
            return rest

    def frame(self):
        """The next frame: opcode and payload."""
        first, second = self._take(2)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack("!H", self._take(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self._take(8))[0]
        return first & 0x0F, self._take(length)

    def close_frame(self):
        """Reads frames until a close frame comes, and returns its code and reason."""
        while True:
            opcode, payload = self.frame()
            if opcode == CLOSE:
                return (struct.unpack("!H", payload[:2])[0] if payload else 1005), payload[2:].decode()

    def open(self, path="/", **options):
        """Shakes hands, and insists on 101."""
        response = self.send(handshake(path, **options)).response()
        assert response.status == 101, f"no upgrade: {response}"
        return self

    def has_ended(self):
        """Reads until the peer ends the connection; a timeout is an assertion."""
        self._rest()
        return True

    def close(self):
        """Closes the socket without a closing handshake."""
        self.socket.close()

    def reset(self):
        """Closes the socket with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
