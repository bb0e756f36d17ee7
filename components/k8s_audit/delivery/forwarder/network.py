"""Who may reach the forwarder's pods and whom they may reach, as the `spec` of a NetworkPolicy.

The API server only stores it: a network plugin must enforce it (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
The node's own kubelet reaches its pods in any case, so probes go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from k8s_audit.config.forwarder import ANYWHERE, Destination, NetworkConfig
from k8s_audit.delivery.forwarder.pipeline_text import PORT
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.args import ReceiverArgs

RESOLVERS = {"openshift": (53, 5353)}
"""Where the pods of a cluster's resolver listen, if not at 53 alone
(https://github.com/openshift/cluster-dns-operator/blob/master/assets/dns/daemonset.yaml). To any address: one on the node is in no namespace."""
SCHEMES = {"http": 80, "https": 443}
AGENTS = {
    "eks-pod-identity": (("169.254.170.23/32", 80), ("fd00:ec2::23/128", 80)),
    "gke": (("169.254.169.252/32", 988), ("169.254.169.254/32", 80)),
    "web": (),
    "openshift": (),
    "iks": (),
}
"""The agents on a node that give a pod its credentials
(https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-config-ipv6.html,
https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy#network-policy-and-workload-identity)."""


@dataclass(frozen=True)
class Sender:
    """Whose pods may send records.

    Args:
        namespace: theirs.
        port: TCP, of the pods that take them.
        pods: their labels; empty: all of that namespace.
    """

    namespace: str
    port: int
    pods: Mapping[str, str]


def network_rules(
    config: NetworkConfig, identity: str, selector: dict[str, str], sender: Sender | None = None
) -> dict[str, Any]:
    """The `spec`.

    Args:
        config: what the user set.
        identity: how the pods get their credentials, a key of AGENTS.
        selector: labels of the pods.
        sender: who sends records; None: they are read from a stream.
    """
    agents = [Destination(cidr=cidr, ports=[port]) for cidr, port in AGENTS[identity]]
    return {
        "podSelector": {"matchLabels": dict(selector)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [*_metrics_readers(config.metrics_from), *([_sender(sender)] if sender else [])],
        "egress": [{"ports": _dns(identity)}, *(_way(to) for to in (*config.receivers, *config.cloud, *agents))],
    }


def ways_to(receiver: ReceiverArgs) -> list[dict[str, Any]]:
    """Where a receiver is, as `network.receivers` says it: its namespace, its address, or, for a name outside, its port anywhere.

    A NetworkPolicy knows no names, and no pods in the hosts' network.

    Raises:
        ConfigError: that cannot be told before `up`.
    """
    url, port = receiver["url"], receiver.get("pod_port")
    if "namespace" in receiver and port:
        return [{"namespace": receiver["namespace"], "ports": [int(port)]}]
    if port:
        return _anywhere(int(port))
    if not isinstance(url, str):
        raise ConfigError(["forwarder.network.receivers: missing, and the receiver's URL is only known after `up`"])
    found = urlsplit(url)
    host, ports = found.hostname or "", [found.port or SCHEMES[found.scheme]]
    try:
        address = ip_address(host)
    except ValueError:
        service = host.removesuffix(".").removesuffix(".cluster.local").split(".")
        if service[2:] == ["svc"]:
            return [{"namespace": service[1], "ports": ports}]
        return _anywhere(*ports)
    return [{"cidr": f"{address}/{address.max_prefixlen}", "ports": ports}]


def _anywhere(*ports: int) -> list[dict[str, Any]]:
    return [{"cidr": cidr, "ports": list(ports)} for cidr in ANYWHERE]


def _metrics_readers(labels: dict[str, str]) -> list[dict[str, Any]]:
    if not labels:
        return []
    return [{"from": [{"namespaceSelector": {"matchLabels": dict(labels)}}], "ports": [_tcp(PORT)]}]


def _dns(identity: str) -> list[dict[str, Any]]:
    ports = RESOLVERS.get(identity, (53,))
    return [{"protocol": protocol, "port": port} for port in ports for protocol in ("UDP", "TCP")]


def _sender(sender: Sender) -> dict[str, Any]:
    pods = {"podSelector": {"matchLabels": dict(sender.pods)}} if sender.pods else {}
    return {"from": [_namespace(sender.namespace) | pods], "ports": [_tcp(sender.port)]}


def _namespace(name: str | None) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _way(to: Destination) -> dict[str, Any]:
    return {
        "to": [{"ipBlock": {"cidr": to.cidr}} if to.cidr else _namespace(to.namespace)],
        "ports": [_tcp(port) for port in to.ports],
    }


def _tcp(port: int) -> dict[str, Any]:
    return {"protocol": "TCP", "port": port}
