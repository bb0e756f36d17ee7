"""`kind: kind`: a cluster of Kubernetes in Docker, whose API servers kubeadm sets up in containers."""

import shlex
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from k8s_audit.config.platforms.created import CreatedPlatform
from k8s_audit.platforms.created import kind_config

KindName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,49}$")]
"""https://github.com/kubernetes-sigs/kind/blob/v0.33.0/pkg/internal/apis/config/validate.go; a dash first would be an option."""


class KindPlatform(CreatedPlatform):
    """kind."""

    node_folder: ClassVar[str] = "/etc/kubernetes/k8s-audit"
    kind: Literal["kind"]
    cluster_name: KindName = "kind"
    """As `kind get clusters` prints it."""

    def merged(self, arguments: dict[str, str]) -> str:
        """See CreatedPlatform."""
        return kind_config.merged(self.own_config(), self.cluster_name, str(self.local_folder()), arguments)

    def ours(self, arguments: dict[str, str]) -> dict[str, str]:
        """See CreatedPlatform."""
        return kind_config.ours(self.own_config(), arguments)

    def create_command(self) -> str:
        """See CreatedPlatform."""
        return f"kind create cluster --config {shlex.quote(f'{self.local_folder()}/kind.yaml')}"

    def delete_command(self) -> str:
        """See CreatedPlatform."""
        return f"kind delete cluster --name {self.cluster_name}"
