"""Stands in for API servers behind a load balancer of layer 4: each connection is one API server's, in turn.

What an API server answers here is what the proof asks of one: the start of its process and its counters in /metrics, a ConfigMap that is not
stored, with the request's Audit-Id. One that delivers counts a POST to the receiver that was accepted.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from tests.kubeconfigs import plain

RECEIVER = "siem.example"
METRICS = """\
process_start_time_seconds {start:.2f}
apiserver_audit_event_total {events}
rest_client_requests_total{{code="200",host="{host}",method="POST"}} {posts}
"""


@dataclass
class Server:
    """One API server.

    Args:
        start: of its process, in seconds since the epoch.
        delivers: whether its events reach the receiver.
        events: marked requests that it got.
        refusals: how often it still refuses to tell its counters.
    """

    start: float
    delivers: bool = True
    events: int = 0
    refusals: float = 0


class Balanced:
    """The address that they share.

    Args:
        servers: in the order in which they get connections.
        folder: for a kubeconfig.
    """

    def __init__(self, servers: Sequence[Server], folder: Path) -> None:
        turns, lock = itertools.cycle(servers), Lock()

        class Connection(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                with lock:
                    self.behind = next(turns)

            def do_GET(self) -> None:
                one = self.behind
                if one.refusals > 0:
                    one.refusals -= 1
                    self._answer(b"{}", 403)
                    return
                posts = one.events if one.delivers else 0
                self._answer(METRICS.format(start=one.start, events=one.events, posts=posts, host=RECEIVER).encode())

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.behind.events += 1
                body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "k8s-audit-check"}}
                self._answer(json.dumps(body).encode())

            def _answer(self, body: bytes, status: int = 200) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Audit-Id", f"{self.behind.start:.0f}-{self.behind.events}")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.kubeconfig = plain(self.url, folder)


@contextmanager
def balanced(servers: Sequence[Server], folder: Path) -> Iterator[Balanced]:
    """They answer for a while."""
    made = Balanced(servers, folder)
    Thread(target=made.http.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield made
    finally:
        made.http.shutdown()
        made.http.server_close()
