"""The recorder's HTTP(S) server: takes EventLists as an API server sends them, answers 200 when they are in the file.

    POST /k8s-audit          an EventList of audit.k8s.io/v1
    GET  /events/<auditID>   {auditID, receivedAt, stage}, or 404
    GET  /events?name=NAME   the auditIDs of the events on objects of this name
    GET  /stats, /healthz

Deliberately without faults: where a test needs a receiver that fails, a proxy before this one plays it.
"""

import argparse
import json
import os
import signal
import ssl
import sys
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from k8s_audit.local_cluster.ports import LOOPBACK
from k8s_audit.local_cluster.process import Identity, try_lock, write_json
from k8s_audit.receivers.endpoint import BODY_LIMIT
from k8s_audit.receivers.recorder.journal import Journal

PATH = "/k8s-audit"
IDLE = 300
"""Seconds until a silent connection is closed: more than the 90 s after which an API server closes it itself, so that
it never sends into a closed one (Go's http.DefaultTransport)."""
DISCARD_LIMIT = 8
"""So many times the body limit is read and thrown away, so that the sender reads the 413 instead of a reset."""


@dataclass(frozen=True)
class Settings:
    """The `--config` file.

    Args:
        folder: where the events are written.
        name: the recorder's; its files begin with it.
        port: TCP, on 127.0.0.1; 0: any that is free.
        body_limit: bytes of the largest body that is taken.
        certificate: PEM file of the server's certificate; None: plain HTTP.
        key: PEM file of its key.
        client_ca: PEM file of the authority whose client certificates are required; None: none is.
    """

    folder: str
    name: str
    port: int
    body_limit: int = BODY_LIMIT
    certificate: str | None = None
    key: str | None = None
    client_ca: str | None = None


class BadBatchError(ValueError):
    """A body that is no EventList; the text is answered to the sender."""


def read_batch(body: bytes) -> list[dict[str, Any]]:
    """The events of an EventList: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/.

    Raises:
        BadBatchError: it is none.
    """
    try:
        batch = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadBatchError(f"the body is no JSON: {error}") from None
    if not isinstance(batch, dict) or (batch.get("kind"), batch.get("apiVersion")) != ("EventList", "audit.k8s.io/v1"):
        raise BadBatchError("the body is no EventList of audit.k8s.io/v1")
    items = batch.get("items")
    if not isinstance(items, list):
        raise BadBatchError("items is no list")
    for number, item in enumerate(items):
        if not isinstance(item, dict) or not isinstance(item.get("auditID"), str) or not item["auditID"]:
            raise BadBatchError(f"items[{number}] is no event: it has no auditID")
    return items


class RecorderServer(ThreadingHTTPServer):
    """The server, listening once it is made."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, settings: Settings) -> None:
        """Listen; nothing is answered before `serve_forever`."""
        self.journal = Journal(Path(settings.folder), settings.name)
        self.body_limit = settings.body_limit
        super().__init__((LOOPBACK, settings.port), _Handler)
        if settings.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(settings.certificate, settings.key)
            if settings.client_ca:
                context.load_verify_locations(settings.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
            # the handshake is made by the connection's own thread: a silent client holds up no other
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def server_bind(self) -> None:
        """Bind without asking a name server who 127.0.0.1 is."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """One line for a connection that broke; no traceback."""
        print(f"connection from {client_address[0]}:{client_address[1]}: {sys.exception()!r}", file=sys.stderr)


class _Handler(BaseHTTPRequestHandler):
    server: RecorderServer
    protocol_version = "HTTP/1.1"
    server_version = "k8s-audit-recorder"
    sys_version = ""
    timeout = IDLE
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet an answer

    def do_POST(self) -> None:
        if urlsplit(self.path).path != PATH:
            self._refuse(HTTPStatus.NOT_FOUND, f"events are taken at {PATH}")
            return
        body = self._body()
        if body is None:
            return
        try:
            events = read_batch(body)
            self.server.journal.append(events, len(body))
        except ValueError as error:
            self._answer(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        except OSError as error:
            self._answer(HTTPStatus.INSUFFICIENT_STORAGE, {"error": f"not written: {error.strerror}"})
        else:
            self._answer(HTTPStatus.OK, {"events": len(events)})

    def do_GET(self) -> None:
        url, journal = urlsplit(self.path), self.server.journal
        if url.path == "/healthz":
            self._answer(HTTPStatus.OK, {"status": "ok"})
        elif url.path == "/stats":
            self._answer(HTTPStatus.OK, journal.counts)
        elif url.path == "/events" and (names := parse_qs(url.query).get("name")):
            self._answer(HTTPStatus.OK, journal.named(names[0]))
        elif url.path.startswith("/events/"):
            receipt = journal.find(unquote(url.path.removeprefix("/events/")))
            if receipt is None:
                self._answer(HTTPStatus.NOT_FOUND, {"error": "no such event came"})
            else:
                found = {"auditID": receipt.auditID, "receivedAt": receipt.receivedAt, "stage": receipt.stage}
                self._answer(HTTPStatus.OK, found)
        elif url.path == PATH:
            self._answer(HTTPStatus.METHOD_NOT_ALLOWED, {"error": f"{PATH} takes POST"}, allow="POST")
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "no such path"})

    def _other(self) -> None:
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, f"{self.command} is not taken", allow="GET, POST")

    do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _other  # noqa: N815 - http.server's names

    def handle_expect_100(self) -> bool:
        """Tell at once that the body may come."""
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def _body(self) -> bytes | None:
        """The request's body; None if it was refused."""
        encoding = self.headers.get("Content-Encoding", "identity")
        if encoding != "identity":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Encoding {encoding} is not taken")
            return None
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or "Transfer-Encoding" in self.headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "a Content-Length is required")
            return None
        size = int(length)
        if size > self.server.body_limit:
            left = min(size, DISCARD_LIMIT * self.server.body_limit)
            while left and (read := len(self.rfile.read(min(left, 65536)))):
                left -= read
            limit = self.server.body_limit
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has {size} bytes, {limit} are taken")
            return None
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return None
        return body

    def _refuse(self, status: HTTPStatus, why: str, allow: str = "") -> None:
        """Answer without having read the body, and close the connection, since what follows is that body."""
        self.close_connection = True
        self._answer(status, {"error": why}, allow)

    def _answer(self, status: HTTPStatus, value: Any, allow: str = "") -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if allow:
            self.send_header("Allow", allow)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Only what was refused."""
        if int(code) >= HTTPStatus.BAD_REQUEST and self.command == "POST":
            super().log_request(code, size)


def main() -> None:
    """Serve until SIGTERM; end at once if another recorder holds the files."""
    parser = argparse.ArgumentParser(prog="python -m k8s_audit.receivers.recorder.server", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="JSON: see Settings")
    settings = Settings(**json.loads(parser.parse_args().config.read_bytes()))
    folder = Path(settings.folder)
    held = try_lock(folder / f".{settings.name}.lock")
    if held is None:
        parser.exit(1, f"another recorder writes {settings.name} in {folder}\n")
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with held:
        try:
            server = RecorderServer(settings)
        except (OSError, ssl.SSLError) as error:
            parser.exit(1, f"cannot listen on {LOOPBACK}:{settings.port}: {error}\n")
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
        me = Identity.of(os.getpid())
        assert me
        write_json(folder / f"{settings.name}.json", me.record() | {"port": server.server_port})
        server.serve_forever(poll_interval=0.1)
        with server.journal.quiet():  # a batch that is being written is written whole
            os._exit(0)


if __name__ == "__main__":
    main()
