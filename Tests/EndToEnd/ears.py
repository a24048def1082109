"""Many clients on many channels, heard in the background: what each got, and when."""

import select
import threading
import time
import urllib.parse

from crowd import Crowd, frames_in
from rawsocket import TEXT


class Ears:
    """Clients of one gateway, each on some channels. `heard` has (moment, text) of all in the order in which each client got them."""

    def __init__(self, gateway, groups):
        self.crowds = []
        self.heard = []
        self._buffers = {}
        for channels in groups:
            crowd = Crowd(gateway, 1)
            self.crowds.append(crowd)
            crowd.send(_request(channels))
            [head] = crowd.read_until(lambda data: b"\r\n\r\n" in data and b"on" in data.partition(b"\r\n\r\n")[2])
            assert head.startswith(b"HTTP/1.1 101 "), head
            # What has come behind the greeting.
            frames, rest = frames_in(head.partition(b"\r\n\r\n")[2])
            assert frames[0] == (TEXT, b"on"), frames
            [one] = crowd.sockets
            self._buffers[one.fileno()] = bytearray(head.partition(b"\r\n\r\n")[2][rest:])
            self.heard += [(time.monotonic(), payload.decode()) for _, payload in frames[1:]]
        self._sockets = {one.fileno(): one for crowd in self.crowds for one in crowd.sockets}
        self._done = threading.Event()
        self.ended = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        with select.epoll() as poll:
            for number in self._sockets:
                poll.register(number, select.EPOLLIN)
            while not self._done.is_set():
                for number, _ in poll.poll(0.1):
                    try:
                        data = self._sockets[number].recv(1 << 18)
                    except OSError:
                        data = b""
                    if not data:
                        poll.unregister(number)
                        self.ended += 1
                        continue
                    self._take(number, data)

    def _take(self, number, data):
        buffer = self._buffers[number]
        buffer += data
        frames, rest = frames_in(buffer)
        del buffer[:rest]
        now = time.monotonic()
        self.heard += [(now, payload.decode()) for opcode, payload in frames if opcode == TEXT]

    def close(self):
        self._done.set()
        self._thread.join(5)
        for crowd in self.crowds:
            crowd.close()


def _request(channels):
    query = urllib.parse.urlencode([("c", channel) for channel in channels])
    head = [f"GET /?{query} HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    return "\r\n".join([*head, "", ""]).encode()
