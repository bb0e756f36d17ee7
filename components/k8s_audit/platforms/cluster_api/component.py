"""Cluster API: audit logging by the cluster's KubeadmControlPlane, and the proof that events arrive."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.cluster_api import ClusterApiPlatform
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.cluster_api.control_plane import paths
from k8s_audit.platforms.given import flags_for, policy_text
from k8s_audit.platforms.proved import proved
from k8s_audit.receivers.args import ReceiverArgs, webhook_text
from k8s_audit.receivers.endpoint import AUDIT_ID
from k8s_audit.resources.objects import KubeadmControlPlaneAudit


class ClusterApiAuditArgs(TypedDict):
    """Arguments of ClusterApiAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: managementKubeconfig, namespace, name, …"""
    receiver: ReceiverArgs
    """Who gets the events."""
    kubeconfig: str
    """Path of the cluster's own kubeconfig: the proof of delivery may create ConfigMaps in `default`, read /metrics, and list
    pods in kube-system."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class ClusterApiAudit(pulumi.ComponentResource):
    """Turns audit logging on in a KubeadmControlPlane, waits for its new machines, and proves that events arrive."""

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: ClusterApiAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the object's change and the proof.

        Args:
            name: the component's name.
            args: see ClusterApiAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:ClusterApiAudit", name, {}, opts)
        platform = judge(ClusterApiPlatform, "settings", {"kind": "cluster-api"} | args["settings"])
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        if faults := platform.delivery_faults(delivery):
            raise ConfigError(faults)
        control_plane = KubeadmControlPlaneAudit(
            f"{name}-control-plane",
            kubeconfig=platform.management_path(),
            namespace=platform.namespace,
            control_plane=platform.name,
            policy=policy_text(args.get("policy"), platform.kubernetes_version),
            webhook=webhook_text(args["receiver"]),
            arguments=flags_for(args["receiver"], delivery).arguments(*paths(platform.folder)),
            adopt=platform.adopt,
            rollout_timeout=platform.rollout_timeout,
            proof=args["receiver"].get("proof", AUDIT_ID) if platform.prove_each_machine else "",
            proof_timeout=delivery.proof_timeout(),
            api_servers=platform.api_servers,
            cluster_kubeconfig=args["kubeconfig"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.delivery_checks = proved(
            self, name, args, control_plane, delivery.proof_timeout(), platform.api_servers, platform.api_server_pods()
        )
        self.register_outputs({"deliveryChecks": self.delivery_checks})
