"""What tells that a hosted cluster's API servers have the webhook: the Deployments in its control plane's namespace, and the conditions.

No condition of a HostedCluster tells of a change of `auditWebhook`, so the Deployments are looked at, whose pods mount the Secret's copy:
https://github.com/openshift/hypershift/blob/main/control-plane-operator/controllers/hostedcontrolplane/v2/kas/deployment.go
"""

from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.hypershift import hosted_cluster
from k8s_audit.platforms.management.cluster import DEPLOYMENT, ManagementCluster
from k8s_audit.platforms.management.kind import Kind, Progress, told_conditions
from k8s_audit.platforms.management.own_secret import is_ours

API_SERVER = "kube-apiserver"
OTHERS = ("openshift-apiserver", "openshift-oauth-apiserver", "oauth-openshift")
"""Deployments of API servers that have the same webhook, where there are such."""
GOOD_WHEN_FALSE = frozenset({"Degraded", "Progressing", "ClusterVersionProgressing", "ClusterVersionFailing"})


def control_plane_namespace(namespace: str, name: str) -> str:
    """Where a HostedCluster's control plane runs.

    https://github.com/openshift/hypershift/blob/main/hypershift-operator/controllers/manifests/manifests.go
    """
    return f"{namespace}-{name.replace('.', '-')}"


def obstacle(document: Document) -> str:
    """Why a change would have no effect."""
    until = str(document["spec"].get("pausedUntil") or "false")
    return (
        "" if until.lower() == "false" else f"has spec.pausedUntil: {until}, so nothing of it is changed; take it out"
    )


def progress(cluster: ManagementCluster, document: Document) -> Progress:
    """Whether all API servers run with the Secret that it names, or without any of ours."""
    name, namespace = document["metadata"]["name"], document["metadata"]["namespace"]
    where, wanted = control_plane_namespace(namespace, name), hosted_cluster.secret_of(document)
    told = told_conditions(document.get("status") or {}, GOOD_WHEN_FALSE)
    for deployment in (API_SERVER, *OTHERS):
        found = cluster.read(DEPLOYMENT, where, deployment)
        said = _behind(found, name, wanted, deployment == API_SERVER)
        if said:
            return Progress(False, "\n  ".join([f"Deployment {where}/{deployment} {said}", *told]))
    return Progress(True, "")


def _behind(deployment: Document | None, name: str, wanted: str, needed: bool) -> str:
    """What is still missing of a Deployment; empty: nothing.

    Args:
        deployment: as the API server has it.
        name: the HostedCluster's.
        wanted: the Secret that it shall mount; empty: none of ours.
        needed: whether it must be there, and mount it.
    """
    if deployment is None:
        return "is not there" if needed else ""
    volumes = deployment["spec"]["template"]["spec"].get("volumes") or []
    mounted = {(volume.get("secret") or {}).get("secretName") for volume in volumes}
    ours = {one for one in mounted if is_ours(one, name)}
    if ours - {wanted} or (needed and wanted and not ours):
        return "has not the webhook that it shall have"
    status, replicas = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    if status.get("observedGeneration", 0) >= deployment["metadata"]["generation"] and counts == [replicas] * 3:
        return ""
    return f"has {counts[1]} of {replicas} new pods; {counts[0]} are there, {counts[2]} available"


KIND = Kind(
    resource=hosted_cluster.RESOURCE,
    obstacle=obstacle,
    turn_off=hosted_cluster.turn_off,
    actions=hosted_cluster.actions,
    secret_of=hosted_cluster.secret_of,
    former_of=hosted_cluster.former_of,
    progress=progress,
    copies=lambda namespace, name: (control_plane_namespace(namespace, name),),
)
