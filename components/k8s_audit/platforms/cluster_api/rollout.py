"""What a KubeadmControlPlane's status tells: whether all machines are as its spec says and well, and what is in the way.

v1beta1: https://github.com/kubernetes-sigs/cluster-api/blob/v1.13.6/api/controlplane/kubeadm/v1beta1/kubeadm_control_plane_types.go;
v1beta2 names the same counts otherwise: https://github.com/kubernetes-sigs/cluster-api/blob/v1.13.6/docs/proposals/20240916-improve-status-in-CAPI-resources.md
"""

from typing import Any

from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.cluster_api import control_plane
from k8s_audit.platforms.cluster_api.files import secret_of
from k8s_audit.platforms.management.cluster import ManagementCluster
from k8s_audit.platforms.management.kind import Kind, Progress, told_conditions

PAUSED = "cluster.x-k8s.io/paused"
OWNED = "topology.cluster.x-k8s.io/owned"
"""The label of what a ClusterClass makes: https://cluster-api.sigs.k8s.io/tasks/experimental-features/cluster-class/"""
GOOD_WHEN_FALSE = frozenset({"RollingOut", "ScalingUp", "ScalingDown", "Remediating", "Deleting", "Paused"})


def machines(document: Document) -> int:
    """How many it wants."""
    return int(document["spec"].get("replicas", 1))


def obstacle(document: Document) -> str:
    """Why a change would have no effect."""
    metadata, status = document["metadata"], document.get("status") or {}
    if OWNED in (metadata.get("labels") or {}):
        return (
            "is made by a ClusterClass, whose controller would take each change back; put what `k8s-audit render` prints into the class'"
            " KubeadmControlPlaneTemplate"
        )
    paused = any(one.get("type") == "Paused" and one.get("status") == "True" for one in status.get("conditions") or [])
    if PAUSED in (metadata.get("annotations") or {}) or paused:
        return "is paused, so its controller would replace no machine; unpause it, or its Cluster"
    return ""


def progress(cluster: ManagementCluster, document: Document) -> Progress:
    """How many machines are as the spec says, and well."""
    status, wanted = document.get("status") or {}, machines(document)
    updated = status.get("upToDateReplicas", status.get("updatedReplicas", 0))
    ready = min(status.get("readyReplicas", 0), status.get("availableReplicas", wanted))
    observed = status.get("observedGeneration", 0) >= document["metadata"]["generation"]
    there = status.get("replicas", 0)
    if observed and updated == there == ready == wanted:
        return Progress(True, "")
    said = f"{updated if observed else 0} of {wanted} machines are as it says; {there} are there, {ready} of them ready"
    failure = _failure(status)
    lines = [said, *told_conditions(status, GOOD_WHEN_FALSE), *([failure] if failure else [])]
    return Progress(False, "\n  ".join(lines), failed=bool(failure) and observed)


def _failure(status: dict[str, Any]) -> str:
    deprecated = (status.get("deprecated") or {}).get("v1beta1") or {}
    return str(status.get("failureMessage") or deprecated.get("failureMessage") or "")


KIND = Kind(
    resource=control_plane.RESOURCE,
    obstacle=obstacle,
    turn_off=control_plane.turn_off,
    actions=control_plane.actions,
    secret_of=secret_of,
    former_of=control_plane.former_of,
    progress=progress,
)
