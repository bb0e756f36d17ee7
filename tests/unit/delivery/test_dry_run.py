"""An API server before 1.13 refuses a dry run, and audits the refusal: its event is as good a mark."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from k8s_audit.delivery import api_server
from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.errors import DeliveryError
from tests.kubeconfigs import plain


class Refuses(BaseHTTPRequestHandler):
    """As 1.11 and 1.12 do."""

    message = "dryRun is not supported yet"

    def do_POST(self) -> None:
        body = json.dumps({"kind": "Status", "code": 400, "message": self.message}).encode()
        self.send_response(400)
        self.send_header("Audit-Id", "0123-abcd")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    server = HTTPServer(("127.0.0.1", 0), Refuses)
    Thread(target=server.serve_forever, daemon=True).start()
    yield plain(f"http://127.0.0.1:{server.server_port}", tmp_path)
    server.shutdown()


@pytest.mark.parametrize("message", ["dryRun is not supported yet", "the dryRun alpha feature is disabled"])
def test_the_refusals_own_event_is_looked_for(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    monkeypatch.setattr(Refuses, "message", message)
    with ApiServer(None, str(kubeconfig)) as server:
        assert server.dry_run_config_map("k8s-audit-check-1") == "0123-abcd"


def test_another_refusal_is_none(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Refuses, "message", "no")
    monkeypatch.setattr(api_server, "START_UP", 0)
    with ApiServer(None, str(kubeconfig)) as server, pytest.raises(DeliveryError, match="answers 400 to"):
        server.dry_run_config_map("k8s-audit-check-1")
