"""What tells that a hosted cluster's API servers have the webhook: the Deployment in its control plane's namespace, and the conditions.

No condition of a HostedCluster tells of a change of `auditWebhook`, so the Deployment is looked at, whose pods mount the Secret's copy:
https://github.com/openshift/hypershift/blob/main/control-plane-operator/controllers/hostedcontrolplane/v2/kas/deployment.go
"""

from k8s_audit.platforms.hypershift import hosted_cluster
from k8s_audit.platforms.management.cluster import DEPLOYMENT, Document, ManagementCluster
from k8s_audit.platforms.management.kind import Kind, Progress, told_conditions
from k8s_audit.platforms.management.own_secret import is_ours

API_SERVER = "kube-apiserver"
"""The Deployment's name."""
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
    where = control_plane_namespace(namespace, name)
    deployment = cluster.read(DEPLOYMENT, where, API_SERVER)
    told = told_conditions(document.get("status") or {}, GOOD_WHEN_FALSE)
    if deployment is None:
        return Progress(False, "\n  ".join([f"there is no Deployment {where}/{API_SERVER}", *told]))
    volumes = deployment["spec"]["template"]["spec"].get("volumes") or []
    mounted = {(volume.get("secret") or {}).get("secretName") for volume in volumes}
    ours = {one for one in mounted if is_ours(one, name)}
    wanted = hosted_cluster.secret_of(document)
    if ours != ({wanted} if wanted else set()):
        return Progress(
            False, "\n  ".join([f"Deployment {where}/{API_SERVER} has not the webhook that it says", *told])
        )
    status, replicas = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    if status.get("observedGeneration", 0) >= deployment["metadata"]["generation"] and counts == [replicas] * 3:
        return Progress(True, "")
    said = f"{counts[1]} of {replicas} pods of Deployment {where}/{API_SERVER} are as it says; {counts[0]} are there, {counts[2]} available"
    return Progress(False, "\n  ".join([said, *told]))


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
