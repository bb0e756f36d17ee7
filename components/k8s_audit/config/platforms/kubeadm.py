"""`kind: kubeadm`: control-plane hosts whose API server is a static pod."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from k8s_audit.config.model import AbsolutePath, ConfigModel, Duration, Name
from k8s_audit.config.platforms.model import PlatformConfig


def _api_server(url: str) -> str:
    if not url.startswith("https://") or "@" in url or "?" in url or url.count("/") > 2 or len(url) < len("https://a"):
        raise ValueError("this API server's own URL is needed: https://address:port, without a path")
    return url


class ControlPlaneHost(ConfigModel):
    """One control-plane host of a kubeadm cluster.

    `access` is `local`: this machine. SSH comes with the self-managed platforms.
    """

    access: Literal["local"]
    name: Name = "localhost"
    manifests: AbsolutePath = "/etc/kubernetes/manifests"
    api_server: Annotated[str, AfterValidator(_api_server)]
    config_folder: AbsolutePath = "/etc/kubernetes/k8s-audit"
    state_folder: AbsolutePath = "/var/lib/k8s-audit"
    logs: AbsolutePath = "/var/log/pods/kube-system_kube-apiserver-*/kube-apiserver/*.log"
    """A glob of the API server's log files: their last lines are shown when it does not become ready."""
    restart_timeout: Duration = "4m"
    """For one restart; kubeadm's own startup probe allows 4 minutes."""
    adopt: bool = False
    """Take over audit flags that are there already, with other values; destroy puts them back."""


class KubeadmPlatform(PlatformConfig):
    """Static-pod API servers that kubeadm set up."""

    kind: Literal["kubeadm"]
    hosts: list[ControlPlaneHost] = Field(min_length=1)
