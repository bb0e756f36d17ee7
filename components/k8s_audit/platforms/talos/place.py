"""What a stack of kind talos becomes, and what `up` would do to its nodes."""

from collections.abc import Callable
from threading import Event

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config import places
from k8s_audit.config.platforms.talos import TalosPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.durations import seconds
from k8s_audit.control_plane.versions import policy_version
from k8s_audit.delivery.webhook import render_webhook, secrets_in, with_authority
from k8s_audit.platforms.stack_args import placed
from k8s_audit.platforms.talos.component import TalosAudit, settable, talosconfig
from k8s_audit.platforms.talos.documents import load
from k8s_audit.platforms.talos.machine_config import Setup, files_of, live, same_policy, turn_on
from k8s_audit.platforms.talos.node import TalosNode, TalosPlace
from k8s_audit.receivers.endpoint import ReceiverEndpoint

place = placed(TalosAudit)


def plan(
    stack: Stack, kubeconfig: str, endpoint: ReceiverEndpoint, secret: Callable[[str], str], say: Callable[[str], None]
) -> tuple[str, list[str]]:
    """What `up` would do to the nodes, in words, with nothing changed.

    Args:
        stack: the whole configuration.
        kubeconfig: the path of the cluster's.
        endpoint: who takes audit events.
        secret: the value of one of the stack's secret keys.
        say: is told what talosctl says.

    Returns:
        what is changed, and the changes.

    Raises:
        ConflictError, HostError, ToolError: why it would fail.
    """
    platform = stack.platform
    assert isinstance(platform, TalosPlatform)
    flags = settable(stack.delivery.flags().within(endpoint.body_limit, endpoint.event_limit))
    policy = render_policy(stack.policy.load(), policy_version(places.kubernetes_version(stack)))
    changes: list[str] = []
    for one in platform.nodes:
        wait = seconds(platform.reboot_timeout)
        where = TalosPlace(one.name, one.address, one.api_server, kubeconfig, talosconfig(platform), wait)
        text = TalosNode(where, Event(), say).config()
        webhook = render_webhook(with_authority(endpoint, live(text).webhook.encode()))
        after, _ = turn_on(text, Setup(policy, webhook, flags, platform.adopt))
        node = TalosNode(where, Event(), say, secrets_in(webhook))
        if told := _actions(text, after, policy):
            node.judge(after)
        changes += [f"node {one.name}: {action}" for action in told]
    return f"{len(platform.nodes)} control-plane node(s) of Talos", changes


def _actions(before: str, after: str, policy: str) -> list[str]:
    """What an edit does, in words; no content of a file, since one has a secret in it."""
    old, new, documents = live(before), live(after), load(after)
    found = [
        f"set {documents.server_place}.extraArgs.{name}: {value}"
        for name, value in sorted(new.arguments.items())
        if old.arguments.get(name) != value
    ]
    if not same_policy(old.policy, policy):
        found.append(f"set {documents.policy_place}")
    if old.mounted != new.mounted:
        found.append("mount the folder of the webhook file")
    if files_of(before) != files_of(after):
        found.append("write the webhook file, and reboot")
    return found
