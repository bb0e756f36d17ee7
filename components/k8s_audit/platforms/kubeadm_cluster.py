"""What a cluster itself knows of its control plane: kubeadm's own configuration, and the pods of its API servers.

kubeadm's ConfigMap: https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-config/; a kubelet shows each static
pod as a mirror pod: https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from k8s_audit.delivery.api_server_pods import OF_KUBEADM, mirror_pods
from k8s_audit.errors import ConflictError, HostError
from k8s_audit.kubernetes_api import FORBIDDEN, RECORD, Document, answer_to, answered, client_settings

NAMESPACE, NAME = "kube-system", "kubeadm-config"
CONFIG_MAP = f"/api/v1/namespaces/{NAMESPACE}/configmaps/{NAME}"
KEYS = ("ClusterConfiguration", "MasterConfiguration")
"""Of the ConfigMap's data; the second one in Kubernetes 1.11."""
NOT_FOUND, CONFLICT = 404, 409


@dataclass(frozen=True)
class Stored:
    """kubeadm's own configuration as it is stored.

    Args:
        key: of the ConfigMap's data.
        text: the configuration.
        record: our annotation; None: there is none.
        version: the ConfigMap's, so that no change by somebody else is overwritten.
    """

    key: str
    text: str
    record: str | None
    version: str


def without_policy(nodes: Sequence[str]) -> str:
    """For the user: nodes whose API server has none."""
    return (
        f"kube-apiserver has no audit policy on {', '.join(nodes)}: put each of these nodes among audit:platform.hosts"
    )


@dataclass(frozen=True)
class ApiServerPod:
    """A kube-apiserver that runs as a static pod: its node, that node's address, and whether it has an audit policy."""

    node: str
    address: str
    audits: bool


class KubeadmCluster:
    """A cluster as its API tells of it.

    Args:
        kubeconfig: the path of one that may get and patch ConfigMap kubeadm-config and list pods, both in kube-system.
    """

    def __init__(self, kubeconfig: str) -> None:
        """Nothing is asked yet."""
        self.kubeconfig = kubeconfig

    def read(self) -> Stored | None:
        """kubeadm's configuration; None where it keeps none.

        Raises:
            HostError: the cluster cannot be asked.
        """
        from kubernetes.client.exceptions import ApiException

        api = self._api()
        try:
            found = answer_to(api, "GET", CONFIG_MAP).accepted().document
        except ApiException as error:
            if error.status == NOT_FOUND:
                return None
            raise self._refused(error, "get configmaps") from None
        except Exception as error:  # whatever urllib3 raises
            raise self._refused(error, "get configmaps") from None
        data, metadata = found.get("data") or {}, found["metadata"]
        key = next((key for key in KEYS if key in data), None)
        annotations = metadata.get("annotations") or {}
        return Stored(key, data[key], annotations.get(RECORD), metadata["resourceVersion"]) if key else None

    def write(self, stored: Stored, text: str, record: str | None) -> None:
        """Store another text, if nobody changed it since it was read.

        Raises:
            ConflictError: somebody did.
            HostError: the cluster refuses.
        """
        from kubernetes.client.exceptions import ApiException

        patch = {
            "metadata": {"resourceVersion": stored.version, "annotations": {RECORD: record}},
            "data": {stored.key: text},
        }
        api = self._api()
        try:
            answer_to(api, "PATCH", CONFIG_MAP, patch).accepted()
        except ApiException as error:
            if error.status == CONFLICT:
                raise ConflictError(f"ConfigMap {NAMESPACE}/{NAME} was changed by somebody else meanwhile") from None
            raise self._refused(error, "patch configmaps") from None
        except Exception as error:  # whatever urllib3 raises
            raise self._refused(error, "patch configmaps") from None

    def api_servers(self) -> list[ApiServerPod]:
        """The API servers that run as static pods, by their nodes' names.

        Raises:
            HostError: the cluster cannot be asked.
        """
        api = self._api()
        try:
            pods = mirror_pods(api, OF_KUBEADM)
        except Exception as error:  # whatever urllib3 raises
            raise self._refused(error, "list pods") from None
        return sorted((_pod(pod) for pod in pods), key=lambda pod: pod.node)

    def unaudited(self) -> list[ApiServerPod]:
        """Those that have no audit policy.

        Raises:
            HostError: the cluster cannot be asked.
        """
        return [pod for pod in self.api_servers() if not pod.audits]

    def _api(self) -> Any:
        from kubernetes import client

        return client.ApiClient(client_settings(self.kubeconfig, HostError))

    def _refused(self, error: Exception, right: str) -> HostError:
        look = f"kubectl --kubeconfig {self.kubeconfig} -n {NAMESPACE} auth can-i {right}"
        forbidden = getattr(error, "status", None) == FORBIDDEN and right.endswith("configmaps")
        out = "; audit:platform.persist: false does without" if forbidden else ""
        return HostError(f"the cluster {answered(error)}{out}.\nLook closer: {look}")


def _pod(pod: Document) -> ApiServerPod:
    spec, container = pod["spec"], pod["spec"]["containers"][0]
    arguments = [*(container.get("command") or []), *(container.get("args") or [])]
    audits = any(argument.startswith("--audit-policy-file=") for argument in arguments)
    return ApiServerPod(
        spec.get("nodeName") or pod["metadata"]["name"], pod.get("status", {}).get("hostIP") or "", audits
    )
