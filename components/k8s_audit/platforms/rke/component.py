"""RKE1: audit logging by cluster.yml and `rke up`, and the proof that events of each API server arrive."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.rke import RkePlatform
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.given import flags_for, policy_text
from k8s_audit.platforms.proved import proved
from k8s_audit.platforms.rke.cluster_file import LOG_PATH, paths
from k8s_audit.receivers.args import ReceiverArgs, webhook_text
from k8s_audit.resources.clusters import RkeClusterAudit


class RkeAuditArgs(TypedDict):
    """Arguments of RkeAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: hosts, clusterFile, …"""
    receiver: ReceiverArgs
    """Who gets the events."""
    kubeconfig: str
    """Path of a kubeconfig that may create ConfigMaps in `default` and read /metrics: for the proof of delivery."""
    ssh_private_key: NotRequired[pulumi.Input[str]]
    """Logs in at hosts over SSH; a secret; default: the SSH agent's keys, else those in ~/.ssh."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class RkeAudit(pulumi.ComponentResource):
    """Turns audit logging on in RKE's cluster.yml and on its nodes, and proves that events of each API server arrive."""

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: RkeAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the cluster file's change and the proof.

        Args:
            name: the component's name.
            args: see RkeAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:RkeAudit", name, {}, opts)
        platform = judge(RkePlatform, "settings", {"kind": "rke"} | args["settings"])
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        if faults := [*platform.faults(), *platform.delivery_faults(delivery)]:
            raise ConfigError(faults)
        receiver = args["receiver"]
        audited = RkeClusterAudit(
            f"{name}-cluster",
            cluster_file=platform.file(),
            hosts=[host.model_dump(by_alias=True, exclude_unset=True) for host in platform.hosts],
            policy=policy_text(args.get("policy")),
            webhook=webhook_text(receiver),
            arguments=flags_for(receiver, delivery, LOG_PATH).arguments(*paths(platform.folder)),
            adopt=platform.adopt,
            ssh_private_key=args.get("ssh_private_key"),
            ssh_agent_auth=platform.ssh_agent_auth,
            timeout=platform.up_timeout,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.delivery_checks = proved(
            self, name, args, audited, delivery.proof_timeout(), [host.api_server for host in platform.hosts]
        )
        self.register_outputs({"deliveryChecks": self.delivery_checks})
