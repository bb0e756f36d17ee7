"""IBM Cloud Kubernetes Service: the audit webhook of a cluster, and the proof that events arrive."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.iks import IksPlatform
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.args import ReceiverArgs, webhook_text
from k8s_audit.receivers.endpoint import FORWARDED
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
    forwarder: NotRequired[pulumi.Input[str]]
    """Of auditPolicy `verbose`: the forwarder at the receiver's URL, whose pipeline takes off the bodies of Secrets, and whose log proves
    the arrival: the namespace of its pods, a slash, its name."""
    triggers: NotRequired[list[pulumi.Input[str]]]
    """The proof is made again when one of them changes, such as the forwarder's revision; default: none."""


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
        if faults := [*platform.delivery_faults(delivery), *_way_faults(platform, args)]:
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
        forwarded = "forwarder" in args
        check = DeliveryCheck(
            f"{name}-delivery",
            api_servers=[] if forwarded else [""],
            kubeconfig=args["kubeconfig"],
            receiver={**args["receiver"], "proof": FORWARDED} if forwarded else args["receiver"],
            forwarder=args.get("forwarder"),
            timeout=delivery.proof_timeout(stream=forwarded),
            triggers=[webhook.digest, *args.get("triggers", [])],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[webhook]),
        )
        self.delivery_checks = check.checks
        self.register_outputs({"deliveryChecks": self.delivery_checks})


def _way_faults(platform: IksPlatform, args: IksAuditArgs) -> list[str]:
    if platform.audit_policy == "verbose" and "forwarder" not in args:
        return [
            "settings.auditPolicy: verbose records the bodies of Secrets; it needs a forwarder that takes them off, or use default"
        ]
    if platform.audit_policy != "verbose" and "forwarder" in args:
        return ["forwarder: the policy default records no body, and sends to the receiver itself; take it out"]
    return []
