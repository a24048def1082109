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
}
OPTIONS = {"tls": "TLS", "deflate": "deflate", "2": "two threads"}


def work(row):
    """A case in words."""
    parts = [f"{int(part):,}" for part in row.plain.split("-")[1:]]
    words = WORK[row.kind].format(*parts)
    if row.kind == "rt" and len(parts) > 1 and parts[1] != "1":
        words += f", {parts[1]} messages in flight each"
    if row.kind == "rt" and len(parts) > 2:
        words += f", {parts[2]} bytes"
    return ", ".join([words] + [OPTIONS[option] for option in row.options])


def figures(row):
    """(what, member, decimals' divisor, whether ratios are told) of what is worth telling of this kind of case."""
    if row.kind == "idle":
        return [("RSS, bytes", "rss_per_conn", 1, True)]
    told = [("CPU µs", row.cpu_key(), 1, True)]
    if row.kind == "rt":
        told.append(("p50 ms", "p50_us", 1000, False))
    if row.kind in ("rt", "fan", "burst"):
        told.append(("p99 ms", "p99_us", 1000, False))
    return told


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
        yardstick = results.row(case, YARDSTICK.get(rows[0].kind, "limit"))
        for i, (what, key, divisor, compared) in enumerate(figures(rows[0])):
            cells = [cell(results.row(case, gateway), key, divisor, yardstick if compared else None) for gateway, _ in GATEWAYS]
            yield f"| {work(rows[0]) if i == 0 else ''} | {what} | {cell(yardstick, key, divisor, None)} | " + " | ".join(cells) + " |"


def reached(results):
    """The lines of the second table."""
    yield "| target | gateway | | measured |"
    yield "|---|---|---|---|"
    for title, gateway, verdict, told in targets.lines(results)[0]:
        yield f"| {title} | `{'json' if gateway == 'holdfast' else 'grip'}` | {verdict} | {told} |"


def main(paths):
    results = Results(paths)
    print("\n".join(costs(results)) + "\n")
    print("\n".join(reached(results)))
    return results.failed()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
