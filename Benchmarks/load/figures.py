#!/usr/bin/env python3
"""Prints the tables of docs/benchmarks.md from the results.jsonl files given: what each gateway needs, and the targets."""

import sys

import targets
from results import Results, ratio
from table import YARDSTICK, number

GATEWAYS = (("nchan", "nchan"), ("pushpin", "Pushpin"), ("holdfast", "Holdfast, `json`"), ("holdfast-grip", "Holdfast, `grip`"))
WORK = {
    "fan": "fan-out, {0} subscribers × {1} bytes",
    "fanrate": "fan-out at a fixed rate, {0} subscribers × {1} bytes",
    "burst": "ten publications at once, {0} subscribers × {1} bytes",
    "dir": "{0} channels of one subscriber, {1} bytes",
    "push": "push to one of {0} connections, {1} bytes",
    "pub": "publication to nobody",
    "pubbatch": "publication to nobody, {0} in a request",
    "rt": "round trip, {0} connections",
    "idle": "idle connection, of {0}",
    "connect": "opening handshake, waves of {0}",
    "resub": "{0} channels heard again by a broker that was restarted",
}
SINGLE = {
    "fan-1-64": "publication to one subscriber, one after the other, 64 bytes",
    "burst-1-64-1000": "publication to one subscriber, 1,000 at once, 64 bytes",
}
OPTIONS = {"tls": "TLS", "deflate": "deflate", "2": "two threads", "nats": "two nodes on NATS", "redis": "two nodes on Redis"}
ENGINES = ("nats", "redis")


def work(row):
    """A case in words."""
    parts = [f"{int(part):,}" for part in row.plain.split("-")[1:]]
    words = SINGLE.get(row.plain) or WORK[row.kind].format(*parts)
    if row.kind == "rt" and len(parts) > 1 and parts[1] != "1":
        words += f", {parts[1]} messages in flight each"
    if row.kind == "rt" and len(parts) > 2:
        words += f", {parts[2]} bytes"
    return ", ".join([words] + [OPTIONS[option] for option in row.options])


def figures(row):
    """(what, member, decimals' divisor, whether ratios are told) of what is worth telling of this kind of case."""
    if row.kind == "idle":
        return [("RSS, bytes", "rss_per_conn", 1, True)]
    if row.kind == "resub":
        return [("ms", "resub_ms", 1, False)]
    told = [("CPU µs", row.cpu_key(), 1, True)]
    if row.kind == "rt" or row.plain == "fan-1-64":
        told.append(("p50 ms", "p50_us", 1000, False))
    if row.kind in ("rt", "fan", "burst"):
        told.append(("p99 ms", "p99_us", 1000, False))
    return told


def between_nodes(row):
    """Whether a case is one of a cluster."""
    return any(engine in row.options for engine in ENGINES)


def cell(row, key, divisor, yardstick):
    if row is None or row.median(key) is None:
        return "–"
    own = number(row.median(key) / divisor)
    times = ratio(row.median(key), yardstick.median(key)) if yardstick else None
    return f"{own} ({times:.2f} ×)" if times else own


def costs(results):
    """The lines of the first table. Behind a figure: how many times the yardstick's it is."""
    yield "| work | | `limit`, `limit-hook` | " + " | ".join(name for _, name in GATEWAYS) + " |"
    yield "|---" * (3 + len(GATEWAYS)) + "|"
    for case in results.cases:
        rows = [row for row in results if row.case == case]
        if between_nodes(rows[0]):
            continue
        yardstick = results.row(case, YARDSTICK.get(rows[0].kind, "limit"))
        for i, (what, key, divisor, compared) in enumerate(figures(rows[0])):
            cells = [cell(results.row(case, gateway), key, divisor, yardstick if compared else None) for gateway, _ in GATEWAYS]
            yield f"| {work(rows[0]) if i == 0 else ''} | {what} | {cell(yardstick, key, divisor, None)} | " + " | ".join(cells) + " |"


def clusters(results):
    """The lines of the table that sets two nodes beside one. Behind a figure: how many times that of one node it is."""
    plain = list(dict.fromkeys(row.plain for row in results if between_nodes(row)))
    if not plain:
        return
    yield "| work | | one node | on NATS | on Redis |"
    yield "|---" * 5 + "|"
    for case in plain:
        alone, *others = (results.row(name, "holdfast") for name in (case, *(f"{case}+{engine}" for engine in ENGINES)))
        told = next(row for row in (alone, *others) if row)
        lines = [*figures(told), *([("a second", "per_s", 1, False)] if told.kind == "burst" else []),
                 *([("the broker's CPU µs", "aside_cpu_us_per_msg", 1, False)] if told.kind != "resub" else [])]
        for i, (what, key, divisor, compared) in enumerate(lines):
            cells = [cell(alone, key, divisor, None), *(cell(row, key, divisor, alone if compared else None) for row in others)]
            yield f"| {SINGLE.get(case) or WORK[told.kind].format(*(f'{int(part):,}' for part in case.split('-')[1:])) if i == 0 else ''} | {what} | " + \
                " | ".join(cells) + " |"


def reached(results):
    """The lines of the second table."""
    yield "| target | gateway | | measured |"
    yield "|---|---|---|---|"
    for title, gateway, verdict, told in targets.lines(results)[0]:
        yield f"| {title} | `{'json' if gateway == 'holdfast' else 'grip'}` | {verdict} | {told} |"


def main(paths):
    results = Results(paths)
    print("\n".join(costs(results)) + "\n")
    print("\n".join(clusters(results)) + "\n")
    print("\n".join(reached(results)))
    return results.failed()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
