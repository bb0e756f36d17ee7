"""Stands in for Sysdig Secure's API: `GET /api/v2/policies` over HTTPS, with tokens that may and may not.

It answers as the vendor's Terraform provider reads it: a list of policies, or an error with `message`.
"""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.standins.certificates import Pair

GOOD, POWERLESS = "good-token-1234", "powerless-token-1234"


class SysdigBackend:
    """A server on loopback; a context manager.

    Args:
        pair: its certificate and key.
        folder: where its key lies meanwhile.
    """

    def __init__(self, pair: Pair, folder: Path) -> None:
        backend = self
        self.policies: Any = []
        self.status = 0
        self.location = ""
        self.asked: list[tuple[str, str | None]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                backend.asked.append((self.path, self.headers.get("Authorization")))
                status, body = backend.answer(self.path, self.headers.get("Authorization", ""))
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                if backend.location:
                    self.send_header("Location", backend.location)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.write(folder))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str, authorization: str) -> tuple[int, Any]:
        if self.status:
            return self.status, {"message": "as the test wants it"}
        if path != "/api/v2/policies":
            return 404, {"message": "Not Found"}
        if authorization == f"Bearer {GOOD}":
            return 200, self.policies
        if authorization == f"Bearer {POWERLESS}":
            return 403, {"message": "Access is denied"}
        return 401, {"message": "Bad credentials"}

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()
