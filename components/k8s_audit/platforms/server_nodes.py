"""What the components of RKE2, K3s, MicroK8s, OpenShift 3.11 and, but for its arguments, kubeadm share: nodes changed one after the other."""

from collections.abc import Callable
from typing import Any, NamedTuple, NotRequired, TypedDict, TypeVar

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.hosts import HostsPlatform, ReachedHost
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.given import flags_for, policy_text
from k8s_audit.platforms.one_by_one import Audited, one_by_one
from k8s_audit.receivers.args import ReceiverArgs, webhook_text

Platform = TypeVar("Platform", bound=HostsPlatform)


class ServerNodesArgs(TypedDict):
    """Arguments of Rke2Audit, K3sAudit, Microk8sAudit and Openshift3Audit."""

    hosts: list[dict[str, Any]]
    """As `audit:platform.hosts` of a stack's file: access, apiServer, and where they differ their platform's own keys"""
    receiver: ReceiverArgs
    """Who gets the events."""
    kubeconfig: pulumi.Input[str]
    """Path of a kubeconfig that may create ConfigMaps in `default` and read /metrics: for the proof of delivery; and list nodes, to
    find those that joined."""
    ssh_private_key: NotRequired[pulumi.Input[str]]
    """Logs in at hosts over SSH; a secret; default: the SSH agent's keys, else those in ~/.ssh."""
    kubernetes_version: NotRequired[str]
    """Of the API servers, such as `1.34`, where it is older than what is set up today."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""


class NodeAudit(TypedDict):
    """What the resource of each kind takes."""

    host: dict[str, Any]
    policy: str
    webhook: pulumi.Output[str]
    arguments: dict[str, str]
    ssh_private_key: pulumi.Input[str] | None
    remaining: list[str]
    opts: pulumi.ResourceOptions


class Registered(NamedTuple):
    """What was registered.

    Args:
        checks: the proofs, one an API server.
        last: the last node's resources, which come after all others.
        flags: of each API server.
    """

    checks: pulumi.Output[list[dict[str, Any]]]
    last: list[pulumi.Resource]
    flags: AuditFlags


def audit_servers(
    platform: HostsPlatform,
    audit: Callable[[ReachedHost, str, NodeAudit], Audited],
    component: pulumi.ComponentResource,
    name: str,
    args: ServerNodesArgs,
) -> Registered:
    """Register the server nodes and their proofs.

    Args:
        platform: the judged one.
        audit: registers the change of a node under a name.
        component: what they belong to.
        name: its name.
        args: see ServerNodesArgs.

    Raises:
        ConfigError: delivery has faults.
        AuditPolicyError: the policy has.
    """
    delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
    if faults := platform.delivery_faults(delivery):
        raise ConfigError(faults)
    receiver = args["receiver"]
    policy, webhook = policy_text(args.get("policy"), platform.kubernetes_version), webhook_text(receiver)
    flags = flags_for(receiver, delivery, platform.log_path())

    def register(host: ReachedHost, remaining: list[str], opts: pulumi.ResourceOptions) -> Audited:
        node: NodeAudit = {
            "host": host.model_dump(by_alias=True, exclude={"adopt"}, exclude_none=True),
            "policy": policy,
            "webhook": webhook,
            "arguments": platform.settable(flags.arguments(*host.files)),
            "ssh_private_key": args.get("ssh_private_key") if host.access == "ssh" else None,
            "remaining": remaining,
            "opts": opts,
        }
        return audit(host, f"{name}-{host.name}", node)

    checks, last = one_by_one(
        name,
        platform.hosts,
        register,
        parent=component,
        kubeconfig=args["kubeconfig"],
        receiver=receiver,
        timeout=delivery.proof_timeout(),
    )
    return Registered(checks, last, flags)


def judged(kind: type[Platform], name: str, args: ServerNodesArgs, **more: Any) -> Platform:
    """The platform that a component's arguments name.

    Args:
        kind: its model.
        name: its kind.
        args: see ServerNodesArgs.
        more: settings of this kind alone.

    Raises:
        ConfigError: hosts have faults.
    """
    given: dict[str, Any] = {"kind": name, "hosts": args["hosts"], **more}
    if args.get("kubernetes_version"):
        given["kubernetesVersion"] = args["kubernetes_version"]
    platform = judge(kind, "", given)
    if faults := platform.faults():
        raise ConfigError(faults)
    return platform
