"""kubeadm: audit logging on control-plane hosts whose API server is a static pod, one host at a time."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.platforms.hosts import ReachedHost
from k8s_audit.config.platforms.kubeadm import ControlPlaneHost, KubeadmHosts, KubeadmPlatform
from k8s_audit.platforms.other_nodes import find_others
from k8s_audit.platforms.server_nodes import NodeAudit, Registered, ServerNodesArgs, audit_servers, judged
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.resources.hosts import KubeadmConfigAudit, StaticPodAudit


class KubeadmAuditArgs(TypedDict):
    """Arguments of KubeadmAudit."""

    hosts: list[dict[str, Any]]
    """As `audit:platform.hosts` of a stack's file: access, apiServer, and where they differ manifests, configFolder, …"""
    receiver: ReceiverArgs
    """Who gets the events."""
    kubeconfig: pulumi.Input[str]
    """Path of a kubeconfig that may create ConfigMaps in `default` and read /metrics: for the proof of delivery; and, to
    persist, read and patch kube-system/kubeadm-config and list pods in kube-system."""
    ssh_private_key: NotRequired[pulumi.Input[str]]
    """Logs in at hosts over SSH; a secret; default: the SSH agent's keys, else those in ~/.ssh."""
    persist: NotRequired[bool]
    """Keep kubeadm's own configuration in step, so that `kubeadm upgrade` keeps auditing on; default: true."""
    kubernetes_version: NotRequired[str]
    """Of the API servers, such as `1.34`, where it is older than what is set up today."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class KubeadmAudit(pulumi.ComponentResource):
    """Turns audit logging on at each control-plane host and proves that events arrive.

    One host at a time: each is a resource of its own, changed only when the API server before it is healthy and its
    delivery is proved; destroy goes the other way and puts back what was there.
    """

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: KubeadmAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the hosts and the proof.

        Args:
            name: the component's name.
            args: see KubeadmAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: hosts or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:KubeadmAudit", name, {}, opts)
        platform = judged(KubeadmPlatform, "kubeadm", args, persist=args.get("persist", True))
        self.delivery_checks = audit_hosts(platform, self, name, args).checks
        self.register_outputs({"deliveryChecks": self.delivery_checks})


def audit_hosts(
    platform: KubeadmHosts, component: pulumi.ComponentResource, name: str, args: ServerNodesArgs
) -> Registered:
    """Register the hosts and their proofs, and after them kubeadm's own configuration.

    Args:
        platform: the judged one.
        component: what they belong to.
        name: its name.
        args: see ServerNodesArgs.

    Raises:
        ConfigError: delivery has faults.
        AuditPolicyError: the policy has.
    """

    def audit(host: ReachedHost, node: str, values: NodeAudit) -> StaticPodAudit:
        assert isinstance(host, ControlPlaneHost)
        return StaticPodAudit(node, adopt=host.adopt, **values)

    registered = audit_servers(platform, audit, component, name, args)
    if not platform.persist:
        # Where all are this machine, it is the control plane, as of the local stack.
        if any(host.access == "ssh" for host in platform.hosts):
            find_others(
                name, "kubeadm", platform.hosts, parent=component, kubeconfig=args["kubeconfig"], after=registered.last
            )
        return registered
    kept = KubeadmConfigAudit(
        f"{name}-kubeadm-config",
        kubeconfig=args["kubeconfig"],
        arguments=registered.flags.arguments(*platform.hosts[0].files),
        adopt=any(host.adopt for host in platform.hosts),
        opts=pulumi.ResourceOptions(parent=component, depends_on=registered.last),
    )
    return registered._replace(last=[*registered.last, kept])
