"""What receivers look for in a cluster, asked of a real API server. No kubelet: its pods never run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from k8s_audit.errors import ReceiverError
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.receivers import metrics_api
from k8s_audit.receivers.pods import Pod, pods_in

NAMESPACE = "cluster-checks"
METRICS = f"{metrics_api.VERSION}.{metrics_api.GROUP}"


@pytest.fixture(scope="module")
def api(cluster: LocalCluster) -> Iterator[client.ApiClient]:
    settings = client.Configuration()
    config.load_kube_config(str(cluster.kubeconfig), client_configuration=settings)
    with client.ApiClient(settings) as made:
        core = client.CoreV1Api(made)
        core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
        account = client.V1ServiceAccount(metadata=client.V1ObjectMeta(name="default"))
        core.create_namespaced_service_account(NAMESPACE, account)
        yield made


def pod(api: client.ApiClient, name: str, labels: dict[str, str], ports: list[int]) -> None:
    container: dict[str, Any] = {"name": "one", "image": "one", "ports": [{"containerPort": port} for port in ports]}
    body: Any = {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [container]}}
    client.CoreV1Api(api).create_namespaced_pod(NAMESPACE, body)


def test_the_pods_of_a_namespace_are_told_with_labels_and_ports(cluster: LocalCluster, api: client.ApiClient) -> None:
    pod(api, "agent-1", {"app": "sysdig-agent"}, [])
    pod(api, "web-1", {"app": "web"}, [80, 443])
    found = pods_in(str(cluster.kubeconfig), NAMESPACE)
    assert sorted(found, key=lambda pod: pod.name) == [
        Pod("agent-1", {"app": "sysdig-agent"}, frozenset()),
        Pod("web-1", {"app": "web"}, frozenset({80, 443})),
    ]


def test_a_cluster_without_metrics_api_is_refused_with_the_mend(cluster: LocalCluster) -> None:
    with pytest.raises(ReceiverError, match=r"minikube addons enable metrics-server.*autoscaling: {enabled: false}"):
        metrics_api.require(str(cluster.kubeconfig))


def test_a_metrics_api_that_is_registered_but_does_not_answer_is_refused_too(
    cluster: LocalCluster, api: client.ApiClient
) -> None:
    registered = client.ApiregistrationV1Api(api)
    body: Any = {
        "metadata": {"name": METRICS},
        "spec": {
            "group": metrics_api.GROUP,
            "version": metrics_api.VERSION,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"namespace": NAMESPACE, "name": "metrics-server"},
        },
    }
    registered.create_api_service(body)
    try:
        assert not metrics_api.served(str(cluster.kubeconfig))
    finally:
        registered.delete_api_service(METRICS)


def test_an_api_that_is_served_is_found(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the metrics API, which no server here has, one that each API server serves."""
    monkeypatch.setattr(metrics_api, "GROUP", "apps")
    monkeypatch.setattr(metrics_api, "VERSION", "v1")
    assert metrics_api.served(str(cluster.kubeconfig))


def test_a_kubeconfig_that_is_none_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(ReceiverError, match="cannot be used") as raised:
        pods_in(str(tmp_path / "none"), NAMESPACE)
    assert len(str(raised.value).splitlines()) == 1
