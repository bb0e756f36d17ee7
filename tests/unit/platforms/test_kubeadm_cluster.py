"""A cluster that refuses what the persistence of kubeadm asks of it: the way out is named where there is one."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from k8s_audit.errors import HostError
from k8s_audit.platforms.kubeadm_cluster import KubeadmCluster
from tests.kubeconfigs import plain


class Refuses(BaseHTTPRequestHandler):
    """As RBAC does."""

    def do_GET(self) -> None:
        body = json.dumps({"kind": "Status", "code": 403, "message": "no"}).encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[KubeadmCluster]:
    server = HTTPServer(("127.0.0.1", 0), Refuses)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield KubeadmCluster(str(plain(f"http://127.0.0.1:{server.server_port}", tmp_path)))
    server.shutdown()
    server.server_close()


def test_persist_false_is_a_way_out_of_the_config_map_alone(cluster: KubeadmCluster) -> None:
    with pytest.raises(HostError, match=r"answers 403: no; audit:platform.persist: false does without\.\n.*get config"):
        cluster.read()
    with pytest.raises(HostError, match=r"answers 403: no\.\n.*can-i list pods"):
        cluster.api_servers()
