"""The metrics API: without it a HorizontalPodAutoscaler of CPU cannot scale.

Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#support-for-metrics-apis
"""

from k8s_audit.errors import ReceiverError
from k8s_audit.receivers.cluster import REQUEST_TIMEOUT, asked

GROUP = "metrics.k8s.io"
MISSING = (
    f"the cluster has no metrics API ({GROUP}), so the HorizontalPodAutoscaler cannot read the pods' CPU"
    " (FailedComputeMetricsReplicas). Install metrics-server (minikube: `minikube addons enable metrics-server`), or set"
    " autoscaling: {enabled: false} and replicas"
)


def served(kubeconfig: str) -> bool:
    """Whether the cluster serves it.

    Raises:
        ReceiverError: the cluster does not tell.
    """
    from kubernetes.client import ApisApi

    with asked(kubeconfig) as api:
        groups = ApisApi(api).get_api_versions(_request_timeout=REQUEST_TIMEOUT).groups
        return any(group.name == GROUP for group in groups)


def require(kubeconfig: str) -> None:
    """Refuse a cluster without it.

    Raises:
        ReceiverError: it is not served; the text says the mend.
    """
    if not served(kubeconfig):
        raise ReceiverError(MISSING)
