"""Stands in for Falco's k8saudit plugin, which has no build here: its web server's answers and limits, and no rules.

As its source has them: 404 for another path, 405 for another method, 400 for another Content-Type or a body of more than
12 MiB, and 200 before the body is parsed; then an event of more than 256 KiB or without stageTimestamp is dropped with
a line in the log. https://github.com/falcosecurity/plugins/blob/main/plugins/k8saudit/pkg/k8saudit/source.go
What Falco itself doesn't do, but a proxy before it: `fault` answers that status, `token` asks for that bearer token.
"""

import contextlib
import json
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

BODY_LIMIT = 12 * 1024 * 1024
EVENT_LIMIT = 256 * 1024
PATH = "/k8s-audit"


class FalcoLike:
    """A context manager.

    Args:
        pem: a file with key and certificate, for HTTPS; None: HTTP.
        client_ca: PEM of the authority whose client certificates are required; None: none is.
        token: the bearer token that is asked for.
        body_limit: bytes of the largest body; Falco calls it webhookMaxBatchSize.
        port: TCP; 0: any.
        path: where it takes events.
        address: where it listens; 0.0.0.0: on each address of this machine, all of 127.0.0.0/8 among them.
    """

    def __init__(
        self,
        pem: Path | None = None,
        client_ca: str | None = None,
        token: str | None = None,
        body_limit: int = BODY_LIMIT,
        port: int = 0,
        path: str = PATH,
        address: str = "127.0.0.1",
    ) -> None:
        self.fault: int | None = None
        self.batches: list[int] = []
        self.received: dict[str, float] = {}
        self.dropped: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.targets: list[str] = []
        self.connections: list[socket.socket] = []
        self.expected, self.body_limit = token, body_limit
        falco = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                falco.headers.append(dict(self.headers))
                falco.targets.append(self.path)
                if urlsplit(self.path).path != path:
                    self._refuse(404, "404 page not found", size)
                elif falco.fault:
                    self._refuse(falco.fault, "a fault", size)
                elif falco.expected and self.headers.get("Authorization") != f"Bearer {falco.expected}":
                    self._refuse(401, f"not {self.headers.get('Authorization')}", size)
                elif "application/json" not in self.headers.get("Content-Type", ""):
                    self._refuse(400, "wrong Content Type", size)
                elif size > falco.body_limit:
                    self._refuse(400, "bad request: http: request body too large", size)
                else:
                    body = self.rfile.read(size)
                    falco.batches.append(size)
                    self._answer(200, b"")
                    falco._parse(body)

            def do_GET(self) -> None:
                self._answer(405 if urlsplit(self.path).path == path else 404, b"GET method not allowed")

            def _refuse(self, status: int, text: str, size: int) -> None:
                """Go's server reads up to 256 KiB of a body that nobody wanted, then closes the connection."""
                left = min(size, 256 * 1024)
                while left and (read := len(self.rfile.read(min(left, 65536)))):
                    left -= read
                self.close_connection = size > 256 * 1024
                self._answer(status, text.encode())

            def _answer(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                if self.close_connection:
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(content)
                self.wfile.flush()

            def log_message(self, format: str, *args: object) -> None: ...

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def process_request(self, request: Any, client_address: Any) -> None:
                falco.connections.append(request)
                super().process_request(request, client_address)

            def handle_error(self, request: Any, client_address: Any) -> None: ...

        self.server = Server((address, port), Handler)
        if pem:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            if client_ca:
                context.load_verify_locations(cadata=client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self.server.server_port
        self.url = f"http{'s' if pem else ''}://127.0.0.1:{self.port}{path}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.cut()

    def cut(self) -> None:
        """Be gone: listen no longer, and close what is open."""
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _parse(self, body: bytes) -> None:
        now = time.time()
        try:
            items = json.loads(body)["items"]
        except (ValueError, KeyError, TypeError):
            self.dropped.append("data not recognized as a k8s audit event")
            return
        for item in items:
            size = len(json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode())
            if "stageTimestamp" not in item:
                self.dropped.append("can't read stageTimestamp")
            elif size > EVENT_LIMIT:
                self.dropped.append(f"event larger than maxEventSize: size={size}")
            else:
                self.received[item["auditID"]] = now
