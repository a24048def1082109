#!/usr/bin/env python3
"""Checks verdicts, ratios and the summary of table.py, and the folding of flame.py, on made-up figures. ./check runs it."""

import contextlib
import io
import json
import pathlib
import tempfile
import unittest
import xml.dom.minidom

import figures
import flame
import table
import targets
from results import Results


def run(gateway, case, *figures, **members):
    """Runs with these CPU µs each; members are those of all."""
    return [{"label": f"{gateway}/{case}/{i + 1}", "cpu_us_per_msg": cpu, **members} for i, cpu in enumerate(figures)]


def results(*runs):
    made = Results()
    for one in (one for some in runs for one in some):
        made.add(one)
    return made


def full_run():
    """The cases that `bench full` measures."""
    return pathlib.Path(__file__).with_name("bench").read_text(encoding="utf-8").split("full)")[1].split('cases="')[1].split('"')[0].split()


def verdict(made, case, gateway="holdfast"):
    return targets.of_row(made.row(case, gateway), made)[1]


def summary(made):
    return "\n".join(targets.summary(made))


class Verdicts(unittest.TestCase):
    def test_all_bounds_of_a_row_must_hold(self):
        for cpu, expected in ((6.2, "ok"), (6.3, "missed"), (6.9, "missed")):
            made = results(run("limit", "fan-100-64", 5), run("nchan", "fan-100-64", 6.8), run("holdfast", "fan-100-64", cpu))
            self.assertEqual(verdict(made, "fan-100-64"), expected, cpu)
        made = results(run("limit", "fan-100-64", 5), run("nchan", "fan-100-64", 5), run("holdfast", "fan-100-64", 5))
        self.assertEqual(verdict(made, "fan-100-64"), "missed")  # as much as nchan is not below it

    def test_medians_are_compared(self):
        made = results(run("limit", "fan-100-64", 5, 5, 90), run("nchan", "fan-100-64", 9), run("holdfast", "fan-100-64", 1, 6, 80))
        self.assertEqual(verdict(made, "fan-100-64"), "ok")

    def test_without_what_it_is_compared_with_there_is_no_verdict(self):
        made = results(run("limit", "fan-100-64", 5), run("holdfast", "fan-100-64", 6), [{"label": "nchan/fan-100-64/1", "error": "x"}])
        self.assertEqual(verdict(made, "fan-100-64"), "")
        self.assertIn("< 1 × nchan: not measured", summary(made))
        made = results(run("limit", "fan-100-64", 5), run("holdfast", "fan-100-64", 7))
        self.assertEqual(verdict(made, "fan-100-64"), "missed")  # whatever nchan would need

    def test_only_holdfast_has_targets(self):
        made = results(run("limit", "fan-100-64", 5), run("nchan", "fan-100-64", 50))
        self.assertEqual(targets.of_row(made.row("fan-100-64", "nchan"), made), ("", ""))

    def test_json_and_grip_have_their_own_bounds(self):
        made = results(*(run(gateway, "rt-50", cpu) for gateway, cpu in (("limit-hook", 10), ("nchan", 20), ("holdfast", 16), ("holdfast-grip", 16))))
        self.assertEqual((verdict(made, "rt-50"), verdict(made, "rt-50", "holdfast-grip")), ("ok", "missed"))

    def test_latency_alone_counts_for_one_connection(self):
        made = results(run("nchan", "rt-1", 50, p50_us=150), run("holdfast", "rt-1", 99, p50_us=150), run("holdfast-grip", "rt-1", 9, p50_us=151))
        self.assertEqual((verdict(made, "rt-1"), verdict(made, "rt-1", "holdfast-grip")), ("ok", "missed"))

    def test_bytes_and_rates(self):
        made = results([{"label": "holdfast/idle-5000/1", "rss_per_conn": 4096}], [{"label": "holdfast/connect-100/1", "connect_cpu_us": 100}],
                       run("holdfast", "pub-16", 66), run("holdfast", "pubbatch-100", 16.6))
        self.assertEqual([verdict(made, case) for case in ("idle-5000", "connect-100", "pub-16", "pubbatch-100")], ["ok", "ok", "ok", "missed"])

    def test_cases_of_the_same_gateway_are_compared(self):
        made = results(run("holdfast", "fan-100-64", 10), run("holdfast", "fan-10000-64", 11.6), run("holdfast", "rt-50", 10), run("holdfast", "rt-50+2", 11),
                       run("holdfast", "dir-1-64", 10), run("holdfast", "dir-10000-64", 19), run("holdfast", "fan-1000-1024+deflate", 5))
        self.assertEqual([verdict(made, case) for case in ("fan-10000-64", "rt-50+2", "dir-10000-64", "fan-1000-1024+deflate")], ["missed", "ok", "ok", ""])

    def test_every_target_is_met_by_a_case_of_the_full_run(self):
        cases = full_run()
        for target in targets.TARGETS:
            self.assertTrue(any(target.concerns(results(run(target.gateways[0], case, 1)).row(case, target.gateways[0])) for case in cases), target.title)


