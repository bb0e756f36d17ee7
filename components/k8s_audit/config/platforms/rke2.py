"""`kind: rke2`: server nodes of RKE2."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from k8s_audit.config.model import AbsolutePath
from k8s_audit.config.platforms.hosts import api_server_url_with_port
from k8s_audit.config.platforms.rancher import RancherPlatform, ServerHost, ServiceName


class Rke2Host(ServerHost):
    """One entry of `hosts`."""

    api_server: Annotated[str, AfterValidator(api_server_url_with_port)]
    """Over SSH by default port 6443 of the address."""
    config_file: AbsolutePath = "/etc/rancher/rke2/config.yaml"
    config_folder: AbsolutePath = "/etc/rancher/rke2/k8s-audit"
    service: ServiceName = "rke2-server"


class Rke2Platform(RancherPlatform):
    """RKE2."""

    program: ClassVar[str] = "rke2"
    kind: Literal["rke2"]
    hosts: list[Rke2Host] = Field(min_length=1)  # type: ignore[assignment]
    """In the order in which they are changed."""
