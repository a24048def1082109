"""The unsocket dialect: connections that are lost and had again, apps that are away, and what is told of beginnings and ends."""

import pytest

from app import always
from eventually import eventually
from remote import raw_remotes, remote, remotes  # noqa: F401 (fixtures)
from unsocket_gateway import app, connect_to, start, texts  # noqa: F401 (fixtures)


# Loss and return

@pytest.mark.parametrize("how", ["drop", "close", "kill", "shut_down"])
async def test_a_lost_connection_is_had_again(app, remote, start, how):
    start()
    await remote.connected()
    getattr(remote, how)()
    if how in ("kill", "shut_down"):
        remote.start()
    await remote.connected(2)
    first, second = app.questions[:2]
    assert first == {"type": "ready"}
    assert second["type"] == "ready" and second["connection"] == "1" and second["attempt"] >= 1
    remote.send("again")
    assert await app.told(1) == texts("again")


async def test_the_question_again_in_the_form_of_the_document(app, remote, start):
    start("--array")
    await remote.connected()
    remote.drop()
    await remote.connected(2)
    assert app.questions[1]["init"] is True and app.questions[1]["connection"] == "1"


async def test_the_app_says_again_where_to(app, remote, remotes, start):
    other = remotes()
    start()
    await remote.connected()
    app.connects = [connect_to(other), *texts("new token")]
    remote.drop()
    assert await other.gets(1) == ["new token"]
    assert len(remote.handshakes) == 1


async def test_failures_in_a_row_are_counted(app, remote, start):
    start()
    await remote.connected()
    remote.kill()
    await app.asked(4)
    attempts = [question["attempt"] for question in app.questions[1:4]]
    assert attempts == sorted(set(attempts)), attempts
    remote.start()
    await remote.connected(2)


async def test_an_empty_answer_ends_it(app, remote, start):
    gateway = start()
    await remote.connected()
    app.connects = []
    remote.drop()
    assert gateway.wait() == 1


async def test_a_page_in_the_place_of_an_answer_does_not_end_it(app, remote, start):
    start()
    await remote.connected()
    app.behaviour = always(200, {"content-type": "text/html"}, b"<h1>back soon</h1>")
    remote.drop()
    await eventually(lambda: len(app.webhooks) >= 3, "the app is asked again", show=app.transcript)
    app.behaviour = app.healthy
    await remote.connected(2)


async def test_a_push_while_the_remote_is_away_arrives_when_it_is_back(app, remote, start):
    gateway = start()
    await remote.connected()
    remote.kill()
    await app.asked(2)
    answers = [gateway.post("/message", content=f"{number}") for number in range(5)]
    remote.start()
    await remote.connected(2)
    taken = [str(number) for number, answer in enumerate(answers) if answer.status_code == 200]
    assert taken == ["0", "1", "2", "3", "4"], [answer.text for answer in answers]
    assert await remote.gets(5) == taken


async def test_messages_wait_for_an_app_that_is_away(app, remote, start):
    start()
    await remote.connected()
    app.kill()
    remote.send(*map(str, range(300)))
    remote.ping()
    app.start()
    await eventually(lambda: len(app.unique_texts()) == 300, "all are told", 30, show=app.transcript)
    assert app.unique_texts() == [str(number) for number in range(300)]


# Beginnings and ends

async def test_without_lifecycle_no_word_of_beginnings_and_ends(app, remote, start):
    start()
    await remote.connected()
    remote.close(4001, "bye")
    await remote.connected(2)
    remote.send("x")
    assert await app.told(1) == texts("x")


async def test_lifecycle_tells_beginnings_and_ends(app, remote, start):
    app.on_message = lambda entry: texts("welcome") if entry["type"] == "open" else []
    start("--connection-lifecycle")
    await remote.connected()
    assert await remote.gets(1) == ["welcome"], "answers count as others do"
    remote.send("x")
    await app.told(2)
    remote.close(4001, "bye")
    told = await app.told(4)
    assert told[:3] == [{"type": "open"}, *texts("x"), {"type": "close", "code": 4001, "reason": "bye", "clean": True}]
    assert told[3] == {"type": "open"}, "the next one"


async def test_a_loss_and_a_dial_that_failed_are_told(app, remote, start):
    start("--connection-lifecycle")
    await remote.connected()
    remote.kill()

    questions = await app.asked(3)
    lost, = [entry for entry in app.entries if entry["type"] == "close"]
    assert (lost["code"], lost["clean"]) == (1006, False)
    assert "error" not in questions[0]
    assert "1006" in questions[1]["error"]
    assert "refused" in questions[2]["error"]
    remote.start()
    await remote.connected(2)


async def test_the_app_closes(app, remote, start):
    app.on_message = lambda entry: [*texts("last words"), {"type": "close", "code": 4002, "reason": "enough"}]
    gateway = start("--no-reconnect")
    await remote.connected()
    remote.send("x")
    assert await remote.gets(1) == ["last words"]
    assert await remote.ended(1) == [(4002, "enough")]
    assert gateway.wait() == 1, "nothing is left to connect to"
