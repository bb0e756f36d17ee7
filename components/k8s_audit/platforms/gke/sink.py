"""What Cloud Logging sends: the sink's filter and its one exclusion, as text.

Language: https://cloud.google.com/logging/docs/view/logging-query-language. Which entries GKE writes:
https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging
"""

from k8s_audit.platforms.gke.names import ClusterId

LOGS = ("activity", "data_access")
"""Changes, always written; reads and some changes of status, where data access is logged."""
LEASES = {
    "name": "leases-of-components",
    "description": "Heartbeats: components of the cluster renew their leases, some of them each two seconds.",
    "filter": 'protoPayload.methodName="io.k8s.coordination.v1.leases.update"'
    ' AND protoPayload.authenticationInfo.principalEmail=~"^system:"',
}
"""Left out: who and what together, so that a person's change of a lease is sent."""


def sink_filter(cluster: ClusterId) -> str:
    """Audit entries of the Kubernetes API of this one cluster.

    Args:
        cluster: with its location, since another one of the project may have the same name.
    """
    logs = " OR ".join(f'"projects/{cluster.project}/logs/cloudaudit.googleapis.com%2F{log}"' for log in LOGS)
    return " AND ".join(
        [
            f"logName=({logs})",
            'resource.type="k8s_cluster"',
            f'resource.labels.project_id="{cluster.project}"',
            f'resource.labels.location="{cluster.location}"',
            f'resource.labels.cluster_name="{cluster.name}"',
            'protoPayload.serviceName="k8s.io"',
        ]
    )
