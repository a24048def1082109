"""HTTP requests whose responses come late or in pieces: held by the gateway, or streamed through it."""

import asyncio

import httpx

from eventually import PATIENCE, eventually


class Held:
    """One request under way. It is read in the background; a test looks at what has come so far."""

    def __init__(self, url, method="GET", **options):
        self.url, self.method, self.options = url, method, options
        self.response, self.body, self.failure = None, b"", None

    async def __aenter__(self):
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_):
        await self.leave()

    async def _read(self):
        try:
            async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
                async with client.stream(self.method, self.url, **self.options) as response:
                    self.response = response
                    async for piece in response.aiter_raw():
                        self.body += piece
        except httpx.TransportError as failure:
            self.failure = failure

    @property
    def done(self):
        return self._task.done()

    @property
    def status(self):
        return self.response.status_code if self.response else None

    @property
    def headers(self):
        return self.response.headers

    @property
    def text(self):
        return self.body.decode()

    def seen(self):
        return f"{self.method} {self.url}: {self.status}, {self.body[-500:]!r}, {'done' if self.done else 'still open'}, {self.failure!r}"

    async def begun(self, within=PATIENCE):
        """Awaits the response's head."""
        await eventually(lambda: self.response or self.failure, "the response begins", within, show=self.seen)
        assert self.response, self.seen()
        return self

    async def holds(self, text, within=PATIENCE):
        """Awaits a text in what has come of the body."""
        text = text.encode() if isinstance(text, str) else text
        await eventually(lambda: text in self.body, f"the response holds {text!r}", within, show=self.seen)

    async def ended(self, within=PATIENCE):
        """Awaits the end of the response, which must be a proper one."""
        await eventually(lambda: self.done, "the response ends", within, show=self.seen)
        assert self.failure is None, self.seen()
        return self

    async def leave(self):
        """Hangs up."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def answered(publish, *held, within=PATIENCE):
    """Publishes again and again until held requests are answered: nobody but the gateway knows when a hold begins."""

    async def once_more():
        if not all(one.done for one in held):
            await asyncio.to_thread(publish)
        return all(one.done for one in held)

    await eventually(once_more, "the held requests are answered", within, show=lambda: [one.seen() for one in held])
    for one in held:
        await one.ended()
