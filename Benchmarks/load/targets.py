"""What Holdfast is to reach, and whether it did. Machines differ, so nearly all targets are ratios within one table."""

import dataclasses
import re
import typing

from results import Results, Row, ratio

Measure = typing.Callable[[Row, Results], float | None]


@dataclasses.dataclass(frozen=True)
class Check:
    """One bound: measured in a row, and perhaps in others that it is compared with."""

    sign: str  # ≤, < or ≥
    bound: float
    unit: str  # "× limit", "B" …
    measure: Measure
    beside: tuple[str, ...] = ()  # gateways whose own figure says what the machine and its kernel make of it

    def words(self):
        return f"{self.sign} {self.bound:,g} {self.unit}"

    def holds(self, value):
        return {"≤": value <= self.bound, "<": value < self.bound, "≥": value >= self.bound}[self.sign]


def times(bound, gateway, sign="≤", key=None):
    """At most so many times what another gateway needs in the same case; key: of this member instead of the cost."""

    def measure(row, results):
        other = results.row(row.case, gateway)
        if other is None:
            return None
        return ratio(row.median(key), other.median(key)) if key else ratio(row.cost(), other.cost())

    return Check(sign, bound, f"× {gateway}", measure)


def below(gateway):
    return times(1, gateway, sign="<")


def times_own(bound, words, other: typing.Callable[[Row, Results], Row | None]):
    """At most so many times what the same gateway needs in another case."""

    def measure(row, results):
        reference = other(row, results)
        return ratio(row.cost(), reference.cost()) if reference else None

    return Check("≤", bound, f"× {words}", measure, ("limit", "limit-hook", "nchan"))


def own(case):
    return lambda row, results: results.row(case, row.gateway)


def without_options(row, results):
    return results.row(row.plain, row.gateway)


def per_core(bound):
    """So many a second that one processor is enough for, by the CPU time that one of them takes."""
    return Check("≥", bound, "/s and core", lambda row, _: ratio(1e6, row.cpu()))


@dataclasses.dataclass(frozen=True)
class Target:
    title: str
    cases: str  # a regular expression
    checks: tuple[Check, ...]
    gateways: tuple[str, ...] = ("holdfast", "holdfast-grip")

    def concerns(self, row):
        return row.gateway in self.gateways and re.fullmatch(self.cases, row.case) is not None

    def words(self):
        return ", ".join(check.words() for check in self.checks)


TARGETS = (
    Target("fan-out", r"fan-(100|1000|5000)-(64|1024)", (times(1.25, "limit"), below("nchan"))),
    Target("fan-out, bursts of ten", r"burst-\d+-\d+", (times(0.5, "limit"),)),
    Target("round trip, json", r"rt-(50|500)", (times(1.7, "limit-hook"), below("nchan")), ("holdfast",)),
    Target("round trip, grip", r"rt-(50|500)", (times(1.4, "limit-hook"), below("nchan")), ("holdfast-grip",)),
    Target("round trip alone, p50", r"rt-1", (times(1, "nchan", key="p50_us"),)),
    Target("push to one connection", r"push-\d+-\d+", (times(1.5, "nchan"),), ("holdfast",)),
    Target("idle connection, RSS", r"idle-\d+", (Check("≤", 4096, "B", lambda row, _: row.cost()),)),
    Target("connects", r"connect-\d+", (per_core(10_000),)),
    Target("growth, 10,000 subscribers", r"fan-10000-64", (times_own(1.15, "fan-100-64", own("fan-100-64")),)),
    Target("growth, 10,000 channels", r"dir-10000-64", (times_own(2, "dir-1-64", own("dir-1-64")),)),
    # Two processors do 1.7 times the work of one when a message costs at most 2 / 1.7 as much CPU time.
    Target("two cores", r"(rt|fan)-[0-9-]+\+2", (times_own(1.18, "one thread", without_options),)),
    Target("publish API", r"pub-\d+", (per_core(15_000),)),
    Target("publish API, batches", r"pubbatch-\d+", (times_own(0.25, "single", lambda row, results: results.of_kind("pub", row.gateway)),)),
    # Both nodes together. A broker's own time is told in the notes.
    Target("remote delivery", r"dir-\d+-\d+\+(nats|redis)", (times_own(2.5, "local", without_options),), ("holdfast",)),
    Target("remote fan-out", r"fan-1000-\d+\+(nats|redis)", (times_own(1.2, "local", without_options),), ("holdfast",)),
    Target("time to another node, p99", r"fan-1-\d+\+(nats|redis)", (Check("≤", 5, "ms", lambda row, _: ratio(row.median("p99_us"), 1000)),), ("holdfast",)),
    Target("resubscription", r"resub-10000\+(nats|redis)", (Check("≤", 2000, "ms", lambda row, _: row.cost()),), ("holdfast",)),
    Target("deflate, fan-out", r"fan-\d+-\d+\+deflate", (times_own(1.3, "plain", without_options),)),
)


