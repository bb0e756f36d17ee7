"""An OpenShift cluster as its API tells of it: the audit settings of its API servers, and how far its operator has brought them.

APIServer: https://github.com/openshift/api/blob/master/config/v1/types_apiserver.go. The operator makes the audit policy in a ConfigMap,
copies it into a numbered revision, and brings the revision to one node after the other:
https://github.com/openshift/cluster-kube-apiserver-operator/blob/main/pkg/operator/starter.go
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import RECORD
from k8s_audit.platforms.openshift.api import OpenshiftApi
from k8s_audit.platforms.openshift.rollout import Seen

SETTINGS = "/apis/config.openshift.io/v1/apiservers/cluster"
CLUSTER_OPERATOR = "/apis/config.openshift.io/v1/clusteroperators/kube-apiserver"
OPERATOR = "/apis/operator.openshift.io/v1/kubeapiservers/cluster"
POLICIES = "/api/v1/namespaces/openshift-kube-apiserver/configmaps/kube-apiserver-audit-policies"
POLICY_FILE = "audit-policy-file"
"""The argument by which 4.6 to 4.8 pick one of the ConfigMap's policies; later there is but one."""


@dataclass(frozen=True)
class Stored:
    """The audit settings as they are stored.

    Args:
        audit: `spec.audit`; None: nothing is set.
        record: our annotation; None: there is none.
        version: the object's, so that no change by somebody else is overwritten.
    """

    audit: dict[str, Any] | None
    record: str | None
    version: str


class OpenshiftCluster:
    """One cluster.

    Args:
        kubeconfig: the path of one that may get and patch the APIServer, get ClusterOperator and KubeAPIServer, and get ConfigMaps in
            openshift-kube-apiserver.
    """

    def __init__(self, kubeconfig: str) -> None:
        """Nothing is asked yet."""
        self.kubeconfig, self.api = kubeconfig, OpenshiftApi(kubeconfig)

    def read(self) -> Stored:
        """The audit settings.

        Raises:
            HostError: the cluster cannot be asked, or is none of OpenShift 4.
        """
        found = self.find()
        if found is None:
            raise HostError(
                f"the cluster of kubeconfig {self.kubeconfig} has no APIServer `cluster` of config.openshift.io/v1: it is none of"
                " OpenShift 4, or one without a control plane of its own"
            )
        return found

    def find(self) -> Stored | None:
        """The audit settings; None: the cluster has none.

        Raises:
            HostError: the cluster cannot be asked.
        """
        found = self.api.get(SETTINGS)
        if found is None:
            return None
        metadata = found["metadata"]
        record = (metadata.get("annotations") or {}).get(RECORD)
        return Stored(found.get("spec", {}).get("audit"), record, metadata["resourceVersion"])

    def write(self, stored: Stored, audit: Mapping[str, Any] | None, record: str | None) -> None:
        """Store other settings, if nobody changed them since they were read.

        Raises:
            ConflictError: somebody did.
            HostError: the cluster refuses.
        """
        gone = dict.fromkeys(stored.audit or {})
        spec = None if audit is None else {**gone, **audit}
        metadata = {"resourceVersion": stored.version, "annotations": {RECORD: record}}
        self.api.ask("PATCH", SETTINGS, {"metadata": metadata, "spec": {"audit": spec}})

    def seen(self) -> Seen:
        """How far the operator is.

        Raises:
            HostError: the cluster cannot be asked.
        """
        operator = self.api.get(OPERATOR) or {}
        revision, nodes = revisions_of(operator)
        arguments = ((operator.get("spec") or {}).get("observedConfig") or {}).get("apiServerArguments") or {}
        chosen = arguments.get(POLICY_FILE) or []
        return Seen(
            policies=_digest(self.api.get(POLICIES), chosen),
            rolled=_digest(self.api.get(f"{POLICIES}-{revision}"), chosen),
            revision=revision,
            nodes=nodes,
            conditions=conditions_of(self.api.get(CLUSTER_OPERATOR)),
        )

    def version(self) -> str:
        """Of OpenShift, such as `4.18.3`; empty: it is not told."""
        return version_of(self.api.get(CLUSTER_OPERATOR))


def revisions_of(operator: Mapping[str, Any]) -> tuple[int, dict[str, int]]:
    """The newest revision that the operator has made, and the one that each control-plane node runs.

    Args:
        operator: KubeAPIServer `cluster`.
    """
    status = operator.get("status") or {}
    nodes = {each["nodeName"]: int(each.get("currentRevision") or 0) for each in status.get("nodeStatuses") or []}
    return int(status.get("latestAvailableRevision") or 0), nodes


def conditions_of(cluster_operator: Mapping[str, Any] | None) -> dict[str, tuple[str, str]]:
    """Status and message of each condition of a ClusterOperator."""
    conditions = ((cluster_operator or {}).get("status") or {}).get("conditions") or []
    return {each["type"]: (each["status"], str(each.get("message") or "")) for each in conditions}


def version_of(cluster_operator: Mapping[str, Any] | None) -> str:
    """Of OpenShift, such as `4.18.3`, by one of its ClusterOperators; empty: it is not told."""
    versions = ((cluster_operator or {}).get("status") or {}).get("versions") or []
    return next((str(each["version"]) for each in versions if each.get("name") == "operator"), "")


def _digest(config_map: dict[str, Any] | None, chosen: Any) -> str:
    """Of the policies in a ConfigMap and the one of them that is chosen; empty: there is no ConfigMap."""
    if config_map is None:
        return ""
    return hashlib.sha256(json.dumps([config_map.get("data"), chosen], sort_keys=True).encode()).hexdigest()[:16]
