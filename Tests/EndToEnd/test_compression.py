"""permessage-deflate (RFC 7692): what is agreed on, what may travel, and what ends a connection."""

import os
import zlib

import pytest

from app import base64_of, echo, for_type, held_by, reply
from client import connect, received
from deflateclient import COMPRESSED, CONTINUATION, PLAIN_OFFER, TAKEOVER, Compressor, DeflateClient, deflated, fragments, noise, parsed
from eventually import eventually, eventually_blocking, stays
from gateway import run
from rawsocket import BINARY, CLOSE, PING, PONG, TEXT, RawClient, frame, handshake

JOIN = reply(open=[{"type": "subscribe", "channel": "room"}], message=echo)
DEFAULT = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.fixture
def echoing(gateway, app):
    app.behaviour = JOIN
    return gateway


def answer_to(gateway, *offers):
    with RawClient(gateway) as client:
        response = client.send(handshake(extra=[("sec-websocket-extensions", offer) for offer in offers])).response()
    assert response.status == 101, response
    return response.header("sec-websocket-extensions")


# What is agreed on

ANSWERS = {
    "permessage-deflate": DEFAULT,
    "permessage-deflate; client_max_window_bits": DEFAULT,
    "permessage-deflate; client_max_window_bits=10": DEFAULT,
    "permessage-deflate; client_max_window_bits=8": DEFAULT,
    "permessage-deflate; client_max_window_bits=15": DEFAULT,
    "permessage-deflate; server_max_window_bits=10": DEFAULT + "; server_max_window_bits=10",
    "permessage-deflate; server_max_window_bits=9": DEFAULT + "; server_max_window_bits=9",
    'permessage-deflate; server_max_window_bits="10"': DEFAULT + "; server_max_window_bits=10",
    "permessage-deflate;server_max_window_bits=10": DEFAULT + "; server_max_window_bits=10",
    "permessage-deflate; client_max_window_bits; server_max_window_bits=10": DEFAULT + "; server_max_window_bits=10",
    "permessage-deflate; server_no_context_takeover": DEFAULT,
    "permessage-deflate; client_no_context_takeover": DEFAULT,
    "permessage-deflate; client_no_context_takeover; server_no_context_takeover; client_max_window_bits": DEFAULT,
    # The first offer that can be kept is taken (the examples of §7.1 and §5.1).
    "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits":
        DEFAULT + "; server_max_window_bits=10",
    "permessage-foo, permessage-bar; x=10, permessage-deflate": DEFAULT,
    "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10": DEFAULT + "; server_max_window_bits=10",
    "permessage-deflate; server_max_window_bits=8, permessage-deflate": DEFAULT,
    "permessage-deflate; tomorrow, permessage-deflate": DEFAULT,
    "permessage-deflate; server_max_window_bits=16, permessage-deflate; client_max_window_bits": DEFAULT,
    "permessage-deflate; client_max_window_bits=7, permessage-deflate; server_no_context_takeover": DEFAULT,
}


@pytest.mark.parametrize("offer", ANSWERS)
def test_answer(echoing, offer):
    assert answer_to(echoing, offer) == ANSWERS[offer]
    with DeflateClient(echoing) as client:
        client.agree(offer)
        for text in ("a" * 10_000, "hello"):
            client.send_message(text)
            assert client.text() == text


def test_offers_on_several_lines_are_one_list(gateway):
    assert answer_to(gateway, "permessage-deflate; server_max_window_bits=8", "permessage-deflate") == DEFAULT


def test_smaller_window_than_the_client_allows(gateway):
    """The client asks for at most 15; any window that zlib can do and that is no larger is an answer."""
    found = parsed(answer_to(gateway, "permessage-deflate; server_max_window_bits=15"))
    assert 9 <= int(found["server_max_window_bits"]) <= 15, found


WRONG_BITS = ["7", "16", "08", "010", "0", "-9", "1e1", "ten", "10.0"]
DECLINED = [
    "permessage-deflate; server_max_window_bits=8",  # zlib cannot.
    *(f"permessage-deflate; server_max_window_bits={bits}" for bits in WRONG_BITS),
    *(f"permessage-deflate; client_max_window_bits={bits}" for bits in WRONG_BITS),
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; client_no_context_takeover=true",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; client_max_window_bits; client_max_window_bits", "permessage-deflate; client_max_window_bits=10; client_max_window_bits=10",
    "permessage-deflate; server_max_window_bits=10; server_max_window_bits=11",
    "permessage-deflate; tomorrow", "permessage-deflate; tomorrow=1; server_max_window_bits=10", "permessage-deflate; max_window_bits=10",
    "permessage-bzip2", "x-webkit-deflate-frame", "permessage-deflated", "deflate",
]


