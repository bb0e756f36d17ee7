"""Talos: audit logging on control-plane nodes by their machine configuration, one node at a time, and the proof that events arrive."""

from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.talos import TalosNode, TalosPlatform
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.given import flags_for, policy_text
from k8s_audit.platforms.one_by_one import one_by_one
from k8s_audit.platforms.other_nodes import find_others
from k8s_audit.platforms.talos.documents import FOLDER, WEBHOOK
from k8s_audit.platforms.talos.machine_config import OF_TALOS
from k8s_audit.receivers.args import ReceiverArgs, webhook_text
from k8s_audit.resources.hosts import TalosNodeAudit


class TalosAuditArgs(TypedDict):
    """Arguments of TalosAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: nodes, talosconfig, …"""
    receiver: ReceiverArgs
    """Who gets the events."""
    kubeconfig: str
    """Path of a kubeconfig that may list pods in kube-system, create ConfigMaps in `default` and read /metrics; and list nodes, to find
    those that joined."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class TalosAudit(pulumi.ComponentResource):
    """Turns audit logging on at each control-plane node of Talos and proves that events arrive.

    One node at a time: each is a resource of its own, changed, and rebooted where it must be, only when the API server before it is
    healthy and its delivery is proved; destroy goes the other way and takes out what is ours.
    """

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: TalosAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the nodes, the proofs, and a look at nodes beyond them.

        Args:
            name: the component's name.
            args: see TalosAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:TalosAudit", name, {}, opts)
        platform = judge(TalosPlatform, "settings", {"kind": "talos"} | args["settings"])
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        if faults := [*platform.faults(), *platform.delivery_faults(delivery)]:
            raise ConfigError(faults)
        policy = policy_text(args.get("policy"), platform.kubernetes_version)
        webhook = webhook_text(args["receiver"])
        flags = settable(flags_for(args["receiver"], delivery))

        def audit(node: TalosNode, remaining: list[str], options: pulumi.ResourceOptions) -> TalosNodeAudit:
            return TalosNodeAudit(
                f"{name}-{node.name}",
                node=node.name,
                address=node.address,
                api_server=node.api_server,
                kubeconfig=args["kubeconfig"],
                policy=policy,
                webhook=webhook,
                arguments=flags,
                talosconfig=talosconfig(platform),
                adopt=platform.adopt,
                timeout=platform.reboot_timeout,
                remaining=remaining,
                opts=options,
            )

        self.delivery_checks, last = one_by_one(
            name,
            platform.nodes,
            audit,
            parent=self,
            kubeconfig=args["kubeconfig"],
            receiver=args["receiver"],
            timeout=delivery.proof_timeout(),
        )
        find_others(name, "talos", platform.nodes, parent=self, kubeconfig=args["kubeconfig"], after=last)
        self.register_outputs({"deliveryChecks": self.delivery_checks})


def settable(flags: AuditFlags) -> dict[str, str]:
    """The flags that go into `extraArgs`, but for those that Talos sets well by itself."""
    arguments = flags.arguments(f"{FOLDER}/policy.yaml", WEBHOOK)
    return {name: value for name, value in arguments.items() if not name.startswith(OF_TALOS)}


def talosconfig(platform: TalosPlatform) -> str:
    """The path of talosctl's configuration; empty: what talosctl itself finds."""
    return str(Path(platform.talosconfig).expanduser()) if platform.talosconfig else ""
