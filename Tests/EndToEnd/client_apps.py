"""The conformance apps of the client libraries, one for each language, as processes."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import httpx
import pytest

from eventually import eventually_blocking
from gateway import REPOSITORY, Lines, free_port

CLIENTS = REPOSITORY / "clients"
NODE = os.environ.get("HOLDFAST_NODE", "node")
SWIFT = pathlib.Path(os.environ.get("HOLDFAST_APP_SWIFT", REPOSITORY / ".build" / "debug" / "holdfast-app-conformance"))
LANGUAGES = ["javascript", "python", "swift"]


def command_of(language):
    if language == "javascript":
        program = shutil.which(NODE)
        assert program, f"no {NODE!r}: install Node, or set HOLDFAST_NODE"
        return [program, str(CLIENTS / "javascript" / "conformance" / "app.mjs")]
    if language == "python":
        return [sys.executable, str(CLIENTS / "python" / "conformance" / "app.py")]
    if not SWIFT.is_file():
        pytest.skip(f"no Swift app at {SWIFT}: swift build --product {SWIFT.name}, or set HOLDFAST_APP_SWIFT")
    return [str(SWIFT)]


class ClientApp:
    """One app, on a port of its own. `settings` become variables; those that are None do not."""

    def __init__(self, language, **settings):
        self.language, self.port = language, free_port()
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.settings = {"PORT": str(self.port), "DIALECT": "json", **{name: value for name, value in settings.items() if value is not None}}
        self.command, self.process = command_of(language), None

    def __enter__(self):
        environment = {name: value for name, value in os.environ.items() if name not in ("SECRETS", "DIALECT", "CONTROL")}
        self.process = subprocess.Popen(
            self.command, env={**environment, **self.settings}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.log = Lines(self.process.stdout)
        try:
            eventually_blocking(self._refuses_get, f"{' '.join(self.command)} answers 405 to a GET", show=self.transcript)
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _refuses_get(self):
        assert self.process.poll() is None, f"ended with {self.process.returncode}\n{self.transcript()}"
        try:
            return httpx.get(self.url, trust_env=False).status_code == 405
        except httpx.TransportError:
            return False

    def transcript(self):
        return "\n".join(["$ " + " ".join(self.command), *self.log.all()[-200:]])


class ReadmeExample(ClientApp):
    """The first program of a language's README, as it is written there, run as a person would who has installed the library."""

    def __init__(self, language, folder, **settings):
        super().__init__(language, **settings)
        fence, name = {"javascript": ("js", "chat.mjs"), "python": ("python", "chat.py")}[language]
        text = (CLIENTS / language / "README.md").read_text()
        program = re.search(rf"^```{fence}\n(.*?)^```$", text, re.S | re.M)[1]
        (folder / name).write_text(program)
        if language == "javascript":
            (folder / "node_modules").mkdir()
            (folder / "node_modules" / "holdfast-app").symlink_to(CLIENTS / "javascript")
            self.command = [self.command[0], str(folder / name)]
        else:
            self.settings["PYTHONPATH"] = str(CLIENTS / "python")
            self.command = [self.command[0], str(folder / name)]
