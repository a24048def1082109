"""Waiting for a condition with a deadline."""

import asyncio
import inspect
import threading
import time

PATIENCE = 10.0
PAUSE = 0.02


class _Waiting:
    """Remembers what was seen last, so that giving up can say it."""

    def __init__(self, what, within, show):
        self.what, self.within, self.show = what, within, show
        self.deadline = time.monotonic() + within
        self.last = None

    def check_deadline(self):
        if time.monotonic() < self.deadline:
            return
        seen = self.show() if self.show else self.last
        raise AssertionError(f"waited {self.within:g} s in vain until {self.what}; last seen: {seen!r}")


async def eventually(condition, what, within=PATIENCE, show=None):
    """Awaits until `condition()` (plain or async) is true and returns its value. `show()` says what there is when it never is."""
    waiting = _Waiting(what, within, show)
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        waiting.last = value
        waiting.check_deadline()
        await asyncio.sleep(PAUSE)


def eventually_blocking(condition, what, within=PATIENCE, show=None):
    """The same for code without an event loop."""
    waiting = _Waiting(what, within, show)
    while True:
        value = condition()
        if value:
            return value
        waiting.last = value
        waiting.check_deadline()
        threading.Event().wait(PAUSE)


async def stays(condition, what, during):
    """Awaits `during` seconds in which `condition()` must be true all the time: for things that must not happen."""
    end = time.monotonic() + during
    while time.monotonic() < end:
        value = condition()
        assert value, f"{what} did not stay so for {during:g} s: {value!r}"
        await asyncio.sleep(PAUSE)


async def settled(measure, what, quiet=0.6, within=PATIENCE):
    """Awaits until `measure()` has kept one value for `quiet` seconds, and returns it."""
    deadline = time.monotonic() + within
    value, since = measure(), time.monotonic()
    while time.monotonic() - since < quiet:
        assert time.monotonic() < deadline, f"{what} was still changing after {within:g} s; last seen: {value!r}"
        await asyncio.sleep(PAUSE)
        if measure() != value:
            value, since = measure(), time.monotonic()
    return value
