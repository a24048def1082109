"""Clients that mean harm: sockets by the hundred, floods of bytes, and frames that cost nothing to make."""

import contextlib
import select
import socket
import struct
import time

from rawsocket import CLOSE, handshake

BIND_ADDRESS_NO_PORT = 24  # Of ip(7), which Python 3.11 does not name.
RESET = struct.pack("ii", 1, 0)


# Frames that cost this process nothing: masked with zeros, which changes no byte and is as lawful as any other key.

def raw_frame(opcode, payload=b"", fin=True, reserved=0, announced=None, form=None):
    """One frame. `announced` is the length in its head, `form` the way in which that is written (7, 16 or 64 bits) if not the shortest."""
    length = len(payload) if announced is None else announced
    form = form or (7 if length < 126 else 16 if length < 65536 else 64)
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    if form == 7:
        head = struct.pack("!BB", first, 0x80 | length)
    elif form == 16:
        head = struct.pack("!BBH", first, 0x80 | 126, length)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, length)
    return head + bytes(4) + payload


def close_frame(code=1000):
    return raw_frame(CLOSE, code.to_bytes(2, "big"))


def frames_in(data):
    """The whole frames of a server at the start of some bytes, as (opcode, payload), and where the rest begins."""
    found, place, view = [], 0, memoryview(data)
    while len(data) - place >= 2:
        length, start = data[place + 1] & 0x7F, place + 2
        if length > 125:
            size = 2 if length == 126 else 8
            length, start = int.from_bytes(view[start:start + size], "big"), start + size
        if len(data) < start + length:
            break
        found.append((data[place] & 0x0F, bytes(view[start:start + length])))
        place = start + length
    view.release()
    return found, place


def close_code_in(data):
    """The code of the first close frame in what a client received after its handshake; None without one."""
    return next((int.from_bytes(payload[:2], "big") if payload else 1005 for opcode, payload in frames_in(data)[0] if opcode == CLOSE), None)


# Crowds and floods

class Crowd:
    """Many sockets of one process. All is done to each of them, and none waits for another."""

    def __init__(self, gateway, count, source=None, receive_buffer=None):
        self.sockets, self.gateway = [], gateway
        for _ in range(count):
            self.join(source, receive_buffer)

    def join(self, source=None, receive_buffer=None):
        """One more."""
        one = socket.socket()
        self.sockets.append(one)
        if receive_buffer:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            # The port is chosen when it connects: so each address has all ports for each gateway.
            one.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
            one.bind((source, 0))
        one.settimeout(10)
        one.connect(("127.0.0.1", self.gateway.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        for one in self.sockets:
            one.sendall(data)
        return self

    def try_send(self, data):
        """The same where the gateway may have hung up already."""
        for one in self.sockets:
            with contextlib.suppress(ConnectionError):
                one.sendall(data)
        return self

    def open(self, path="/", **options):
        """Shakes hands with all of them, and insists on 101."""
        self.send(handshake(path, **options))
        heads = self.read_until(lambda data: b"\r\n\r\n" in data)
        refused = [head for head in heads if not head.startswith(b"HTTP/1.1 101 ")]
        assert not refused, f"{len(refused)} of {len(heads)} were refused, for example {refused[0]!r}"
        return self

    def endings(self, within=10.0):
        """What each has received when the gateway has ended it; a reset counts as an end."""
        return self.read_until(lambda data: False, within)

    def read_until(self, enough, within=10.0):
        """Reads from all until `enough(data)` is true of what each has received, or it has ended. All must get there in time."""
        deadline = time.monotonic() + within
        data = {one.fileno(): b"" for one in self.sockets}
        by_number = {one.fileno(): one for one in self.sockets}
        poll = select.epoll()
        for number in data:
            poll.register(number, select.EPOLLIN)
        waiting = len(data)
        with poll:
            while waiting:
                assert time.monotonic() < deadline, f"{waiting} of {len(data)} sockets were not done within {within:g} s"
                for number, _ in poll.poll(0.1):
                    try:
                        piece = by_number[number].recv(65536)
                    except ConnectionError:
                        piece = b""
                    data[number] += piece
                    if not piece or enough(data[number]):
                        poll.unregister(number)
                        waiting -= 1
        return list(data.values())

    def half_close(self):
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_WR)
        return self

    def reset(self):
        """Ends all with a TCP reset."""
        for one in self.sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            one.close()

    def close(self):
        for one in self.sockets:
            one.close()


class Flood:
    """One socket that sends as fast as it can, and reads what comes back meanwhile, or does not."""

    def __init__(self, client, reads=True):
        self.socket, self.reads = getattr(client, "socket", client), reads
        self.sent, self.received, self.ended = 0, bytearray(), False

    def pour(self, piece, most, stalled=2.0, within=30.0):
        """Sends `piece` again and again: `most` bytes, or less when the gateway ends the connection or takes nothing for `stalled` seconds.

        Whole pieces are sent in any case but those. Returns whether all was taken.
        """
        self.socket.setblocking(False)
        deadline, progress = time.monotonic() + within, time.monotonic()
        view, place = memoryview(piece), 0
        poll = select.poll()
        poll.register(self.socket, select.POLLOUT | (select.POLLIN if self.reads else 0))
        while self.sent < most or place:
            now = time.monotonic()
            assert now < deadline, f"{self.sent} of {most} bytes were taken within {within:g} s"
            if now - progress > stalled:
                return False
            for _, events in poll.poll(100):
                if self.reads and events & select.POLLIN and not self._read():
                    return False
                if events & select.POLLOUT:
                    try:
                        count = self.socket.send(view[place:])
                    except BlockingIOError:
                        continue
                    except ConnectionError:
                        self.ended = True
                        return False
                    self.sent += count
                    place = (place + count) % len(piece)
                    progress = time.monotonic()
                elif events & (select.POLLHUP | select.POLLERR):
                    self.ended = True
                    return False
        return True

    def _read(self):
        """Takes what is there. Returns whether more can come."""
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return True
        except ConnectionError:
            data = b""
        self.received += data
        self.ended = self.ended or not data
        return not self.ended

    def read_frames(self, until, within=10.0):
        """Reads on until a frame comes for which `until(frame)` is true, and returns all frames, from the first that was received."""
        deadline, frames = time.monotonic() + within, []
        self.socket.settimeout(within)
        while True:
            new, rest = frames_in(self.received)
            del self.received[:rest]
            frames += new
            if any(map(until, new)):
                return frames
            assert time.monotonic() < deadline, f"{len(frames)} frames came within {within:g} s, but not the one that was waited for"
            data = self.socket.recv(1 << 18)
            assert data, f"the connection ended after {len(frames)} frames"
            self.received += data

    def read_to_end(self, within=10.0):
        """Reads on until the gateway ends the connection, and returns all that came."""
        self.socket.settimeout(within)
        with contextlib.suppress(ConnectionError):
            while data := self.socket.recv(1 << 18):
                self.received += data
        self.ended = True
        return bytes(self.received)
