"""kubeadm: audit logging on control-plane hosts whose API server is a static pod, one host at a time."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.audit_policy.model import parse_policy
from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.kubeadm import ControlPlaneHost
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.endpoint import BODY_LIMIT, EVENT_LIMIT, endpoint_of
from k8s_audit.resources import DeliveryCheck, StaticPodAudit


class KubeadmAuditArgs(TypedDict):
    """Arguments of KubeadmAudit."""

    hosts: list[dict[str, Any]]
    """As `audit:platform.hosts` of a stack's file: access, apiServer, and where they differ manifests, configFolder, …"""
    receiver: ReceiverArgs
    """Who gets the events."""
    kubeconfig: pulumi.Input[str]
    """Path of a kubeconfig that may create ConfigMaps in `default` and read /metrics: for the proof of delivery."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class KubeadmAudit(pulumi.ComponentResource):
    """Turns audit logging on at each control-plane host and proves that events arrive.

    Each host is a resource of its own, changed after the one before it is healthy; destroy puts back what was there.
    """

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: KubeadmAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the hosts and the proof.

        Args:
            name: the component's name.
            args: see KubeadmAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: hosts or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:KubeadmAudit", name, {}, opts)
        hosts = [judge(ControlPlaneHost, f"hosts[{index}]", host) for index, host in enumerate(args["hosts"])]
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        text = args.get("policy")
        policy = render_policy(parse_policy(text, "policy") if text else load_profile("detection"))
        receiver = args["receiver"]
        webhook = _webhook(receiver)
        flags = delivery.flags().within(
            int(receiver.get("body_limit", BODY_LIMIT)), int(receiver.get("event_limit", EVENT_LIMIT))
        )
        audited: list[StaticPodAudit] = []
        for host in hosts:
            arguments = flags.arguments(f"{host.config_folder}/policy.yaml", f"{host.config_folder}/webhook.yaml")
            audited.append(
                StaticPodAudit(
                    f"{name}-{host.name}",
                    host=host.model_dump(by_alias=True, exclude={"adopt"}),
                    policy=policy,
                    webhook=webhook,
                    arguments=arguments,
                    adopt=host.adopt,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=audited[-1:]),
                )
            )
        check = DeliveryCheck(
            f"{name}-delivery",
            api_servers=[host.api_server for host in hosts],
            kubeconfig=args["kubeconfig"],
            receiver=receiver,
            timeout=delivery.proof_timeout(),
            triggers=[audit.manifest_digest for audit in audited],
            opts=pulumi.ResourceOptions(parent=self, depends_on=audited),
        )
        self.delivery_checks = check.checks
        self.register_outputs({"deliveryChecks": self.delivery_checks})


def _webhook(receiver: ReceiverArgs) -> pulumi.Output[str]:
    whole: pulumi.Output[dict[str, Any]] = pulumi.Output.all(**receiver)
    return pulumi.Output.secret(whole.apply(lambda known: render_webhook(endpoint_of(known))))
