"""`kind: rke`: a cluster of RKE1, whose `cluster.yml` lies on the machine where the program runs."""

import os
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.model import AbsolutePath, Duration
from k8s_audit.config.platforms.kubeadm import StaticPodHost
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.ssh import PRIVATE_KEY, Address, private_key_faults
from k8s_audit.control_plane.versions import KubernetesVersion
from k8s_audit.faults import spelled
from k8s_audit.platforms.rke.cluster_file import FOLDER, LOG_PATH

OF_STATIC_PODS = ("manifests", "config_folder", "state_folder", "logs", "restart_timeout")


class RkeHost(StaticPodHost):
    """One control-plane node."""

    node: Address | None = None
    """Its address in the cluster.yml, where that is not `address`."""

    @property
    def in_file(self) -> str:
        """Its address in the cluster.yml."""
        return self.node or self.address or ""

    @model_validator(mode="after")
    def _has_no_static_pod(self) -> Self:
        fields = type(self).model_fields
        given = [
            str(fields[name].alias or name) for name in OF_STATIC_PODS if getattr(self, name) != fields[name].default
        ]
        if given:
            raise ValueError(f"RKE's API server is no static pod, so {', '.join(given)} must go")
        if not self.in_file:
            raise ValueError("access local needs node: the address that this machine has in the cluster.yml")
        return self


class RkePlatform(PlatformConfig):
    """A cluster.yml is changed, and `rke up` brings the nodes to it."""

    needs_kubeconfig: ClassVar[bool] = True
    kind: Literal["rke"]
    cluster_file: str = Field(default="cluster.yml", min_length=1, max_length=4096)
    """Its path; a relative one starts at the folder of Pulumi.yaml."""
    hosts: list[RkeHost] = Field(min_length=1)
    """All control-plane nodes: each gets the webhook file."""
    folder: AbsolutePath = FOLDER
    """Of the webhook file on each node."""
    adopt: bool = False
    """Take over a policy, a webhook or flags that are there already with other values; destroy puts them back."""
    ssh_agent_auth: bool = False
    """Let rke itself log in by the SSH agent; default: as the cluster.yml says."""
    up_timeout: Duration = "30m"
    """For `rke up`."""
    kubernetes_version: KubernetesVersion | None = None
    """Of the API servers, where it is older than what is set up today."""

    def file(self) -> str:
        """The absolute path of the cluster.yml."""
        return os.path.abspath(os.path.expanduser(self.cluster_file))

    def secrets(self) -> frozenset[str]:
        """See PlatformConfig."""
        return frozenset({PRIVATE_KEY})

    def secret_faults(self, known: Mapping[str, str]) -> list[str]:
        """See PlatformConfig."""
        return private_key_faults(known)

    def own_api_servers(self) -> Sequence[str | None]:
        """See PlatformConfig."""
        return [host.api_server for host in self.hosts]

    def log_path(self) -> str | None:
        """See PlatformConfig: RKE's own."""
        return LOG_PATH

    def faults(self) -> list[str]:
        """See PlatformConfig: what no two hosts share."""
        faults = []
        for key in ("name", "in_file", "api_server"):
            seen: dict[str, int] = {}
            for index, host in enumerate(self.hosts):
                value = getattr(host, key)
                if value in seen:
                    alias = "node" if key == "in_file" else RkeHost.model_fields[key].alias
                    faults.append(
                        f"audit:platform.hosts[{index}].{alias}: {spelled(value)} is hosts[{seen[value]}]'s too; each host has its own"
                    )
                seen.setdefault(value, index)
        return faults

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """See PlatformConfig: RKE has the log's path in a file's name."""
        if delivery.log.path == "-":
            return ["audit:delivery.log.path: RKE writes the log to a file; give its path, or leave it out"]
        return []
