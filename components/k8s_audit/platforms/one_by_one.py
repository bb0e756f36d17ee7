"""Control-plane hosts one after the other: each is changed only when the API server before it is healthy and its delivery is proved.

What a change is, is its platform's.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import pulumi

from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.resources.hosts import (
    Microk8sServerAudit,
    OpenshiftMasterAudit,
    RancherServerAudit,
    StaticPodAudit,
    TalosNodeAudit,
)
from k8s_audit.resources.proofs import DeliveryCheck


class NamedHost(Protocol):
    """What is changed: a host or node, and its own API server."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def api_server(self) -> str:
        """Its URL."""


Host = TypeVar("Host", bound=NamedHost)
Audited = StaticPodAudit | RancherServerAudit | Microk8sServerAudit | OpenshiftMasterAudit | TalosNodeAudit


def one_by_one(
    name: str,
    hosts: Sequence[Host],
    audit: Callable[[Host, list[str], pulumi.ResourceOptions], Audited],
    *,
    parent: pulumi.Resource,
    kubeconfig: pulumi.Input[str],
    receiver: ReceiverArgs,
    timeout: str,
) -> tuple[pulumi.Output[list[dict[str, Any]]], list[pulumi.Resource]]:
    """Register the change and the proof of each host.

    Args:
        name: of the component.
        hosts: in order.
        audit: registers the change of a host, given the names of the hosts after it.
        parent: the component.
        kubeconfig: for the proofs.
        receiver: who gets the events.
        timeout: how long a proof may take.

    Returns:
        the proofs, one an API server; and the last host's resources, which come after all others.
    """
    done: list[pulumi.Resource] = []
    checks: list[pulumi.Output[list[dict[str, Any]]]] = []
    for index, host in enumerate(hosts):
        remaining = [later.name for later in hosts[index + 1 :]]
        audited = audit(host, remaining, pulumi.ResourceOptions(parent=parent, depends_on=done))
        check = DeliveryCheck(
            f"{name}-{host.name}-delivery",
            api_servers=[host.api_server],
            kubeconfig=kubeconfig,
            receiver=receiver,
            timeout=timeout,
            triggers=[audited.manifest_digest],
            remaining=remaining,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[audited]),
        )
        checks.append(check.checks)
        done = [audited, check]
    return pulumi.Output.all(*checks).apply(lambda lists: [one for each in lists for one in each or []]), done
