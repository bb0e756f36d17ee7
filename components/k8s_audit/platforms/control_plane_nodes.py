"""Nodes that run a control plane, as their labels in the cluster tell; and which of them no host of a stack can be.

What a node's API server records, its labels do not tell: a node that joined after `up`, and is no host, is one that we did not change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol
from urllib.parse import urlsplit

from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import Document, answered, client_settings, listed

ROLE = "node-role.kubernetes.io/control-plane"
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "rke2": ROLE,
        "k3s": ROLE,
        "microk8s": "node.kubernetes.io/microk8s-controlplane",
        "talos": ROLE,
        "openshift-3.11": "node-role.kubernetes.io/master",
    }
)
"""Of a server node by the platform's kind: https://docs.k3s.io/advanced#node-labels-and-taints,
https://github.com/canonical/microk8s/blob/master/microk8s-resources/default-args/kubelet,
https://github.com/siderolabs/talos/blob/v1.13.0/internal/app/machined/pkg/controllers/k8s/node_label_spec.go,
https://github.com/openshift/openshift-ansible/blob/release-3.11/roles/openshift_facts/defaults/main.yml."""
KEYS: Mapping[str, str] = MappingProxyType({"talos": "nodes"})
"""The key of `audit:platform` that lists hosts, where it is not `hosts`."""


class HostNames(Protocol):
    """What a host of a stack is called."""

    @property
    def name(self) -> str:
        """For messages; often its node's, too."""

    @property
    def address(self) -> str | None:
        """Of its SSH server; None: it is this machine."""

    @property
    def api_server(self) -> str:
        """Its URL."""


@dataclass(frozen=True)
class ServerNode:
    """A node: its name, and the addresses and host names that it tells."""

    name: str
    addresses: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Strays:
    """Nodes that are no host.

    Args:
        number: how many there are at least.
        among: the names of the nodes that none of the hosts is known to be; of all, where each fits one.
    """

    number: int
    among: tuple[str, ...]

    def told(self, kind: str) -> str:
        """For the user.

        Args:
            kind: of the platform.
        """
        return (
            f"nodes {', '.join(self.among)} run the control plane, and at least {self.number} of them is no host of this stack: no `up`"
            f" turned auditing on there; put it among audit:platform.{KEYS.get(kind, 'hosts')}"
        )


def server_nodes(kubeconfig: str, kind: str) -> list[ServerNode]:
    """The nodes that run the control plane.

    Args:
        kubeconfig: path of one that may list nodes.
        kind: of the platform, a key of LABELS.

    Raises:
        HostError: the cluster cannot be asked.
    """
    from kubernetes import client

    settings = client_settings(kubeconfig, HostError)
    try:
        with client.ApiClient(settings) as api:
            nodes = listed(api, "/api/v1/nodes", {"labelSelector": LABELS[kind]})
    except Exception as error:  # whatever urllib3 raises
        raise HostError(
            f"the cluster {answered(error)}.\nLook closer: kubectl --kubeconfig {kubeconfig} auth can-i list nodes"
        ) from None
    return sorted((_node(found) for found in nodes), key=lambda node: node.name)


def strays(hosts: Sequence[HostNames], nodes: Sequence[ServerNode]) -> Strays | None:
    """Nodes beyond the hosts; None: there are no more nodes than hosts.

    A host may have an address of which its node tells nothing, so a node that fits none is a stray only where nodes outnumber hosts.

    Args:
        hosts: of the stack.
        nodes: of the cluster.
    """
    number = len(nodes) - len(hosts)
    if number <= 0:
        return None
    known = {each for host in hosts for each in (host.name, host.address, urlsplit(host.api_server).hostname) if each}
    among = tuple(node.name for node in nodes if not known & {node.name, *node.addresses})
    return Strays(number, among or tuple(node.name for node in nodes))


def _node(found: Document) -> ServerNode:
    told = found.get("status", {}).get("addresses") or []
    return ServerNode(found["metadata"]["name"], frozenset(each["address"] for each in told))
