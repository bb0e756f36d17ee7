"""`kind: cluster-api`: a cluster whose control plane is a KubeadmControlPlane of Cluster API."""

import posixpath
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.model import AbsolutePath
from k8s_audit.config.platforms.hosts import api_server_url
from k8s_audit.config.platforms.management import ManagementPlatform
from k8s_audit.control_plane.versions import KubernetesVersion
from k8s_audit.delivery.api_server_pods import OF_KUBEADM
from k8s_audit.platforms.cluster_api.control_plane import FOLDER


class ClusterApiPlatform(ManagementPlatform):
    """A KubeadmControlPlane: it is changed, and Cluster API replaces all control-plane machines."""

    kind: Literal["cluster-api"]
    api_servers: list[Annotated[str, AfterValidator(api_server_url)]] = Field(default_factory=list)
    """URLs of single API servers, for the proof of delivery; default: the kubeconfig's, which often is a load balancer's."""
    folder: AbsolutePath = FOLDER
    """Policy and webhook file on each control-plane machine."""
    prove_each_machine: bool = True
    """Prove the delivery of each new machine's API server before the next machine is replaced, with Cluster API 1.8 or newer; `false`: after
    the last one alone."""
    kubernetes_version: KubernetesVersion | None = None
    """Of the API servers, where it is older than what is set up today."""

    def own_api_servers(self) -> Sequence[str | None]:
        """See PlatformConfig."""
        return self.api_servers or [None]

    def api_server_pods(self) -> str:
        """See PlatformConfig."""
        return "" if self.api_servers else OF_KUBEADM

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """See PlatformConfig: the log needs a folder of its own."""
        log = delivery.flags().log.path
        if posixpath.dirname(log) != self.folder:
            return []
        return [
            f"audit:delivery.log.path: {log} lies in the folder of the policy, which is mounted read-only; set a folder of its own"
        ]

    def warnings(self) -> list[str]:
        """See PlatformConfig."""
        if self.prove_each_machine:
            return []
        return [
            "cluster-api: proveEachMachine is false, so delivery is proved only once all control-plane machines are replaced"
        ]
