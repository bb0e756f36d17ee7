"""`kind: microk8s`: nodes of MicroK8s that run its control plane."""

from typing import ClassVar, Literal

from pydantic import Field

from k8s_audit.config.model import AbsolutePath
from k8s_audit.config.platforms.hosts import HostsPlatform, ReachedHost, shared_faults


class Microk8sHost(ReachedHost):
    """One entry of `hosts`."""

    usual_port: ClassVar[int] = 16443
    config_folder: AbsolutePath = "/var/snap/microk8s/common/k8s-audit"
    args_file: AbsolutePath = "/var/snap/microk8s/current/args/kube-apiserver"
    """The API server's arguments, one a line."""


class Microk8sPlatform(HostsPlatform):
    """MicroK8s."""

    kind: Literal["microk8s"]
    hosts: list[Microk8sHost] = Field(min_length=1)
    """In the order in which they are changed."""

    def log_path(self) -> str | None:
        """See PlatformConfig: where the snap may write, whatever its confinement, and a refresh of it changes nothing."""
        return "/var/snap/microk8s/common/k8s-audit-log/audit.log"

    def faults(self) -> list[str]:
        """See PlatformConfig."""
        return shared_faults(self.hosts, ("name", "args_file", "state_folder", "config_folder", "api_server"))
