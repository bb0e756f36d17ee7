"""`kind: k3s`: server nodes of K3s."""

from typing import ClassVar, Literal

from pydantic import Field

from k8s_audit.config.model import AbsolutePath
from k8s_audit.config.platforms.rancher import RancherPlatform, ServerHost, ServiceName


class K3sHost(ServerHost):
    """One entry of `hosts`."""

    config_file: AbsolutePath = "/etc/rancher/k3s/config.yaml"
    config_folder: AbsolutePath = "/etc/rancher/k3s/k8s-audit"
    service: ServiceName = "k3s"


class K3sPlatform(RancherPlatform):
    """K3s."""

    program: ClassVar[str] = "k3s"
    kind: Literal["k3s"]
    hosts: list[K3sHost] = Field(min_length=1)  # type: ignore[assignment]
    """In the order in which they are changed."""
