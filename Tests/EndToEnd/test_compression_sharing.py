"""Compressed messages among many: publications, contexts that are kept, libraries and a browser."""

import asyncio

import pytest

from app import echo, reply
from browser import Browser
from chat_app import ChatApp
from client import all_received, connect, ending, received, round_trip
from deflateclient import COMPRESSED, TAKEOVER, DeflateClient, noise
from eventually import eventually
from rawsocket import TEXT, frame

JOIN = reply(open=[{"type": "subscribe", "channel": "room"}], message=echo)


@pytest.fixture
def echoing(gateway, app):
    app.behaviour = JOIN
    return gateway


# Publications

OFFERS = [
    None, "permessage-deflate", "permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_max_window_bits=10",
    "permessage-deflate; server_max_window_bits=15", "permessage-deflate; client_max_window_bits; server_no_context_takeover",
]


@pytest.mark.parametrize(
    "flags", [[], TAKEOVER, ["--compression-window-bits", "15"], [*TAKEOVER, "--compression-window-bits", "15", "--compression-level", "9"]],
    ids=" ".join,
)
def test_publication_reaches_every_kind_of_client(serve, app, flags):
    """Clients with all windows and without compression. What refers too far back for a window would not inflate here."""
    app.behaviour = JOIN
    gateway = serve(*flags)
    clients = []
    for offer in OFFERS * 2:
        client = DeflateClient(gateway)
        client.agree(offer) if offer else client.open()
        clients.append(client)
    far = noise(3000)
    texts = ["short", "x" * 300, far + noise(700, 1) + far + noise(9000, 2) + far, "ü" * 50_000, noise(100_000, 3), "", "x" * 255, "x" * 256, far]
    for text in texts:
        assert gateway.publish("room", text) == len(clients)
    for offer, client in zip(OFFERS * 2, clients):
        for number, text in enumerate(texts):
            message = client.message()
            assert message.data.decode() == text, f"{offer}: text {number} came different"
            assert not (message.was_compressed and offer is None)
        client.close()


async def test_publication_to_libraries(echoing):
    compressed = [await connect(echoing, compression="deflate") for _ in range(30)]
    plain = [await connect(echoing) for _ in range(30)]
    assert all(client.protocol.extensions for client in compressed)
    texts = [f"{number} " + noise(size, number) for number, size in enumerate((10, 300, 5000, 70_000))]
    for text in texts:
        assert echoing.publish("room", text) == 60
    for heard in await asyncio.gather(*(all_received(client, len(texts)) for client in compressed + plain)):
        assert heard == texts
    await asyncio.gather(*(client.close() for client in compressed + plain))


# Context takeover

@pytest.mark.parametrize("offer, agreed", [
    ("permessage-deflate", {}), ("permessage-deflate; server_no_context_takeover", {"server_no_context_takeover"}),
    ("permessage-deflate; server_max_window_bits=10", {"server_max_window_bits"}),
    ("permessage-deflate; client_no_context_takeover", {"client_no_context_takeover"}),
    ("permessage-deflate; client_max_window_bits", {"client_max_window_bits"}),
    ("permessage-deflate; client_max_window_bits=9", {"client_max_window_bits"}),
    (
        "permessage-deflate; client_max_window_bits; server_no_context_takeover; client_no_context_takeover",
        {"server_no_context_takeover", "client_no_context_takeover"},
    ),
])
def test_takeover_is_agreed_on(serve, app, offer, agreed):
    app.behaviour = JOIN
    with DeflateClient(serve(*TAKEOVER)) as client:
        client.agree(offer)
        # The client's window may be limited when it says that it knows how, and its silence on the context is up to the gateway.
        optional = {"client_max_window_bits"} if "client_max_window_bits" in offer else set()
        assert set(agreed) - optional <= set(client.agreed) <= set(agreed) | optional, client.answer
        for number in range(5):
            text = noise(1500) + str(number)
            client.send_message(text)
            assert client.text() == text


@pytest.mark.parametrize("is_kept", [True, False], ids=["context", "no context"])
def test_repeated_messages_shrink(serve, app, is_kept):
    """Only with context takeover, and then in both directions."""
    app.behaviour = JOIN
    text = noise(1500)
    with DeflateClient(serve(*(TAKEOVER if is_kept else []))) as client:
        client.agree()
        sent, came = [], []
        for _ in range(5):
            payload = client.compress(text.encode())
            message = client.send(frame(TEXT, payload, reserved=COMPRESSED)).message()
            assert message.data.decode() == text and message.was_compressed
            sent.append(len(payload))
            came.append(message.on_the_wire)
    for direction in (sent, came):
        assert direction[0] > 500, direction
        assert max(direction[1:]) < 60 if is_kept else min(direction[1:]) > 500, direction


