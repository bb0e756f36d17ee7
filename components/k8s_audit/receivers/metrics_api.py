"""The metrics API: without it a HorizontalPodAutoscaler of CPU cannot scale.

Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#support-for-metrics-apis
"""

from k8s_audit.errors import ReceiverError
from k8s_audit.kubernetes_api import answer_to
from k8s_audit.receivers.cluster import asked

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
ABSENT = (404, 503)
"""No such API; and one that is registered, but does not answer."""
MISSING = (
    f"the cluster serves no metrics API ({GROUP}), so the HorizontalPodAutoscaler cannot read the pods' CPU"
    " (FailedComputeMetricsReplicas). Install metrics-server (minikube: `minikube addons enable metrics-server`), or set"
    " autoscaling: {enabled: false} and replicas"
)


def served(kubeconfig: str) -> bool:
    """Whether the cluster serves it, and it answers.

    Raises:
        ReceiverError: the cluster does not tell.
    """
    from kubernetes.client.exceptions import ApiException

    with asked(kubeconfig) as api:
        try:
            answer_to(api, "GET", f"/apis/{GROUP}/{VERSION}").accepted()
        except ApiException as error:
            if error.status in ABSENT:
                return False
            raise
    return True


def require(kubeconfig: str) -> None:
    """Refuse a cluster without it.

    Raises:
        ReceiverError: it is not served; the text says the mend.
    """
    if not served(kubeconfig):
        raise ReceiverError(MISSING)
