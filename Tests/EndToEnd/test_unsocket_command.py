"""`holdfast unsocket` as a command: flags, exit codes, what it prints; and routes of the dialect in a file."""

import json
import signal

import pytest

from eventually import eventually
from gateway import free_port, run
from rawsocket import TEXT
from remote import raw_remotes, read_frame, remote, remotes, switching  # noqa: F401 (fixtures)
from unsocket_gateway import JSON, NO_PROXIES, Unsocket, UnsocketApp, app, connect_to, says, start, texts  # noqa: F401 (fixtures)

TEXT_HI = {"type": "text", "text": "hi"}


async def test_no_reconnect_ends_with_the_remote(app, remote, start):
    gateway = start("--no-reconnect")
    await remote.connected()
    remote.send("last")
    await app.told(1)
    remote.close(1000, "done")
    assert gateway.wait() == 1
    assert len(app.questions) == 1


async def test_reconnect_false_in_the_entry_is_the_same(app, remote, start):
    app.connects = [connect_to(remote, reconnect=False)]
    gateway = start()
    await remote.connected()
    remote.drop()
    assert gateway.wait() == 1


async def test_one_of_two_may_end_without_the_process(app, remotes, start):
    first, second = remotes(), remotes()
    app.connects = [connect_to(first), connect_to(second)]
    gateway = start("--no-reconnect")
    await first.connected(), await second.connected()
    first.close()
    await first.ended()
    second.send("still here")
    await app.told(1)
    assert gateway.running()
    second.close()
    assert gateway.wait() == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_cleanly(app, remote, start, number):
    gateway = start()
    await remote.connected()
    gateway.signal(number)
    assert gateway.wait() == 0
    assert (await remote.ended())[0][0] == 1001


UNUSABLE = {
    "empty": (says(), "names nothing to connect to"), "204": ((204, {}, b""), "names nothing to connect to"),
    "text first": (says(TEXT_HI, {"type": "connect", "url": "ws://127.0.0.1:1/"}), "begins with what to connect to"),
    "no JSON type": ((200, {"content-type": "text/plain"}, b'[{"type":"connect","url":"ws://a/"}]'), "content-type text/plain"),
    "no JSON": ((200, JSON, b"{"), "not JSON"), "404": ((404, {}, b""), "404"), "unknown type": (says({"type": "dial"}), "unknown type"),
}


@pytest.mark.parametrize("answer", UNUSABLE)
def test_an_unusable_first_answer_ends_it_with_a_sentence(app, remote, start, answer):
    reply, words = UNUSABLE[answer]
    app.behaviour = lambda webhook: reply
    gateway = start(wait=False)
    assert gateway.wait() == 1
    assert words in gateway.stderr.text()


async def test_an_app_that_is_not_there_yet_is_asked_again(app, remote, start):
    app.kill()
    gateway = start()
    gateway.expect_log("warning", "cannot be reached")
    app.start()
    await remote.connected(within=20)
    assert app.questions == [{"type": "ready"}]


def test_deny_private(app, remote, start):
    gateway = start("--deny-private", "--no-reconnect", wait=False)
    assert gateway.wait() == 1
    assert "dial.denyPrivate" in gateway.stderr.text()
    assert remote.attempts == 0


def test_a_host_that_is_not_allowed(app, remote, start):
    gateway = start("--dial-allow", "*.example.com", "--no-reconnect", wait=False)
    assert gateway.wait() == 1
    assert "dial.allow" in gateway.stderr.text()
    assert remote.attempts == 0


def test_a_remote_that_refuses(app, remote, start):
    remote.refuse = 401
    gateway = start("--no-reconnect", wait=False)
    assert gateway.wait() == 1
    assert "401" in gateway.stderr.text()


@pytest.mark.one_node("the lines of one process are counted")
async def test_verbose_logs_in_json_on_standard_error(app, remote, start):
    quiet = start()
    await remote.connected()
    assert not [entry for entry in quiet.logs() if entry.get("level") == "debug"]
    verbose = start("-v")
    await remote.connected(2)
    remote.kill()
    await eventually(lambda: any(entry.get("level") == "debug" for entry in verbose.logs()), "details are logged", show=verbose.transcript)
    assert len(verbose.logs()) == len(verbose.stderr.all()), "every line is JSON"
    remote.start()
    await remote.connected(4)


@pytest.mark.parametrize("arguments", [[], ["http://a.test/", "http://b.test/"], ["localhost:3000"], ["ftp://a.test/"]])
def test_exactly_one_url(arguments):
    ended = run("unsocket", *arguments)
    assert ended.returncode != 0
    assert "url" in ended.stderr.lower()


def test_help_tells_what_the_original_has():
    printed = run("unsocket", "--help").stdout
    for words in ("unsocket URL", "--verbose", "--no-reconnect", "--deny-private", "POST /message"):
        assert words in printed


async def test_two_routes_in_a_file(app, remotes, launch, tmp_path):
    first, second = remotes(), remotes()
    app.on_message = lambda entry: texts(entry["text"].upper())
    app.connects = lambda entry: [connect_to(first)]
    with UnsocketApp() as other:
        other.connects = [connect_to(second)]
        other.on_message = lambda entry: texts(entry["text"] + "!")
        port = free_port()
        route = {"dialect": "unsocket", "dial": {"denyPrivate": False, "reconnect": {"firstDelay": "50ms"}}}
        file = tmp_path / "holdfast.yaml"
        file.write_text(json.dumps({
            "listen": [], "control": {"listen": f"127.0.0.1:{port}"},
            "routes": [{"path": "/a", "target": app.url, **route}, {"path": "/b", "target": other.url, **route}],
        }))
        gateway = launch("-c", file, kind=Routes, control_port=port)
        await first.connected(), await second.connected()
        first.send("one")
        second.send("two")
        assert (await first.gets(1), await second.gets(1)) == (["ONE"], ["two!"])
        gateway.stop()


class Routes(Unsocket):
    """`holdfast serve` with routes of this dialect alone."""

    def __init__(self, *arguments, control_port):
        self.waits = True
        super(Unsocket, self).__init__("serve", *arguments, control_port=control_port, extra_environment=NO_PROXIES)


async def test_frames_are_masked(app, raw_remotes, start):
    frames = []

    def behave(connection, request):
        connection.sendall(switching(request))
        frames.append(read_frame(connection))
        while connection.recv(65536):
            pass

    raw = raw_remotes(behave)
    app.connects = [connect_to(raw), *texts("hello")]
    start()
    await eventually(lambda: frames, "a frame comes", show=raw.transcript)
    assert frames[0] == (TEXT, True, b"hello")
