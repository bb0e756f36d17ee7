"""minishift: audit logging of MiniShift's API server, and the proof that events arrive."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.minishift import MinishiftPlatform
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.given import flags_for, policy_text
from k8s_audit.platforms.minishift.machine import file_paths
from k8s_audit.platforms.proved import proved
from k8s_audit.receivers.args import ReceiverArgs, webhook_text
from k8s_audit.resources.hosts import MinishiftMachineAudit


class MinishiftAuditArgs(TypedDict):
    """Arguments of MinishiftAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: profile, home, …"""
    receiver: ReceiverArgs
    """Who gets the events; its URL is one that the virtual machine reaches."""
    kubeconfig: str
    """Path of a kubeconfig that may create ConfigMaps in `default` and read /metrics: for the proof of delivery."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class MinishiftAudit(pulumi.ComponentResource):
    """Turns audit logging on at the API server in MiniShift's virtual machine, and proves that events arrive."""

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: MinishiftAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the machine and the proof.

        Args:
            name: the component's name.
            args: see MinishiftAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:MinishiftAudit", name, {}, opts)
        platform = judge(MinishiftPlatform, "settings", {"kind": "minishift"} | args["settings"])
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        if faults := platform.delivery_faults(delivery):
            raise ConfigError(faults)
        receiver = args["receiver"]
        flags = flags_for(receiver, delivery, platform.log_path())
        machine = MinishiftMachineAudit(
            f"{name}-{platform.profile}",
            profile=platform.profile,
            folder=str(platform.folder()),
            known_hosts=platform.known_hosts,
            api_server=platform.api_server,
            restart_timeout=platform.restart_timeout,
            adopt=platform.adopt,
            policy=policy_text(args.get("policy"), platform.kubernetes_version),
            webhook=webhook_text(receiver),
            arguments=flags.arguments(*file_paths()),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.delivery_checks = proved(
            self, name, args, machine, delivery.proof_timeout(), [platform.api_server] if platform.api_server else ()
        )
        self.register_outputs({"deliveryChecks": self.delivery_checks})