def test_context_is_each_connections_own(serve, app):
    """Publications and answers alternate, and each client has seen something else before."""
    app.behaviour = JOIN
    gateway = serve(*TAKEOVER)
    clients = [DeflateClient(gateway).agree(offer) for offer in OFFERS[1:] * 8]
    for turn in range(4):
        shared = noise(2000, turn) + noise(400)
        for number, client in enumerate(clients):
            own = noise(600, 100 + number) + str(turn)
            client.send_message(own)
            assert client.text() == own
        assert gateway.publish("room", shared) == len(clients)
        for client in clients:
            assert client.text() == shared
    for client in clients:
        client.close()


@pytest.mark.parametrize("policy", ["dropOldest", "dropNewest"])
def test_dropped_messages_leave_the_context_whole(serve, app, policy):
    """A message that was compressed and then dropped would leave a gap in what later ones refer to."""
    app.behaviour = JOIN
    gateway = serve(*TAKEOVER, "--slow-reader", policy, "--send-queue-bytes", "64KiB")
    with DeflateClient(gateway, receive_buffer=4096) as client:
        client.agree()
        number = 0
        while gateway.metric("holdfast_slow_readers_total", action=policy) < 20:
            # Noise that was there before, and new noise: half of each message refers to the one before.
            gateway.publish("room", f"{number}:" + noise(1500, number // 2) + noise(12_000, number + 10_000))
            number += 1
            assert number < 5000
        # The end is marked by a message, once there is room for it.
        heard, is_marked = [], False
        while (text := client.text()) != "the end":
            turn = int(text.split(":")[0])
            assert text == f"{turn}:" + noise(1500, turn // 2) + noise(12_000, turn + 10_000), f"message {turn} is torn"
            heard.append(turn)
            if not is_marked and gateway.metric("holdfast_send_queue_bytes") == 0:
                is_marked = gateway.publish("room", "the end") == 1
        assert heard == sorted(set(heard)) and len(heard) <= number - 20
        client.send_message(noise(1500))
        assert client.text() == noise(1500)


async def test_many_clients_with_contexts(serve, app):
    app.behaviour = JOIN
    gateway = serve(*TAKEOVER)
    clients = await asyncio.gather(*(connect(gateway, compression="deflate", open_timeout=30) for _ in range(150)))

    async def talk(number, client):
        for turn in range(5):
            text = noise(1000, number) + str(turn)
            await client.send(text)
            assert await received(client) == text

    await asyncio.gather(*(talk(number, client) for number, client in enumerate(clients)))
    for turn in range(3):
        assert gateway.publish("room", noise(2000, turn)) == 150
    for heard in await asyncio.gather(*(all_received(client, 3) for client in clients)):
        assert heard == [noise(2000, turn) for turn in range(3)]
    await asyncio.gather(*(client.close() for client in clients))
    assert [code for code, _ in await asyncio.gather(*map(ending, clients))] == [1000] * 150


# A browser

@pytest.mark.timeout(180)
@pytest.mark.parametrize("flags", [[], TAKEOVER], ids=["no context", "context"])
async def test_browser_agrees_and_echoes(serve, app, flags):
    app.behaviour = JOIN
    gateway = serve(*flags)
    with ChatApp() as chat:
        async with Browser() as browser:
            tab = await browser.open(chat.url)
            await tab.evaluate(f"""(() => {{
                window.texts = ["short", "ü".repeat(10000), Array.from({{length: 20000}}, (_, n) => n).join(" "), ""]
                window.heard = []
                window.mine = new WebSocket("{gateway.url()}")
                mine.onopen = () => {{ for (let turn = 0; turn < 3; turn++) for (const text of texts) mine.send(text) }}
                mine.onmessage = (event) => heard.push(event.data)
                mine.onclose = (event) => {{ window.ended = event.code }}
            }})()""")
            await eventually(lambda: tab.evaluate("heard.length === 12"), "the browser has its echoes", show=app.transcript)
            assert await tab.evaluate("heard.every((text, n) => text === texts[n % 4])"), "an echo is different"
            assert "permessage-deflate" in await tab.evaluate("mine.extensions")
            assert await tab.evaluate("window.ended === undefined && mine.readyState === 1")


async def test_library_agrees(echoing):
    async with connect(echoing, compression="deflate") as client:
        assert [extension.name for extension in client.protocol.extensions] == ["permessage-deflate"]
        for text in ("", "short", "long " * 10_000, noise(300_000)):
            await client.send(text)
            assert await received(client) == text
        await client.send(["in ", "pieces ", "x" * 1000])
        assert await received(client) == "in pieces " + "x" * 1000
        await round_trip(client)
