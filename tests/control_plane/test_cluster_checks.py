"""What receivers look for in a cluster, asked of a real API server. No kubelet: its pods never run."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from k8s_audit.config.platforms.eks import EksPlatform
from k8s_audit.config.platforms.kubeadm import KubeadmPlatform
from k8s_audit.config.receivers.admission_controller import AdmissionControllerReceiver
from k8s_audit.errors import ReceiverError
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.receivers import metrics_api
from k8s_audit.receivers.admission_controller import AUDIT
from k8s_audit.receivers.pods import Pod, pods_in
from k8s_audit.receivers.troubles.diagnosis import troubles_of
from k8s_audit.receivers.troubles.look import look, with_log
from k8s_audit.receivers.troubles.signs import Signs
from tests.project import free_ports

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


def test_a_receiver_in_the_cluster_is_looked_at_and_its_troubles_told(
    cluster: LocalCluster, api: client.ApiClient, tmp_path: Path
) -> None:
    """No kubelet and no autoscaler are here: event and settings are put there as they would put them."""
    receiver = AdmissionControllerReceiver.model_validate(
        {"kind": "admission-controller", "name": "sysdig", "namespace": NAMESPACE}
    )
    labels = {"app.kubernetes.io/instance": "sysdig"}
    core: Any = client.CoreV1Api(api)
    registration: Any = client.AdmissionregistrationV1Api(api)
    pod(api, "sysdig-webhook-1", labels, [5000])
    core.create_namespaced_config_map(
        NAMESPACE, {"metadata": {"name": "sysdig-webhook", "labels": labels}, "data": {"LOG_LEVEL": "debug"}}
    )
    autoscaler = {"kind": "HorizontalPodAutoscaler", "name": "sysdig-webhook", "namespace": NAMESPACE}
    message = "unable to fetch metrics from resource metrics API: the server could not find the requested resource"
    event: Any = {"metadata": {"name": "sysdig.1"}, "involvedObject": autoscaler, "message": message}
    core.create_namespaced_event(NAMESPACE, event | {"reason": "FailedComputeMetricsReplicas", "type": "Warning"})
    rule = {"apiGroups": [""], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["configmaps"]}
    webhook = {
        "name": AUDIT,
        "clientConfig": {"url": f"https://127.0.0.1:{free_ports(1)[0]}/k8s-audit"},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
        "failurePolicy": "Ignore",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    registration.create_validating_webhook_configuration({"metadata": {"name": "sysdig"}, "webhooks": [webhook]})
    platform = KubeadmPlatform.model_validate(
        {"kind": "kubeadm", "hosts": [{"access": "local", "apiServer": cluster.api_server}]}
    )

    def told() -> Signs:
        core.create_namespaced_config_map(NAMESPACE, {"metadata": {"generateName": "reviewed-"}})
        return look(receiver, platform, str(cluster.kubeconfig), [AUDIT])

    try:
        deadline = time.monotonic() + 20
        while not (signs := told()).webhooks[0].failed_open:  # an API server learns of a webhook within about a second
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        registration.delete_validating_webhook_configuration("sysdig")
    assert not signs.unknown
    assert signs.webhooks[0].operations == {"CREATE"}
    assert [(trouble.name, trouble.harmless) for trouble in troubles_of(signs)] == [
        ("autoscaler without metrics", False),
        ("the API server does not reach the webhook", False),
        ("it logs at debug level", True),
        ("rules with ka.verb=get, list or watch never fire", True),
    ]
    log = tmp_path / "fetched.log"
    log.write_text("open /var/run/secrets/kubernetes.io/serviceaccount/token:permission denied")
    assert "its service account's token cannot be read" in [each.name for each in troubles_of(with_log(signs, log))]


def test_of_a_cluster_that_does_not_answer_one_thing_is_said(tmp_path: Path) -> None:
    receiver = AdmissionControllerReceiver.model_validate({"kind": "admission-controller", "name": "sysdig"})
    platform = EksPlatform.model_validate({"kind": "eks", "region": "eu-west-1"})
    signs = look(receiver, platform, str(tmp_path / "nowhere"), [AUDIT])
    (said,) = signs.unknown
    assert said.startswith("its pods' logs: kubeconfig")
