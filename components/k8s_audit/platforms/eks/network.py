"""What the network of a cluster needs: ways to AWS for nodes without the internet, and receivers' ports that the API server may call."""

from collections.abc import Sequence
from typing import Any

from k8s_audit.config.platforms.eks import PrivateEndpoints
from k8s_audit.platforms.eks import names
from k8s_audit.platforms.eks.sdk import sdk
from k8s_audit.platforms.eks.site import Site

GATEWAYS = ("dynamodb",)


def services_of(site: Site, forwarder: str) -> list[str]:
    """The services that a forwarder calls.

    Args:
        site: the cluster.
        forwarder: `bento`, `sysdig` or `none`.
    """
    if forwarder == "none":
        return []
    existing = site.settings.stream.existing
    by_token = site.settings.identity == "irsa"
    chained = existing is not None and existing.role_arn is not None
    tokens = ["sts"] * (by_token or chained) + ["eks-auth"] * (not by_token)
    return [*(["kinesis-streams", "dynamodb", "sqs"] if forwarder == "bento" else ["logs"]), *tokens]


def place_endpoints(site: Site, private: PrivateEndpoints, services: Sequence[str]) -> None:
    """Register a VPC endpoint for each of these services."""
    interface: dict[str, Any] = {
        "vpc_endpoint_type": "Interface",
        "private_dns_enabled": True,
        "subnet_ids": private.subnet_ids,
        "security_group_ids": private.security_group_ids or [site.found.security_group],
    }
    gateway: dict[str, Any] = {"vpc_endpoint_type": "Gateway", "route_table_ids": private.route_table_ids}
    for service in services:
        sdk("ec2").VpcEndpoint(
            f"{site.name}-{service}",
            vpc_id=site.found.vpc,
            service_name=names.endpoint_service(site.settings.region, service),
            tags=site.settings.tags,
            opts=site.options(),
            **(gateway if service in GATEWAYS else interface),
        )


def admit(site: Site, ports: Sequence[int]) -> None:
    """Let the API server's webhook calls in, which come from network interfaces in the cluster's own group."""
    if site.settings.node_security_group is None:
        return
    for port in ports:
        sdk("vpc").SecurityGroupIngressRule(
            f"{site.name}-port-{int(port)}",
            security_group_id=site.settings.node_security_group,
            referenced_security_group_id=site.found.security_group,
            ip_protocol="tcp",
            from_port=int(port),
            to_port=int(port),
            description=f"the API server of {site.cluster} calls a webhook",
            tags=site.settings.tags,
            opts=site.options(),
        )
