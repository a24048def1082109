"""A Django site with django-grip, as it is on PyPI, behind `holdfast grip`, and behind Pushpin, which it was written for."""

import asyncio
import json
import os
import pathlib
import subprocess
import sys
import time

import httpx
import jwt
import pytest
from gripcontrol import GripPubControl, HttpResponseFormat, HttpStreamFormat, WebSocketMessageFormat
from pubcontrol import Item

from client import connect, ending, received, refusal, round_trip
from eventually import eventually, eventually_blocking
from gateway import Gateway, Lines, free_port
from held import Held, answered
from pushpin import PUSHPIN, Pushpin
from rawsocket import CLOSE, RawClient, frame

PROJECT = pathlib.Path(__file__).parent / "grip_django"
KEY = "a-key-of-more-than-the-32-bytes-that-PyJWT-wants"
OTHER_KEY = "somebody-else-has-this-one-which-is-as-long"
START_WITHIN = 30


class Site:
    """The site's own development server, and the gateway in front of it."""

    def __init__(self, kind):
        self.kind, self.app_port, control_port = kind, free_port(), free_port()
        grip_url = f"http://127.0.0.1:{control_port}?iss=chat&key={KEY}&verify-iss=pushpin"
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.app_port}"], cwd=PROJECT, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "GRIP_URL": grip_url, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        self.output, self.gateway = Lines(self.process.stdout), None
        try:
            eventually_blocking(self._answers, "Django answers", START_WITHIN, show=self.output.text)
            self.gateway = self._start_gateway(control_port)
        except BaseException:
            self.stop(insist=False)
            raise

    def _start_gateway(self, control_port):
        if self.kind == "pushpin":
            return Pushpin(self.app_port, sig_key=KEY, control_port=control_port)
        return Gateway(
            "grip", "--listen", "127.0.0.1:0", "--control", f"127.0.0.1:{control_port}", "--sig-key", KEY, f"http://127.0.0.1:{self.app_port}",
            control_port=control_port, token=KEY,
        )

    def _answers(self):
        assert self.process.poll() is None, f"Django ended at once\n{self.output.text()}"
        try:
            return httpx.get(f"http://127.0.0.1:{self.app_port}/facts/", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, insist=True):
        try:
            if self.gateway and insist:
                self.gateway.stop()
        finally:
            if self.gateway:
                self.gateway.kill()
            self.process.kill()
            self.process.wait(5)

    def transcript(self):
        return "\n".join([self.gateway.transcript(), "--- Django", self.output.text()[-6000:]])

    def http(self, path):
        """A URL on the gateway's public port."""
        return f"http://127.0.0.1:{self.gateway.port}{path}"

    def heard(self, identity):
        """The events of one connection that Django was told of."""
        return [tuple(event) for event in httpx.get(f"http://127.0.0.1:{self.app_port}/heard/", trust_env=False).json().get(identity, [])]

    def publisher(self, key=KEY, iss="chat"):
        """gripcontrol, set up to publish through the gateway."""
        return GripPubControl({"control_uri": self.gateway.control_url, **({"control_iss": iss} if iss else {}), "key": key})

    def publish(self, room, *formats, **options):
        self.publisher().publish(room, Item(list(formats)), blocking=True, **options)

    def say(self, room, text):
        """Makes the site publish, by django-grip."""
        answer = httpx.post(self.http(f"/say/{room}/"), content=text.encode(), trust_env=False)
        assert (answer.status_code, answer.text) == (200, "said\n"), f"{answer.status_code} {answer.text}"


@pytest.fixture(scope="module", params=["holdfast", PUSHPIN])
def site(request):
    site = Site(request.param)
    yield site
    site.stop()


# For what Pushpin does not do, or does wrong.
holdfast_only = pytest.mark.parametrize("site", ["holdfast"], indirect=True, scope="module")


async def entered(site, **options):
    """A client in the chat: the socket, and what the site said on accepting it."""
    socket = await connect(site.gateway, "/chat/", **options)
    facts = json.loads(await received(socket))
    if site.kind == "pushpin":
        await _subscribed(site, socket)
    return socket, facts


async def _subscribed(site, socket):
    """Pushpin subscribes in another process than the one that accepts: waits until publications come, and until they have all come."""
    count = 0
    while True:
        count += 1
        site.publish("room", WebSocketMessageFormat(f"probe {count}"))
        try:
            got = await asyncio.wait_for(socket.recv(), 0.2)
            break
        except TimeoutError:
            assert count < 50, "not subscribed after 10 s"
    while got != f"probe {count}":
        got = await received(socket)


async def test_accept_and_echo(site):
    socket, facts = await entered(site)
    async with socket:
        for message in ("hello", "grüße 🎈\n", "", "x" * 30_000, b"\x00\xff", b"", bytes(range(256)) * 100):
            await socket.send(message)
            assert await received(socket) == message
    await eventually(lambda: site.heard(facts["id"])[-1:] == [("CLOSE", "03e8")], "Django is told of the close", show=lambda: site.heard(facts["id"]))
    assert site.heard(facts["id"])[0] == ("OPEN", "")


