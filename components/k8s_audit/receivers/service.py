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


def made_url(service: "Service", scheme: str, port: int, path: str) -> pulumi.Output[str]:
    """The URL of a Service that we make; unknown before it has an id, when its address is only a dry run's."""
    return _url(service, service.id, scheme, port, path)


def release_url(
    name: str,
    release: "Release",
    service: str,
    scheme: str,
    port: int,
    path: str,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """The URL of a Service that a chart makes, read when its release is there; unknown before.

    Args:
        name: of the resource that reads it.
        release: the chart's.
        service: namespace/name of the Service.
        scheme: http or https.
        port: TCP.
        path: of the URL.
        opts: Pulumi's.
    """
    found: Service = sdk("core.v1").Service.get(name, release.id.apply(lambda _: service), opts)
    # an engine older than the SDK tells no id of what is read in a preview
    return _url(found, release.id, scheme, port, path)


def _url(service: "Service", there: pulumi.Output[str], scheme: str, port: int, path: str) -> pulumi.Output[str]:
    address = service.spec.apply(lambda spec: spec.cluster_ip if spec else None)
    known: pulumi.Output[list[Any]] = pulumi.Output.all(address, there)
    return known.apply(lambda found: url_of(scheme, found[0], port, path))


def dns_name(service: str, namespace: str) -> str:
    """The name that a certificate of the Service has."""
    return f"{service}.{namespace}.svc"
