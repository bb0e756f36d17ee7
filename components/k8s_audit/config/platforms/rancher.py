"""What `kind: rke2` and `kind: k3s` share: server nodes whose API server a service of systemd starts by the distribution's configuration."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from k8s_audit.config.model import AbsolutePath
from k8s_audit.config.platforms.hosts import HostsPlatform, ReachedHost, shared_faults
from k8s_audit.control_plane.rancher_facts import DISTRIBUTIONS, DROP_INS, NEWEST, OLDEST
from k8s_audit.control_plane.versions import minor

ServiceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@_.-]{1,255}$")]
"""A unit of systemd: https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Description"""


class ServerHost(ReachedHost):
    """A server node."""

    config_file: AbsolutePath
    """The distribution's configuration; drop-ins lie in the folder of its name with `.d`."""
    service: ServiceName
    """The server's unit of systemd."""


class RancherPlatform(HostsPlatform):
    """Server nodes of RKE2 or K3s."""

    program: ClassVar[str]
    hosts: list[ServerHost] = Field(min_length=1)

    @property
    def drop_in(self) -> bool:
        """Whether a file of our own can add to what other files say; else config.yaml itself is edited."""
        return self.kubernetes_version is None or minor(self.kubernetes_version) >= (1, DROP_INS)

    def log_path(self) -> str | None:
        """See PlatformConfig: where the distribution keeps it by itself."""
        return f"/var/lib/rancher/{self.program}/server/logs/audit.log"

    def warnings(self) -> list[str]:
        """See PlatformConfig."""
        if self.kubernetes_version and minor(self.kubernetes_version) > (1, NEWEST):
            return [
                f"audit:platform.kubernetesVersion: {self.kubernetes_version} is newer than what was looked at, 1.{NEWEST}"
            ]
        return []

    def faults(self) -> list[str]:
        """See PlatformConfig."""
        faults = shared_faults(self.hosts, ("name", "config_file", "state_folder", "config_folder", "api_server"))
        if self.kubernetes_version and minor(self.kubernetes_version) < (1, OLDEST):
            name = DISTRIBUTIONS[self.program].name
            faults.append(
                f"audit:platform.kubernetesVersion: {self.kubernetes_version}; 1.{OLDEST} is the oldest whose {name} has a"
                " configuration file"
            )
        return faults
