"""From a judged configuration to components: the receivers, then the platform that sends to the one that takes events."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config import places
from k8s_audit.config.platforms import KubeadmPlatform, LocalPlatform
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.config.registry import PLACES
from k8s_audit.config.stack import PROJECT, Stack
from k8s_audit.platforms.kubeadm import KubeadmAudit
from k8s_audit.platforms.local import LocalAudit
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.kubernetes import cluster_provider
from k8s_audit.receivers.placement import Outputs, Placed, Placement


def compose(stack: Stack, folder: Path) -> Outputs:
    """Register the components of a stack.

    Args:
        stack: its configuration, without faults.
        folder: where a stack keeps what runs on this machine.

    Returns:
        the stack's outputs.
    """
    for warning in stack.warnings():
        pulumi.log.warn(warning)
    placement = Placement(
        folder=folder,
        cluster=stack.cluster.name,
        kubeconfig=places.kubeconfig(stack, folder),
        kubernetes=cache(lambda: cluster_provider(stack.cluster.name, places.kubeconfig(stack, folder))),
        secret=pulumi.Config(PROJECT).require_secret,
    )
    placed = [_place(receiver, placement) for receiver in stack.receivers]
    outputs: Outputs = {}
    for one in placed:
        outputs |= one.outputs
    (receiver,) = [one for one in placed if one.endpoint is not None]
    assert receiver.endpoint
    policy = render_policy(stack.policy.load())
    delivery = stack.delivery.model_dump(by_alias=True, exclude_none=True)
    options = pulumi.ResourceOptions(depends_on=[resource for one in placed for resource in one.resources])
    if isinstance(stack.platform, LocalPlatform):
        return outputs | _local(stack, stack.platform, folder, receiver.endpoint, policy, delivery, options)
    return outputs | _kubeadm(stack, stack.platform, folder, receiver.endpoint, policy, delivery, options)


def _place(receiver: ReceiverConfig, placement: Placement) -> Placed:
    placed: Placed = import_module(f"k8s_audit.receivers.{PLACES[receiver.kind]}").place(receiver, placement)
    return placed


def _local(
    stack: Stack,
    platform: LocalPlatform,
    folder: Path,
    receiver: ReceiverArgs,
    policy: str,
    delivery: dict[str, Any],
    options: pulumi.ResourceOptions,
) -> Outputs:
    local = LocalAudit(
        stack.cluster.name,
        {
            "folder": str(folder),
            "cluster": stack.cluster.name,
            "receiver": receiver,
            "etcd_port": platform.ports.etcd,
            "etcd_peer_port": platform.ports.etcd_peer,
            "api_server_port": platform.ports.api_server,
            "policy": policy,
            "delivery": delivery,
            "restart_timeout": platform.restart_timeout,
        },
        options,
    )
    return {
        "apiServer": local.api_server,
        "kubeconfig": local.kubeconfig,
        "deliveryChecks": local.delivery_checks,
    }


def _kubeadm(
    stack: Stack,
    platform: KubeadmPlatform,
    folder: Path,
    receiver: ReceiverArgs,
    policy: str,
    delivery: dict[str, Any],
    options: pulumi.ResourceOptions,
) -> Outputs:
    path = places.kubeconfig(stack, folder)
    audit = KubeadmAudit(
        stack.cluster.name,
        {
            "hosts": [host.model_dump(by_alias=True) for host in platform.hosts],
            "receiver": receiver,
            "kubeconfig": path,
            "policy": policy,
            "delivery": delivery,
        },
        options,
    )
    return {"kubeconfig": path, "deliveryChecks": audit.delivery_checks}