class Summary(unittest.TestCase):
    def test_ranges_and_where_it_was_missed(self):
        made = results(*(run(gateway, case, cpu) for case, cpu in (("fan-100-64", 12), ("fan-1000-64", 13)) for gateway, cpu in
                         (("limit", 10), ("nchan", 20), ("holdfast", cpu))))
        told = summary(made)
        self.assertRegex(told, r"missed +fan-out +holdfast +≤ 1.25 × limit: 1.20–1.30; < 1 × nchan: 0.60–0.65 \(in fan-1000-64\)")
        self.assertIn("not measured here: fan-out, bursts of ten; ", told)

    def test_growth_is_told_beside_that_of_the_yardstick(self):
        made = results(*(run(gateway, case, cpu) for gateway, figures in (("limit", (5, 16)), ("nchan", (7, 21)), ("holdfast", (6, 15)))
                         for case, cpu in zip(("fan-100-64", "fan-10000-64"), figures)))
        self.assertIn("≤ 1.15 × fan-100-64: 2.50 (limit: 3.20, nchan: 3.00)", summary(made))

    def test_nothing_of_holdfast_nothing_to_tell(self):
        self.assertEqual(targets.summary(results(run("limit", "fan-100-64", 5))), [])


class Table(unittest.TestCase):
    def shown(self, *runs):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "results.jsonl")
            path.write_text("".join(json.dumps(one) + "\n" for some in runs for one in some), encoding="utf-8")
            with contextlib.redirect_stdout(io.StringIO()) as out:
                status = table.main([str(path)])
        head, _, *lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in out.getvalue().splitlines() if line.startswith("|")]
        return status, [dict(zip(head, line)) for line in lines]

    def test_a_missed_target_is_no_failure(self):
        status, (_, row) = self.shown(run("limit", "fan-100-64", 5), run("holdfast", "fan-100-64", 50))
        self.assertFalse(status)
        self.assertEqual((row["× yardstick"], row["verdict"]), ("10.0", "missed"))

    def test_a_failed_run_is(self):
        status, (row,) = self.shown(run("holdfast", "fan-100-64", 5), [{"label": "holdfast/fan-100-64/2", "error": "no result"}])
        self.assertTrue(status)
        self.assertEqual(row["notes"], "1 of 2 runs failed: no result")

    def test_options_are_compared_with_the_plain_case(self):
        _, rows = self.shown(run("holdfast", "rt-50", 10), run("holdfast", "rt-50+tls", 15), run("holdfast", "fan-10-64+tls", 15))
        self.assertEqual([row["× plain"] for row in rows], ["", "1.50", "–"])

    def test_problems_are_told(self):
        _, (row,) = self.shown(run("holdfast", "fan-100-64", 5, 5, missing=3, wrong=0, wall_s=2, cpu_s=1, server_cpu_busy_s=1.5, load_cpu_busy_s=2))
        self.assertEqual(row["notes"], "missing 6, others took 25 % of its CPU, the load's CPU was full")


