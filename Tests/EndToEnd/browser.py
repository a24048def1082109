"""Headless Chromium, driven over its DevTools protocol."""

import asyncio
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile

from websockets.asyncio.client import connect as websocket

from eventually import eventually
from gateway import Lines

CHROMIUM = os.environ.get("HOLDFAST_CHROMIUM", "chromium")
START_WITHIN = 30.0


class Browser:
    """`async with Browser() as browser: tab = await browser.open(url)`"""

    async def __aenter__(self):
        program = shutil.which(CHROMIUM)
        assert program, f"no browser {CHROMIUM!r}: install chromium, or set HOLDFAST_CHROMIUM"
        self._profile = tempfile.TemporaryDirectory(prefix="holdfast-chromium-", ignore_cleanup_errors=True)
        flags = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
            "--disable-background-networking", "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
            "--disable-component-update", "--remote-debugging-port=0", f"--user-data-dir={self._profile.name}",
        ]
        self._process = subprocess.Popen([program, *flags, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        self._log = Lines(self._process.stderr)
        try:
            address = await eventually(self._address, "the browser listens", START_WITHIN, show=self._log.text)
            self._socket = await websocket(address, proxy=None, compression=None, max_size=None, ping_interval=None)
        except BaseException:
            await self._end()
            raise
        self._numbers, self._waiting = itertools.count(1), {}
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_):
        self._reading.cancel()
        await self._socket.close()
        await self._end()

    async def _end(self):
        self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, 5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()

    def _address(self):
        found = re.search(r"DevTools listening on (ws://\S+)", self._log.text())
        return found and found[1]

    async def _read(self):
        async for message in self._socket:
            message = json.loads(message)
            if future := self._waiting.pop(message.get("id"), None):
                future.set_result(message)

    async def call(self, method, session=None, **parameters):
        """One command of the protocol; returns its result."""
        number = next(self._numbers)
        self._waiting[number] = answered = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}))
        message = await asyncio.wait_for(answered, 15)
        assert "error" not in message, f"{method}: {message['error']}"
        return message["result"]

    async def open(self, url):
        """A new tab with this page, loaded."""
        target = (await self.call("Target.createTarget", url=url, newWindow=True))["targetId"]
        session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        tab = Tab(self, session)
        loaded = f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'"
        await eventually(lambda: tab.evaluate(loaded), f"{url} is loaded", START_WITHIN)
        return tab


class Tab:
    def __init__(self, browser, session):
        self._browser, self._session = browser, session

    async def evaluate(self, expression):
        """The value of a JavaScript expression."""
        result = await self._browser.call("Runtime.evaluate", self._session, expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, f"{expression}: {result['exceptionDetails']}"
        return result["result"].get("value")

    async def text(self, element):
        """What a person reads in the element with this id; empty when it is hidden."""
        return await self.evaluate(f"document.getElementById({json.dumps(element)}).innerText")

    async def visible(self, element):
        return await self.evaluate(f"document.getElementById({json.dumps(element)}).checkVisibility()")

    async def fill(self, element, value):
        """Replaces what an input holds, by the keyboard."""
        await self.evaluate(f"document.getElementById({json.dumps(element)}).focus()")
        await self.evaluate(f"document.getElementById({json.dumps(element)}).select()")
        await self._browser.call("Input.insertText", self._session, text=value)

    async def click(self, element):
        await self.evaluate(f"document.getElementById({json.dumps(element)}).click()")

    async def press_enter(self):
        for kind in ("keyDown", "keyUp"):
            await self._browser.call("Input.dispatchKeyEvent", self._session, type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)

    async def shows(self, element, *words, within=10.0):
        """Waits until the element shows all these words."""
        last = [""]

        async def there():
            last[0] = await self.text(element)
            return all(word in last[0] for word in words)

        await eventually(there, f"#{element} shows {words}", within, show=lambda: last[0])

    async def hides(self, element, within=15.0):
        """Waits until the element is not visible."""

        async def hidden():
            return not await self.visible(element)

        await eventually(hidden, f"#{element} is hidden", within)
