"""The wsaas dialect: both published generations of its variables, and its REST conventions in both directions."""

import asyncio
import re
import time

import httpx
import pytest

from app import FakeApp, always
from client import all_received, connect, ending, received, refusal, round_trip
from eventually import eventually, eventually_blocking
from gateway import Gateway, free_port
from rawsocket import PING, TEXT, RawClient, frame

OK = (200, {"content-type": "application/json"}, b'{"code":"OK"}')


class Wsaas(Gateway):
    """`holdfast wsaas`, steered by variables alone."""

    def __init__(self, **variables):
        self.wanted_port, self.http_port = free_port(), free_port()
        ports = {"WS_PORT": str(self.wanted_port), "HTTP_PORT": str(self.http_port)}
        filled = {name: value.format(http_port=self.http_port) for name, value in variables.items()}
        super().__init__("wsaas", control_port=self.http_port, extra_environment={**ports, **filled})


@pytest.fixture
def app(request):
    """The app of this dialect: every method on /websocket/<id>."""
    with FakeApp(path="/websocket", healthy=lambda webhook: OK) as app:
        request.node.fake_app = app
        yield app


def old_variables(app):
    return {"API_URI": f"127.0.0.1:{app.port}/websocket", "WS_HOSTNAME": "127.0.0.1:{http_port}", "LOG_LEVEL": "INFO"}


def new_variables(app):
    return {"TARGET_ADDRESS": app.url, "LOCAL_ADDRESS": "http://127.0.0.1:{http_port}", "LOG_LEVEL": "info", "LOG_STYLE": "never"}


GENERATIONS = {"old variables": old_variables, "new variables": new_variables}


@pytest.fixture
def start(app, launch):
    """Starts it with the new variables and others on top."""
    return lambda **variables: launch(kind=Wsaas, **{**new_variables(app), **variables})


@pytest.fixture
def wsaas(start):
    return start()


def code_of(response):
    assert response.status_code == 200, f"{response.request.method} {response.request.url}: {response.status_code}, this dialect always answers 200"
    return response.json()["code"]


def ask(uri, method, **options):
    """A request of the app to a ws_uri, which has no scheme in the old generation."""
    return httpx.request(method, uri if "://" in uri else f"http://{uri}", trust_env=False, timeout=10, **options)


def uri_of(app, number=0):
    opens = [webhook for webhook in app.webhooks if webhook.method == "POST"]
    return opens[number].body["ws_uri"]


async def told(app, method, count=1):
    await eventually(
        lambda: len([webhook for webhook in app.webhooks if webhook.method == method]) >= count, f"the app gets {count} {method}", show=app.transcript,
    )
    return [webhook for webhook in app.webhooks if webhook.method == method]


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_life_of_a_connection(app, launch, generation):
    wsaas = launch(kind=Wsaas, **GENERATIONS[generation](app))
    assert wsaas.port == wsaas.wanted_port, "WS_PORT is not where clients connect"
    async with connect(wsaas, additional_headers={"authorization": "Bearer abc"}) as socket:
        await socket.send("hello")
        await told(app, "PUT")
        assert code_of(ask(uri_of(app), "PUT", content=b"to you")) == "OK"
        assert await received(socket) == b"to you"
    await told(app, "DELETE")

    post, put, delete = app.webhooks
    identity = post.path.removeprefix("/websocket/")
    # The id is opaque, one path segment that needs no escaping; the original uses UUIDs.
    assert re.fullmatch(r"[\w.-]+", identity), post.path
    assert [webhook.path for webhook in (put, delete)] == [post.path] * 2
    assert {webhook.headers.get("authorization") for webhook in app.webhooks} == {"Bearer abc"}
    uri = post.body["ws_uri"]
    assert re.fullmatch(rf"(http://)?127\.0\.0\.1:{wsaas.http_port}/{identity}", uri), uri
    if generation == "new variables":
        assert uri.startswith("http://"), uri
    assert post.body == {"code": "NEW_CONNECTION", "ws_uri": uri, "timeout": 30000}
    assert delete.body == {"code": "CONNECTION_CLOSE", "ws_uri": uri}
    assert all(webhook.headers["content-type"].startswith("application/json") for webhook in app.webhooks)
    assert put.raw == b"hello", "the body of a PUT is the text as it is"


