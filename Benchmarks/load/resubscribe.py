#!/usr/bin/env python3
"""How long a gateway needs until a broker that was killed and started again hears all its channels. Prints one line for results.jsonl.

resubscribe.py --label L --url ws://127.0.0.1:PORT/c%d -n CHANNELS --engine nats|redis --broker-pid PID --port PORT -- BROKER-COMMAND…

One client for each channel. The time runs from the gateway's first subscription at the new broker to its last; the way there, which the wait between
attempts to connect is part of, is told apart.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

WAVE = 200


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("--label", "--url", "--engine"):
        parser.add_argument(name, required=True)
    parser.add_argument("-n", type=int, required=True)
    parser.add_argument("--broker-pid", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def connect_all(url, count):
    """Opens all connections, some at a time, and returns their sockets."""
    parts, sockets = urllib.parse.urlsplit(url), []
    for start in range(0, count, WAVE):
        wave = []
        for number in range(start, min(start + WAVE, count)):
            one = socket.create_connection((parts.hostname, parts.port), 10)
            path = parts.path.replace("%d", str(number))
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
            wave.append(one)
        for one in wave:
            answer = one.recv(4096)
            if not answer.startswith(b"HTTP/1.1 101 "):
                raise OSError(f"a handshake was refused: {answer[:60]!r}")
        sockets += wave
    return sockets


def counter(engine, port):
    """A function that tells how many subscriptions the broker has of the gateway with most."""
    if engine == "nats":
        def count():
            with urllib.request.urlopen(f"http://127.0.0.1:{port + 1}/connz", timeout=1) as answer:
                return max((one.get("subscriptions", 0) for one in json.load(answer)["connections"]), default=0)
        return count

    def count():
        with socket.create_connection(("127.0.0.1", port), 1) as one:
            one.sendall(b"INFO stats\r\nQUIT\r\n")
            with one.makefile("r", encoding="utf-8", newline="") as stream:
                return next(int(line.split(":")[1]) for line in stream if line.startswith("pubsub_channels:"))
    return count


def wait(condition, what, within=30):
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            if condition():
                return time.monotonic()
        except OSError:
            pass
        time.sleep(0.001)
    raise OSError(f"waited {within} s in vain until {what}")


def main():
    asked = arguments()
    count = counter(asked.engine, asked.port)
    clients = connect_all(asked.url, asked.n)
    wait(lambda: count() >= asked.n, "all channels are heard")
    os.kill(asked.broker_pid, signal.SIGKILL)
    # The new one needs the port.
    wait(lambda: not listens(asked.port), "the broker has gone")
    broker = subprocess.Popen(asked.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        up = wait(lambda: count() >= 0, "the new broker answers")
        first = wait(lambda: count() >= 1, "the gateway is back")
        last = wait(lambda: count() >= asked.n, "all channels are heard again")
    finally:
        broker.kill()
        broker.wait()
    closed = sum(map(has_ended, clients))
    print(json.dumps({"label": asked.label, "mode": "resub", "n": asked.n, "resub_ms": round((last - first) * 1000, 1),
                      "reconnect_ms": round((first - up) * 1000, 1), "closed": closed}))


def has_ended(client):
    try:
        return not client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
