"""A kubeconfig that cannot be used is one line, whoever asks with it, and shows nothing of its text; a failed TLS handshake is told as one."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.errors import CloudError, DeliveryError, HostError, K8sAuditError, ReceiverError
from k8s_audit.kubernetes_api import client_settings
from k8s_audit.platforms.control_plane_nodes import server_nodes
from k8s_audit.platforms.created.live import live
from k8s_audit.platforms.iks.proxy import client_certificate
from k8s_audit.platforms.kubeadm_cluster import KubeadmCluster
from k8s_audit.platforms.management.cluster import DEPLOYMENT, ManagementCluster
from k8s_audit.platforms.openshift.cluster import OpenshiftCluster
from k8s_audit.platforms.talos.node import TalosNode, TalosPlace
from k8s_audit.receivers.pods import pods_in

ASKED: dict[Callable[[str], object], type[K8sAuditError]] = {
    lambda path: ApiServer(None, path): DeliveryError,
    lambda path: pods_in(path, "default"): ReceiverError,
    lambda path: KubeadmCluster(path).read(): HostError,
    lambda path: KubeadmCluster(path).api_servers(): HostError,
    lambda path: server_nodes(path, "k3s"): HostError,
    lambda path: OpenshiftCluster(path).read(): HostError,
    lambda path: ManagementCluster(path).read(DEPLOYMENT, "default", "x"): HostError,
    lambda path: TalosNode(
        TalosPlace("cp-1", "10.0.0.11", "https://10.0.0.11:6443", path), Event(), print
    ).check(): HostError,
    client_certificate: CloudError,
}
TEXTS = {
    "none": None,
    "empty": "",
    "no YAML": "a: [token-4711",
    "no context": "apiVersion: v1\nkind: Config\nusers: [{name: u, user: {token: token-4711}}]\n",
    "a list": "[token-4711]\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_it_is_one_line_of_the_askers_own_kind(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    for asked, kind in ASKED.items():
        with pytest.raises(kind, match=rf"onfig {path} cannot be used: ") as caught:
            asked(str(path))
        assert len(str(caught.value).splitlines()) == 1
        assert "token-4711" not in str(caught.value)
        assert str(caught.value).endswith("it is not there") == (text is None)
    with pytest.raises(HostError, match="managementKubeconfig "):
        client_settings(str(path), HostError, "managementKubeconfig")


def test_a_handshake_that_fails_is_told_as_one(tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # which speaks no TLS
    Thread(target=server.serve_forever, daemon=True).start()
    path = tmp_path / "kubeconfig"
    path.write_text(
        "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],"
        f" clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:{server.server_port}'}}}}], users: [{{name: u, user: {{}}}}]}}"
    )
    asked: list[Callable[[str], object]] = [
        lambda path: pods_in(path, "default"),
        lambda path: KubeadmCluster(path).read(),
        lambda path: server_nodes(path, "k3s"),
        lambda path: OpenshiftCluster(path).read(),
        lambda path: live("k3d", path),
        lambda path: ApiServer(None, path).known_counters(),
    ]
    try:
        for ask in asked:
            with pytest.raises(K8sAuditError, match="does not answer: SSLError: "):
                ask(str(path))
    finally:
        server.shutdown()
        server.server_close()
