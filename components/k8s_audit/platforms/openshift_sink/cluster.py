"""An OpenShift 4.2 to 4.5 cluster as its API tells of it: KubeAPIServer `cluster`, what the operator has made of it, the AuditSink.

The operator writes the arguments into ConfigMap `config`, copies that into a numbered revision, and brings the revision to one node after the
other: https://github.com/openshift/cluster-kube-apiserver-operator/blob/release-4.3/pkg/operator/starter.go
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.openshift.api import OpenshiftApi
from k8s_audit.platforms.openshift.cluster import CLUSTER_OPERATOR, OPERATOR, conditions_of, revisions_of, version_of
from k8s_audit.platforms.openshift.rollout import unrolled
from k8s_audit.platforms.openshift_sink.arguments import active
from k8s_audit.platforms.openshift_sink.sink import API_VERSION

CONFIG = "/api/v1/namespaces/openshift-kube-apiserver/configmaps/config"
SINKS = f"/apis/{API_VERSION}/auditsinks"


@dataclass(frozen=True)
class Rolled:
    """How far the operator is.

    Args:
        flags: which of the three arguments its newest revision has; None: it has none at all.
        left: what is still to come, in words.
        failed: why it will not go on by itself, in its own words; empty: it does.
    """

    flags: frozenset[str] | None
    left: list[str]
    failed: str

    def lacking(self, wanted: frozenset[str]) -> list[str]:
        """What is still to come until each API server has these arguments of the three, and not the others; empty: nothing."""
        behind = [] if self.flags == wanted else ["no revision has the arguments yet, as they are now"]
        return [*behind, *self.left]


class SinkCluster:
    """One cluster.

    Args:
        kubeconfig: the path of one that may get and update KubeAPIServer `cluster`; get ClusterOperators, and ConfigMaps in
            openshift-kube-apiserver; get, create, update and delete AuditSinks.
    """

    def __init__(self, kubeconfig: str) -> None:
        """Nothing is asked yet."""
        self.kubeconfig, self.api = kubeconfig, OpenshiftApi(kubeconfig)

    def version(self) -> str:
        """Of OpenShift, such as `4.3.40`; empty: it is not told."""
        return version_of(self.api.get(CLUSTER_OPERATOR))

    def settings(self) -> Document | None:
        """KubeAPIServer `cluster`; None: there is none."""
        return self.api.get(OPERATOR)

    def write(self, document: Document) -> Document:
        """Store it, if nobody changed it since it was read; return it.

        Raises:
            ConflictError: somebody did.
            HostError: the cluster refuses.
        """
        self.api.ask("PUT", OPERATOR, document)
        return document

    def rolled(self) -> Rolled:
        """How far the operator is.

        Raises:
            HostError: the cluster cannot be asked.
        """
        document = self.settings() or {}
        revision, nodes = revisions_of(document)
        left = unrolled(revision, nodes, conditions_of(self.api.get(CLUSTER_OPERATOR)))
        return Rolled(self._flags(revision), left, "; ".join(_failures(document, revision)))

    def sink(self, name: str) -> Document | None:
        """An AuditSink; None: there is none, or the API servers do not serve them."""
        return self.api.get(f"{SINKS}/{name}")

    def sinks(self) -> list[str]:
        """The names of all AuditSinks."""
        return [each["metadata"]["name"] for each in (self.api.get(SINKS) or {}).get("items") or []]

    def put_sink(self, there: Document | None, wanted: Document) -> None:
        """Make an AuditSink, or bring the one that is there to it.

        Raises:
            ConflictError: somebody changed it meanwhile.
            HostError: the cluster refuses.
        """
        if there is None:
            self.api.ask("POST", SINKS, wanted)
            return
        metadata = there["metadata"] | {
            "labels": (there["metadata"].get("labels") or {}) | wanted["metadata"]["labels"]
        }
        self.api.ask("PUT", f"{SINKS}/{wanted['metadata']['name']}", wanted | {"metadata": metadata})

    def delete_sink(self, name: str) -> None:
        """Remove an AuditSink; none there is fine."""
        self.api.ask("DELETE", f"{SINKS}/{name}")

    def _flags(self, revision: int) -> frozenset[str] | None:
        config = self.api.get(f"{CONFIG}-{revision}")
        if config is None:
            return None
        try:
            arguments = json.loads(config["data"]["config.yaml"]).get("apiServerArguments")
        except (LookupError, ValueError, TypeError):
            raise HostError(
                f"ConfigMap openshift-kube-apiserver/config-{revision} has no config.yaml in JSON"
            ) from None
        return active(arguments or {})


def _failures(operator: Mapping[str, Any], revision: int) -> Iterator[str]:
    """Nodes where the installer of the newest revision failed."""
    for node in (operator.get("status") or {}).get("nodeStatuses") or []:
        if node.get("lastFailedRevision") == revision > 0:
            why = "; ".join(map(str, node.get("lastFailedRevisionErrors") or []))
            yield f"revision {revision} failed on {node['nodeName']}" + (f": {why[:300]}" if why else "")
