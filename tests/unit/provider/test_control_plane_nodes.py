"""What `up` and `refresh` tell of nodes that joined. What answers for the cluster lists nodes, refuses, or is away."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from k8s_audit.provider.resource import Context, Values
from k8s_audit.provider.resources.control_plane_nodes import ControlPlaneNodesInputs, ControlPlaneNodesResource

LABEL = "node.kubernetes.io/microk8s-controlplane"
HOSTS = [
    {"name": "cp-1", "address": "10.0.0.11", "apiServer": "https://10.0.0.11:16443"},
    {"name": "second", "address": "203.0.113.12", "apiServer": "https://203.0.113.12:16443"},
]


class Cluster(ThreadingHTTPServer):
    """Stands in for an API server that is asked for its nodes alone."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.nodes: dict[str, str] = {"cp-1": "10.0.0.11", "cp-2": "10.0.0.12"}
        self.pods: list[dict[str, Any]] = []
        self.refuses = False


class Handler(BaseHTTPRequestHandler):
    server: Cluster

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == "/api/v1/namespaces/kube-system/pods":
            assert parse_qs(asked.query)["labelSelector"] == ["component=kube-apiserver"]
            self.reply(200, {"kind": "PodList", "apiVersion": "v1", "items": self.server.pods})
            return
        assert asked.path == "/api/v1/nodes"
        assert parse_qs(asked.query)["labelSelector"] == [LABEL]
        items = [
            {"metadata": {"name": name}, "status": {"addresses": [{"type": "InternalIP", "address": address}]}}
            for name, address in self.server.nodes.items()
        ]
        answer: Any = {"kind": "NodeList", "apiVersion": "v1", "items": items}
        if self.server.refuses:
            answer = {"kind": "Status", "message": "nodes is forbidden", "code": 403}
        self.reply(403 if self.server.refuses else 200, answer)

    def reply(self, code: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def context(said: list[str]) -> Context:
    return Context(Event(), said.append)


@pytest.fixture
def inputs(cluster: Cluster, tmp_path: Path) -> ControlPlaneNodesInputs:
    path = tmp_path / "kubeconfig"
    text = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{cluster.server_port}"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(text))
    return ControlPlaneNodesInputs.model_validate({"distribution": "microk8s", "kubeconfig": str(path), "hosts": HOSTS})


def read(context: Context, inputs: ControlPlaneNodesInputs, old: Values) -> Values:
    found = ControlPlaneNodesResource().read(context, "n", inputs, old)
    assert found
    assert found.inputs == inputs
    return found.outputs


def test_a_node_that_joins_is_told_by_refresh_and_by_each_up_until_it_is_a_host(
    cluster: Cluster, context: Context, said: list[str], inputs: ControlPlaneNodesInputs
) -> None:
    nodes = ControlPlaneNodesResource()
    _, made = nodes.create(context, "edge-1-nodes", inputs)
    assert made == inputs.values() | {"unaudited": []}, "cp-2 is the host `second`, which has another address"
    assert read(context, inputs, made) == made
    assert (nodes.stale(made), said) == ([], [])

    cluster.nodes |= {"cp-3": "10.0.0.13"}
    live = read(context, inputs, made)
    assert live["unaudited"] == ["cp-2", "cp-3"]
    assert said == [
        "nodes cp-2, cp-3 run the control plane, and at least 1 of them is no host of this stack: no `up` turned auditing on"
        " there; put it among audit:platform.hosts"
    ]
    assert nodes.stale(live) == ["unaudited"]
    assert nodes.update(context, "n", inputs, live) == live
    assert said[1:] == said[:1]

    third = {"name": "cp-3", "address": "10.0.0.13", "apiServer": "https://10.0.0.13:16443"}
    now = ControlPlaneNodesInputs.model_validate(inputs.values() | {"hosts": [*HOSTS, third]})
    assert nodes.update(context, "n", now, live) == now.values() | {"unaudited": []}
    assert len(said) == 2


def pod(node: str, *flags: str) -> dict[str, Any]:
    container = {"name": "kube-apiserver", "command": ["kube-apiserver", *flags]}
    return {
        "metadata": {"name": f"kube-apiserver-{node}"},
        "spec": {"nodeName": node, "containers": [container]},
        "status": {},
    }


def test_of_kubeadm_the_pods_tell_which_api_server_records_nothing(
    cluster: Cluster, context: Context, said: list[str], inputs: ControlPlaneNodesInputs
) -> None:
    cluster.pods = [pod("cp-1", "--audit-policy-file=/p"), pod("cp-2", "--audit-policy-file=/p"), pod("cp-3")]
    inputs = ControlPlaneNodesInputs.model_validate(inputs.values() | {"distribution": "kubeadm"})
    _, made = ControlPlaneNodesResource().create(context, "edge-1-nodes", inputs)
    assert made["unaudited"] == ["cp-3"]
    assert said == ["kube-apiserver has no audit policy on cp-3: put each of these nodes among audit:platform.hosts"]
    cluster.pods[2] = pod("cp-3", "--audit-policy-file=/p")
    assert read(context, inputs, made)["unaudited"] == []
    assert len(said) == 1


def test_a_cluster_that_cannot_be_asked_fails_nothing_and_what_was_known_stays(
    cluster: Cluster, context: Context, said: list[str], inputs: ControlPlaneNodesInputs
) -> None:
    nodes = ControlPlaneNodesResource()
    cluster.refuses = True
    _, made = nodes.create(context, "edge-1-nodes", inputs)
    assert made["unaudited"] == []
    assert "not known: the cluster answers 403: nodes is forbidden" in said[0]
    assert said[0].endswith(f"kubectl --kubeconfig {inputs.kubeconfig} auth can-i list nodes")
    cluster.shutdown()
    cluster.server_close()
    assert read(context, inputs, made | {"unaudited": ["cp-3"]})["unaudited"] == ["cp-3"]
    assert "not known: the cluster does not answer: " in said[1]
    Path(inputs.kubeconfig).unlink()
    assert read(context, inputs, made) == made
    assert f"not known: kubeconfig {inputs.kubeconfig} cannot be used" in said[2]
