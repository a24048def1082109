"""The unsocket dialect: several connections of one app."""

import pytest

from eventually import eventually, stays
from remote import raw_remotes, remote, remotes  # noqa: F401 (fixtures)
from unsocket_gateway import app, connect_to, start, texts  # noqa: F401 (fixtures)


@pytest.fixture
def pair(app, remotes, start):
    """A gateway with two connections, "prices" and "news"."""
    prices, news = remotes(), remotes()
    app.connects = [connect_to(prices, connection="prices"), *texts("to prices"), connect_to(news, connection="news"), *texts("to news")]
    return start(), prices, news


async def test_each_of_several_is_told_and_answered_for_itself(app, pair):
    _, prices, news = pair
    app.on_message = lambda entry: texts(f"{entry['connection']} {entry['text']}")
    assert (await prices.gets(1), await news.gets(1)) == (["to prices"], ["to news"])
    prices.send("1")
    assert (await prices.gets(2))[1] == "prices 1"
    news.send("2")
    assert (await news.gets(2))[1] == "news 2"
    assert app.entries == [{"type": "text", "connection": "prices", "text": "1"}, {"type": "text", "connection": "news", "text": "2"}]


async def test_an_answer_can_name_another_connection(app, pair):
    _, prices, news = pair
    await prices.gets(1), await news.gets(1)
    app.on_message = lambda entry: [{"type": "text", "text": "over", "connection": "news"}, *texts("back")]
    prices.send("1")
    assert (await news.gets(2))[1] == "over"
    assert (await prices.gets(2))[1] == "back"


@pytest.mark.one_node("no node knows that nobody on another took a message")
async def test_a_push_reaches_one_or_all(app, pair):
    gateway, prices, news = pair
    await prices.gets(1), await news.gets(1)
    assert gateway.post("/message?connection=news", content="one").json() == {"delivered": 1}
    assert gateway.post("/message", json=[{"text": "two", "connection": "prices"}]).json() == {"delivered": 1}
    assert gateway.post("/message", content="all").json() == {"delivered": 2}
    assert (await prices.gets(3))[1:] == ["two", "all"]
    assert (await news.gets(3))[1:] == ["one", "all"]
    missing = gateway.post("/message?connection=weather", content="x")
    assert missing.status_code == 503 and "weather" in missing.json()["detail"]


async def test_names_by_place(app, remotes, start):
    first, second = remotes(), remotes()
    app.connects = [connect_to(first), connect_to(second)]
    start()
    await first.connected(), await second.connected()
    second.send("b")
    await app.told(1)
    first.send("a")
    assert await app.told(2) == [{"type": "text", "connection": "2", "text": "b"}, {"type": "text", "connection": "1", "text": "a"}]


async def test_one_more_connection_in_a_later_answer(app, remote, remotes, start):
    other = remotes()
    app.on_message = lambda entry: [
        connect_to(other, connection="more"), *texts("here"), {"type": "text", "text": "there", "connection": "more"},
    ] if entry["text"] == "more" else []
    start()
    await remote.connected()
    remote.send("more")
    assert await remote.gets(1) == ["here"]
    assert await other.gets(1) == ["there"]
    remote.send("more")
    assert (await remote.gets(2), await other.gets(2)) == (["here"] * 2, ["there"] * 2)
    assert len(other.handshakes) == 1 and len(remote.handshakes) == 1, "a name that is there is not dialled again"


async def test_connect_without_a_name_in_a_later_answer_does_nothing(app, remote, remotes, start):
    other = remotes()
    app.on_message = lambda entry: [connect_to(other), *texts("here")]
    start()
    await remote.connected()
    remote.send("x")
    assert await remote.gets(1) == ["here"]
    assert other.attempts == 0


async def test_only_the_lost_one_of_several_is_asked_about(app, pair):
    _, prices, news = pair
    await prices.gets(1), await news.gets(1)
    news.drop()
    await news.connected(2)
    question = app.questions[1]
    assert question["connection"] == "news" and question["attempt"] >= 1
    assert (await news.gets(2))[1] == "to news"
    await stays(lambda: len(prices.handshakes) == 1 and len(prices.received) == 1, "the other is left alone", 0.3)


async def test_channels_and_connections_are_seen_on_the_control_api(app, pair):
    gateway, prices, news = pair
    await prices.gets(1), await news.gets(1)
    await eventually(lambda: len(gateway.connections()) == 2, "two connections are listed")
    assert {entry["direction"] for entry in gateway.connections()} == {"outbound"}
    assert gateway.publish("unsocket.news", "one") == 1
    assert gateway.publish("unsocket", "all") == 2
    assert (await news.gets(3))[1:] == ["one", "all"]
    assert (await prices.gets(2))[1:] == ["all"]
