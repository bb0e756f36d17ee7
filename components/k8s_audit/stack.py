"""From a judged configuration to components: the receivers, then the platform that sends to the one that takes events."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config import places
from k8s_audit.config.platforms.kubeadm import KubeadmPlatform
from k8s_audit.config.platforms.local import LocalPlatform
from k8s_audit.config.platforms.microk8s import Microk8sPlatform
from k8s_audit.config.platforms.rancher import RancherPlatform
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.config.registry import PLACES, STREAMS, TOOLED
from k8s_audit.config.ssh import PRIVATE_KEY
from k8s_audit.config.stack import PROJECT, Stack
from k8s_audit.platforms.k3s import K3sAudit
from k8s_audit.platforms.kubeadm import KubeadmAudit, KubeadmAuditArgs
from k8s_audit.platforms.local import LocalAudit
from k8s_audit.platforms.microk8s import Microk8sAudit
from k8s_audit.platforms.rke2 import Rke2Audit
from k8s_audit.platforms.server_nodes import ServerNodesArgs
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.kubernetes import cluster_provider
from k8s_audit.receivers.placement import Outputs, Placed, Placement
from k8s_audit.resources import AdmissionCheck


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
    options = pulumi.ResourceOptions(depends_on=[resource for one in placed for resource in one.resources])
    endpoints = [one.endpoint for one in placed if one.endpoint is not None]
    outputs |= _control_plane(stack, folder, endpoints, placement, options)
    checks = [outputs["deliveryChecks"]] if "deliveryChecks" in outputs else []
    api_servers = [outputs["apiServer"]] if stack.platform.kind in STREAMS else _api_servers(stack, folder)
    checks += [
        _admission_check(stack, folder, receiver.name, one, api_servers).checks
        for receiver, one in zip(stack.receivers, placed, strict=True)
        if one.admission_webhooks
    ]
    return outputs | {
        "deliveryChecks": pulumi.Output.all(*checks).apply(lambda lists: [one for each in lists for one in each])
    }


def _control_plane(
    stack: Stack, folder: Path, endpoints: list[ReceiverArgs], placement: Placement, options: pulumi.ResourceOptions
) -> Outputs:
    """The platform's side: a cloud's way out, or the API servers' own."""
    if stack.platform.kind in STREAMS:
        room = import_module(f"k8s_audit.platforms.{STREAMS[stack.platform.kind]}")
        streamed: Outputs = room.place(stack, endpoints, placement, options)
        return streamed
    if endpoints and stack.platform.kind in TOOLED:
        room = import_module(f"k8s_audit.platforms.{TOOLED[stack.platform.kind]}")
        tooled: Outputs = room.place(stack, endpoints[0], placement, options)
        return tooled
    if endpoints:
        return _audit(stack, folder, endpoints[0], options)
    return {"kubeconfig": places.kubeconfig(stack, folder)}


def _api_servers(stack: Stack, folder: Path) -> list[pulumi.Input[str]]:
    return [url or "" for url in places.api_servers(stack, folder)]


def _audit(stack: Stack, folder: Path, receiver: ReceiverArgs, options: pulumi.ResourceOptions) -> Outputs:
    """Audit logging at the API servers, for the one receiver that takes events."""
    policy = render_policy(stack.policy.load())
    delivery = stack.delivery.model_dump(by_alias=True, exclude_none=True)
    if isinstance(stack.platform, LocalPlatform):
        return _local(stack, stack.platform, folder, receiver, policy, delivery, options)
    if isinstance(stack.platform, RancherPlatform | Microk8sPlatform):
        return _server_nodes(stack, stack.platform, folder, receiver, policy, delivery, options)
    assert isinstance(stack.platform, KubeadmPlatform)
    return _kubeadm(stack, stack.platform, folder, receiver, policy, delivery, options)


def _admission_check(
    stack: Stack, folder: Path, receiver: str, placed: Placed, api_servers: list[pulumi.Input[str]]
) -> AdmissionCheck:
    """The proof for a receiver that takes AdmissionReviews; no API server is changed for it."""
    return AdmissionCheck(
        f"{receiver}-admission",
        api_servers=api_servers,
        kubeconfig=places.kubeconfig(stack, folder),
        receiver=receiver,
        webhooks=list(placed.admission_webhooks),
        timeout=stack.delivery.proof_timeout(),
        opts=pulumi.ResourceOptions(depends_on=list(placed.resources)),
    )


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
    arguments: KubeadmAuditArgs = {
        "hosts": [host.model_dump(by_alias=True, exclude_none=True) for host in platform.hosts],
        "receiver": receiver,
        "kubeconfig": path,
        "policy": policy,
        "delivery": delivery,
        "persist": platform.persist,
        "kubernetes_version": platform.kubernetes_version or "",
    }
    key = pulumi.Config(PROJECT).get_secret(PRIVATE_KEY)
    if key is not None:
        arguments["ssh_private_key"] = key
    audit = KubeadmAudit(stack.cluster.name, arguments, options)
    return {"kubeconfig": path, "deliveryChecks": audit.delivery_checks}


def _server_nodes(
    stack: Stack,
    platform: RancherPlatform | Microk8sPlatform,
    folder: Path,
    receiver: ReceiverArgs,
    policy: str,
    delivery: dict[str, Any],
    options: pulumi.ResourceOptions,
) -> Outputs:
    path = places.kubeconfig(stack, folder)
    arguments: ServerNodesArgs = {
        "hosts": [host.model_dump(by_alias=True, exclude_none=True) for host in platform.hosts],
        "receiver": receiver,
        "kubeconfig": path,
        "policy": policy,
        "delivery": delivery,
        "kubernetes_version": platform.kubernetes_version or "",
    }
    key = pulumi.Config(PROJECT).get_secret(PRIVATE_KEY)
    if key is not None:
        arguments["ssh_private_key"] = key
    kinds: dict[str, type[Rke2Audit] | type[K3sAudit] | type[Microk8sAudit]] = {
        "rke2": Rke2Audit,
        "k3s": K3sAudit,
        "microk8s": Microk8sAudit,
    }
    audit = kinds[platform.kind](stack.cluster.name, arguments, options)
    return {"kubeconfig": path, "deliveryChecks": audit.delivery_checks}
