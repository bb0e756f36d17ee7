"""Stands in for IBM Cloud: IAM's tokens, and of its Kubernetes service one cluster's audit webhook, master and refresh.

A real HTTP server. Paths, headers, bodies and statuses as the sources named in `platforms/iks/api.py` use them; IBM's service was
never asked. A refresh takes a while and may fail. What it does to API servers is done to a real one, where a test says how.
"""

import base64
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

KEY = "apikey-4711-secret"
TOKEN = "bearer-4712-secret"
CLUSTER = "bk7v2prod0example"
LONGEST = 10.0
"""Seconds for a refresh at which nobody looks."""
AUTHORITY = "-----BEGIN CERTIFICATE-----\ncluster\n-----END CERTIFICATE-----\n"


class IbmCloud:
    """A context manager.

    Args:
        takes: seconds for a refresh.
        apply: what a refresh does: it gets the webhook that is set, or None.
        authority: PEM of the cluster's own.
    """

    def __init__(
        self,
        takes: float = 0.3,
        apply: Callable[[dict[str, str] | None], None] = lambda _: None,
        authority: str = AUTHORITY,
    ) -> None:
        self.takes, self.apply, self.authority = takes, apply, authority
        self.set: dict[str, str] | None = None
        self.live: dict[str, str] | None = None
        self.calls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.busy = 0
        """So many of the next calls are answered with 503."""
        self.refuse = ""
        """Calls that begin so are refused."""
        self.fails = False
        """Let refreshes fail."""
        self.state, self.status, self.since = "deployed", "Ready", 0
        self.seen = threading.Event()
        """Somebody has looked at the master while it was refreshed."""
        self.refreshes: list[threading.Thread] = []

    def __enter__(self) -> Self:
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                status, body = cloud.answer(self.command, self.path, dict(self.headers), self.rfile.read(length))
                data = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def await_refreshes(self) -> None:
        """Let all refreshes come to their end, also one at which nobody looks."""
        for refresh in self.refreshes:
            while refresh.is_alive():
                self.seen.set()
                refresh.join(0.1)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        call = f"{method} {path}"
        self.calls.append(call)
        self.headers.append(headers)
        if self.busy:
            self.busy -= 1
            return 503, {"code": "E0013", "description": "try again"}
        if path == "/identity/token":
            given = parse_qs(body.decode())
            if given.get("apikey") != [KEY]:
                return 400, {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}
            return 200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"code": "E0017", "description": "The token is not valid."}
        if self.refuse and call.startswith(self.refuse):
            return 403, {"code": "E0408", "description": "You do not have the required role.", "echo": body.decode()}
        query = parse_qs(urlsplit(path).query)
        named = query.get("cluster", [path.split("/")[3] if path.count("/") > 2 else ""])[0]
        if named != CLUSTER:
            return 404, {"code": "E0404", "description": "The specified cluster could not be found."}
        return self._cluster(call, body)

    def _cluster(self, call: str, body: bytes) -> tuple[int, Any]:
        webhook = f"/v1/clusters/{CLUSTER}/apiserverconfigs/auditwebhook"
        if call == f"GET {webhook}":
            known = {key: value for key, value in (self.set or {}).items() if key != "clientKey"}
            return 200, {"auditServer": ""} | known
        if call == f"PUT {webhook}":
            self.set = json.loads(body)
            return 204, None
        if call == f"DELETE {webhook}":
            self.set = None
            return 204, None
        if call == f"PUT /v1/logging/{CLUSTER}/refresh":
            self.refreshes.append(threading.Thread(target=self._refresh, daemon=True))
            self.refreshes[-1].start()
            return 204, None
        if call.startswith("GET /v2/getCluster"):
            if self.state == "deploying":
                self.seen.set()
            life = {"masterState": self.state, "masterStatus": self.status, "masterStatusModifiedDate": str(self.since)}
            return 200, {"id": CLUSTER, "lifecycle": life}
        if call.startswith("GET /v2/getCACert"):
            return 200, {"caCert": base64.b64encode(self.authority.encode()).decode()}
        return 404, {"code": "E0000", "description": "no such path"}

    def _refresh(self) -> None:
        threading.Event().wait(self.takes)
        self.seen.clear()
        self.state, self.status, self.since = "deploying", "Master refresh in progress.", self.since + 1
        self.seen.wait(LONGEST)
        if self.fails:
            self.state, self.status = "deploy_failed", "The master could not be refreshed."
        else:
            self.live = self.set
            self.apply(self.live)
            self.state, self.status = "deployed", "Ready"
        self.since += 1
