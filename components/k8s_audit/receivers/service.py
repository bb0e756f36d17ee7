"""The Service of a receiver in the cluster, and the URL by which an API server reaches it.

API servers cannot resolve the names of Services, but route to their ClusterIPs. A Service that a chart makes is read
live at each `preview` and `up`, one that we make at each refresh: another ClusterIP becomes another webhook file.
"""

import ipaddress
from typing import TYPE_CHECKING, Any

import pulumi

from k8s_audit.errors import ReceiverError
from k8s_audit.receivers.kubernetes import sdk

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import Service
    from pulumi_kubernetes.helm.v3 import Release

HEADLESS = "None"
"""How a Service without a ClusterIP spells that."""


def url_of(scheme: str, cluster_ip: str | None, port: int, path: str) -> str:
    """The URL of a Service by its ClusterIP; IPv6 in brackets.

    Raises:
        ReceiverError: it has none.
    """
    if not cluster_ip or cluster_ip == HEADLESS:
        raise ReceiverError("the receiver's Service has no ClusterIP, by which alone an API server can reach it")
    address = ipaddress.ip_address(cluster_ip)
    return f"{scheme}://{f'[{address}]' if address.version == 6 else address}:{port}{path}"


def live_url(service: "Service", scheme: str, port: int, path: str) -> pulumi.Output[str]:
    """The same by the ClusterIP that the cluster gave the Service; unknown before there is one."""
    address = service.spec.apply(lambda spec: spec.cluster_ip)
    known: pulumi.Output[list[Any]] = pulumi.Output.all(
        address, service.id
    )  # without an id, the address is a dry run's
    return known.apply(lambda found: url_of(scheme, found[0], port, path))


def of_release(name: str, release: "Release", namespace: str, service: str, opts: pulumi.ResourceOptions) -> "Service":
    """The Service that a chart made, read when its release is there.

    Args:
        name: the resource's name.
        release: the chart's.
        namespace: the release's.
        service: the Service's name.
        opts: Pulumi's.
    """
    found: Service = sdk("core.v1").Service.get(name, release.id.apply(lambda _: f"{namespace}/{service}"), opts)
    return found


def dns_name(service: str, namespace: str) -> str:
    """The name that a certificate of the Service has."""
    return f"{service}.{namespace}.svc"
