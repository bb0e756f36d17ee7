"""Who may reach a receiver's pods: a NetworkPolicy that admits given addresses to one port, and nobody to any other.

An API server of one's own has addresses, not a pod's labels, so its source is a CIDR. A cloud's comes out of konnectivity's agents,
which are pods of kube-system.
The API server only stores it: a network plugin must enforce it (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
The node's own kubelet reaches its pods in any case, so probes go on.
"""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, cast

import pulumi

from k8s_audit.config.receivers.helm import FORWARDER, KONNECTIVITY
from k8s_audit.errors import ConfigError
from k8s_audit.faults import shown
from k8s_audit.receivers.kubernetes import sdk

AGENTS_NAMESPACE, AGENTS = "kube-system", "konnectivity-agent"
AGENTS_LABELS = ("k8s-app", "app")
"""GKE, IKS and the upstream manifests use the first label, AKS the second:
https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/, https://github.com/tigera/operator/pull/5212"""

FORWARDERS_LABELS = {"app.kubernetes.io/name": "k8s-audit-forwarder"}
"""As delivery/forwarder labels its pods, in whatever namespace they are."""

if TYPE_CHECKING:
    from pulumi_kubernetes.networking.v1 import NetworkPolicy


def admission_rules(selector: Mapping[str, str], port: int, sources: Sequence[str]) -> dict[str, Any]:
    """The `spec` of that NetworkPolicy.

    Args:
        selector: labels of the receiver's pods; not empty, since that is every pod of the namespace.
        port: TCP, as the pod listens on it, not its Service.
        sources: CIDRs, `konnectivity`, `forwarder`; not empty, since that admits everybody.

    Raises:
        ConfigError: one is neither, or there is none; all faults at once.
    """
    faults = [fault for source in sources if (fault := _fault(source))]
    if not sources:
        faults.append("sources: at least one CIDR is needed, such as 10.0.0.11/32; none would admit everybody")
    if not selector:
        faults.append("selector: at least one label is needed; none would mean every pod of the namespace")
    if faults:
        raise ConfigError(faults)
    return {
        "podSelector": {"matchLabels": dict(selector)},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [peer for source in sources for peer in _peers(source)],
                "ports": [{"protocol": "TCP", "port": port}],
            }
        ],
    }


def _peers(source: str) -> list[dict[str, Any]]:
    if source == FORWARDER:
        return [{"namespaceSelector": {}, "podSelector": {"matchLabels": FORWARDERS_LABELS}}]
    if source != KONNECTIVITY:
        return [{"ipBlock": {"cidr": source}}]
    namespace = {"matchLabels": {"kubernetes.io/metadata.name": AGENTS_NAMESPACE}}
    return [
        {"namespaceSelector": namespace, "podSelector": {"matchLabels": {label: AGENTS}}} for label in AGENTS_LABELS
    ]


def _fault(source: str) -> str | None:
    if source in (KONNECTIVITY, FORWARDER):
        return None
    try:
        ip_network(source)
    except ValueError:
        return f"sources: a CIDR is needed, such as 10.0.0.11/32 or fd00::/64; given: {shown(source)}"
    return (
        None
        if "/" in source
        else f"sources: a CIDR with its length is needed, such as {source}/32; given: {shown(source)}"
    )


def admit(
    name: str,
    namespace: pulumi.Input[str],
    selector: Mapping[str, str],
    port: int,
    sources: Sequence[str],
    opts: pulumi.ResourceOptions | None = None,
) -> "NetworkPolicy":
    """Register that NetworkPolicy; see `admission_rules` for the arguments.

    Args:
        name: of the resource, such as `sysdig-ingress`.
        namespace: of its pods.
        selector: labels of its pods.
        port: TCP, as the pod listens on it.
        sources: CIDRs, `konnectivity`, `forwarder`.
        opts: Pulumi's.
    """
    networking, meta = sdk("networking.v1"), sdk("meta.v1")
    placed = networking.NetworkPolicy(
        name,
        metadata=meta.ObjectMetaArgs(namespace=namespace),
        spec=admission_rules(selector, port, sources),
        opts=opts,
    )
    return cast("NetworkPolicy", placed)