@pytest.mark.parametrize("offer", DECLINED)
def test_offer_is_declined(echoing, offer):
    with RawClient(echoing) as client:
        response = client.send(handshake(sec_websocket_extensions=offer)).response()
        assert response.status == 101 and response.header("sec-websocket-extensions") is None, response
        client.send(frame(TEXT, b"y" * 1000))
        assert client.frame() == (TEXT, b"y" * 1000)


@pytest.mark.parametrize("offer", [
    "permessage-deflate;", "permessage-deflate; =10", "; server_max_window_bits=10", 'permessage-deflate; server_max_window_bits="10',
    "permessage-deflate; server_max_window_bits=", "permessage deflate", 'permessage-deflate; server_max_window_bits=""', "permessage-deflate; a b",
])
def test_broken_header_is_a_bad_request(gateway, app, offer):
    with RawClient(gateway) as client:
        response = client.send(handshake(sec_websocket_extensions=offer)).response()
    assert response.status == 400 and response.body.strip(), response
    assert not app.webhooks


def test_nothing_offered_nothing_answered(gateway):
    assert answer_to(gateway) is None


@pytest.mark.parametrize("how", ["flag", "route"])
def test_switched_off(serve, app, how):
    app.behaviour = JOIN
    if how == "flag":
        gateway = serve("--compression", "false")
    else:
        gateway = serve(config={"target": app.url, "routes": [{"path": "/", "compression": {"enabled": False}}, {"path": "/small"}]})
        with DeflateClient(gateway) as other:
            other.agree(path="/small").send_message("x" * 1000)
            assert other.message().was_compressed
    assert answer_to(gateway, PLAIN_OFFER) is None
    with RawClient(gateway) as client:
        client.open(sec_websocket_extensions=PLAIN_OFFER).send(frame(TEXT, b"x" * 1000))
        assert client.frame() == (TEXT, b"x" * 1000)


def test_settings_from_a_file(serve, app):
    app.behaviour = JOIN
    compression = {"threshold": "1KiB", "level": 9, "contextTakeover": True, "windowBits": 9}
    gateway = serve(config={"target": app.url, "compression": compression, "routes": [{"name": "all", "path": "/*"}]})
    with DeflateClient(gateway) as client:
        client.agree("permessage-deflate; server_max_window_bits=12")
        assert client.agreed == {"server_max_window_bits": "9"}, client.answer
        client.send_message("x" * 1023).send_message("x" * 1024)
        assert [client.message().was_compressed for _ in range(2)] == [False, True]


