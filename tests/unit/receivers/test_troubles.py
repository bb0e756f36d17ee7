"""Each trouble of the guide's troubleshooting section, by the lines that stand there, is told with its mend; and nothing is made up."""

from typing import Any

import pytest

from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.config.platforms.eks import EksPlatform
from k8s_audit.config.platforms.gke import GkePlatform
from k8s_audit.config.platforms.kubeadm import KubeadmPlatform
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.receivers.admission_controller import AdmissionControllerReceiver
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.config.receivers.sysdig_agent import SysdigAgentReceiver
from k8s_audit.receivers.troubles.diagnosis import troubles_of
from k8s_audit.receivers.troubles.signs import Signs, Webhook

HPA = (
    "FailedComputeMetricsReplicas horizontalpodautoscaler/sysdig-admission-controller-webhook: invalid metrics (1 invalid out of 1),"
    " first error is: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource"
    " metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
)
TIME_OUT = (
    'Failed calling webhook, failing open audit.secure.sysdig.com: failed calling webhook "audit.secure.sysdig.com": Post'
    ' "https://sysdig-ac-webhook.sysdig-agent.svc:443/k8s-audit?timeout=10s'
    ' <https://sysdig-ac-webhook.sysdig-agent.svc/k8s-audit?timeout=10s>": context canceled'
)
TOKEN = (
    "error getting the cluster id from kubernetes: open"
    " /var/run/secrets/kubernetes.io/serviceaccount/token:permission denied"
)
HANDSHAKE = "2025/01/02 03:04:05 http: TLS handshake error from 10.0.0.7:41234: EOF"
AUTHORITY = 'Get "https://sysdig.example.com/api": x509: certificate signed by unknown authority'
DISTRUSTED = "http: TLS handshake error from 10.0.0.11:41234: remote error: tls: bad certificate"
NOT_TRUSTED = 'failed calling webhook "audit.secure.sysdig.com": x509: certificate signed by unknown authority'
WEBHOOK = Webhook("audit.secure.sysdig.com", frozenset({"CREATE", "UPDATE"}), frozenset({"", "apps"}), 0)
READS = "rules with ka.verb=get, list or watch never fire"


def controller(**more: Any) -> ReceiverConfig:
    return AdmissionControllerReceiver.model_validate({"kind": "admission-controller", "name": "sysdig", **more})


def platform(kind: str, **more: Any) -> PlatformConfig:
    models: dict[str, tuple[type[PlatformConfig], dict[str, Any]]] = {
        "kubeadm": (KubeadmPlatform, {"hosts": [{"access": "local", "apiServer": "https://10.0.0.11:6443"}]}),
        "eks": (EksPlatform, {"region": "eu-west-1"}),
        "gke": (GkePlatform, {"project": "payments-prod", "location": "europe-west1"}),
        "aks": (AksPlatform, {"subscriptionId": "00000000-0000-4000-8000-000000000001", "resourceGroup": "prod"}),
    }
    model, least = models[kind]
    return model.model_validate({"kind": kind, **least, **more})


def told(on: PlatformConfig | None = None, receiver: ReceiverConfig | None = None, **seen: Any) -> dict[str, str]:
    """Names and mends of what the signs tell, without the limit that any webhook has."""
    found = troubles_of(Signs(receiver or controller(), on or platform("kubeadm"), **seen))
    return {trouble.name: trouble.mend for trouble in found if trouble.name != READS}


