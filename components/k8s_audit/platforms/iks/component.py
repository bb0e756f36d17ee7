"""IBM Cloud Kubernetes Service: the audit webhook of a cluster, and the proof that events arrive."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.iks import IksPlatform
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.args import ReceiverArgs, webhook_text
from k8s_audit.resources.clouds import IksAuditWebhook
from k8s_audit.resources.proofs import DeliveryCheck


class IksAuditArgs(TypedDict):
    """Arguments of IksAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: clusterId, resourceGroup, …"""
    receiver: ReceiverArgs
    """Who gets the events; one in the cluster by its URL through the API server's proxy, https://127.0.0.1:2040/…"""
    kubeconfig: str
    """Path of an administrator's kubeconfig: its client certificate lets events through that proxy, and the proof of delivery may create
    ConfigMaps in `default` and read /metrics."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file: `checkTimeout` alone."""


class IksAudit(pulumi.ComponentResource):
    """Sets the audit webhook of a cluster of IBM's, refreshes its master, and proves that events arrive."""

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: IksAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the webhook and the proof.

        Args:
            name: the component's name.
            args: see IksAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or delivery have faults.
        """
        super().__init__("k8s-audit:index:IksAudit", name, {}, opts)
        platform = judge(IksPlatform, "settings", {"kind": "iks"} | args["settings"])
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        if faults := [*platform.faults(), *platform.delivery_faults(delivery)]:
            raise ConfigError(faults)
        webhook = IksAuditWebhook(
            f"{name}-webhook",
            cluster=platform.cluster_id,
            webhook=webhook_text(args["receiver"]),
            kubeconfig=args["kubeconfig"],
            audit_policy=platform.audit_policy,
            resource_group=platform.resource_group or "",
            region=platform.region or "",
            api_endpoint=platform.api_endpoint,
            iam_endpoint=platform.iam_endpoint,
            adopt=platform.adopt,
            refresh_timeout=platform.refresh_timeout,
            opts=pulumi.ResourceOptions(parent=self),
        )
        check = DeliveryCheck(
            f"{name}-delivery",
            api_servers=[""],
            kubeconfig=args["kubeconfig"],
            receiver=args["receiver"],
            timeout=delivery.proof_timeout(),
            triggers=[webhook.digest],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[webhook]),
        )
        self.delivery_checks = check.checks
        self.register_outputs({"deliveryChecks": self.delivery_checks})
