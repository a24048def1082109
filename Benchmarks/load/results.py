"""What was measured: the runs of results.jsonl files, gathered by case and gateway."""

import json
import statistics


class Row:
    """All runs of one gateway in one case."""

    def __init__(self, case, gateway):
        self.case, self.gateway = case, gateway
        self.plain, *self.options = case.split("+")
        self.kind = self.plain.split("-")[0]
        self.all = []

    def runs(self):
        return [run for run in self.all if "error" not in run]

    def median(self, key):
        """The median of a member over the runs that have it, or None."""
        values = [run[key] for run in self.runs() if key in run]
        return statistics.median(values) if values else None

    def spread(self, key):
        """Highest less lowest of the runs, as a share of the median; None for a single run."""
        values = [run[key] for run in self.runs() if key in run]
        return (max(values) - min(values)) / statistics.median(values) if len(values) > 1 and min(values) > 0 else None

    def cpu_key(self):
        return "connect_cpu_us" if self.kind in ("idle", "connect") else "cpu_us_per_msg"

    def cpu(self):
        """CPU µs of what this case counts: a delivery, trip, publication or handshake."""
        return self.median(self.cpu_key())

    def cost(self):
        """What ratios compare."""
        return self.median({"idle": "rss_per_conn", "resub": "resub_ms"}.get(self.kind) or self.cpu_key())


class Results:
    """All rows, in the order in which their cases came."""

    def __init__(self, paths=()):
        self.rows, self.cases = {}, []
        for path in paths:
            with open(path, encoding="utf-8") as file:
                for line in file:
                    self.add(json.loads(line))

    def add(self, run):
        gateway, case, _ = run["label"].split("/")
        if case not in self.cases:
            self.cases.append(case)
        self.rows.setdefault((case, gateway), Row(case, gateway)).all.append(run)

    def __iter__(self):
        return iter(sorted(self.rows.values(), key=lambda row: self.cases.index(row.case)))

    def row(self, case, gateway):
        return self.rows.get((case, gateway))

    def of_kind(self, kind, gateway):
        """The first row of a gateway for this kind of case, without options."""
        return next((row for row in self if row.kind == kind and row.gateway == gateway and not row.options), None)

    def failed(self):
        return any("error" in run for row in self for run in row.all)


def ratio(mine, theirs):
    """How many times theirs mine is; None when either is not there."""
    return mine / theirs if mine is not None and theirs is not None and theirs > 0 else None
