#!/usr/bin/env python3
"""Prints one table (medians over the runs) from the results.jsonl files given, and which targets are met. Exits 1 when a run failed;
targets do not matter for that."""

import statistics
import sys

import targets
from results import Results, ratio

YARDSTICK = {"rt": "limit-hook"}  # of a kind of case; limit for the others
PROBLEMS = ("failed", "closed", "missing", "dup", "wrong", "uncompressed", "proto_err", "pub_err", "stalls")
HEAD = ["case", "gateway", "CPU µs", "× yardstick", "× nchan", "× pushpin", "× plain", "per s", "p50 ms", "p99 ms", "RSS B/conn", "its CPU",
        "spread", "target", "verdict", "notes"]
LEFT = ("case", "gateway", "target", "verdict", "notes")
LEGEND = """\
CPU µs     user + system time of the gateway's processes for each delivery (fan, burst, dir, push), trip (rt), publication (pub,
           pubbatch) or handshake (idle, connect)
× …        CPU µs, and for idle RSS B/conn, as a multiple of limit's (rt: limit-hook's), nchan's and Pushpin's in the same case, and
           of its own in the case without the +option
per s, ms  deliveries, trips, publications or handshakes a second; latency of one
its CPU    how much of a processor the gateway used; well below 100 % it was not the bottleneck
spread     highest less lowest CPU µs of the runs, as a share of the median"""


def number(value):
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def percent(value):
    return f"{100 * value:.0f} %" if value is not None else "–"


def notes(row):
    runs, told = row.runs(), []
    if len(runs) < len(row.all):
        errors = sorted({run["error"] for run in row.all if "error" in run})
        told.append(f"{len(row.all) - len(runs)} of {len(row.all)} runs failed: " + "; ".join(errors))
    for key in PROBLEMS:
        total = sum(run.get(key, 0) for run in runs)
        if total:
            told.append(f"{key} {total:g}")
    timed = [run for run in runs if run.get("wall_s")]
    if timed:
        others = statistics.median((run["server_cpu_busy_s"] - run["cpu_s"]) / run["wall_s"] for run in timed)
        load = statistics.median(run["load_cpu_busy_s"] / run["wall_s"] for run in timed)
        if others > 0.1:
            told.append(f"others took {100 * others:.0f} % of its CPU")
        if load > 0.95 and "2" not in row.options:
            told.append("the load's CPU was full")
    if row.median("aside_cpu_us_per_msg") is not None:
        told.append(f"the broker: {number(row.median('aside_cpu_us_per_msg'))} µs")
    if row.kind == "resub" and row.cost() is not None:
        told.append(f"{number(row.median('resub_ms'))} ms, and {number(row.median('reconnect_ms'))} ms until the broker was back in use")
    if row.kind == "connect" and row.median("close_cpu_us") is not None:
        told.append(f"closing: {number(row.median('close_cpu_us'))} µs")
    return ", ".join(told)


def cells(row, results):
    handshakes = row.kind in ("idle", "connect")
    latency = ("conn_p50_us", "conn_p99_us") if handshakes else ("p50_us", "p99_us")
    shares = [run["cpu_s"] / run["wall_s"] for run in row.runs() if run.get("wall_s")]

    def against(case, gateway):
        other = results.row(case, gateway)
        return number(ratio(row.cost(), other.cost()) if other else None)

    return [
        row.case,
        row.gateway,
        number(row.cpu()),
        against(row.case, YARDSTICK.get(row.kind, "limit")),
        against(row.case, "nchan"),
        against(row.case, "pushpin"),
        against(row.plain, row.gateway) if row.options else "",
        number(row.median("conn_per_s" if handshakes else "per_s")),
        *(number(us / 1e3 if us is not None else None) for us in (row.median(key) for key in latency)),
        number(row.median("rss_per_conn")) if row.kind == "idle" else "",
        percent(statistics.median(shares)) if shares else "",
        percent(row.spread(row.cpu_key())),
        *targets.of_row(row, results),
        notes(row),
    ]


def table(results):
    """The lines of the table, in Markdown."""
    lines = [HEAD, *(cells(row, results) for row in results)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    lines.insert(1, ["-" * width for width in widths])
    return ["| " + " | ".join(cell.ljust(w) if name in LEFT else cell.rjust(w) for cell, w, name in zip(line, widths, HEAD)) + " |"
            for line in lines]


def main(paths):
    results = Results(paths)
    print("\n".join(table(results)))
    print("\n" + LEGEND)
    reached = targets.summary(results)
    if reached:
        print("\nTargets (medians; what is missed here may be met on another machine, and the other way round)\n" + "\n".join(reached))
    return results.failed()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
