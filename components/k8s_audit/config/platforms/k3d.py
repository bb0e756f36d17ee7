"""`kind: k3d`: a cluster of K3s in Docker; an API server is a part of the process of its node."""

import shlex
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from k8s_audit.config.platforms.created import CreatedPlatform
from k8s_audit.platforms.created import k3d_config

K3dName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]
"""A host name of up to 32 characters: https://github.com/k3d-io/k3d/blob/v5.8.3/pkg/client/cluster.go"""


class K3dPlatform(CreatedPlatform):
    """k3d."""

    node_folder: ClassVar[str] = "/etc/rancher/k3s/k8s-audit"
    kind: Literal["k3d"]
    cluster_name: K3dName = "k3s-default"
    """As `k3d cluster list` prints it."""

    def log_path(self) -> str | None:
        """See CreatedPlatform: where K3s keeps it by itself."""
        return "/var/lib/rancher/k3s/server/logs/audit.log"

    def merged(self, arguments: dict[str, str]) -> str:
        """See CreatedPlatform."""
        return k3d_config.merged(self.own_config(), self.cluster_name, str(self.local_folder()), arguments)

    def ours(self, arguments: dict[str, str]) -> dict[str, str]:
        """See CreatedPlatform."""
        return k3d_config.ours(self.own_config(), arguments)

    def create_command(self) -> str:
        """See CreatedPlatform."""
        return f"k3d cluster create --config {shlex.quote(f'{self.local_folder()}/k3d.yaml')}"

    def delete_command(self) -> str:
        """See CreatedPlatform."""
        return f"k3d cluster delete {self.cluster_name}"