@pytest.mark.parametrize("size", [70_000, 900_000])
@holdfast_only
async def test_echo_of_a_long_message(site, size):
    # Pushpin 1.36 never finishes sending an answer of more than 32,768 bytes.
    socket, _ = await entered(site)
    async with socket:
        for message in ("x" * size, b"\xff" * size):
            await socket.send(message)
            assert await received(socket) == message


async def test_many_messages_keep_their_order(site):
    socket, _ = await entered(site)
    async with socket:
        for number in range(300):
            await socket.send(f"message {number}")
        assert [await received(socket) for _ in range(300)] == [f"message {number}" for number in range(300)]


async def test_facts_of_a_connection_come_back_with_each_request(site):
    socket, _ = await entered(site)
    async with socket:
        for number in range(3):
            await socket.send(f"message {number}")
            assert await received(socket) == f"message {number}"
        await socket.send("visits")
        assert await received(socket) == "4"


async def test_library_believes_the_signature(site):
    socket, facts = await entered(site)
    await socket.close()
    plain = httpx.get(site.http("/facts/"), trust_env=False).json()
    for where in (facts, plain):
        assert where["proxied"] and where["signed"], where
        assert {"status", "session", "link:next", "filter:skip-self", "filter:skip-users", "filter:require-sub"} <= set(where["features"]), where


async def test_forged_signature_of_a_client_is_replaced(site):
    forged = {"grip-sig": jwt.encode({"iss": "pushpin", "exp": int(time.time()) + 100}, OTHER_KEY)}
    assert httpx.get(site.http("/facts/"), headers=forged, trust_env=False).json()["signed"]
    socket, facts = await entered(site, additional_headers=forged)
    await socket.close()
    assert facts["signed"]


async def test_publish_by_gripcontrol_and_by_django_grip(site):
    ann, _ = await entered(site)
    bob, _ = await entered(site)
    # Bob's waiting for his subscription may have reached Ann.
    await ann.send("ready")
    while await received(ann) != "ready":
        pass
    async with ann, bob:
        site.publish("room", WebSocketMessageFormat("to all"))
        await asyncio.to_thread(site.say, "room", "grüße")
        site.publish("room", WebSocketMessageFormat(b"\x00\xff", binary=True))
        site.publish("another room", WebSocketMessageFormat("not for you"))
        site.publish("room", WebSocketMessageFormat("last"))
        for socket in (ann, bob):
            assert [await received(socket) for _ in range(4)] == ["to all", "grüße", b"\x00\xff", "last"]
        await bob.send("leave")
        assert await received(bob) == "left"
        await eventually(lambda: _is_left_alone(site, bob), "Bob has left the room")


async def _is_left_alone(site, socket):
    """Whether a publication does not reach a client. What the client says afterwards is echoed after it."""
    site.publish("room", WebSocketMessageFormat("anybody?"))
    await socket.send("mark")
    if await received(socket) == "mark":
        return True
    assert await received(socket) == "mark"
    return False


async def test_many_publications_of_the_library_in_batches(site):
    socket, _ = await entered(site)
    async with socket:
        publisher, results = site.publisher(), []
        for number in range(200):
            publisher.publish("room", Item(WebSocketMessageFormat(f"news {number}")), callback=lambda *result: results.append(result))
        await asyncio.to_thread(publisher.finish)
        assert [succeeded for succeeded, _ in results] == [True] * 200, results
        assert [await received(socket) for _ in range(200)] == [f"news {number}" for number in range(200)]


async def test_client_closes_with_a_code(site):
    socket, facts = await entered(site)
    await socket.close(4001)
    assert (socket.close_code, socket.close_reason) == (4001, "")
    await eventually(lambda: site.heard(facts["id"])[-1:] == [("CLOSE", "0fa1")], "Django gets the code", show=lambda: site.heard(facts["id"]))


@holdfast_only
async def test_client_closes_with_a_reason(site):
    # django-grip answers such a close with the code 0; Pushpin then cuts the connection, and the client sees 1006.
    socket, facts = await entered(site)
    await socket.close(4001, "grüße")
    assert socket.close_code == 4001
    said = ("CLOSE", "0fa1" + "grüße".encode().hex())
    await eventually(lambda: site.heard(facts["id"])[-1:] == [said], "Django gets code and reason", show=lambda: site.heard(facts["id"]))


@holdfast_only
def test_client_closes_without_a_code(site):
    # django-grip has 0 for no code: nothing that may be on the wire, where Pushpin puts it.
    with RawClient(site.gateway) as client:
        client.open("/chat/")
        client.frame()
        client.send(frame(CLOSE))
        opcode, payload = client.frame()
        assert opcode == CLOSE and payload in (b"", b"\x03\xe8"), (opcode, payload)
        assert client.has_ended()


@pytest.mark.parametrize("said, code, reason", [("close 4003", 4003, ""), ("close 1000", 1000, ""), ("goodbye", 4002, "see you, grüße")])
async def test_site_closes(site, said, code, reason):
    socket, facts = await entered(site)
    await socket.send(said)
    assert await ending(socket) == (code, reason)


