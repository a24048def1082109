"""A raw client that compresses and inflates as permessage-deflate has it (RFC 7692), and sees the bytes that really travel."""

import dataclasses
import random
import struct
import zlib

from rawsocket import BINARY, CLOSE, TEXT, RawClient, frame, handshake

CONTINUATION = 0
PLAIN_OFFER = "permessage-deflate"
TAKEOVER = ["--compression-context-takeover", "true"]  # The gateway's flags for it.
COMPRESSED = 4  # RSV1, as `reserved` in `frame`.
TAIL = b"\x00\x00\xff\xff"
STEP = 64


def parsed(answer):
    """The parameters of an answer that takes permessage-deflate, or None where there is no answer. Insists on its form."""
    if answer is None:
        return None
    name, *parameters = [part.strip() for part in answer.split(";")]
    assert name == "permessage-deflate" and "," not in answer, answer
    found = {key: value or None for key, _, value in (parameter.partition("=") for parameter in parameters)}
    assert len(found) == len(parameters), f"a parameter twice: {answer}"
    return found


@dataclasses.dataclass
class Message:
    opcode: int
    data: bytes
    was_compressed: bool
    on_the_wire: int  # The length of the frame's payload as it came.


class Compressor:
    """What a client does to its messages before they travel."""

    def __init__(self, bits=15, keeps_context=False, level=6):
        self._bits, self._keeps, self._level = bits, keeps_context, level
        self._stream = None

    def __call__(self, data):
        if not (self._stream and self._keeps):
            self._stream = zlib.compressobj(self._level, zlib.DEFLATED, -self._bits)
        made = self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)
        assert made.endswith(TAIL)
        return made[:-4]


deflated = Compressor()


class DeflateClient(RawClient):
    """Keeps to what was agreed on, and insists that the gateway does."""

    def agree(self, offer=PLAIN_OFFER, path="/"):
        """Shakes hands with this offer, and insists on an agreement."""
        response = self.send(handshake(path, sec_websocket_extensions=offer)).response()
        assert response.status == 101, response
        self.answer = response.header("sec-websocket-extensions")
        self.agreed = parsed(self.answer)
        assert self.agreed is not None, f"{offer} was declined"
        bits = int(self.agreed.get("client_max_window_bits") or 15)
        self.compress = Compressor(max(bits, 9), "client_no_context_takeover" not in self.agreed)
        self._inflater = None
        return self

    def send_message(self, data, opcode=None, pieces=1):
        """One message, compressed, in so many fragments."""
        data, opcode = (data.encode(), opcode or TEXT) if isinstance(data, str) else (data, opcode or BINARY)
        return self.send(b"".join(fragments(self.compress(data), pieces, opcode)))

    def message(self):
        """The next message, inflated with the window that was agreed on and no larger one."""
        first, second = self._take(2)
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(self._take(2 if length == 126 else 8), "big")
        payload = self._take(length)
        opcode, reserved = first & 0x0F, first >> 4 & 7
        assert first & 0x80, "the gateway fragmented a message"
        assert reserved in (0, COMPRESSED), f"reserved bits {reserved:03b}"
        if not reserved:
            return Message(opcode, payload, False, length)
        assert opcode in (TEXT, BINARY), f"a compressed frame with opcode {opcode}"
        return Message(opcode, self._inflate(payload), True, length)

    def text(self):
        """The next message, which must be a text."""
        message = self.message()
        assert message.opcode == TEXT, message
        return message.data.decode()

    def _inflate(self, payload):
        if "server_no_context_takeover" in self.agreed or not self._inflater:
            self._inflater = zlib.decompressobj(-int(self.agreed.get("server_max_window_bits") or 15))
        made, rest = [], payload + TAIL
        # In small steps: zlib then sees no more of what came before than the window holds, and notices what refers further back.
        while not made or rest or len(made[-1]) == STEP:
            made.append(self._inflater.decompress(rest, STEP))
            rest = self._inflater.unconsumed_tail
        return b"".join(made)

    def close_code(self):
        """Reads on until a close frame comes, and returns its code."""
        while (message := self.message()).opcode != CLOSE:
            pass
        return struct.unpack("!H", message.data[:2])[0]


def noise(length, seed=0):
    """Text that does not compress much within itself."""
    return "".join(random.Random(seed).choices("0123456789abcdef", k=length))


def fragments(payload, pieces, opcode=TEXT):
    """The frames of a compressed message: the first says that it is one, the others do not."""
    size = -(-len(payload) // pieces) or 1
    cuts = [payload[start:start + size] for start in range(0, size * pieces, size)]
    last = len(cuts) - 1
    return [
        frame(CONTINUATION if number else opcode, cut, fin=number == last, reserved=0 if number else COMPRESSED) for number, cut in enumerate(cuts)
    ]
