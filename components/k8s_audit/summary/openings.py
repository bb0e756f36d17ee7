"""Which ports a resource opens, and to whom: security groups, firewalls, network rules, NetworkPolicies, load balancers."""

from collections.abc import Iterator, Mapping
from typing import Any

Inputs = Mapping[str, Any]


def openings(type: str, inputs: Inputs) -> list[str]:
    """Each opening in words, such as `TCP 5000 from sg-1`."""
    for prefix, find in FINDERS.items():
        if type.startswith(prefix):
            return list(find(inputs))
    return []


def _aws_rule(inputs: Inputs) -> Iterator[str]:
    if inputs.get("type", "ingress") == "ingress":
        sources = [
            inputs.get(key) for key in ("referencedSecurityGroupId", "cidrIpv4", "cidrIpv6", "sourceSecurityGroupId")
        ]
        sources += [*inputs.get("cidrBlocks", []), *inputs.get("ipv6CidrBlocks", [])]
        yield _said(_span(inputs), [source for source in sources if source])


def _firewall(inputs: Inputs) -> Iterator[str]:
    if inputs.get("direction", "INGRESS") == "INGRESS":
        for allowed in inputs.get("allows", []):
            yield _said(", ".join(allowed.get("ports") or ["all"]), inputs.get("sourceRanges") or [])


def _azure_rule(inputs: Inputs) -> Iterator[str]:
    if inputs.get("access") == "Allow" and inputs.get("direction") == "Inbound":
        ports = [inputs.get("destinationPortRange"), *inputs.get("destinationPortRanges", [])]
        sources = [inputs.get("sourceAddressPrefix"), *inputs.get("sourceAddressPrefixes", [])]
        yield _said(", ".join(str(port) for port in ports if port), [source for source in sources if source])


def _network_policy(inputs: Inputs) -> Iterator[str]:
    for rule in _spec(inputs).get("ingress", []):
        ports = ", ".join(_number(port.get("port", "all")) for port in rule.get("ports") or [{}])
        yield _said(ports, [_peer(peer) for peer in rule.get("from") or []])


def _service(inputs: Inputs) -> Iterator[str]:
    spec = _spec(inputs)
    if spec.get("type") in ("LoadBalancer", "NodePort"):
        ports = ", ".join(_number(port.get("port", "")) for port in spec.get("ports", []))
        yield _said(ports, spec.get("loadBalancerSourceRanges") or []) + f" ({spec['type']})"


def _spec(inputs: Inputs) -> Inputs:
    spec = inputs.get("spec")
    return spec if isinstance(spec, Mapping) else {}


def _peer(peer: Inputs) -> str:
    if block := peer.get("ipBlock"):
        return str(block.get("cidr"))
    names = [
        f"{word} {', '.join(f'{key}={value}' for key, value in labels.items()) or 'any'}"
        for key, word in (("namespaceSelector", "namespaces"), ("podSelector", "pods"))
        if (labels := (peer.get(key) or {}).get("matchLabels")) is not None
    ]
    return " ".join(names) or "pods"


def _span(inputs: Inputs) -> str:
    first, last = inputs.get("fromPort"), inputs.get("toPort")
    if first is None:
        return "all"
    return _number(first) if last in (None, first) else f"{_number(first)}-{_number(last)}"


def _number(port: Any) -> str:
    return f"{port:g}" if isinstance(port, float) else str(port)


def _said(ports: str, sources: list[str]) -> str:
    return f"TCP {ports} from {', '.join(map(str, sources)) or '**anywhere**'}"


FINDERS = {
    "aws:vpc/securityGroupIngressRule:": _aws_rule,
    "aws:ec2/securityGroupRule:": _aws_rule,
    "gcp:compute/firewall:": _firewall,
    "azure-native:network:SecurityRule": _azure_rule,
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": _network_policy,
    "kubernetes:core/v1:Service": _service,
}
