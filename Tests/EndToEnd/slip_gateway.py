"""`holdfast slip` in front of its app: fixtures, and what tests say about what the app got."""

import asyncio

import pytest

from app import FakeApp
from client import connect
from eventually import eventually
from slip_app import SECRET, polite


@pytest.fixture
def app(request):
    with FakeApp(path="/slip", healthy=polite()) as app:
        request.node.fake_app = app
        yield app


@pytest.fixture
def start(app, launch):
    """Starts it with the variables of the original and flags on top."""

    def begin(*flags, **variables):
        return launch("slip", *flags, extra_environment={"TARGET_URL": app.url, "JWT_SECRET": SECRET, **variables})

    return begin


@pytest.fixture
def slip(start):
    return start()


def of_type(app, *types):
    return [webhook for webhook in app.webhooks if webhook.types[0] in types]


async def told(app, kind, count=1):
    """The webhooks with an event of this type, once there are so many."""
    await eventually(lambda: len(of_type(app, kind)) >= count, f"the app gets {count} {kind}", show=app.transcript)
    return of_type(app, kind)


def id_of(app, number=0):
    return of_type(app, "OPEN")[number].body["connectionId"]


class ConnectLater:
    """A connect that goes on beside the test."""

    def __init__(self, gateway):
        self._task = asyncio.ensure_future(self._connect(gateway))

    async def _connect(self, gateway):
        return await connect(gateway, open_timeout=30)

    async def __aenter__(self):
        return self._task

    async def __aexit__(self, *_):
        if self._task.done() and not self._task.exception():
            await self._task.result().close()
        else:
            self._task.cancel()
