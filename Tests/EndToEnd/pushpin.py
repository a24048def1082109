"""One running Pushpin: the original of the `grip` dialect, started on ports of its own, to see what it does with the same input.

It needs Debian's packages `pushpin` and `zurl`. Nothing of the system's own Pushpin service is used or changed.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

import httpx
import pytest

from eventually import eventually_blocking
from gateway import Lines, free_port

PROGRAMS = ("pushpin", "condure", "zurl")
INTERNAL = pathlib.Path("/usr/lib/pushpin/internal.conf")

CONFIGURATION = """\
[global]
include={folder}/internal.conf
rundir={folder}/run
ipc_prefix=e2e-
port_offset=0
stats_connection_ttl=120
[runner]
services=condure,zurl,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:{port}
logdir={folder}/log
log_level=2
client_buffer_size=8192
client_maxconn=500
condure_bin=condure
zurl_bin=zurl
[proxy]
routesfile={folder}/routes
debug=false
auto_cross_origin=false
accept_x_forwarded_protocol=false
set_x_forwarded_protocol=proto-only
accept_pushpin_route=false
log_from=false
log_user_agent=false
sig_iss=pushpin
sig_key={sig_key}
updates_check=off
[handler]
push_in_spec=ipc://{{rundir}}/{{ipc_prefix}}push-in
push_in_sub_specs=ipc://{{rundir}}/{{ipc_prefix}}push-in-sub
push_in_sub_connect=false
push_in_http_addr=127.0.0.1
push_in_http_port={control_port}
push_in_http_max_headers_size=10000
push_in_http_max_body_size=1000000
stats_spec=ipc://{{rundir}}/{{ipc_prefix}}stats
command_spec=ipc://{{rundir}}/{{ipc_prefix}}command
message_rate=2500
message_hwm=25000
message_wait=5000
id_cache_ttl=60
connection_subscription_max=20
subscription_linger=60
stats_subscription_ttl=60
stats_report_interval=10
stats_format=tnetstring
"""


# Why tests with Pushpin are skipped; empty where it is installed.
ABSENT = "" if all(map(shutil.which, PROGRAMS)) and INTERNAL.is_file() else "no Pushpin: dev/setup test installs it"
# A fixture's parameter. Marked as skipped, not skipped by the fixture: so pytest says it in one line.
PUSHPIN = pytest.param("pushpin", marks=[pytest.mark.skip(ABSENT)] if ABSENT else [])


class Pushpin:
    """Pushpin in front of an app. It has the few names of a `Gateway` that tests use which run with both."""
    holds_together = True

    def __init__(self, app_port, sig_key="changeme", control_port=None):
        assert not ABSENT, ABSENT
        # Paths of Unix sockets are short.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pushpin-"))
        self.port, self.control_port = free_port(), control_port or free_port()
        for name in ("run", "log"):
            (self.folder / name).mkdir()
        internal = INTERNAL.read_text().replace("ipc:///var/run/zurl/", "ipc://{rundir}/{ipc_prefix}")
        (self.folder / "internal.conf").write_text(internal)
        (self.folder / "routes").write_text(f"* 127.0.0.1:{app_port},over_http\n")
        (self.folder / "pushpin.conf").write_text(
            CONFIGURATION.format(folder=self.folder, port=self.port, control_port=self.control_port, sig_key=sig_key))
        self.process = subprocess.Popen(
            ["pushpin", f"--config={self.folder}/pushpin.conf"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", start_new_session=True,
        )
        self.output = Lines(self.process.stdout)
        try:
            eventually_blocking(self._is_ready, "Pushpin is ready", within=30, show=self.transcript)
        except BaseException:
            self.stop()
            raise

    def _is_ready(self):
        assert self.process.poll() is None, f"Pushpin ended at once\n{self.transcript()}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                pass
            # Its processes find each other in their own time, and what a client asks before that is lost. This reaches the app.
            return self.request("GET", "/").status_code == 200 and httpx.get(
                f"http://127.0.0.1:{self.port}/probe", trust_env=False, timeout=0.3).status_code > 0
        except (OSError, httpx.TransportError):
            return False

    def url(self, path="/"):
        return f"ws://127.0.0.1:{self.port}{path}"

    @property
    def control_url(self):
        return f"http://127.0.0.1:{self.control_port}"

    def request(self, method, path, **options):
        return httpx.request(method, self.control_url + path, timeout=10, trust_env=False, **options)

    def settle(self):
        """Gives the process that publishes a turn: what the others have told it before, it has then heard, as a rule."""
        self.request("GET", "/")

    def transcript(self):
        logs = sorted((self.folder / "log").glob("*.log")) if self.folder.exists() else []
        return "\n".join([self.output.text(), *(f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}" for log in logs)])

    def stop(self):
        """Ends it and its processes."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                pass
        try:
            # Its own session: whatever it has left behind.
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(5)
        shutil.rmtree(self.folder, ignore_errors=True)

    kill = stop
