"""Kubespray: hosts changed as those of kubeadm, one at a time, and then the variables by which its next run makes them so again."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.kubespray import KubesprayPlatform
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.given import flags_for
from k8s_audit.platforms.kubeadm import audit_hosts
from k8s_audit.platforms.kubespray.inventory import Inventory
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.resources.clusters import KubesprayVariables


class KubesprayAuditArgs(TypedDict):
    """Arguments of KubesprayAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: hosts, inventory, …"""
    receiver: ReceiverArgs
    """Who gets the events."""
    kubeconfig: pulumi.Input[str]
    """Path of a kubeconfig that may create ConfigMaps in `default` and read /metrics: for the proof of delivery; and, to
    persist, read and patch kube-system/kubeadm-config and list pods in kube-system."""
    ssh_private_key: NotRequired[pulumi.Input[str]]
    """Logs in at hosts over SSH; a secret; default: the SSH agent's keys, else those in ~/.ssh."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class KubesprayAudit(pulumi.ComponentResource):
    """Turns audit logging on at each control-plane host and proves that events arrive; then writes a file of variables into the inventory.

    That file comes last, when all hosts are proved, and goes first.
    """

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: KubesprayAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Read the inventory; register the hosts, the proofs and the variables.

        Args:
            name: the component's name.
            args: see KubesprayAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or delivery have faults, or something in the inventory is in the way.
            AuditPolicyError: the policy has faults.
        """
        super().__init__("k8s-audit:index:KubesprayAudit", name, {}, opts)
        platform = judge(KubesprayPlatform, "settings", {"kind": "kubespray"} | args["settings"])
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        arguments = flags_for(args["receiver"], delivery, platform.log_path()).arguments(*platform.hosts[0].files)
        folder = platform.folder()
        faults = Inventory(folder, platform.group).look(arguments).faults if platform.persist else []
        if faults := [*platform.faults(), *faults]:
            raise ConfigError(faults)
        nodes: Any = {"hosts": args["settings"]["hosts"], **args}
        registered = audit_hosts(platform, self, name, nodes)
        self.delivery_checks = registered.checks
        if platform.persist:
            KubesprayVariables(
                f"{name}-variables",
                inventory=folder,
                group=platform.group,
                arguments=arguments,
                opts=pulumi.ResourceOptions(parent=self, depends_on=registered.last),
            )
        self.register_outputs({"deliveryChecks": self.delivery_checks})
