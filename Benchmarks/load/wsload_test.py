#!/usr/bin/env python3
"""Checks what wsload counts, against the yardstick, which it knows to the byte. ./check builds both and runs this; BIN is where they are."""

import contextlib
import http.server
import json
import os
import pathlib
import socket
import subprocess
import threading
import time
import unittest

BIN = pathlib.Path(os.environ.get("BIN", pathlib.Path(__file__).resolve().parents[2] / ".build-bench/bin"))


@contextlib.contextmanager
def limit():
    """The yardstick on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([BIN / "limit", "-p", str(port)])
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.01)
        yield process.pid, port
    finally:
        process.kill()
        process.wait()


def wsload(mode, *arguments):
    with limit() as (pid, port):
        command = [BIN / "wsload", mode, "--url", f"ws://127.0.0.1:{port}/", "--pub-url", f"http://127.0.0.1:{port}/", "--settle", "0.05",
                   "--pids", str(pid), "-d", "0.2", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Counting(unittest.TestCase):
    def faultless(self, result, *more):
        for key in ("failed", "closed", "dup", "wrong", "proto_err", "pub_err", *more):
            self.assertEqual(result[key], 0, key)

    def test_fanout(self):
        for arguments, batch in ((["-s", "1000"], 1), (["--batch", "10"], 10)):
            result = wsload("fanout", "-n", "20", *arguments)
            self.faultless(result, "missing", "stalls")
            self.assertGreater(result["published"], 0)
            self.assertEqual(result["published"] % batch, 0)
            self.assertEqual(result["messages"], 20 * result["published"])
            self.assertEqual(result["pub_ok"], result["published"])
            self.assertAlmostEqual(result["cpu_us_per_msg"] * result["messages"] / 1e6, result["cpu_s"], delta=0.001)

    def test_items_of_a_batch_go_in_one_request(self):
        seen = []

        class App(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                seen.append((self.path, self.rfile.read(int(self.headers["content-length"])).decode()))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), App) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            command = [BIN / "wsload", "publish", "-n", "1", "--warm", "0", "--batch", "3", "--pub-url", f"http://127.0.0.1:{server.server_port}/c{{I}}", "-d", "0.1",
                       "--pub-body", '{"items":[{ITEMS}]}', "--pub-item", '{"to":{I},"text":"{P}"}']
            result = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout)
            server.shutdown()
        self.faultless(result)
        self.assertEqual(result["messages"] % 3, 0)
        numbers = []
        for i, (path, body) in enumerate(seen):
            items = json.loads(body)["items"]
            self.assertEqual((path, [item["to"] for item in items]), (f"/c{i % 1000}", [i % 1000] * 3))
            numbers += [int(item["text"].split("#")[1]) for item in items]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_roundtrip(self):
        result = wsload("roundtrip", "-n", "5", "-w", "2", "-s", "300", "--warm", "0")
        self.faultless(result)
        self.assertGreater(result["messages"], 0)

    def test_connect(self):
        result = wsload("connect", "-n", "50", "--src", "4")
        for key in ("failed", "closed"):
            self.assertEqual(result[key], 0, key)
        self.assertGreaterEqual(result["connects"], 50)
        self.assertEqual(result["connects"] % 50, 0)

    def test_publish(self):
        result = wsload("publish", "-n", "2", "--warm", "0", "--batch", "3")
        self.faultless(result)
        self.assertGreater(result["messages"], 0)
        self.assertEqual(result["messages"], result["pub_ok"])


if __name__ == "__main__":
    unittest.main()
