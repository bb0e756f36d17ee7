"""Who may reach the forwarder's pods and whom they may reach, as the `spec` of a NetworkPolicy.

The API server only stores it: a network plugin must enforce it (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
The node's own kubelet reaches its pods in any case, so probes go on.
"""

from typing import Any

from k8s_audit.config.forwarder import Destination, NetworkConfig
from k8s_audit.delivery.forwarder.pipeline_text import PORT

DNS = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
"""To any address: a resolver on the node is in no namespace."""
AGENTS = {
    "eks-pod-identity": (("169.254.170.23/32", 80), ("fd00:ec2::23/128", 80)),
    "gke": (("169.254.169.252/32", 988), ("169.254.169.254/32", 80)),
    "web": (),
}
"""The agents on a node that give a pod its credentials
(https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-config-ipv6.html,
https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy#network-policy-and-workload-identity)."""


def network_rules(config: NetworkConfig, identity: str, selector: dict[str, str]) -> dict[str, Any]:
    """The `spec`.

    Args:
        config: what the user set.
        identity: how the pods get their credentials, a key of AGENTS.
        selector: labels of the pods.
    """
    agents = [Destination(cidr=cidr, ports=[port]) for cidr, port in AGENTS[identity]]
    return {
        "podSelector": {"matchLabels": dict(selector)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": _metrics_readers(config.metrics_from),
        "egress": [{"ports": DNS}, *(_way(to) for to in (*config.receivers, *config.cloud, *agents))],
    }


def _metrics_readers(labels: dict[str, str]) -> list[dict[str, Any]]:
    if not labels:
        return []
    return [{"from": [{"namespaceSelector": {"matchLabels": dict(labels)}}], "ports": [_tcp(PORT)]}]


def _way(to: Destination) -> dict[str, Any]:
    peer: dict[str, Any] = (
        {"ipBlock": {"cidr": to.cidr}}
        if to.cidr
        else {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": to.namespace}}}
    )
    return {"to": [peer], "ports": [_tcp(port) for port in to.ports]}


def _tcp(port: int) -> dict[str, Any]:
    return {"protocol": "TCP", "port": port}
