"""Stands in for a receiver that fails, or for the network before it: passes all on to a real recorder, or does not."""

import http.client
import math
import ssl
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

TIMEOUT = 30.0
"""Seconds until a silent recorder is given up."""


class FaultyProxy:
    """A context manager; what is told here may be changed at any time.

    Args:
        target: the recorder's URL without a path.
        pem: a file with key and certificate, for HTTPS; None: HTTP.
        token: the bearer token that is asked for; None: none.

    Attributes:
        fault: POSTs are answered so, and not passed on; None: they are.
        pause: seconds that each POST takes before it is looked at.
        pace: bytes a second of each POST, beside the pause.
        open: POSTs wait until it is set; one whose sender has given up waiting is passed on all the same.
        answers: how often each status was given to a POST.
        bodies: bytes of each POST that was passed on.
        types: the Content-Types of all POSTs.
    """

    def __init__(self, target: str, pem: Path | None = None, token: str | None = None) -> None:
        self.fault: int | None = None
        self.pause = 0.0
        self.pace = math.inf
        self.open = threading.Event()
        self.open.set()
        self.answers: Counter[int] = Counter()
        self.bodies: list[int] = []
        self.types: set[str] = set()
        proxy, address = self, urlsplit(target)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1  # one packet an answer

            def setup(self) -> None:
                super().setup()
                self.onward = http.client.HTTPConnection(str(address.hostname), address.port, timeout=TIMEOUT)

            def finish(self) -> None:
                self.onward.close()
                super().finish()

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, content = self._judged(len(body))
                if status is None:
                    self.onward.request(self.command, self.path, body)
                    answer = self.onward.getresponse()
                    status, content = answer.status, answer.read()
                if self.command == "POST":
                    proxy.answers[status] += 1
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _judged(self, size: int) -> tuple[int | None, bytes]:
                if self.command == "POST":
                    proxy.open.wait()
                    time.sleep(proxy.pause + size / proxy.pace)
                    proxy.types.add(self.headers.get("Content-Type", ""))
                    if proxy.fault:
                        return proxy.fault, b"{}"
                    if token and self.headers.get("Authorization") != f"Bearer {token}":
                        return 401, b"{}"
                    proxy.bodies.append(size)
                return None, b""

            do_GET = do_POST = _pass  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if pem:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{'https' if pem else 'http'}://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.cut()

    def cut(self) -> None:
        """Listen no longer."""
        self.server.shutdown()
        self.server.server_close()
