"""From a judged configuration to components: the receiver, then the platform that sends to it."""

from pathlib import Path
from typing import Any

import pulumi

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config import places
from k8s_audit.config.platforms import KubeadmPlatform, LocalPlatform
from k8s_audit.config.receivers import RecorderReceiver as RecorderConfig
from k8s_audit.config.stack import Stack
from k8s_audit.platforms.kubeadm import KubeadmAudit, ReceiverArgs
from k8s_audit.platforms.local import LocalAudit
from k8s_audit.receivers.recorder.component import RecorderReceiver

Outputs = dict[str, pulumi.Input[Any]]


def compose(stack: Stack, folder: Path) -> Outputs:
    """Register the components of a stack.

    Args:
        stack: its configuration, without faults.
        folder: where a stack keeps what runs on this machine.

    Returns:
        the stack's outputs.
    """
    receiver, outputs = _recorder(stack.receivers[0], folder)
    policy = render_policy(stack.policy.load())
    delivery = stack.delivery.model_dump(by_alias=True, exclude_none=True)
    if isinstance(stack.platform, LocalPlatform):
        return outputs | _local(stack, stack.platform, folder, receiver, policy, delivery)
    return outputs | _kubeadm(stack, stack.platform, folder, receiver, policy, delivery)


def _recorder(config: RecorderConfig, folder: Path) -> tuple[ReceiverArgs, Outputs]:
    recorder = RecorderReceiver(
        config.name,
        {
            "folder": str(folder / "receivers"),
            "port": config.port,
            "tls": config.tls,
            "client_certificate": config.client_certificate,
        },
    )
    endpoint: ReceiverArgs = {"name": config.name, "url": recorder.url}
    if config.tls:
        endpoint["ca"] = recorder.ca
    if config.client_certificate:
        endpoint |= {"client_certificate": recorder.client_certificate, "client_key": recorder.client_key}
    return endpoint, {"events": recorder.events}


def _local(
    stack: Stack, platform: LocalPlatform, folder: Path, receiver: ReceiverArgs, policy: str, delivery: dict[str, Any]
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
    )
    return {
        "apiServer": local.api_server,
        "kubeconfig": local.kubeconfig,
        "deliveryChecks": local.delivery_checks,
    }


def _kubeadm(
    stack: Stack, platform: KubeadmPlatform, folder: Path, receiver: ReceiverArgs, policy: str, delivery: dict[str, Any]
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
    )
    return {"kubeconfig": path, "deliveryChecks": audit.delivery_checks}
