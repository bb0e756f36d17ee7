"""The look, after the last host of a stack is changed, at nodes that run the control plane and are none of its hosts."""

from collections.abc import Sequence

import pulumi

from k8s_audit.config.platforms.hosts import ReachedHost
from k8s_audit.config.platforms.talos import TalosNode
from k8s_audit.resources.nodes import ControlPlaneNodes

NAMES = {"name", "address", "api_server"}
"""What a node may be known by."""


def find_others(
    name: str,
    kind: str,
    hosts: Sequence[ReachedHost | TalosNode],
    *,
    parent: pulumi.Resource,
    kubeconfig: pulumi.Input[str],
    after: Sequence[pulumi.Resource],
) -> None:
    """Register it.

    Args:
        name: of the component.
        kind: of the platform: `kubeadm`, or a key of `control_plane_nodes.LABELS`.
        hosts: of the stack.
        parent: the component.
        kubeconfig: path of one that may list nodes, or with `kubeadm` pods in kube-system; without that right a line says so.
        after: the last host's resources.
    """
    ControlPlaneNodes(
        f"{name}-nodes",
        distribution=kind,
        kubeconfig=kubeconfig,
        hosts=[host.model_dump(by_alias=True, include=NAMES, exclude_none=True) for host in hosts],
        opts=pulumi.ResourceOptions(parent=parent, depends_on=list(after)),
    )
