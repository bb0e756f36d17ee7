"""kind and k3d: whether the cluster was created with audit logging, and the proof that events arrive."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.created import CreatedPlatform
from k8s_audit.config.platforms.k3d import K3dPlatform
from k8s_audit.config.platforms.kind import KindPlatform
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.created.files import PUBLIC, arguments
from k8s_audit.platforms.given import flags_for, policy_text
from k8s_audit.platforms.proved import proved
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.resources.clusters import CreatedAudit


class CreatedAuditArgs(TypedDict):
    """Arguments of KindAudit and K3dAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: folder, clusterName, config, …"""
    receiver: ReceiverArgs
    """Who gets the events; its URL is one that the nodes reach."""
    kubeconfig: str
    """Path of a kubeconfig that may list pods in kube-system (k3d: nodes), create ConfigMaps in `default` and read /metrics."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class KindAudit(pulumi.ComponentResource):
    """Sees that a kind cluster was created with the audit logging that `k8s-audit render` tells, and proves that events arrive."""

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: CreatedAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the look and the proof.

        Args:
            name: the component's name.
            args: see CreatedAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:KindAudit", name, {}, opts)
        platform = judge(KindPlatform, "settings", {"kind": "kind"} | args["settings"])
        self.delivery_checks = _checks(self, name, platform, args)
        self.register_outputs({"deliveryChecks": self.delivery_checks})


class K3dAudit(pulumi.ComponentResource):
    """Sees that a k3d cluster was created with the audit logging that `k8s-audit render` tells, and proves that events arrive."""

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: CreatedAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the look and the proof.

        Args:
            name: the component's name.
            args: see CreatedAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:K3dAudit", name, {}, opts)
        platform = judge(K3dPlatform, "settings", {"kind": "k3d"} | args["settings"])
        self.delivery_checks = _checks(self, name, platform, args)
        self.register_outputs({"deliveryChecks": self.delivery_checks})


def _checks(
    component: pulumi.ComponentResource, name: str, platform: CreatedPlatform, args: CreatedAuditArgs
) -> pulumi.Output[list[dict[str, Any]]]:
    delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
    if faults := platform.delivery_faults(delivery):
        raise ConfigError(faults)
    policy = policy_text(args.get("policy"), platform.kubernetes_version)
    flags = flags_for(args["receiver"], delivery, platform.log_path())
    public = pulumi.Output.all(**{key: args["receiver"].get(key, "") for key in PUBLIC})
    audit = CreatedAudit(
        f"{name}-created",
        kind=platform.kind,
        kubeconfig=args["kubeconfig"],
        policy=policy,
        arguments=public.apply(
            lambda endpoint: platform.ours(arguments(platform.node_folder, flags, policy, endpoint))
        ),
        commands=commands(platform, pulumi.get_stack()),
        opts=pulumi.ResourceOptions(parent=component),
    )
    return proved(component, name, args, audit, delivery.proof_timeout())


def commands(platform: CreatedPlatform, stack: str) -> list[str]:
    """What creates a cluster with audit logging, in order.

    Args:
        platform: it.
        stack: the stack's name.
    """
    return [
        f"k8s-audit render --stack {stack} --write",
        platform.delete_command(),
        platform.create_command(),
    ]
