"""The chat page in a real browser: with the example app behind the gateway, and as `holdfast demo`."""

import re

import pytest

from browser import Browser
from chat_app import ChatApp
from eventually import eventually_blocking
from gateway import Program


@pytest.fixture
def chat():
    with ChatApp() as app:
        yield app


async def open_tab(browser, url, name):
    tab = await browser.open(f"{url}{'&' if '?' in url else '?'}name={name}")
    await tab.hides("status")
    await tab.shows("log", f"{name} joined")
    return tab


async def say(tab, text):
    await tab.fill("text", text)
    await tab.press_enter()


async def talk(ann, bob):
    await bob.shows("log", "bob joined")
    await ann.shows("log", "bob joined")
    await say(ann, "hello <b>bob</b>")
    for tab in (ann, bob):
        await tab.shows("log", "ann: hello <b>bob</b>")
    await bob.fill("text", "hello ann")
    await bob.click("send")
    for tab in (ann, bob):
        await tab.shows("log", "bob: hello ann")
    assert await bob.evaluate("document.getElementById('text').value") == "", "the input is not cleared"


@pytest.mark.timeout(180)
async def test_two_tabs_and_an_app_that_is_killed(chat, launch):
    gateway = launch("serve", chat.url + "/hook")
    url = f"{chat.url}/?gateway=ws://127.0.0.1:{gateway.port}"
    async with Browser() as browser:
        ann, bob = await open_tab(browser, url, "ann"), await open_tab(browser, url, "bob")
        await talk(ann, bob)

        chat.kill()
        await say(ann, "is anyone there?")
        await ann.shows("status", "1011", "econnect", within=20)
        assert await ann.evaluate("document.getElementById('send').disabled"), "the button invites to send into the void"
        assert not await bob.visible("status"), "bob's connection does not depend on ann's"

        chat.start()
        await ann.hides("status", within=30)
        await say(ann, "here again")
        for tab in (ann, bob):
            await tab.shows("log", "ann: here again")


@pytest.mark.timeout(180)
async def test_gateway_that_ends_is_told(chat, launch):
    gateway = launch("serve", chat.url + "/hook")
    async with Browser() as browser:
        tab = await open_tab(browser, f"{chat.url}/?gateway=ws://127.0.0.1:{gateway.port}", "ann")
        gateway.signal()
        assert gateway.wait() == 0, gateway.transcript()
        await tab.shows("status", "1001", "econnect")


@pytest.mark.timeout(180)
async def test_new_name_is_a_new_connection(chat, launch):
    gateway = launch("serve", chat.url + "/hook")
    url = f"{chat.url}/?gateway=ws://127.0.0.1:{gateway.port}"
    async with Browser() as browser:
        ann, bob = await open_tab(browser, url, "ann"), await open_tab(browser, url, "bob")
        await ann.fill("name", "cat")
        await ann.press_enter()
        await bob.shows("log", "ann left", "cat joined")
        await ann.hides("status")
        await say(ann, "it is me")
        await bob.shows("log", "cat: it is me")


@pytest.mark.timeout(180)
async def test_demo():
    program = Program("demo", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--app", "127.0.0.1:0")
    try:
        def page():
            assert program.running(), program.transcript()
            return re.search(r"Open (http://127\.0\.0\.1:\d+/\S*)", program.stdout.text())

        found = eventually_blocking(page, "the demo says which page to open", show=program.transcript)
        async with Browser() as browser:
            ann, bob = await open_tab(browser, found[1], "ann"), await open_tab(browser, found[1], "bob")
            await talk(ann, bob)
        program.signal()
        assert program.wait() == 0, program.transcript()
    finally:
        program.kill()
