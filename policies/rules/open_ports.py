"""No receiver's port is open to the world: security groups, firewalls, network rules, NetworkPolicies, load balancers."""

from collections.abc import Iterable, Iterator
from typing import Any

from rules.rule import UNKNOWN, Fault, Open, Resource, Rule, Verdict, at, elements

PORTS = (5000, 6443, 7765, 9765)
"""TCP: the admission controller, Sysdig's shield, Sysdig's agent, Falco."""
WORLD = ("0.0.0.0/0", "::/0", "*", "Internet", "Any")


def _judge(resource: Resource) -> Verdict:
    wanted = {int(port) for port in resource.settings.get("ports", PORTS)}
    for path, sources, ranges in _openings(resource):
        if sources is UNKNOWN or ranges is UNKNOWN or UNKNOWN in elements(sources):
            yield Open(path)
            continue
        open_to = [source for source in elements(sources) if source in WORLD]
        hit = sorted(port for port in wanted if any(first <= port <= last for first, last in ranges))
        if open_to and hit:
            yield Fault(path, f"TCP {', '.join(map(str, hit))} is open to {open_to[0]}")


def _openings(resource: Resource) -> Iterator[tuple[str, Any, Any]]:
    """What lets calls in: path, where they may come from, and the port ranges."""
    kind, properties = resource.type, resource.properties
    if kind == "aws:ec2/securityGroup:SecurityGroup":
        for index, rule in enumerate(elements(properties.get("ingress"))):
            yield f"ingress[{index}]", _cidrs(rule, "cidrBlocks", "ipv6CidrBlocks"), _span(rule)
    elif kind == "aws:ec2/securityGroupRule:SecurityGroupRule" and properties.get("type") == "ingress":
        yield "cidrBlocks", _cidrs(properties, "cidrBlocks", "ipv6CidrBlocks"), _span(properties)
    elif kind == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
        yield "cidrIpv4", _cidrs(properties, "cidrIpv4", "cidrIpv6"), _span(properties)
    elif kind == "gcp:compute/firewall:Firewall" and properties.get("direction", "INGRESS") == "INGRESS":
        for index, allowed in enumerate(elements(properties.get("allows"))):
            ports = at(allowed, "ports")
            sources = properties.get("sourceRanges")
            yield f"allows[{index}]", sources, UNKNOWN if ports is UNKNOWN else _ranges(elements(ports))
    elif kind.startswith("azure-native:network"):
        yield from _azure(resource)
    elif kind.startswith("kubernetes:"):
        yield from _kubernetes(resource)


def _azure(resource: Resource) -> Iterator[tuple[str, Any, Any]]:
    kind = resource.type.rpartition(":")[2]
    rules = [("", resource.properties)] if kind == "SecurityRule" else []
    if kind == "NetworkSecurityGroup":
        rules = [
            (f"securityRules[{index}].", rule)
            for index, rule in enumerate(elements(at(resource.properties, "securityRules")))
        ]
    for path, rule in rules:
        if at(rule, "access") == "Allow" and at(rule, "direction") == "Inbound":
            sources = _cidrs(rule, "sourceAddressPrefix", "sourceAddressPrefixes")
            ports = _cidrs(rule, "destinationPortRange", "destinationPortRanges")
            yield f"{path}sourceAddressPrefix", sources, UNKNOWN if ports is UNKNOWN else _ranges(ports)


def _kubernetes(resource: Resource) -> Iterator[tuple[str, Any, Any]]:
    kind = resource.type.rpartition(":")[2]
    if kind == "Service" and at(resource.properties, "spec", "type") == "LoadBalancer":
        sources = at(resource.properties, "spec", "loadBalancerSourceRanges")
        ports = [str(at(port, "port")) for port in elements(at(resource.properties, "spec", "ports"))]
        yield "spec.loadBalancerSourceRanges", ["0.0.0.0/0"] if sources is None else sources, _ranges(ports)
    if kind == "NetworkPolicy":
        for index, rule in enumerate(elements(at(resource.properties, "spec", "ingress"))):
            blocks = [at(peer, "ipBlock", "cidr") for peer in elements(at(rule, "from"))]
            ports = [str(at(port, "port")) for port in elements(at(rule, "ports"))] or ["*"]
            yield f"spec.ingress[{index}]", [block for block in blocks if block is not None], _ranges(ports)


def _cidrs(rule: Any, *keys: str) -> Any:
    found = [at(rule, key) for key in keys]
    return UNKNOWN if UNKNOWN in found else [one for part in found for one in elements(part)]


def _span(rule: Any) -> Any:
    first, last = at(rule, "fromPort"), at(rule, "toPort")
    if UNKNOWN in (first, last):
        return UNKNOWN
    if str(at(rule, "protocol") or at(rule, "ipProtocol")) == "-1" or first is None:
        return [(0, 65535)]
    return [(int(first), int(first if last is None else last))]


def _ranges(ports: Iterable[Any]) -> list[tuple[int, int]]:
    """Of `5000`, `5000-5010` or `*`; no port at all is every port; a port's name is none of ours."""
    found = []
    for port in ports:
        first, _, last = str(port).partition("-")
        if first == "*":
            found.append((0, 65535))
        elif first.isdigit():
            found.append((int(first), int(last or first)))
    return found if list(ports) else [(0, 65535)]


RULE = Rule(
    id="no-open-ports",
    title="No port of a receiver is open to the whole world.",
    severity="high",
    mandatory=True,
    reason="only API servers call these ports; anybody else could feed false events, or stop the true ones.",
    mend="let in the control plane alone: its security group, its range, or konnectivity's pods.",
    link="https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/",
    judge=_judge,
    settings={
        "ports": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": 65535},
            "default": list(PORTS),
            "description": "TCP ports of receivers.",
        }
    },
)
