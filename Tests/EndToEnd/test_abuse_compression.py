"""Abuse of permessage-deflate: small messages that would be huge, bytes that are no compressed message, marks where they must not be."""

import random
import zlib

import pytest

from abuse import CONNECTION, GIB, KIB, MIB, SLACK, others_served, stage  # noqa: F401
from app import held_by, reply
from crowd import Crowd, Flood, close_code_in, raw_frame
from eventually import eventually_blocking
from rawsocket import BINARY, CLOSE, PING, PONG, TEXT, RawClient, handshake

OFFER = {"sec_websocket_extensions": "permessage-deflate"}
COMPRESSED, CONTINUATION = 4, 0  # RSV1 as the highest of the three reserved bits.
LIMIT = MIB  # The default of maxMessageBytes.
TAIL = b"\x00\x00\xff\xff"


def deflated(data, level=9):
    """A message's compressed form: without the tail that each would have (RFC 7692, section 7.2.1)."""
    maker = zlib.compressobj(level, zlib.DEFLATED, -15)
    return (maker.compress(data) + maker.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


def zeros(size):
    """The compressed form of so many MiB of zeros: the same piece again and again, each of which stands alone."""
    maker = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = maker.compress(bytes(MIB)) + maker.flush(zlib.Z_FULL_FLUSH)
    return piece * (size // MIB)


ZEROS_1_GIB = zeros(GIB)
assert len(ZEROS_1_GIB) < LIMIT + LIMIT // 8, "a bomb that is as large as what it destroys"


def fragmented(kind, data, size):
    pieces = [data[place:place + size] for place in range(0, len(data), size)]
    frames = [raw_frame(CONTINUATION, piece, fin=False) for piece in pieces]
    frames[0] = raw_frame(kind, pieces[0], fin=False, reserved=COMPRESSED)
    return b"".join(frames) + raw_frame(CONTINUATION, b"")


@pytest.fixture
def agreed(stage):
    """A gateway, and how it stands once a few have used compression, whose decompressor each event loop makes when it is first needed."""
    gateway, footing = stage()
    with Crowd(gateway, 8) as crowd:
        crowd.open(**OFFER).send(raw_frame(TEXT, deflated(b"hello"), reserved=COMPRESSED)).read_until(lambda data: data.endswith(b"\x81\x05hello"))
    footing.left_alone()
    return gateway, footing


# Bombs

BOMBS = {
    "in one frame": raw_frame(BINARY, ZEROS_1_GIB, reserved=COMPRESSED),
    "in fragments": fragmented(BINARY, ZEROS_1_GIB, 1000),
    "as a text": raw_frame(TEXT, ZEROS_1_GIB, reserved=COMPRESSED),
    "one byte more than allowed": raw_frame(BINARY, deflated(bytes(LIMIT + 1)), reserved=COMPRESSED),
    "sixteen times what is allowed": raw_frame(BINARY, deflated(bytes(16 * LIMIT)), reserved=COMPRESSED),
    "in itself": raw_frame(BINARY, deflated(deflated(bytes(GIB // 8)) * 400 + bytes(LIMIT)), reserved=COMPRESSED),
}


@pytest.mark.parametrize("case", BOMBS)
def test_bomb(agreed, app, case):
    gateway, footing = agreed
    bomb, heard = BOMBS[case], len(app.events("message"))
    with others_served(gateway):
        for _ in range(3):
            with Crowd(gateway, 10) as crowd:
                codes = [close_code_in(data) for data in crowd.open(**OFFER).try_send(bomb).endings()]
            # The gateway hangs up in the middle of the longer ones, and a reset can cost the client the frame that says why.
            assert set(codes) <= {1009, None} and 1009 in codes, codes
    eventually_blocking(lambda: len(app.events("close")) == len(app.ids()), "the app hears of each end")
    assert [event["code"] for event in app.events("close")].count(1009) == 30
    assert all(event.get("text") in ("still there?", "hello") for event in app.events("message")[heard:]), "a bomb was handed to the app"
    # Ten at a time: of each what has come of the compressed form, at most 9/8 of the limit in a buffer that doubles; and one result on each loop.
    one = min(len(bomb), LIMIT * 9 // 8)
    footing.regained(growth=3 * SLACK, peak=3 * SLACK + 10 * (2 * one + CONNECTION) + 2 * 2 * LIMIT)
    # Thirty times one MiB of zeros: 1 ms each is the time to inflate it; the rest is for reading up to 36 MB of frames, and for the others.
    assert footing.cpu_spent() < 3, f"{footing.cpu_spent():.1f} s of work for 30 bombs"


def test_bomb_at_the_limit_is_a_message(agreed, app):
    gateway, footing = agreed
    app.behaviour = reply()
    with RawClient(gateway) as client:
        client.open(**OFFER)
        client.send(raw_frame(TEXT, deflated(b"0" * LIMIT), reserved=COMPRESSED))
        eventually_blocking(lambda: app.texts()[-1:] == ["0" * LIMIT], "it reaches the app")
    app.behaviour = app.healthy
    footing.regained(growth=3 * SLACK, peak=3 * SLACK + 8 * LIMIT)


def test_small_frames_that_inflate_to_the_limit_while_the_app_is_busy(agreed, app):
    gateway, footing = agreed
    gate = app.gate()
    held = held_by(gate)
    app.behaviour = lambda webhook: (held if webhook.connection["path"] == "/held" and "message" in webhook.types else app.healthy)(webhook)
    message = raw_frame(BINARY, deflated(bytes(LIMIT)), reserved=COMPRESSED)
    with Crowd(gateway, 4) as crowd:
        crowd.open("/held", **OFFER)
        # 60 of them are a few reads of the socket, and would be 60 MiB of events that wait, where queueBytes allows 1.
        crowd.send(message * 60)
        # The friendly clients come behind them.
        with others_served(gateway):
            eventually_blocking(lambda: sum(webhook.connection["path"] == "/held" and "message" in webhook.types for webhook in app.webhooks) >= 4,
                                "each has brought its first message to the app")
        gate.open()
        eventually_blocking(lambda: sum(webhook.connection["path"] == "/held" and "message" in webhook.types for webhook in app.webhooks) >= 8,
                            "each has brought what waited")
    largest = max(len(webhook.raw) for webhook in app.webhooks)
    # As the documents have it: a webhook is as large as queueBytes and one message at most, here in base64, and some facts around them.
    assert largest <= (LIMIT + LIMIT) * 4 // 3 + 4 * KIB, f"{60 * len(message)} bytes of one client made a webhook of {largest / MIB:.0f} MiB"
    # Each: the message in flight and the queue, 3 MiB, and a webhook made of it twice, in one buffer that grew out of another.
    footing.regained(growth=SLACK, peak=3 * SLACK + 4 * (3 + 2 * 3) * MIB)


def test_empty_blocks_to_the_limit(agreed):
    gateway, footing = agreed
    with RawClient(gateway) as client:
        client.open(**OFFER)
        # Stored blocks of no length, and compressed ones that are each the last of a stream: lawful, and none makes a byte.
        for block in (b"\x00" + TAIL, b"\x03\x00"):
            data = block * (LIMIT // len(block))
            client.send(raw_frame(BINARY, data, reserved=COMPRESSED) + raw_frame(PING, b"next"))
            frames = Flood(client).read_frames(until=lambda frame: frame[0] in (PONG, CLOSE))
            # A message of nothing, or too much of it to be one.
            if frames[-1][0] == CLOSE:
                assert int.from_bytes(frames[-1][1][:2], "big") in (1007, 1009), frames[-1]
                break
    footing.regained(growth=2 * SLACK)
    assert footing.cpu_spent() < 2, f"{footing.cpu_spent():.1f} s of work for messages of nothing"


# Bytes that are no compressed message

def noise(size):
    return random.Random(7).randbytes(size)


def before_the_beginning():
    """Refers to what was said before the message, where nothing was."""
    maker = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, b"remember this, for it is long enough")
    return (maker.compress(b"remember this, for it is long enough") + maker.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


SOUND = deflated(b"a text that is long enough to be compressed, a text that is long enough to be cut" * 20)
BROKEN = {
    "a block of no kind": b"\x07",
    "a block of no kind behind a sound one": SOUND + b"\x00" + TAIL + b"\x07\x07",
    "a stored block with a wrong length": b"\x00\x05\x00\x05\x00hello",
    "a distance beyond the beginning": before_the_beginning(),
    "codes that contradict each other": b"\x04\xff\xff\xff\xff\xff",
    "cut in half": SOUND[:len(SOUND) // 2],
    "cut by two bytes": SOUND[:-2],
    "noise": b"\x06" + noise(3000),
    "a zlib stream": zlib.compress(b"hello" * 100),
    "a gzip stream": b"\x1f\x8b\x08\x00" + zlib.compress(b"hello" * 100),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_compressed_message_is_1007(agreed, app, case):
    gateway, footing = agreed
    heard = len(app.events("message"))
    with Crowd(gateway, 20) as crowd:
        crowd.open(**OFFER)
        with others_served(gateway):
            codes = [close_code_in(data) for data in crowd.send(raw_frame(BINARY, BROKEN[case], reserved=COMPRESSED)).endings()]
    assert codes == [1007] * 20
    assert not [event for event in app.events("message")[heard:] if "base64" in event], "what could not be read was handed to the app"
    # One inflater serves many connections: what one client broke must not be there for the next.
    after_a_broken_one_others_are_read(gateway)
    footing.regained(growth=SLACK + 20 * CONNECTION)


def after_a_broken_one_others_are_read(gateway):
    with Crowd(gateway, 8) as crowd:
        heard = crowd.open(**OFFER).send(raw_frame(TEXT, deflated(b"sound"), reserved=COMPRESSED)).read_until(lambda data: data.endswith(b"sound"))
    assert all(data.endswith(b"\x81\x05sound") for data in heard)


def test_noise_by_the_hundred(agreed, app):
    gateway, footing = agreed
    generator = random.Random(1)
    with others_served(gateway):
        for _ in range(6):
            with Crowd(gateway, 50) as crowd:
                crowd.open(**OFFER)
                for one in crowd.sockets:
                    one.sendall(raw_frame(TEXT, generator.randbytes(generator.randrange(1, 300)), reserved=COMPRESSED) + raw_frame(CLOSE))
                # By chance it may be a message; then the close behind it is answered.
                assert {close_code_in(data) for data in crowd.endings()} <= {1007, 1005}
    after_a_broken_one_others_are_read(gateway)
    footing.regained(growth=SLACK + 100 * CONNECTION)


def test_inflated_text_must_be_utf8(agreed):
    gateway, footing = agreed
    for text in (b"\xff", b"a" * 5000 + b"\xc3", b"\xed\xa0\x80"):
        with RawClient(gateway) as client:
            client.open(**OFFER).send(raw_frame(TEXT, deflated(text), reserved=COMPRESSED))
            assert client.close_frame()[0] == 1007
    footing.regained(growth=SLACK)


# Marks where they must not be

MARKS = {
    "a ping": raw_frame(PING, b"x", reserved=COMPRESSED),
    "a pong": raw_frame(PONG, b"x", reserved=COMPRESSED),
    "a close": raw_frame(CLOSE, (1000).to_bytes(2, "big"), reserved=COMPRESSED),
    "a continuation of a compressed message": raw_frame(TEXT, SOUND[:5], fin=False, reserved=COMPRESSED)
    + raw_frame(CONTINUATION, SOUND[5:], reserved=COMPRESSED),
    "a continuation of a plain message": raw_frame(TEXT, b"he", fin=False) + raw_frame(CONTINUATION, SOUND, reserved=COMPRESSED),
    "RSV2": raw_frame(TEXT, SOUND, reserved=2),
    "RSV1 and RSV3": raw_frame(TEXT, SOUND, reserved=COMPRESSED | 1),
}


@pytest.mark.parametrize("case", MARKS)
def test_mark_where_it_must_not_be_is_1002(agreed, case):
    gateway, footing = agreed
    with Crowd(gateway, 10) as crowd:
        codes = [close_code_in(data) for data in crowd.open(**OFFER).send(MARKS[case]).endings()]
    assert codes == [1002] * 10
    footing.regained(growth=SLACK + 10 * CONNECTION)


def test_compressed_message_that_was_not_agreed_on_is_1002(agreed):
    gateway, footing = agreed
    with Crowd(gateway, 10) as crowd:
        codes = [close_code_in(data) for data in crowd.open().send(raw_frame(TEXT, SOUND, reserved=COMPRESSED)).endings()]
    assert codes == [1002] * 10
    footing.regained(growth=SLACK + 10 * CONNECTION)


def test_offers_by_the_thousand(stage):
    gateway, footing = stage()
    offers = ", ".join(f"permessage-deflate; client_max_window_bits={bits}; unknown=1" for bits in range(8, 150))
    with others_served(gateway), Crowd(gateway, 200) as crowd:
        crowd.send(handshake(sec_websocket_extensions=offers))
        heads = crowd.read_until(lambda data: b"\r\n\r\n" in data)
    assert all(head.startswith(b"HTTP/1.1 101 ") and b"sec-websocket-extensions" not in head.lower() for head in heads)
    footing.regained(growth=SLACK + 200 * (CONNECTION + 16 * KIB))
