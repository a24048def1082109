"""`holdfast unsocket` and its app, for the tests of that dialect."""

import json

import pytest

from app import FakeApp
from eventually import eventually
from gateway import Gateway, free_port
from remote import raw_remotes, remote, remotes  # noqa: F401 (fixtures)

JSON = {"content-type": "application/json"}
# Tests do not wait a second for what takes a millisecond.
BRISK = ["--dial-reconnect-first-delay", "50ms", "--dial-reconnect-max-delay", "300ms"]
NO_PROXIES = {name: "" for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")}


class Unsocket(Gateway):
    """`holdfast unsocket` on a free control port; nobody can connect to it."""

    def __init__(self, url, *flags, wait=True, extra_environment=None, **options):
        port = free_port()
        self.waits = wait
        super().__init__(
            "unsocket", url, "--control", f"127.0.0.1:{port}", *BRISK, *flags, control_port=port,
            extra_environment={**NO_PROXIES, **(extra_environment or {})}, **options,
        )

    def _wait_until_ready(self):
        try:
            if self.waits:
                self._wait_for(self._is_ready, f"/ready on port {self.control_port} answers 200")
                if self.other:
                    self._wait_for(self._have_met, "both nodes know each other")
        except BaseException:
            self.kill()
            raise


def says(*entries, form="object"):
    """An answer of the app, in one of the two shapes."""
    return 200, JSON, json.dumps({"messages": list(entries)} if form == "object" else list(entries)).encode()


def texts(*words):
    """Text entries."""
    return [{"type": "text", "text": word} for word in words]


def entry_of(webhook):
    """The one message of a webhook, in either shape."""
    messages = webhook.body["messages"] if isinstance(webhook.body, dict) else webhook.body
    assert len(messages) == 1, webhook
    return messages[0]


def is_ready(webhook):
    entry = entry_of(webhook)
    return entry.get("type") == "ready" or entry.get("init") is True


def connect_to(remote, **members):
    return {"type": "connect", "url": remote.url, **members}


class UnsocketApp(FakeApp):
    """Answers `ready` with `connects`, and each message with what `on_message` makes of its entry (a list of entries, or a whole answer)."""

    def __init__(self, form="object"):
        super().__init__(path="/messages", healthy=self._answer)
        self.form, self.connects, self.on_message = form, [], lambda entry: []

    def _answer(self, webhook):
        answer = self.connects if is_ready(webhook) else self.on_message(entry_of(webhook))
        if callable(answer):
            answer = answer(entry_of(webhook))
        return says(*answer, form=self.form) if isinstance(answer, list) else answer

    @property
    def questions(self):
        """What it was asked about connections."""
        return [entry_of(webhook) for webhook in self.webhooks if is_ready(webhook)]

    @property
    def entries(self):
        """Everything else that it was told."""
        return [entry_of(webhook) for webhook in self.webhooks if not is_ready(webhook)]

    @property
    def texts(self):
        return [entry["text"] for entry in self.entries if "text" in entry]

    def unique_texts(self):
        """The texts in the order of their first coming: a repeated webhook has its id again."""
        seen = {}
        for webhook in self.webhooks:
            if not is_ready(webhook) and "text" in entry_of(webhook):
                seen.setdefault(webhook.headers["webhook-id"], entry_of(webhook)["text"])
        return list(seen.values())

    async def told(self, count, within=10.0):
        await eventually(lambda: len(self.entries) >= count, f"the app is told {count} messages", within, show=self.transcript)
        return self.entries[:count]

    async def asked(self, count, within=10.0):
        await eventually(lambda: len(self.questions) >= count, f"the app is asked {count} times", within, show=self.transcript)
        return self.questions[:count]


@pytest.fixture
def app(request):
    with UnsocketApp() as app:
        request.node.fake_app = app
        yield app


@pytest.fixture
def start(app, remote, remotes, raw_remotes, launch):  # noqa: F811
    """Starts it with the app and flags; the app has the remote dialled unless the test has said otherwise."""

    def begin(*flags, **options):
        if not app.connects:
            app.connects = [connect_to(remote)]
        return launch(app.url, *flags, kind=Unsocket, **options)

    return begin
