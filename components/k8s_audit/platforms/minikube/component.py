"""minikube: audit logging on a cluster's running node and at each start, and the proof that events arrive."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.minikube import MinikubePlatform
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.given import flags_for, policy_text
from k8s_audit.platforms.minikube.node import file_paths
from k8s_audit.platforms.proved import proved
from k8s_audit.receivers.args import ReceiverArgs, webhook_text
from k8s_audit.resources.hosts import MinikubeNodeAudit


class MinikubeAuditArgs(TypedDict):
    """Arguments of MinikubeAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: profile, home, …"""
    receiver: ReceiverArgs
    """Who gets the events; its URL is one that the node reaches."""
    kubeconfig: str
    """Path of a kubeconfig that may create ConfigMaps in `default` and read /metrics: for the proof of delivery."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class MinikubeAudit(pulumi.ComponentResource):
    """Turns audit logging on at a minikube cluster's running node, has each start keep it, and proves that events arrive."""

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: MinikubeAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the node and the proof.

        Args:
            name: the component's name.
            args: see MinikubeAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:MinikubeAudit", name, {}, opts)
        platform = judge(MinikubePlatform, "settings", {"kind": "minikube"} | args["settings"])
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        if faults := platform.delivery_faults(delivery):
            raise ConfigError(faults)
        receiver = args["receiver"]
        flags = flags_for(receiver, delivery, platform.log_path())
        node = MinikubeNodeAudit(
            f"{name}-{platform.profile}",
            profile=platform.profile,
            folder=str(platform.folder()),
            known_hosts=platform.known_hosts,
            restart_timeout=platform.restart_timeout,
            adopt=platform.adopt,
            policy=policy_text(args.get("policy"), platform.kubernetes_version),
            webhook=webhook_text(receiver),
            arguments=flags.arguments(*file_paths(platform.profile)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.delivery_checks = proved(self, name, args, node, delivery.proof_timeout())
        self.register_outputs({"deliveryChecks": self.delivery_checks})