@pytest.mark.parametrize("flag, value", [
    ("--compression-level", "0"), ("--compression-level", "10"), ("--compression-level", "best"), ("--compression-window-bits", "8"),
    ("--compression-window-bits", "16"), ("--compression-threshold", "lots"), ("--compression", "perhaps"),
    ("--compression-context-takeover", "perhaps"),
])
def test_setting_that_is_no_value_refuses_to_start(app, flag, value):
    ended = run("serve", app.url, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", f"{flag}={value}")
    assert ended.returncode in (1, 64), ended
    assert value in ended.stderr and flag.removeprefix("--").split("-")[-1] in ended.stderr.lower(), ended.stderr


# Messages

SIZES = [0, 1, 125, 126, 127, 254, 255, 256, 257, 1000, 4095, 4096, 4097, 65_535, 65_536, 200_000]


@pytest.mark.parametrize("kind", ["text", "binary", "noise"])
def test_sizes(echoing, kind):
    with DeflateClient(echoing) as client:
        client.agree()
        for size in SIZES:
            data = {"text": b"abc" * size, "binary": bytes(range(256)) * (size // 256 + 1), "noise": os.urandom(size)}[kind][:size]
            client.send_message(data, TEXT if kind == "text" else BINARY)
            message = client.message()
            assert (message.opcode, message.data) == (TEXT if kind == "text" else BINARY, data), f"{size} bytes came back different"
            if kind == "text":
                assert message.was_compressed == (size >= 256), f"{size} bytes: compressed is {message.was_compressed}, the threshold is 256"
                assert message.on_the_wire <= size
            assert message.on_the_wire <= size + 64


def test_threshold(serve, app):
    app.behaviour = JOIN
    gateway = serve("--compression-threshold", "1000")
    with DeflateClient(gateway) as client:
        client.agree()
        for size, is_compressed in ((999, False), (1000, True)):
            gateway.publish("room", "z" * size)
            message = client.message()
            assert (message.data, message.was_compressed) == (b"z" * size, is_compressed)


def test_uncompressed_messages_are_welcome(echoing):
    with DeflateClient(echoing) as client:
        client.agree()
        client.send(frame(TEXT, b"plain " * 100)).send_message("squeezed " * 100).send(frame(TEXT, b"pla", fin=False) + frame(CONTINUATION, b"in"))
        assert [client.text() for _ in range(3)] == ["plain " * 100, "squeezed " * 100, "plain"]


# The examples of §7.2.3, as they stand there.
EXAMPLES = {
    "one frame": ("f248cdc9c90700", b"Hello"), "no compression": ("000500faff48656c6c6f00", b"Hello"),
    "a final block": ("f348cdc9c9070000", b"Hello"),
    "two blocks": ("f248050000 00ffffcac9c90700", b"Hello"), "empty": ("00", b""),
}


@pytest.mark.parametrize("case", EXAMPLES)
def test_example_of_the_rfc(echoing, app, case):
    payload, meant = EXAMPLES[case]
    with DeflateClient(echoing) as client:
        client.agree().send(frame(TEXT, bytes.fromhex(payload), reserved=COMPRESSED))
        assert client.message().data == meant
        client.send_message("and the next")
        assert client.text() == "and the next"
    assert app.texts() == [meant.decode(), "and the next"]


def test_shared_window_of_the_rfc(serve, app):
    app.behaviour = JOIN
    with DeflateClient(serve(*TAKEOVER)) as client:
        client.agree()
        for payload in ("f248cdc9c90700", "f200110000"):
            client.send(frame(TEXT, bytes.fromhex(payload), reserved=COMPRESSED))
            assert client.text() == "Hello"


@pytest.mark.parametrize("pieces", [2, 3, 50, 2000])
def test_fragments(echoing, pieces):
    text = "Zwölf Boxkämpfer " * 3 + noise(2000)
    with DeflateClient(echoing) as client:
        client.agree().send_message(text, pieces=pieces)
        assert client.text() == text


def test_ping_between_fragments(echoing):
    with DeflateClient(echoing) as client:
        client.agree()
        first, second, third = fragments(deflated(b"a" * 500 + bytes("ß", "utf-8") * 50), 3)
        client.send(first + frame(PING, b"one") + second + frame(PING, b"two") + third)
        assert [client.message().data for _ in range(2)] == [b"one", b"two"]
        assert client.text() == "a" * 500 + "ß" * 50


def test_bytes_may_come_one_by_one(echoing):
    with DeflateClient(echoing) as client:
        client.agree()
        for byte in b"".join(fragments(deflated(b"slowly " * 100), 3)):
            client.send(bytes([byte]))
        assert client.text() == "slowly " * 100


def test_many_final_blocks(echoing):
    """A sender may close its stream and begin another within one message (§7.2.3.4 and §7.2.3.5)."""
    with DeflateClient(echoing) as client:
        client.agree()
        blocks = b""
        for _ in range(5):
            stream = zlib.compressobj(6, zlib.DEFLATED, -15)
            blocks += stream.compress(b"part ") + stream.flush(zlib.Z_FINISH)
        client.send(frame(TEXT, blocks + b"\x00", reserved=COMPRESSED))
        assert client.text() == "part " * 5


# Violations

def end_of(gateway, *frames, offer=PLAIN_OFFER):
    """The code with which a client that sends these frames is closed."""
    with DeflateClient(gateway) as client:
        if offer:
            client.agree(offer)
        else:
            client.open()
        client.send(b"".join(frames))
        return client.close_code()


BROKEN = {
    "RSV1 on a continuation": (1002, lambda: [
        frame(TEXT, deflated(b"x")[:1], fin=False, reserved=COMPRESSED), frame(CONTINUATION, deflated(b"x")[1:], reserved=COMPRESSED),
    ]),
    "RSV1 on a continuation of a plain message": (1002, lambda: [frame(TEXT, b"x", fin=False), frame(CONTINUATION, b"y", reserved=COMPRESSED)]),
    "RSV1 on a ping": (1002, lambda: [frame(PING, b"x", reserved=COMPRESSED)]),
    "RSV1 on a pong": (1002, lambda: [frame(PONG, b"x", reserved=COMPRESSED)]),
    "RSV1 on a close": (1002, lambda: [frame(CLOSE, (1000).to_bytes(2, "big"), reserved=COMPRESSED)]),
    "RSV2": (1002, lambda: [frame(TEXT, b"x", reserved=2)]),
    "RSV3": (1002, lambda: [frame(TEXT, b"x", reserved=1)]),
    "RSV1 and RSV2": (1002, lambda: [frame(TEXT, deflated(b"x"), reserved=6)]),
    "a block of no kind": (1007, lambda: [frame(TEXT, b"\xff" * 20, reserved=COMPRESSED)]),
    "a stored block with a wrong length": (1007, lambda: [frame(BINARY, b"\x00\x05\x00\x00\x00Hello", reserved=COMPRESSED)]),
    "a reference to before the beginning": (1007, lambda: [frame(BINARY, bytes.fromhex("f200110000"), reserved=COMPRESSED)]),
    "a message cut short": (1007, lambda: [frame(BINARY, deflated(os.urandom(5000))[:2500], reserved=COMPRESSED)]),
    "no UTF-8 once it is inflated": (1007, lambda: [frame(TEXT, deflated(b"a" * 500 + b"\xff"), reserved=COMPRESSED)]),
    "half a character at the end": (1007, lambda: [frame(TEXT, deflated("ü".encode()[:1]), reserved=COMPRESSED)]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_violation(gateway, app, case):
    code, frames = BROKEN[case]
    assert end_of(gateway, *frames()) == code
    eventually_blocking(lambda: app.events("close"), "the app is told", show=app.transcript)
    assert app.events("close")[0]["code"] == code
    assert not app.events("message")
    with DeflateClient(gateway) as next_one:
        next_one.agree().send_message("in order")
        eventually_blocking(lambda: app.texts() == ["in order"], "the next client is served", show=app.transcript)


def test_bit_that_was_not_agreed_on(gateway):
    assert end_of(gateway, frame(TEXT, deflated(b"x"), reserved=COMPRESSED), offer=None) == 1002
    assert end_of(gateway, frame(TEXT, b"", reserved=COMPRESSED), offer=None) == 1002


def test_context_that_was_not_agreed_on(gateway):
    """The second message refers to the first, which the gateway has forgotten as it said it would."""
    squeeze = Compressor(keeps_context=True)
    text = noise(500).encode()
    frames = [frame(BINARY, squeeze(text), reserved=COMPRESSED) for _ in range(2)]
    assert end_of(gateway, *frames) == 1007


async def test_binary_need_not_be_utf8(echoing):
    async with connect(echoing, compression="deflate") as client:
        await client.send(b"\xff\xfe" * 1000)
        assert await received(client) == b"\xff\xfe" * 1000


# Sizes that are too large

def test_limit_holds_for_the_inflated_message(serve, app):
    gateway = serve("--max-message-bytes", "64KiB")
    for size in (65_535, 65_536):
        with DeflateClient(gateway) as client:
            client.agree().send_message("b" * size)
            eventually_blocking(lambda: app.texts()[-1:] == ["b" * size], f"{size} bytes pass")
    for pieces in (1, 5):
        assert end_of(gateway, *fragments(deflated(b"b" * 65_537), pieces)) == 1009


def test_largest_message_of_noise_passes(serve, app):
    """What does not compress becomes a little longer than it was."""
    gateway = serve("--max-message-bytes", "64KiB")
    data = os.urandom(65_536)
    with DeflateClient(gateway) as client:
        client.agree().send_message(data)
        eventually_blocking(lambda: app.events("message"), "it passes")
    assert app.events("message")[0]["base64"] == base64_of(data)


def test_bomb(serve, app):
    gateway = serve("--max-message-bytes", "64KiB")
    bomb = deflated(bytes(50 << 20))
    assert len(bomb) < 60_000
    before = gateway.resident_bytes()
    for _ in range(20):
        assert end_of(gateway, frame(BINARY, bomb, reserved=COMPRESSED)) == 1009
    growth = gateway.resident_bytes() - before
    assert growth < 16 << 20, f"{growth} bytes more after bombs of 50 MB"
    assert not app.events("message")


def test_endless_compressed_message(serve):
    """Fragments that never end are counted as they come."""
    gateway = serve("--max-message-bytes", "64KiB")
    with DeflateClient(gateway) as client:
        client.agree().send(frame(BINARY, os.urandom(1000), fin=False, reserved=COMPRESSED))
        for _ in range(100):
            client.send(frame(CONTINUATION, os.urandom(1000), fin=False))
            if client.readable(within=0.001):
                break
        assert client.close_code() in (1007, 1009)


async def test_queue_is_bounded_by_what_messages_inflate_to(gateway, app):
    """A kilobyte each on the wire, a megabyte each in the queue: sixty of them come with one read of the socket."""
    clients = [DeflateClient(gateway).agree() for _ in range(4)]
    large = frame(BINARY, bytes(1 << 20))
    for client in clients:  # The gateway reads more at a time from those who send much.
        client.send(large * 4)
    await eventually(lambda: len(app.events("message")) == 16, "all have sent much")
    before, gate = gateway.resident_bytes(), app.gate()
    app.behaviour = for_type("message", held_by(gate))
    small, told = frame(BINARY, deflated(bytes(1 << 20)), reserved=COMPRESSED), len(app.webhooks)
    for client in clients:
        client.send(small * 150)
    await eventually(lambda: len(app.webhooks) == told + 4, "one message of each is at the app", show=lambda: len(app.webhooks) - told)
    # For each: a queue of 1 MiB and the message that passed it, one in flight in base64, and its making.
    await stays(lambda: gateway.resident_bytes() - before < 48 << 20, "less than 48 MiB more for 4 clients whose queues may hold 1 MiB each", 2)
    for client in clients:
        client.reset()
