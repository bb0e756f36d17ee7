"""What a stack of kind minishift becomes, and what `up` would do to its machine."""

from collections.abc import Callable
from threading import Event

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config import places
from k8s_audit.config.platforms.minishift import MinishiftPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.change import AuditSetup
from k8s_audit.control_plane.versions import policy_version
from k8s_audit.delivery.contract import contract_of
from k8s_audit.delivery.webhook import render_webhook, with_authority
from k8s_audit.errors import ConflictError
from k8s_audit.platforms.minishift.change import MinishiftChange
from k8s_audit.platforms.minishift.component import MinishiftAudit
from k8s_audit.platforms.minishift.machine import file_paths
from k8s_audit.platforms.stack_args import placed
from k8s_audit.receivers.endpoint import ReceiverEndpoint

place = placed(MinishiftAudit)


def plan(
    stack: Stack, kubeconfig: str, endpoint: ReceiverEndpoint, secret: Callable[[str], str], say: Callable[[str], None]
) -> tuple[str, list[str]]:
    """What `up` would do to the machine, in words, with nothing changed.

    Args:
        stack: the whole configuration.
        kubeconfig: the path of the cluster's.
        endpoint: who takes audit events.
        secret: the value of one of the stack's secret keys.
        say: shows what could not be tried.

    Returns:
        what is changed, and the changes.

    Raises:
        ConflictError, HostError, ToolError: why it would fail.
    """
    platform = stack.platform
    assert isinstance(platform, MinishiftPlatform)
    change = MinishiftChange(
        platform.folder(),
        platform.profile,
        platform.known_hosts,
        platform.api_server,
        platform.restart_timeout,
        Event(),
        say,
    )
    policy = render_policy(stack.policy.load(), policy_version(places.kubernetes_version(stack)))
    flags = stack.delivery.flags(platform.log_path()).within(endpoint.body_limit, endpoint.event_limit)
    arguments = flags.arguments(*file_paths())
    live = change.read()
    webhook = render_webhook(with_authority(endpoint, live.webhook.encode() if live else None))
    contract = contract_of(webhook, arguments, say)
    planned = change.plan(AuditSetup(policy, webhook, arguments, platform.adopt, contract))
    if planned.obstacle:
        raise ConflictError(planned.obstacle)
    return f"profile {platform.profile} of minishift: {planned.state}", planned.actions
