"""Lets the suites of one dialect run against a gateway that has routes of the five others too.

With `HOLDFAST_TEST_NEIGHBOURS` in the environment, each gateway is started as `holdfast serve` from a file: that of the test, the one that
`holdfast convert` makes of a drop-in command, or one with the URL of the test. Routes of the dialects that it lacks are added at paths
where no test looks. Their app lets everybody in and has nothing dialled.
"""

import os
import pathlib
import subprocess
import tempfile

import yaml

from app import FakeApp

WANTED = "HOLDFAST_TEST_NEIGHBOURS" in os.environ
EXTRA = {
    "slip": {"slip": {"jwtSecret": "the secret of the neighbour, which is long enough for every algorithm"}},
    "wsify": {"wsify": {"broadcastPath": "/neighbours/broadcast", "broadcastingKey": "the key of the neighbour"}},
}
DIALECTS = ["slip", "wsify", "unsocket", "wsaas", "grip", "json"]
CONVERTIBLE = ("grip", "wsaas", "wsify", "slip")


class Neighbours:
    """The arguments that a test gives, and what they become."""

    def __init__(self):
        self.app = None

    def around(self, binary, arguments, environment):
        """The arguments of a gateway with neighbours. Those of `holdfast unsocket`, where nobody connects, stay as they are."""
        command, *rest = map(str, arguments)
        if command in CONVERTIBLE:
            made = subprocess.run([binary, "convert", command, *rest], capture_output=True, text=True, timeout=30, env=environment)
            if made.returncode:
                return [command, *rest]
            file, rest = yaml.safe_load(made.stdout), []
        elif command == "serve" and "-c" in rest:
            at = rest.index("-c")
            file = yaml.safe_load(pathlib.Path(rest[at + 1]).read_text())
            del rest[at:at + 2]
        elif command == "serve" and any(one.startswith("http") for one in rest):
            url = next(one for one in rest if one.startswith("http"))
            rest.remove(url)
            file = {"routes": [{"name": "default", "path": "/*", "target": url}]}
        else:
            return [command, *rest]
        there = {route.get("dialect", "json") for route in file["routes"]}
        file["routes"] += [self._route(dialect) for dialect in DIALECTS if dialect not in there]
        where = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-neighbours-")) / "holdfast.yaml"
        where.write_text(yaml.safe_dump(file, sort_keys=False))
        return ["serve", "-c", str(where), *rest]

    def _route(self, dialect):
        if not self.app:
            self.app = FakeApp(healthy=lambda webhook: (200, {"content-type": "application/json"}, b"{}")).start()
        name = {"name": f"neighbour-{dialect}", "path": f"/neighbours/{dialect}"}
        return {**name, "dialect": dialect, "target": self.app.url, **EXTRA.get(dialect, {})}


NEIGHBOURS = Neighbours()