@holdfast_only
async def test_site_closes_without_a_code(site):
    socket, _ = await entered(site)
    await socket.send("close 0")
    assert (await ending(socket))[0] in (1000, 1005)


async def test_site_drops_a_client(site):
    socket, _ = await entered(site)
    await socket.send("drop")
    assert (await ending(socket))[0] == 1006


async def test_publishing_closes(site):
    socket, facts = await entered(site)
    site.publish("room", WebSocketMessageFormat(action="close", code=4010, reason="closing time"))
    assert await ending(socket) == (4010, "closing time")
    await eventually(lambda: site.heard(facts["id"])[-1][0] == "CLOSE", "Django is told of the close", show=lambda: site.heard(facts["id"]))


async def test_client_vanishes(site):
    """django-grip raises an error then, so the site answers 500: nobody is there to mind."""
    socket, facts = await entered(site)
    socket.transport.abort()
    await eventually(lambda: site.heard(facts["id"])[-1:] == [("DISCONNECT", "")], "Django is told", show=lambda: site.heard(facts["id"]))
    other, _ = await entered(site)
    async with other:
        await other.send("still there?")
        assert await received(other) == "still there?"


async def test_ping_is_answered(site):
    socket, _ = await entered(site)
    async with socket:
        await round_trip(socket)
        pong = await socket.ping(b"payload")
        await asyncio.wait_for(pong, 10)
        await socket.send("still there?")
        assert await received(socket) == "still there?"


async def test_rejection_is_the_sites_own(site):
    response = await refusal(site.gateway, "/members/")
    assert (response.status_code, response.body) == (403, b"members only\n")
    assert response.headers["x-ask"] == "the landlord" and response.headers["content-type"] == "text/plain"
    async with connect(site.gateway, "/members/", additional_headers={"cookie": "member=yes"}):
        pass


async def test_no_such_view(site):
    assert (await refusal(site.gateway, "/nowhere/")).status_code == 404


async def test_plain_requests_are_passed_on(site):
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(site.http("/nowhere/"))).status_code == 404
        refused = await client.get(site.http("/say/room/"))
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        assert (await client.post(site.http("/chat/"), content=b"x")).text == "Request must contain WebSocket events.\n"


async def test_long_poll_is_held_and_answered(site):
    async with Held(site.http("/next/news/")) as one, Held(site.http("/next/news/")) as other:
        await answered(lambda: site.publish("news", HttpResponseFormat(body="fresh\n")), one, other)
    for held in (one, other):
        assert (held.status, held.text) == (200, "fresh\n")
        assert held.headers["content-type"] == "text/plain" and not [name for name in held.headers if name.startswith("grip-")]


async def test_long_poll_is_answered_by_the_site(site):
    async with Held(site.http("/next/tea/")) as held:
        await answered(lambda: site.say("tea", "grüße"), held)
        assert (held.status, held.text) == (200, "grüße\n")


async def test_published_response_has_its_own_code_and_headers(site):
    async with Held(site.http("/next/teapot/")) as held:
        form = HttpResponseFormat(418, "Short And Stout", {"X-Tea": "Earl Grey"}, b"\xff\x00")
        await answered(lambda: site.publish("teapot", form), held)
        assert (held.status, held.response.reason_phrase, held.body) == (418, "Short And Stout", b"\xff\x00")
        assert held.headers["x-tea"] == "Earl Grey" and held.headers["content-type"] == "text/plain"


async def test_long_poll_times_out_with_what_was_held(site):
    began = time.monotonic()
    async with Held(site.http("/next/silence/?timeout=5")) as held:
        await held.ended(within=15)
        assert (held.status, held.text) == (200, "nothing new\n")
    assert 4 < time.monotonic() - began < 12


async def test_stream(site):
    async with Held(site.http("/events/live/")) as held:
        await held.holds("event: open\ndata:\n\n")
        assert held.status == 200 and held.headers["content-type"] == "text/event-stream"
        site.publish("live", HttpStreamFormat("data: one\n\n"))
        await held.holds("data: one\n\n")
        await asyncio.to_thread(site.say, "live", "two")
        await held.holds("event: message\ndata: two\n\n")
        assert not held.done
        site.publish("live", HttpStreamFormat(close=True))
        await held.ended()
        assert held.text == "event: open\ndata:\n\ndata: one\n\nevent: message\ndata: two\n\n"


async def test_stream_is_kept_alive(site):
    async with Held(site.http("/events/quiet/?alive=1")) as held:
        await held.holds("event: open\ndata:\n\n: alive\n\n: alive\n\n")
        assert not held.done


# Who may publish

@pytest.mark.parametrize("key, iss", [(KEY, "chat"), (KEY, None)], ids=["a token", "the key itself"])
def test_publishing_with_the_key(site, key, iss):
    site.publisher(key, iss).publish("nobody", Item(WebSocketMessageFormat("x")), blocking=True)


@pytest.mark.parametrize("iss", ["chat", None], ids=["a token", "the key itself"])
@holdfast_only
def test_publishing_with_another_key(site, iss):
    with pytest.raises(ValueError, match="401"):
        site.publisher(OTHER_KEY, iss).publish("nobody", Item(WebSocketMessageFormat("x")), blocking=True)
