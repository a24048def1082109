"""The chat example, as Python and as Node, behind the gateway and without a browser; and the programs in the libraries' READMEs."""

import json

import httpx
import pytest

from chat_app import FOLDER, ChatApp
from client import connect, ending, received, refusal
from client_apps import ReadmeExample


@pytest.fixture(params=["app.py", "app.mjs"])
def chat(request):
    with ChatApp(request.param) as app:
        yield app


@pytest.fixture
def gateway(chat, launch):
    return launch("serve", chat.url + "/hook")


async def heard(socket):
    return json.loads(await received(socket))


async def test_talk(gateway):
    async with connect(gateway, "/chat?name=ann%20b%C3%A9") as ann:
        assert await heard(ann) == {"notice": "ann bé joined"}
        async with connect(gateway, "/chat?name=bob") as bob:
            assert await heard(ann) == await heard(bob) == {"notice": "bob joined"}
            await ann.send("hello <b>bob</b> \" 🎈")
            assert await heard(ann) == await heard(bob) == {"from": "ann bé", "text": "hello <b>bob</b> \" 🎈"}
            await bob.send(b"\x00\x01")
            await bob.send("hello ann")
            assert await heard(ann) == await heard(bob) == {"from": "bob", "text": "hello ann"}
        assert await heard(ann) == {"notice": "bob left"}


async def test_nameless_guest(gateway):
    async with connect(gateway, "/chat") as guest:
        assert await heard(guest) == {"notice": "guest joined"}


async def test_app_is_killed_and_comes_back(gateway, chat):
    async with connect(gateway, "/chat?name=ann") as ann, connect(gateway, "/chat?name=bob") as bob:
        assert [await heard(ann), await heard(ann), await heard(bob)] == [{"notice": "ann joined"}, {"notice": "bob joined"}, {"notice": "bob joined"}]
        chat.kill()
        await bob.send("is anyone there?")
        assert (await ending(bob))[0] == 1011
        chat.start()
        # Whatever bob said while the app was away comes now, and then that he left.
        assert await heard(ann) == {"from": "bob", "text": "is anyone there?"}
        assert await heard(ann) == {"notice": "bob left"}
        await ann.send("nobody")
        assert await heard(ann) == {"from": "ann", "text": "nobody"}


def test_page_is_served_and_needs_nothing_else(chat):
    response = httpx.get(chat.url, trust_env=False)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.text == (FOLDER / "chat.html").read_text()
    assert "http://" not in response.text and "https://" not in response.text, "the page fetches something from elsewhere"


async def test_bad_request_does_not_end_the_app(gateway, chat):
    try:
        httpx.post(chat.url + "/hook", content=b"no JSON", trust_env=False)
    except httpx.TransportError:
        pass
    async with connect(gateway, "/chat?name=ann") as ann:
        assert await heard(ann) == {"notice": "ann joined"}


# The libraries' READMEs

SECRET = "whsec_YSBzZWNyZXQgb2YgMjQgYnl0ZXMsIG9yIG1vcmU="


@pytest.mark.parametrize("language", ["javascript", "python"])
async def test_readme_of_a_library(language, launch, tmp_path):
    with ReadmeExample(language, tmp_path, HOLDFAST_SECRET=SECRET) as app:
        gateway = launch("serve", app.url, "--secret", SECRET)
        async with connect(gateway, "/?name=ann%20b%C3%A9") as ann, connect(gateway) as guest:
            assert [await received(ann), await received(ann), await received(guest)] == ["ann bé joined", "guest joined", "guest joined"]
            await ann.send("hello \" 🎈")
            assert await heard(ann) == await heard(guest) == {"from": "ann bé", "text": "hello \" 🎈"}
            await ann.send(b"\x00\xff")
            assert await received(ann) == b"\x00\xff"
            await guest.close()
            assert await received(ann) == "guest left"
        gateway.stop()
        assert (await refusal(launch("serve", app.url))).status_code == 401, "a gateway without the secret is refused"
