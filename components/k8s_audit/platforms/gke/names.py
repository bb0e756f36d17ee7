"""Names in Google Cloud: what each service allows, and how it spells its things.

Limits: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names (255),
https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.sinks (100),
https://cloud.google.com/compute/docs/naming-resources (63), https://cloud.google.com/iam/docs/service-accounts-create (30).
"""

from dataclasses import dataclass

from k8s_audit.platforms.names import PREFIX, fitted

TOPIC, SUBSCRIPTION, SINK, FIREWALL, ACCOUNT = 255, 255, 100, 63, 30
"""Characters that a name may have."""
OURS = f"{PREFIX}-"
"""How the name of each sink of ours begins."""


@dataclass(frozen=True)
class ClusterId:
    """Which cluster of Google's.

    Args:
        project: its ID.
        location: a region or a zone; two clusters of a project may have one name in two locations.
        name: the cluster's.
    """

    project: str
    location: str
    name: str

    def fitted(self, limit: int, part: str) -> str:
        """The name of a thing of ours for this cluster.

        Args:
            limit: characters that the name may have.
            part: what it is the name of, such as `events`.
        """
        return fitted(limit, f"{self.project}/{self.location}", self.name, part)


def principal(number: str, pool: str, namespace: str, service_account: str) -> str:
    """A Kubernetes service account as IAM knows it, without a service account of Google's.

    https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity#configure-authz-principals

    Args:
        number: of the cluster's project.
        pool: of the cluster's workloads, such as `payments.svc.id.goog`.
        namespace: the service account's.
        service_account: its name.
    """
    pools = f"principal://iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools"
    return f"{pools}/{pool}/subject/ns/{namespace}/sa/{service_account}"


def impersonator(pool: str, namespace: str, service_account: str) -> str:
    """A Kubernetes service account as one that may act as a service account of Google's.

    Args:
        pool: of the cluster's workloads, such as `payments.svc.id.goog`.
        namespace: the service account's.
        service_account: its name.
    """
    return f"serviceAccount:{pool}[{namespace}/{service_account}]"


def pubsub_agent(number: str) -> str:
    """Whom Pub/Sub itself acts as in a project: it moves dead letters and uses keys.

    https://cloud.google.com/iam/docs/service-agents

    Args:
        number: of the cluster's project.
    """
    return f"serviceAccount:service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com"
