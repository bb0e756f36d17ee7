"""`kind: kubeadm`: control-plane hosts whose API server is a static pod; and what any cluster of kubeadm's has, whoever called it."""

from typing import Literal

from pydantic import Field

from k8s_audit.config.model import AbsolutePath
from k8s_audit.config.platforms.hosts import HostsPlatform, ReachedHost, shared_faults
from k8s_audit.control_plane.host import POD_LOGS
from k8s_audit.faults import spelled


class StaticPodHost(ReachedHost):
    """A host whose API server is a static pod."""

    manifests: AbsolutePath = "/etc/kubernetes/manifests"
    """The kubelet's folder of static pods."""
    config_folder: AbsolutePath = "/etc/kubernetes/k8s-audit"
    logs: AbsolutePath = POD_LOGS
    """A glob of the API server's log files: their last lines are shown when it does not become ready."""

    def log_files(self) -> str:
        """See ReachedHost."""
        return self.logs


class ControlPlaneHost(StaticPodHost):
    """One entry of `hosts`."""

    adopt: bool = False
    """Take over audit flags that are there already, with other values; destroy puts them back."""


class KubeadmHosts(HostsPlatform):
    """Static-pod API servers that kubeadm set up, whoever called it."""

    hosts: list[ControlPlaneHost] = Field(min_length=1)
    """In the order in which they are changed."""

    persist: bool = True
    """Keep kubeadm's own configuration in step, so that `kubeadm upgrade` keeps auditing on."""

    def faults(self) -> list[str]:
        """See PlatformConfig: what two hosts may not share, and what they must."""
        keys = ("name", "manifests", "state_folder", "config_folder", "api_server")
        faults = shared_faults(self.hosts, keys)
        folders = {host.config_folder for host in self.hosts}
        if self.persist and len(folders) > 1:
            faults.append(
                f"audit:platform.persist: kubeadm has one configuration for all hosts, and their configFolder differs:"
                f" {', '.join(map(spelled, sorted(folders)))}; allowed: the same on each, or persist: false"
            )
        return faults


class KubeadmPlatform(KubeadmHosts):
    """Those that kubeadm alone set up."""

    kind: Literal["kubeadm"]
