"""Stands in for a receiver that fails, or for the network before it: passes all on to a real recorder, or does not."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import httpx


class FaultyProxy:
    """A context manager; `fault` may be changed at any time.

    Args:
        target: the recorder's URL without a path.
    """

    def __init__(self, target: str) -> None:
        self.fault: int | None = None
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if proxy.fault and self.command == "POST":
                    status, content = proxy.fault, b"{}"
                else:
                    answer = httpx.request(self.command, target + self.path, content=body, trust_env=False)
                    status, content = answer.status_code, answer.content
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _pass  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.cut()

    def cut(self) -> None:
        """Listen no longer."""
        self.server.shutdown()
        self.server.server_close()
