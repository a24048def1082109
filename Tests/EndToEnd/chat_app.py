"""The example chat apps as processes that can be killed and started again."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys

import httpx

from eventually import eventually_blocking
from gateway import REPOSITORY, Lines, free_port

FOLDER = REPOSITORY / "Examples" / "chat"
NODE = os.environ.get("HOLDFAST_NODE", "node")


class ChatApp:
    def __init__(self, file="app.py"):
        self.port, self.process = free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"
        program = sys.executable if file.endswith(".py") else shutil.which(NODE)
        assert program, f"no {NODE!r} to run {file} with: install Node, or set HOLDFAST_NODE"
        self.command = [program, str(pathlib.Path(FOLDER) / file), str(self.port)]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log = Lines(self.process.stderr)
        eventually_blocking(self._answers, f"{' '.join(self.command)} answers", show=self.log.text)
        return self

    def kill(self):
        """kill -9"""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def _answers(self):
        try:
            return httpx.get(self.url, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
