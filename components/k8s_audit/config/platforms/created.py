"""What `kind: kind` and `kind: k3d` share: a cluster of containers, whose API servers get their settings when it is created, and never again."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.receivers.http import HttpReceiver
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.control_plane.versions import KubernetesVersion
from k8s_audit.errors import ConfigError


def _own_path(path: str) -> str:
    if not re.fullmatch(r"(~/|/)[^:,\0\n]+", path) or ".." in path.split("/"):
        raise ValueError("a path of this machine is needed that begins with / or ~/, without .., colon or comma")
    return path.rstrip("/")


def _own_file(path: str) -> str:
    try:
        Path(_own_path(path)).expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the file cannot be read: {getattr(error, 'strerror', 'no text')}") from None
    return path


OwnPath = Annotated[str, AfterValidator(_own_path)]
"""A path on the machine where the program runs; a container engine takes no colon or comma in it."""
OwnFile = Annotated[str, AfterValidator(_own_file)]
"""A file there that can be read."""


class CreatedPlatform(PlatformConfig):
    """A cluster whose API servers are set up by the configuration that it is created with."""

    needs_kubeconfig: ClassVar[bool] = True
    node_folder: ClassVar[str]
    """Where a node sees `folder`."""
    cluster_name: str
    folder: OwnPath
    """On this machine: the cluster's whole configuration, and what its nodes mount; it must stay as long as the cluster."""
    config: OwnFile | None = None
    """Your own configuration file of the cluster; all of it is kept."""
    kubernetes_version: KubernetesVersion | None = None
    """Of the API servers, such as `1.34`, where it is older than what is set up today."""

    def local_folder(self) -> Path:
        """`folder`, with `~` spelled out."""
        return Path(self.folder).expanduser()

    def own_config(self) -> str:
        """The text of the user's own configuration; empty: there is none."""
        return Path(self.config).expanduser().read_text("utf-8") if self.config else ""

    def merged(self, arguments: dict[str, str]) -> str:
        """The whole configuration that a cluster is created with.

        Args:
            arguments: audit flags by name, without dashes.

        Raises:
            ConfigError: the user's own one cannot be kept beside them.
        """
        raise NotImplementedError

    def ours(self, arguments: dict[str, str]) -> dict[str, str]:
        """Of some audit flags those that the cluster gets from us, beside the user's own configuration.

        Raises:
            ConfigError: that one cannot be kept beside them.
        """
        raise NotImplementedError

    def create_command(self) -> str:
        """The command that creates the cluster by it."""
        raise NotImplementedError

    def delete_command(self) -> str:
        """The command that takes a running one away."""
        raise NotImplementedError

    def receiver_faults(self, receivers: Sequence[ReceiverConfig]) -> list[str]:
        """See PlatformConfig: the address stands in what the cluster is created with."""
        faults = [(index, self._unreached(receiver)) for index, receiver in enumerate(receivers)]
        return [f"audit:receivers[{index}]: {fault}" for index, fault in faults if fault]

    def _unreached(self, receiver: ReceiverConfig) -> str:
        if receiver.takes() != "events":
            return ""
        why = "an API server gets its receiver's address when the cluster is created"
        if receiver.in_cluster:
            return (
                f"{why}, and that of a receiver of kind {receiver.kind} is known only when the cluster runs; allowed: http; for one in"
                " the cluster the URL of a Service whose clusterIP you fix"
            )
        if not isinstance(receiver, HttpReceiver):
            return (
                f"a node is a container, and a receiver of kind {receiver.kind} listens on 127.0.0.1 of this machine alone, which no"
                " container reaches; allowed: http"
            )
        if _is_loopback(urlsplit(receiver.url).hostname or ""):
            return (
                f"{receiver.url} is the node itself, since a node is a container; give an address of this machine that containers"
                " reach, such as the gateway of their network"
            )
        return ""

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """See PlatformConfig: what of the user's own configuration is in the way."""
        flags = delivery.flags(self.log_path()).arguments(f"{self.node_folder}/policy", f"{self.node_folder}/webhook")
        try:
            self.merged(flags)
        except ConfigError as error:
            return error.faults
        return []

    def warnings(self) -> list[str]:
        """See PlatformConfig."""
        return [
            f"{self.kind}: audit logging is set when the cluster is created: `up` changes nothing there, but reads whether it was, and"
            " proves delivery; `destroy` leaves it on"
        ]


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
