#!/usr/bin/env python3
"""Prints one table (medians over the runs) from the results.jsonl files given. Exits 1 when a run failed."""

import json
import statistics
import sys

YARDSTICK = {"rt": "limit-hook"}  # of a kind of case; limit for the others
PROBLEMS = ("failed", "closed", "missing", "dup", "proto_err", "pub_err", "stalls")
HEAD = ["case", "gateway", "CPU µs", "× yardstick", "× nchan", "× pushpin", "per s", "p50 ms", "p99 ms", "RSS B/conn", "its CPU", "spread", "notes"]
LEGEND = """\
CPU µs     user + system time of the gateway's processes for each delivery (fan, dir), trip (rt) or handshake (idle)
× …        CPU µs, and for idle RSS B/conn, as a multiple of limit's (rt: limit-hook's), nchan's and Pushpin's
per s, ms  deliveries, trips or handshakes a second; latency of one
its CPU    how much of its processor the gateway used; well below 100 % it was not the bottleneck
spread     highest less lowest CPU µs of the runs, as a share of the median"""


def median(runs, key):
    """The median of a member over the runs that have it, or None."""
    values = [run[key] for run in runs if key in run]
    return statistics.median(values) if values else None


def number(value):
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


class Row:
    """All runs of one gateway in one case."""

    def __init__(self, case, gateway):
        self.case, self.gateway, self.kind = case, gateway, case.split("-")[0]
        self.all = []

    def runs(self):
        return [run for run in self.all if "error" not in run]

    def cost(self):
        """What the ratios compare."""
        return median(self.runs(), "rss_per_conn" if self.kind == "idle" else "cpu_us_per_msg")

    def ratio(self, other):
        mine, theirs = self.cost(), other.cost() if other else None
        return number(mine / theirs) if mine is not None and theirs and theirs > 0 else "–"

    def spread(self, key):
        values = [run[key] for run in self.runs() if key in run]
        return f"{100 * (max(values) - min(values)) / statistics.median(values):.0f} %" if len(values) > 1 and min(values) > 0 else "–"

    def notes(self):
        runs = self.runs()
        notes = []
        if len(runs) < len(self.all):
            errors = sorted({run["error"] for run in self.all if "error" in run})
            notes.append(f"{len(self.all) - len(runs)} of {len(self.all)} runs failed: " + "; ".join(errors))
        for key in PROBLEMS:
            total = sum(run.get(key, 0) for run in runs)
            if total:
                notes.append(f"{key} {total:g}")
        timed = [run for run in runs if "wall_s" in run]
        if timed:
            others = statistics.median((run["server_cpu_busy_s"] - run["cpu_s"]) / run["wall_s"] for run in timed)
            load = statistics.median(run["load_cpu_busy_s"] / run["wall_s"] for run in timed)
            if others > 0.1:
                notes.append(f"others took {100 * others:.0f} % of its CPU")
            if load > 0.95:
                notes.append("the load's CPU was full")
        return ", ".join(notes)

    def cells(self, rows):
        runs, idle = self.runs(), self.kind == "idle"
        cpu = "connect_cpu_us" if idle else "cpu_us_per_msg"
        latency = ("conn_p50_us", "conn_p99_us") if idle else ("p50_us", "p99_us")
        share = [run["cpu_s"] / run["wall_s"] for run in runs if run.get("wall_s")]
        return [
            self.case,
            self.gateway,
            number(median(runs, cpu)),
            self.ratio(rows.get((self.case, YARDSTICK.get(self.kind, "limit")))),
            self.ratio(rows.get((self.case, "nchan"))),
            self.ratio(rows.get((self.case, "pushpin"))),
            number(median(runs, "conn_per_s" if idle else "per_s")),
            *(number(us / 1e3 if us is not None else None) for us in (median(runs, key) for key in latency)),
            number(median(runs, "rss_per_conn")) if idle else "",
            f"{100 * statistics.median(share):.0f} %" if share else "",
            self.spread(cpu),
            self.notes(),
        ]


def main(paths):
    rows, cases = {}, []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for run in map(json.loads, file):
                gateway, case, _ = run["label"].split("/")
                if case not in cases:
                    cases.append(case)
                rows.setdefault((case, gateway), Row(case, gateway)).all.append(run)

    table = [HEAD, *(row.cells(rows) for row in sorted(rows.values(), key=lambda row: cases.index(row.case)))]
    widths = [max(len(line[i]) for line in table) for i in range(len(HEAD))]
    table.insert(1, ["-" * width for width in widths])
    for line in table:
        cells = (cell.rjust(w) if 1 < i < len(HEAD) - 1 else cell.ljust(w) for i, (cell, w) in enumerate(zip(line, widths)))
        print("| " + " | ".join(cells) + " |")
    print("\n" + LEGEND)
    return any("error" in run for row in rows.values() for run in row.all)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
