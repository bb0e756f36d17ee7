"""What a user waits for `pulumi preview` of a stack of each platform: five control-plane hosts where there are hosts, and the clouds.

A preview contacts no host, and runs no other maker's command. In place of Pulumi's plugins of the clouds and of Kubernetes the
stand-ins of the tests are attached, so what starting the real ones takes is in no arm.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.control_planes import control_planes
from benchmarks.previews import against_an_empty_program
from benchmarks.projects import stack_project
from benchmarks.rounds import Row
from tests.engine import aks_cloud, eks_cloud, gcp
from tests.standins import kubernetes_plugin
from tests.standins.azure_cloud import SUBSCRIPTION

ROUNDS = 5
GOAL = 2.0
HOSTS = [{"access": "ssh", "address": f"10.0.0.{number}", "user": "ops"} for number in range(11, 16)]
SELF_MANAGED: dict[str, dict[str, Any]] = {
    "kubeadm": {"hosts": HOSTS},
    "rke2": {"hosts": HOSTS},
    "k3s": {"hosts": HOSTS},
    "microk8s": {"hosts": HOSTS},
    "openshift-3.11": {"hosts": HOSTS},
    "kops": {"clusterName": "prod-1.k8s.example.com", "stateStore": "s3://example-kops-state"},
    "minikube": {},
    "minishift": {},
    "talos": {"nodes": [{"address": f"10.0.4.{number}"} for number in range(11, 16)]},
    "kind": {"folder": "/srv/kind-1"},
    "rke": {"clusterFile": "cluster.yml", "hosts": HOSTS},
    "cluster-api": {"managementKubeconfig": "management", "namespace": "clusters", "name": "prod-1"},
    "hypershift": {"managementKubeconfig": "management", "namespace": "clusters", "name": "prod-1"},
    "openshift-4.2": {},
}
CLOUDS: dict[str, dict[str, Any]] = {
    "eks": {"region": eks_cloud.REGION},
    "gke": {"project": gcp.PROJECT, "location": gcp.LOCATION},
    "aks": {"subscriptionId": SUBSCRIPTION, "resourceGroup": "prod"},
}


def run() -> list[Row]:
    """Measure all arms."""
    with ExitStack() as ends:
        (plane,) = ends.enter_context(control_planes(1))
        of_clouds = ends.enter_context(_clouds())
        arms = {
            kind: ends.enter_context(
                stack_project(_stack_file(kind, settings, str(plane.kubeconfig)), **of_clouds.get(kind, {}))
            )
            for kind, settings in (SELF_MANAGED | CLOUDS).items()
        }
        return against_an_empty_program("platforms", arms, ROUNDS, GOAL)


@contextmanager
def _clouds() -> Iterator[dict[str, dict[str, str]]]:
    """The variables that lead to each cloud's stand-ins, where each has the cluster."""
    with ExitStack() as ends:
        kubernetes = ends.enter_context(kubernetes_plugin.attached())
        folder = Path(ends.enter_context(TemporaryDirectory(prefix="k8s-audit-benchmark-")))
        aws, google = ends.enter_context(eks_cloud.serving()), ends.enter_context(gcp.google())
        azure = ends.enter_context(aks_cloud.serving(folder))
        for cloud in (aws, google, azure):
            cloud.cluster("cluster-1")
        found: dict[str, tuple[dict[str, str], str]] = {
            "eks": (aws.variables(), aws.plugin),
            "gke": (google.variables(), google.plugin),
            "aks": ({}, azure.plugin),
        }
        yield {
            kind: variables | {"PULUMI_DEBUG_PROVIDERS": f"{plugin},{kubernetes}"}
            for kind, (variables, plugin) in found.items()
        }


def _stack_file(kind: str, settings: dict[str, Any], kubeconfig: str) -> str:
    config = {
        "audit:cluster": {"name": "cluster-1", "kubeconfig": kubeconfig},
        "audit:platform": {"kind": kind} | settings,
        "audit:receivers": [{"kind": "http", "name": "siem", "url": "https://siem.example.com/events"}],
    }
    return json.dumps({"config": config})