class Figures(unittest.TestCase):
    def test_a_line_for_each_figure(self):
        made = results(run("limit-hook", "rt-50", 10, p50_us=500, p99_us=900), run("holdfast", "rt-50", 16, p50_us=600, p99_us=1200),
                       [{"label": "holdfast/idle-5000/1", "rss_per_conn": 4000}], run("holdfast", "fan-1000-1024+deflate", 5, p99_us=10))
        self.assertEqual(list(figures.costs(made))[2:], [
            "| round trip, 50 connections | CPU µs | 10.0 | – | – | 16.0 (1.60 ×) | – |",
            "|  | p50 ms | 0.50 | – | – | 0.60 | – |",
            "|  | p99 ms | 0.90 | – | – | 1.20 | – |",
            "| idle connection, of 5,000 | RSS, bytes | – | – | – | 4,000 | – |",
            "| fan-out, 1,000 subscribers × 1,024 bytes, deflate | CPU µs | – | – | – | 5.00 | – |",
            "|  | p99 ms | – | – | – | 0.01 | – |"])
        self.assertIn("| idle connection, RSS | `json` | ok | ≤ 4,096 B: 4,000 |", list(figures.reached(made)))

    def test_two_nodes_stand_beside_one(self):
        made = results(run("holdfast", "dir-100-64", 10), run("holdfast", "dir-100-64+nats", 18, aside_cpu_us_per_msg=3), run("holdfast", "dir-100-64+redis", 20),
                       run("holdfast", "fan-1-64+nats", 50, p50_us=300, p99_us=900), [{"label": "holdfast/resub-10000+nats/1", "resub_ms": 250}])
        self.assertEqual(list(figures.clusters(made))[2:], [
            "| 100 channels of one subscriber, 64 bytes | CPU µs | 10.0 | 18.0 (1.80 ×) | 20.0 (2.00 ×) |",
            "|  | the broker's CPU µs | – | 3.00 | – |",
            "| publication to one subscriber, one after the other, 64 bytes | CPU µs | – | 50.0 | – |",
            "|  | p50 ms | – | 0.30 | – |",
            "|  | p99 ms | – | 0.90 | – |",
            "|  | the broker's CPU µs | – | – | – |",
            "| 10,000 channels heard again by a broker that was restarted | ms | – | 250 | – |"])
        self.assertEqual([verdict(made, case) for case in ("dir-100-64+nats", "fan-1-64+nats", "resub-10000+nats")], ["ok", "ok", "ok"])
        self.assertFalse([line for line in figures.costs(made) if "nats" in line or "18.0" in line])
        self.assertEqual(list(figures.clusters(results(run("holdfast", "dir-100-64", 10)))), [])

    def test_every_case_of_the_full_run_has_words(self):
        for case in full_run():
            figures.work(results(run("holdfast", case, 1)).row(case, "holdfast"))


SCRIPT = """\
holdfast
\t           1234 read+0x1d (/usr/lib/libc.so.6)
\t           55aa $s14HoldfastServer4LoopV3runyyF (/bin/holdfast)

holdfast
\tffffffffb000 tcp_ack ([kernel.kallsyms])
\t           1234 read+0x1d (/usr/lib/libc.so.6)
\t           55aa $s14HoldfastServer4LoopV3runyyF (/bin/holdfast)

holdfast
\t           77aa [unknown] (/usr/lib/libz.so.1)
"""


class Flame(unittest.TestCase):
    def test_stacks_are_folded(self):
        stacks = list(flame.samples(SCRIPT.splitlines(keepends=True)))
        self.assertEqual([[name for name, _ in stack] for stack in stacks],
                         [["$s14HoldfastServer4LoopV3runyyF", "read"], ["$s14HoldfastServer4LoopV3runyyF", "read", "tcp_ack"], ["[unknown]"]])
        root = flame.grow(stacks)
        self.assertEqual((root.count, root.own, sorted(box.count for box in root.callees.values())), (3, 0, [1, 2]))
        kinds = {flame.KINDS[kind][0]: n for kind, n in flame.own_shares(root)[0].items() if n}
        self.assertEqual(kinds, {"kernel": 1, "other": 2})
        self.assertEqual({flame.KINDS[box.kind][0] for box in root.callees.values()}, {"Holdfast", "other"})

    def test_the_graph_is_xml(self):
        root = flame.grow([[("f<1>", "a"), ("g&", "b")]])
        text = "\n".join(flame.draw(root, "a < b"))
        titles = [node.firstChild.data for node in xml.dom.minidom.parseString(text).getElementsByTagName("title")]
        self.assertEqual(titles, ["all: 100.0 %, itself 0.0 %", "f<1>: 100.0 %, itself 0.0 %", "g&: 100.0 %, itself 100.0 %"])


if __name__ == "__main__":
    unittest.main()
