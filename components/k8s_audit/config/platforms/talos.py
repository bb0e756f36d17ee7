"""`kind: talos`: control-plane nodes of Talos Linux."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.model import ConfigModel, Duration, Name
from k8s_audit.config.platforms.created import OwnPath
from k8s_audit.config.platforms.hosts import API_SERVER_PORT, api_server_url
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.ssh import Address
from k8s_audit.control_plane.versions import KubernetesVersion
from k8s_audit.faults import spelled


class TalosNode(ConfigModel):
    """One entry of `nodes`."""

    address: Address
    """Of the node, as `talosctl --nodes` takes it."""
    name: Name
    """Where the address is not the one that Kubernetes has for the node, the name that it has; default: the address, with dashes."""
    api_server: Annotated[str, AfterValidator(api_server_url)]
    """The node's own; default: port 6443 of the address."""

    @model_validator(mode="before")
    @classmethod
    def _from_address(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        address = re.sub(r"[^\w.:-]", "", str(given.get("address", "")), flags=re.ASCII) or "missing"
        host = f"[{address}]" if ":" in address else address
        name = re.sub(r"[^a-z0-9]+", "-", address.lower()).strip("-")[:63]
        return {"name": name, "apiServer": f"https://{host}:{API_SERVER_PORT}"} | given


class TalosPlatform(PlatformConfig):
    """Talos Linux: the machine configuration of each control-plane node is changed by talosctl, one node after the other."""

    needs_kubeconfig: ClassVar[bool] = True
    kind: Literal["talos"]
    nodes: list[TalosNode] = Field(min_length=1)
    """Those of the control plane, in the order in which they are changed."""
    talosconfig: OwnPath | None = None
    """Default: what talosctl itself finds: $TALOSCONFIG, ~/.talos/config."""
    adopt: bool = False
    """Take over an audit policy of yours that is there already; destroy puts it back."""
    reboot_timeout: Duration = "10m"
    """For the reboot of one node, and as long again for its API server."""
    kubernetes_version: KubernetesVersion | None = None
    """Of the API servers, where it is older than what is set up today."""

    def own_api_servers(self) -> Sequence[str | None]:
        """See PlatformConfig."""
        return [node.api_server for node in self.nodes]

    def faults(self) -> list[str]:
        """See PlatformConfig: what no two nodes share."""
        return [
            f"audit:platform.nodes[{index}].{key}: {spelled(getattr(node, name))} is another node's too; each has its own"
            for index, node in enumerate(self.nodes)
            for name, key in (("address", "address"), ("name", "name"), ("api_server", "apiServer"))
            if getattr(node, name) in [getattr(other, name) for other in self.nodes[:index]]
        ]

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """See PlatformConfig: the log is Talos' own."""
        if not delivery.log.model_fields_set:
            return []
        return [
            "audit:delivery.log: Talos keeps the log by itself, in /var/log/audit/kube; take it out, or set audit-log-* under"
            " cluster.apiServer.extraArgs"
        ]

    def warnings(self) -> list[str]:
        """See PlatformConfig."""
        return ["talos: each control-plane node reboots when its webhook file is new or changed, one after the other"]
