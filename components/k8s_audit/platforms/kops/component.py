"""kops: audit logging by the cluster's own spec, and the proof that events arrive."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.kops import KopsPlatform
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.given import policy_text
from k8s_audit.platforms.kops.fields import settable
from k8s_audit.platforms.kops.spec import paths
from k8s_audit.platforms.proved import proved
from k8s_audit.receivers.args import ReceiverArgs, webhook_text
from k8s_audit.receivers.endpoint import AUDIT_ID
from k8s_audit.resources.clusters import KopsSpecAudit


class KopsAuditArgs(TypedDict):
    """Arguments of KopsAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: clusterName, stateStore, …"""
    receiver: ReceiverArgs
    """Who gets the events."""
    kubeconfig: str
    """Path of a kubeconfig whose context has the cluster's name: kops validates new nodes with it, and the proof of delivery may
    create ConfigMaps in `default`, read /metrics, and list nodes, and pods in kube-system."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class KopsAudit(pulumi.ComponentResource):
    """Turns audit logging on in a kops cluster's spec, replaces its control-plane nodes, and proves that events arrive."""

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: KopsAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the spec's change and the proof.

        Args:
            name: the component's name.
            args: see KopsAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:KopsAudit", name, {}, opts)
        platform = judge(KopsPlatform, "settings", {"kind": "kops"} | args["settings"])
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        if faults := platform.delivery_faults(delivery):
            raise ConfigError(faults)
        spec = KopsSpecAudit(
            f"{name}-spec",
            cluster=platform.cluster_name,
            state_store=platform.state_store or "",
            kubeconfig=args["kubeconfig"],
            policy=policy_text(args.get("policy"), platform.kubernetes_version),
            webhook=webhook_text(args["receiver"]),
            arguments=settable(delivery.flags().arguments(*paths(platform.folder))),
            adopt=platform.adopt,
            apply=platform.apply,
            update_timeout=platform.update_timeout,
            roll_timeout=platform.roll_timeout,
            proof=args["receiver"].get("proof", AUDIT_ID) if platform.prove_each_group else "",
            proof_timeout=delivery.proof_timeout(),
            api_servers=platform.api_servers,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.delivery_checks = proved(
            self, name, args, spec, delivery.proof_timeout(), platform.api_servers, platform.api_server_pods()
        )
        self.register_outputs({"deliveryChecks": self.delivery_checks})
