"""kubeadm: audit logging on control-plane hosts whose API server is a static pod, one host at a time."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.audit_policy.model import parse_policy
from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.kubeadm import ControlPlaneHost, KubeadmPlatform
from k8s_audit.control_plane.versions import minor, policy_version
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.one_by_one import one_by_one
from k8s_audit.receivers.args import ReceiverArgs, webhook_text
from k8s_audit.receivers.endpoint import BODY_LIMIT, EVENT_LIMIT
from k8s_audit.resources import KubeadmConfigAudit, StaticPodAudit


class KubeadmAuditArgs(TypedDict):
    """Arguments of KubeadmAudit."""

    hosts: list[dict[str, Any]]
    """As `audit:platform.hosts` of a stack's file: access, apiServer, and where they differ manifests, configFolder, …"""
    receiver: ReceiverArgs
    """Who gets the events."""
    kubeconfig: pulumi.Input[str]
    """Path of a kubeconfig that may create ConfigMaps in `default` and read /metrics: for the proof of delivery; and, to
    persist, read and patch kube-system/kubeadm-config and list pods in kube-system."""
    ssh_private_key: NotRequired[pulumi.Input[str]]
    """Logs in at hosts over SSH; a secret; default: the SSH agent's keys, else those in ~/.ssh."""
    persist: NotRequired[bool]
    """Keep kubeadm's own configuration in step, so that `kubeadm upgrade` keeps auditing on; default: true."""
    kubernetes_version: NotRequired[str]
    """Of the API servers, such as `1.34`, where it is older than what is set up today."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class KubeadmAudit(pulumi.ComponentResource):
    """Turns audit logging on at each control-plane host and proves that events arrive.

    One host at a time: each is a resource of its own, changed only when the API server before it is healthy and its
    delivery is proved; destroy goes the other way and puts back what was there.
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
        platform = _platform(args)
        hosts = platform.hosts
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        version = minor(platform.kubernetes_version) if platform.kubernetes_version else None
        text = args.get("policy")
        policy = parse_policy(text, "policy") if text else load_profile("detection")
        receiver = args["receiver"]
        webhook = webhook_text(receiver)
        flags = delivery.flags().within(
            int(receiver.get("body_limit", BODY_LIMIT)), int(receiver.get("event_limit", EVENT_LIMIT))
        )

        def audit(host: ControlPlaneHost, remaining: list[str], opts: pulumi.ResourceOptions) -> StaticPodAudit:
            return StaticPodAudit(
                f"{name}-{host.name}",
                host=host.model_dump(by_alias=True, exclude={"adopt"}, exclude_none=True),
                policy=render_policy(policy, policy_version(version)),
                webhook=webhook,
                arguments=flags.arguments(f"{host.config_folder}/policy.yaml", f"{host.config_folder}/webhook.yaml"),
                adopt=host.adopt,
                ssh_private_key=args.get("ssh_private_key") if host.access == "ssh" else None,
                remaining=remaining,
                opts=opts,
            )

        self.delivery_checks, done = one_by_one(
            name,
            hosts,
            audit,
            parent=self,
            kubeconfig=args["kubeconfig"],
            receiver=receiver,
            timeout=delivery.proof_timeout(),
        )
        if platform.persist:
            KubeadmConfigAudit(
                f"{name}-kubeadm-config",
                kubeconfig=args["kubeconfig"],
                arguments=flags.arguments(
                    f"{hosts[0].config_folder}/policy.yaml", f"{hosts[0].config_folder}/webhook.yaml"
                ),
                adopt=any(host.adopt for host in hosts),
                opts=pulumi.ResourceOptions(parent=self, depends_on=done),
            )
        self.register_outputs({"deliveryChecks": self.delivery_checks})


def _platform(args: KubeadmAuditArgs) -> KubeadmPlatform:
    given: dict[str, Any] = {"kind": "kubeadm", "hosts": args["hosts"], "persist": args.get("persist", True)}
    if args.get("kubernetes_version"):
        given["kubernetesVersion"] = args["kubernetes_version"]
    platform = judge(KubeadmPlatform, "", given)
    if faults := platform.faults():
        raise ConfigError(faults)
    return platform
