"""Each object of the forwarder, judged by a real kube-apiserver: its strict validation, and Pod Security as it really enforces it."""

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.delivery.forwarder.placed import ALL, ARGS, NAMESPACE, SETTINGS, Object, place, plain

NOT_SERVED = {"PodMonitor", "PrometheusRule", "ScaledObject"}
"""Kinds that no plain API server knows: the Prometheus operator's and KEDA's. Nobody judges those here."""
KEDA: Object = {"triggers": [{"type": "gcp-pubsub", "metadata": {"value": "10"}}]}
CASES = {
    "by default": (SETTINGS, {}),
    "all of it": (ALL, ARGS),
    "with KEDA": (SETTINGS | {"keda": KEDA}, ARGS | {"identity": "gke"}),
}


class Kubectl:
    """The cluster, by kubectl."""

    def __init__(self, cluster: LocalCluster) -> None:
        self.kubeconfig = str(cluster.kubeconfig)

    def __call__(self, *arguments: str, given: Object | None = None) -> subprocess.CompletedProcess[str]:
        command = ["kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)


@pytest.fixture(scope="module")
def kubectl(cluster: LocalCluster) -> Iterator[Kubectl]:
    """The forwarder's namespace and service account are there as the component makes them."""
    run, made = Kubectl(cluster), place(SETTINGS)
    for suffix in ("namespace", "account"):
        done = run("create", "-f", "-", given=plain(made[suffix]))
        assert done.returncode == 0, done.stderr
    yield run
    run("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.mark.parametrize("case", CASES)
def test_the_api_server_takes_every_object_and_warns_of_none(case: str, kubectl: Kubectl) -> None:
    settings, args = CASES[case]
    objects = [plain(each) for each in place(settings, **args).values()]
    judged = [each for each in objects if each["kind"] not in NOT_SERVED]
    assert len(judged) >= 7
    options = "--server-side --force-conflicts --dry-run=server --validate=strict -f -".split()
    done = kubectl("apply", *options, given={"apiVersion": "v1", "kind": "List", "items": judged})
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    assert len(done.stdout.splitlines()) == len(judged)


def pod(settings: Object, **args: Any) -> Object:
    template = plain(place(settings, **args)["deployment"])["spec"]["template"]
    # no admission plugin finds a priority class or pull secret that is not there: that is the scheduler's and kubelet's
    return {"apiVersion": "v1", "kind": "Pod", **template} | {
        "metadata": template["metadata"] | {"name": "forwarder-pod", "namespace": NAMESPACE}
    }


def created(kubectl: Kubectl, given: Object) -> subprocess.CompletedProcess[str]:
    return kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", given=given)


@pytest.mark.parametrize("case", CASES)
def test_pod_security_restricted_admits_its_pods(case: str, kubectl: Kubectl) -> None:
    settings, args = CASES[case]
    done = created(kubectl, pod(settings, **args))
    assert done.returncode == 0, done.stderr


def container(made: Object) -> Object:
    found: Object = made["spec"]["containers"][0]
    return found


BROKEN: dict[str, Callable[[Object], Any]] = {
    "runAsNonRoot != true": lambda made: made["spec"]["securityContext"].pop("runAsNonRoot"),
    "runAsUser=0": lambda made: made["spec"]["securityContext"].update(runAsUser=0),
    "unrestricted capabilities": lambda made: container(made)["securityContext"].pop("capabilities"),
    "allowPrivilegeEscalation != false": lambda made: container(made)["securityContext"].update(
        allowPrivilegeEscalation=True
    ),
    "seccompProfile": lambda made: made["spec"]["securityContext"].pop("seccompProfile"),
    "hostPath": lambda made: made["spec"]["volumes"].append({"name": "h", "hostPath": {"path": "/"}}),
    "host namespaces": lambda made: made["spec"].update(hostNetwork=True),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_pod_that_lacks_a_part_of_it_is_refused(fault: str, kubectl: Kubectl) -> None:
    made = copy.deepcopy(pod(ALL, **ARGS))
    BROKEN[fault](made)
    done = created(kubectl, made)
    assert done.returncode != 0
    assert 'violates PodSecurity "restricted:latest"' in done.stderr
    assert fault in done.stderr