def verdict(target, row, results):
    """ok, missed, or empty when what it takes to tell was not measured."""
    values = [check.measure(row, results) for check in target.checks]
    if any(value is not None and not check.holds(value) for check, value in zip(target.checks, values)):
        return "missed"
    return "" if None in values else "ok"


def of_row(row, results):
    """The targets of a row in words, and the verdict on all of them together."""
    concerned = [target for target in TARGETS if target.concerns(row)]
    verdicts = [verdict(target, row, results) for target in concerned]
    together = "missed" if "missed" in verdicts else "" if "" in verdicts or not verdicts else "ok"
    return ", ".join(target.words() for target in concerned), together


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def span(values):
    """The lowest and the highest."""
    ends = number(min(values)), number(max(values))
    return ends[0] if ends[0] == ends[1] else "–".join(ends)


def measured_beside(check, gateway, rows, results):
    """What another gateway has by the same measure in the same cases, or nothing."""
    others = [other for row in rows if (other := results.row(row.case, gateway))]
    values = [value for other in others if (value := check.measure(other, results)) is not None]
    return f"{gateway}: {span(values)}" if values else ""


def line(target, rows, results):
    """One gateway's line in the summary: the verdict, the range of what was measured against each bound, and where it was missed."""
    verdicts = {row.case: verdict(target, row, results) for row in rows}
    together = "missed" if "missed" in verdicts.values() else "ok" if "ok" in verdicts.values() else "?"
    parts = []
    for check in target.checks:
        values = [value for row in rows if (value := check.measure(row, results)) is not None]
        measured = span(values) if values else "not measured"
        others = [told for name in check.beside if (told := measured_beside(check, name, rows, results))]
        parts.append(f"{check.words()}: {measured}" + (f" ({', '.join(others)})" if others else ""))
    missed = [case for case, one in verdicts.items() if one == "missed"]
    where = f" (in {', '.join(missed)})" if missed and len(missed) < len(verdicts) else ""
    return together, "; ".join(parts) + where


def lines(results):
    """(title, gateway, verdict, words) for each target and gateway that was measured, and the titles of the other targets."""
    found, absent = [], []
    for target in TARGETS:
        before = len(found)
        for gateway in target.gateways:
            rows = [row for row in results if row.gateway == gateway and row.cost() is not None and target.concerns(row)]
            if rows:
                found.append((target.title, gateway, *line(target, rows, results)))
        if len(found) == before:
            absent.append(target.title)
    return found, absent


def summary(results):
    """The same as text, a line each, and one that names the rest."""
    found, absent = lines(results)
    if not found:
        return []
    widths = [max(len(one[i]) for one in found) for i in range(3)]
    text = [f"{state.ljust(widths[2])}  {title.ljust(widths[0])}  {gateway.ljust(widths[1])}  {told}" for title, gateway, state, told in found]
    return text + (["not measured here: " + "; ".join(absent)] if absent else [])
