"""What the suite found, case by case, and whether that will do."""

import collections
import json

# The suite's words, the best first. What it has no word for has failed.
WORDS = ["OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED", "FAILED"]
# Cases that may end NON-STRICT, because docs/conformance.md says why. Any other that does has failed.
ARGUED = {"3.2", "3.3", "3.4", "4.1.3", "4.1.4", "4.1.5", "4.2.3", "4.2.4", "4.2.5", "5.15"}


def order(case):
    """Sorts 9.2.1 before 10.1.1."""
    return [int(part) for part in case.split(".")]


class Verdict:
    """One case's. `report` is the suite's own, absent when the case did not run."""

    def __init__(self, case, report=None):
        self.case, self.report = case, report

    @property
    def word(self):
        if self.report is None or self.report["behaviorClose"] not in ("OK", "INFORMATIONAL"):
            return "FAILED"
        word = self.report["behavior"]
        return word if word in WORDS else "FAILED"

    @property
    def will_do(self):
        return self.word in ("OK", "INFORMATIONAL") or (self.word == "NON-STRICT" and self.case in ARGUED)

    def __str__(self):
        if self.report is None:
            return f"{self.case}  FAILED: it did not run"
        return "\n        ".join([
            f"{self.case}  {self.report['behavior']}, its close {self.report['behaviorClose']}: {self.report['description']}",
            f"expected: {self.report['expectation']}",
            f"result:   {self.report['result']} | {self.report['resultClose']}",
            f"received: {str(self.report['received'])[:300]}, close code {self.report['remoteCloseCode']}",
        ])


def read(folder, agent, cases):
    """The verdicts on `cases` from the reports in `folder`."""
    index = folder / "index.json"
    found = json.loads(index.read_text()).get(agent, {}) if index.is_file() else {}
    return [Verdict(case, json.loads((folder / found[case]["reportfile"]).read_text()) if case in found else None) for case in cases]


def table(verdicts):
    """Groups down, words across."""
    counts = collections.defaultdict(collections.Counter)
    for verdict in verdicts:
        counts[order(verdict.case)[0]][verdict.word] += 1
    rows = [(f"group {group}", counts[group]) for group in sorted(counts)]
    rows.append(("total", sum((row for _, row in rows), collections.Counter())))
    head = " " * 10 + "".join(f"{word:>15}" for word in WORDS)
    return "\n".join([head, *(f"{name:<10}" + "".join(f"{row[word]:>15}" for word in WORDS) for name, row in rows)])
