"""`ControlPlaneNodes`: a look at which nodes of a cluster run its control plane and are no host of the stack."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from k8s_audit.errors import HostError
from k8s_audit.platforms.control_plane_nodes import server_nodes, strays
from k8s_audit.platforms.kubeadm_cluster import KubeadmCluster, without_policy
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values


class KnownHost(ResourceInputs):
    """What a host of the stack is called."""

    name: str
    """For messages."""
    address: str | None = None
    """Of its SSH server."""
    api_server: str
    """Its API server's own URL."""


class ControlPlaneNodesInputs(ResourceInputs):
    """See `k8s_audit.ControlPlaneNodes`."""

    distribution: Literal["rke2", "k3s", "microk8s", "talos", "openshift-3.11", "kubeadm"]
    kubeconfig: str
    hosts: list[KnownHost]


class ControlPlaneNodesResource:
    """Finds nodes that run the control plane and are no host of the stack; changes nothing."""

    name = "ControlPlaneNodes"
    inputs = ControlPlaneNodesInputs
    outputs: Mapping[str, str] = MappingProxyType({"unaudited": "strings"})
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: ControlPlaneNodesInputs, old: Values | None) -> Values:
        """A plain preview asks no cluster."""
        return {}

    def notice(self, news: Values, old: Values | None) -> str:
        """`refresh` and `up` say what they find."""
        return ""

    def create(self, context: Context, name: str, inputs: ControlPlaneNodesInputs) -> tuple[str, Values]:
        """Look for the first time."""
        return name, _look(context, inputs, [])

    def read(
        self, context: Context, id: str, inputs: ControlPlaneNodesInputs | None, old: Values
    ) -> Read[ControlPlaneNodesInputs] | None:
        """Look again."""
        if inputs is None:
            raise HostError("ControlPlaneNodes are not imported; `up` makes them")
        return Read(inputs, _look(context, inputs, old.get("unaudited") or []))

    def stale(self, old: Values) -> list[str]:
        """A node joined."""
        return ["unaudited"] if old.get("unaudited") else []

    def update(self, context: Context, id: str, inputs: ControlPlaneNodesInputs, old: Values) -> Values:
        """Look with the hosts of now."""
        return _look(context, inputs, old.get("unaudited") or [])

    def delete(self, context: Context, id: str, old: Values) -> None:
        """It left nothing behind."""


def _look(context: Context, inputs: ControlPlaneNodesInputs, known: list[str]) -> Values:
    """What there is, or where the cluster cannot be asked, what was known; auditing itself does not depend on it."""
    try:
        names, told = _found(inputs)
    except HostError as error:
        context.say(f"whether other control-plane nodes joined is not known: {error}")
        return inputs.values() | {"unaudited": known}
    if names:
        context.say(told)
    return inputs.values() | {"unaudited": names}


def _found(inputs: ControlPlaneNodesInputs) -> tuple[list[str], str]:
    """Names, and what to say of them: pods tell which API server records nothing, labels only where one is."""
    if inputs.distribution == "kubeadm":
        names = [pod.node for pod in KubeadmCluster(inputs.kubeconfig).unaudited()]
        return names, without_policy(names)
    found = strays(inputs.hosts, server_nodes(inputs.kubeconfig, inputs.distribution))
    return (list(found.among), found.told(inputs.distribution)) if found else ([], "")
