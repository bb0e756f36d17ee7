"""Stands in for AWS while its credentials are expired: passes all on to moto, which knows no expiry, or refuses as AWS does.

https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html
"""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

EXPIRED = {"__type": "ExpiredTokenException", "message": "The security token included in the request is expired"}
OWN_TO_A_CONNECTION = ("connection", "transfer-encoding", "content-length", "date", "server")


class ExpiringAws:
    """A context manager.

    Args:
        target: moto's URL.

    Attributes:
        expired: whether the credentials are; may be changed at any time.
        refused: calls that were refused, by their names.
    """

    def __init__(self, target: str) -> None:
        self.expired = False
        self.refused: list[str] = []
        aws, address = self, urlsplit(target)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1  # one packet an answer

            def setup(self) -> None:
                super().setup()
                self.onward = http.client.HTTPConnection(str(address.hostname), address.port)

            def finish(self) -> None:
                self.onward.close()
                super().finish()

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if aws.expired:
                    aws.refused.append(self.headers.get("X-Amz-Target", self.path))
                    self._answer(400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(EXPIRED).encode())
                    return
                self.onward.request(self.command, self.path, body, dict(self.headers))
                answer = self.onward.getresponse()
                self._answer(answer.status, dict(answer.getheaders()), answer.read())

            def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in OWN_TO_A_CONNECTION:
                        self.send_header(name, value)
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
        self.server.shutdown()
        self.server.server_close()
