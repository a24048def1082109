"""The same transcripts through Holdfast and through Pushpin: what the app, the client and the publisher see must be the same.

Where it is meant to differ stands in `grip_differences.py`, with the reason.
"""

import pprint

import pytest

import grip_transcripts_http
import grip_transcripts_publish
import grip_transcripts_websocket
from gateway import Gateway
from grip_backend import GripApp
from grip_differences import DIFFERENCES, Difference
from grip_play import Play
from pushpin import ABSENT, Pushpin
from rawsocket import Ended

if ABSENT:
    pytest.skip(ABSENT, allow_module_level=True)

TRANSCRIPTS = {**grip_transcripts_websocket.TRANSCRIPTS, **grip_transcripts_publish.TRANSCRIPTS, **grip_transcripts_http.TRANSCRIPTS}
# Pushpin is four processes, and what one of them has learnt another may not know yet.
TRIES = 3


@pytest.fixture(scope="module")
def backend():
    with GripApp() as backend:
        yield backend


@pytest.fixture(scope="module")
def holdfast(backend):
    gateway = Gateway("grip", f"http://127.0.0.1:{backend.port}", "--sig-key", "changeme")
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def pushpin(backend):
    gateway = Pushpin(backend.port)
    yield gateway
    gateway.stop()


def played(gateway, backend, transcript, expected):
    """What a transcript leaves in the record. `expected` are parts that are known to differ."""
    play = Play(gateway, backend)
    try:
        transcript(play)
        play.told(len(expected.get("bodies", [])))
        return play.finish()
    finally:
        play.leave()
        backend.behaviour = backend.healthy


def faults(record, expected):
    """The parts of a record that are not as expected, in words."""
    return "\n".join(
        f"{part}:\n  expected {pprint.pformat(expected[part], width=150)}\n  seen     {pprint.pformat(record[part], width=150)}"
        for part in record if record[part] != expected[part]
    )


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_same_as_pushpin(name, holdfast, pushpin, backend):
    difference = DIFFERENCES.get(name, Difference("", {}, {}))
    mine = played(holdfast, backend, TRANSCRIPTS[name], difference.holdfast)
    wrong = ""
    for _ in range(TRIES):
        try:
            theirs = played(pushpin, backend, TRANSCRIPTS[name], difference.pushpin)
        except (AssertionError, Ended, OSError) as failure:
            wrong = f"Pushpin did not get to the end: {failure!r}"
            continue
        wrong = faults(theirs, {**mine, **difference.pushpin})
        if not wrong:
            break
    assert not wrong, f"Pushpin differs from Holdfast, or from what is said of it\n{wrong}"
    wrong = faults(mine, {**mine, **difference.holdfast})
    assert not wrong, f"not as said in the table: {difference.why}\n{wrong}"


def test_each_difference_is_of_a_transcript():
    assert DIFFERENCES.keys() <= TRANSCRIPTS.keys()
    for difference in DIFFERENCES.values():
        assert difference.why and difference.pushpin.keys() == difference.holdfast.keys()
