"""HyperShift: the audit webhook of a HostedCluster, and the proof that events arrive."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.hypershift import HypershiftPlatform
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.proved import proved
from k8s_audit.receivers.args import ReceiverArgs, webhook_text
from k8s_audit.resources.objects import HostedClusterAudit


class HypershiftAuditArgs(TypedDict):
    """Arguments of HypershiftAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: managementKubeconfig, namespace, name, …"""
    receiver: ReceiverArgs
    """Who gets the events; reached from the management cluster."""
    kubeconfig: str
    """Path of the hosted cluster's own kubeconfig: the proof of delivery may create ConfigMaps in `default` and read /metrics."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file: `checkTimeout` alone."""


class HypershiftAudit(pulumi.ComponentResource):
    """Gives a HostedCluster an audit webhook, waits until its API servers have it, and proves that events arrive."""

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: HypershiftAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the object's change and the proof.

        Args:
            name: the component's name.
            args: see HypershiftAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or delivery have faults.
        """
        super().__init__("k8s-audit:index:HypershiftAudit", name, {}, opts)
        platform = judge(HypershiftPlatform, "settings", {"kind": "hypershift"} | args["settings"])
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        faults = platform.delivery_faults(delivery)
        if args["receiver"].get("namespace"):
            faults.append("receiver: runs in the hosted cluster, and its API servers send from the management cluster")
        if faults:
            raise ConfigError(faults)
        hosted = HostedClusterAudit(
            f"{name}-hosted-cluster",
            kubeconfig=platform.management_path(),
            namespace=platform.namespace,
            cluster=platform.name,
            webhook=webhook_text(args["receiver"]),
            profile=platform.audit_profile or "",
            adopt=platform.adopt,
            rollout_timeout=platform.rollout_timeout,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.delivery_checks = proved(self, name, args, hosted, delivery.proof_timeout())
        self.register_outputs({"deliveryChecks": self.delivery_checks})