@pytest.mark.parametrize(
    ("seen", "name", "mend"),
    [
        ({"events": [HPA]}, "autoscaler without metrics", "minikube addons enable metrics-server"),
        ({"metrics_api": False}, "autoscaler without metrics", "autoscaling: {enabled: false}"),
        ({"logs": {"api-server": TIME_OUT}}, "the API server does not reach the webhook", "TCP 5000"),
        (
            {"webhooks": [Webhook("audit.secure.sysdig.com", frozenset(), frozenset(), 3)]},
            "the API server does not reach the webhook",
            "TCP 5000",
        ),
        ({"logs": {"pod": TOKEN}}, "its service account's token cannot be read", "fsGroup: 65534"),
        ({"logs": {"pod": AUTHORITY}}, "the back end's certificate is of an unknown authority", "verifySSL: false"),
        ({"logs": {"pod": f"{HANDSHAKE}\n{HANDSHAKE}"}}, "2 TLS handshake errors", "nothing, if it works otherwise"),
        ({"logs": {"pod": DISTRUSTED}}, "the webhook's certificate is refused", "caBundle"),
        ({"logs": {"api-server": NOT_TRUSTED}}, "the webhook's certificate is refused", "caBundle"),
        ({"settings": {"LOG_LEVEL": "debug"}}, "it logs at debug level", "logLevel: info"),
        ({"logs": {"pod": '{"level":"debug","message":"review"}'}}, "it logs at debug level", "logLevel: info"),
    ],
)
def test_each_trouble_is_told_by_its_sign_with_its_mend(seen: dict[str, Any], name: str, mend: str) -> None:
    found = told(**seen)
    assert list(found) == [name]
    assert mend in found[name]


@pytest.mark.parametrize(
    ("on", "mend"),
    [
        (platform("gke"), "audit:platform.receiverPorts: [5000] makes a firewall rule for TCP 5000"),
        (platform("eks"), "audit:platform.nodeSecurityGroup: sg-…"),
        (platform("eks", nodeSecurityGroup="sg-0a1b2c3d4e5f60718"), "in sg-0a1b2c3d4e5f60718"),
        (platform("aks"), "admit: [konnectivity]"),
    ],
)
def test_the_way_in_for_the_control_plane_is_the_platforms(on: PlatformConfig, mend: str) -> None:
    found = told(on, logs={"api-server": TIME_OUT}, webhooks=[WEBHOOK])
    assert mend in found["the API server does not reach the webhook"]


def test_eks_nodes_that_let_nothing_in_are_named_where_the_failures_are_not_known() -> None:
    name = "it is not known whether the API server reaches the webhook"
    assert "TCP 5000" in told(platform("eks"))[name]
    assert not told(platform("eks"), webhooks=[WEBHOOK]), "counted, and none has failed"
    assert not told(platform("eks", nodeSecurityGroup="sg-0a1b2c3d4e5f60718"))


def test_what_a_webhook_is_not_asked_about_is_known_and_no_fault() -> None:
    (limit,) = troubles_of(Signs(controller(), platform("kubeadm"), webhooks=[WEBHOOK]))
    assert (limit.name, limit.harmless) == (READS, True)
    assert limit.means == "an admission webhook is asked about CREATE, UPDATE alone; of the API groups apps, core"
    agent = SysdigAgentReceiver.model_validate({"kind": "sysdig-agent", "name": "sysdig"})
    assert not troubles_of(Signs(agent, platform("kubeadm")))


@pytest.mark.parametrize(
    "seen",
    [
        {"logs": {"pod": '{"level":"info","message":"Pod started with privileged container (user=** pod=nginx)"}'}},
        {"events": ["SuccessfulRescale horizontalpodautoscaler/sysdig: New size: 3; reason: cpu resource utilization"]},
        {"events": ["FailedScheduling pod/sysdig-1: 0/3 nodes are available"]},
        {"settings": {"LOG_LEVEL": "info"}, "webhooks": [WEBHOOK], "metrics_api": True},
        {"logs": {"pod": "open /etc/webhook/tls.key: permission denied"}},
        {"receiver": controller(autoscaling={"enabled": False}), "metrics_api": False},
    ],
)
def test_of_what_is_well_nothing_is_told(seen: dict[str, Any]) -> None:
    assert not told(**seen)


def test_what_has_to_be_mended_comes_first() -> None:
    signs = Signs(controller(), platform("kubeadm"), logs={"pod": f"{HANDSHAKE}\n{TOKEN}"})
    assert [trouble.harmless for trouble in troubles_of(signs)] == [False, True, True]
