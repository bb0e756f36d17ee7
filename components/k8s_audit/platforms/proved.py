"""The proof that events arrive, once a cluster's audit logging is set as a whole: by one resource, whatever its platform."""

from collections.abc import Sequence
from typing import Any

import pulumi

from k8s_audit.resources.clusters import CreatedAudit, KopsSpecAudit, RkeClusterAudit
from k8s_audit.resources.hosts import MinikubeNodeAudit, MinishiftMachineAudit
from k8s_audit.resources.objects import HostedClusterAudit, KubeadmControlPlaneAudit, OpenshiftAuditSink
from k8s_audit.resources.proofs import DeliveryCheck

Audited = (
    CreatedAudit
    | HostedClusterAudit
    | KopsSpecAudit
    | KubeadmControlPlaneAudit
    | MinikubeNodeAudit
    | MinishiftMachineAudit
    | OpenshiftAuditSink
    | RkeClusterAudit
)


def proved(
    component: pulumi.ComponentResource,
    name: str,
    args: Any,
    audited: Audited,
    timeout: str,
    api_servers: Sequence[str] = (),
    api_server_pods: str = "",
) -> pulumi.Output[list[dict[str, Any]]]:
    """Register the proof.

    Args:
        component: what it belongs to.
        name: of the component.
        args: the component's, with `receiver` and `kubeconfig`.
        audited: what set the audit logging; the proof is made again when its digest changes.
        timeout: a duration: how long an event may take.
        api_servers: each API server's own URL; default: the kubeconfig's.
        api_server_pods: the label by which each one behind the kubeconfig's is found; empty: it is not looked for.

    Returns:
        one proof an API server.
    """
    check = DeliveryCheck(
        f"{name}-delivery",
        api_servers=list(api_servers) or [""],
        kubeconfig=args["kubeconfig"],
        receiver=args["receiver"],
        timeout=timeout,
        triggers=[audited.digest],
        api_server_pods=api_server_pods,
        opts=pulumi.ResourceOptions(parent=component, depends_on=[audited]),
    )
    return check.checks