async def test_no_authorisation_is_the_word_none(wsaas, app):
    async with connect(wsaas) as socket:
        await socket.send("hello")
    await told(app, "DELETE")
    assert [webhook.headers.get("authorization") for webhook in app.webhooks] == ["None"] * 3


REFUSALS = {
    "another code": always(200, {"content-type": "application/json"}, b'{"code":"NO"}'),
    "401": always(401, {}, b'{"code":"OK"}'), "204": always(204), "201": always(201, {}, b'{"code":"OK"}'), "404": always(404), "500": always(500),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_refused_connection(wsaas, app, case):
    app.behaviour = REFUSALS[case]
    response = await refusal(wsaas)
    assert 400 <= response.status_code < 600, response.status_code
    app.behaviour = app.healthy
    async with connect(wsaas):
        pass
    await told(app, "DELETE")
    refused = app.webhooks[0].path
    assert {webhook.method for webhook in app.webhooks if webhook.path == refused} == {"POST"}, "a refused connection has nothing but its POST"


@pytest.mark.parametrize("body", [b"", b'{"code":"OK","more":1}', b"OK"], ids=str)
async def test_200_without_another_code_accepts(wsaas, app, body):
    app.behaviour = lambda webhook: (200, {}, body)
    async with connect(wsaas) as socket:
        await round_trip(socket)


async def test_messages_come_one_by_one_in_order(wsaas, app):
    inside, most = [0], [0]

    def behaviour(webhook):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        inside[0] -= 1
        return OK

    app.behaviour = behaviour
    texts = [f"{number} grüße \" \\ \n" for number in range(100)]
    async with connect(wsaas) as socket:
        for text in texts:
            await socket.send(text)
        await told(app, "PUT", 100)
    await told(app, "DELETE")
    assert [webhook.raw.decode() for webhook in app.webhooks if webhook.method == "PUT"] == texts
    assert app.webhooks[-1].method == "DELETE"
    assert most[0] == 1, "two webhooks of one connection at once"


@pytest.mark.parametrize("answer", [(400, {}, b"no"), (200, {}, b"not JSON"), (204, {}, b""), (200, {}, b'{"code":"NO"}')], ids=str)
async def test_answer_to_a_message_is_ignored(wsaas, app, answer):
    app.behaviour = lambda webhook: answer if webhook.method == "PUT" else OK
    async with connect(wsaas) as socket:
        await socket.send("one")
        await socket.send("two")
        await told(app, "PUT", 2)
        await round_trip(socket)
    assert [webhook.raw for webhook in app.webhooks if webhook.method == "PUT"] == [b"one", b"two"]


async def test_put_becomes_a_binary_frame_unless_it_is_text(wsaas, app):
    async with connect(wsaas) as socket:
        uri = uri_of(app)
        for kind in (None, "application/octet-stream", "application/json", "text/plain", "text/html; charset=utf-8"):
            assert code_of(ask(uri, "PUT", content="grüße".encode(), headers={"content-type": kind} if kind else {})) == "OK"
        got = await all_received(socket, 5)
    assert got == ["grüße".encode()] * 3 + ["grüße"] * 2


async def test_delete_closes(wsaas, app):
    async with connect(wsaas) as socket:
        uri = uri_of(app)
        assert code_of(ask(uri, "DELETE")) == "OK"
        assert (await ending(socket))[0] == 1000
    deletes = await told(app, "DELETE")
    assert len(deletes) == 1 and deletes[0].body["code"] == "CONNECTION_CLOSE"
    assert code_of(ask(uri, "DELETE")) == "NOT_FOUND"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("identity", ["7f9c24e8-3b12-4fef-91d0-123456789abc", "nonsense", "a/b"])
def test_unknown_id_is_200_and_not_found(wsaas, method, identity):
    assert code_of(ask(f"{wsaas.control_url}/{identity}", method, content=b"x" if method == "PUT" else None)) == "NOT_FOUND"


@pytest.mark.parametrize("pages, most", [(None, 131_071), ("1", 32_767)])
async def test_message_that_is_too_long(start, app, pages, most):
    wsaas = start(**({"MAX_PAGE": pages} if pages else {}))
    async with connect(wsaas) as socket:
        assert code_of(ask(uri_of(app), "PUT", content=b"x" * most)) == "OK"
        assert code_of(ask(uri_of(app), "PUT", content=b"x" * (most + 1))) == "MESSAGE_TOO_LONG"
        assert code_of(ask(uri_of(app), "PUT", content=b"after")) == "OK"
        assert [len(message) for message in await all_received(socket, 2)] == [most, 5]


def test_timeout_kills_a_silent_peer(start, app):
    wsaas = start(WS_TIMEOUT="1000")
    with RawClient(wsaas) as client:
        client.open()
        assert app.webhooks[0].body["timeout"] == 1000
        eventually_blocking(
            lambda: app.webhooks[-1].method == "DELETE", "the app is told that the silent peer is gone", within=5, show=app.transcript,
        )


async def test_timeout_spares_a_peer_that_talks(start, app):
    wsaas = start(WS_TIMEOUT="1000")
    async with connect(wsaas) as socket:
        begun, count = time.monotonic(), 0
        while time.monotonic() - begun < 3:
            await socket.send(str(count))
            count += 1
            await told(app, "PUT", count)
            await asyncio.sleep(0.2)  # The pace of the traffic that the test is about.
        await round_trip(socket)


async def test_app_that_is_down_is_no_disaster(wsaas, app):
    async with connect(wsaas) as held:
        app.kill()
        assert (await refusal(wsaas)).status_code == 502
        app.start()
        async with connect(wsaas):
            pass
        await round_trip(held)


async def test_connections_do_not_mix(wsaas, app):
    async with connect(wsaas) as ann, connect(wsaas) as bob:
        assert code_of(ask(uri_of(app, 1), "PUT", content=b"bob")) == "OK"
        assert code_of(ask(uri_of(app, 0), "PUT", content=b"ann")) == "OK"
        assert (await received(ann), await received(bob)) == (b"ann", b"bob")
        await bob.send("from bob")
        await told(app, "PUT")
    assert [webhook.path for webhook in app.webhooks if webhook.method == "PUT"] == [app.webhooks[1].path]


async def test_close_after_a_lost_socket(wsaas, app):
    client = RawClient(wsaas).open()
    client.send(frame(TEXT, b"last words"))
    client.reset()
    deletes = await told(app, "DELETE")
    assert len(deletes) == 1


async def test_pings_are_not_messages(wsaas, app):
    with RawClient(wsaas) as client:
        client.open().send(frame(PING, b"ping") + frame(TEXT, b"text"))
        await told(app, "PUT")
    assert [webhook.raw for webhook in app.webhooks if webhook.method == "PUT"] == [b"text"]


async def test_target_with_a_trailing_slash(app, launch):
    wsaas = launch(kind=Wsaas, **{**new_variables(app), "TARGET_ADDRESS": app.url + "/"})
    async with connect(wsaas):
        assert re.fullmatch(r"/websocket/[\w.-]+", app.webhooks[0].path), app.webhooks[0].path


async def test_failure_of_a_message_does_not_close(wsaas, app):
    app.behaviour = lambda webhook: (500, {}, b"") if webhook.method == "PUT" else OK
    async with connect(wsaas) as socket:
        await socket.send("hello")
        await told(app, "PUT")
        await round_trip(socket)
    await told(app, "DELETE")


async def test_pushes_by_the_host_of_the_local_address_need_no_token(app, launch):
    wsaas = launch(kind=Wsaas, **{**new_variables(app), "LOCAL_ADDRESS": "http://gateway.test:9"})
    async with connect(wsaas) as socket:
        identity = uri_of(app).rsplit("/", 1)[1]
        push = f"{wsaas.control_url}/{identity}"
        assert httpx.put(push, content=b"by name", headers={"host": "gateway.test:9"}, trust_env=False).json() == {"code": "OK"}
        assert await received(socket) == b"by name"
        assert httpx.put(push, content=b"x", headers={"host": "elsewhere.test"}, trust_env=False).status_code == 403
