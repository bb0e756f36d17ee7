"""What `up` would do to the one API server of a stack whose platform tells its host by itself, such as a profile of minikube."""

from collections.abc import Callable
from typing import Protocol

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config import places
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.change import AuditSetup, LiveSetup
from k8s_audit.control_plane.plan import Plan
from k8s_audit.control_plane.versions import policy_version
from k8s_audit.delivery.contract import contract_of
from k8s_audit.delivery.webhook import render_webhook, with_authority
from k8s_audit.errors import ConflictError
from k8s_audit.receivers.endpoint import ReceiverEndpoint


class Plannable(Protocol):
    """The change of an API server; see `control_plane/change.py`."""

    def read(self) -> LiveSetup | None:
        """What is there; None if nothing of ours is."""

    def plan(self, setup: AuditSetup) -> Plan:
        """What it would do, with nothing changed."""


def setup_plan(
    stack: Stack,
    endpoint: ReceiverEndpoint,
    change: Plannable,
    files: tuple[str, str],
    adopt: bool,
    say: Callable[[str], None],
) -> Plan:
    """What `up` would do, with nothing changed.

    Args:
        stack: the whole configuration.
        endpoint: who takes audit events.
        change: of its API server.
        files: the paths of policy and webhook file, as the API server sees them.
        adopt: take over audit flags that are there already with other values.
        say: shows what could not be tried.

    Raises:
        ConflictError, HostError, ToolError: why it would fail.
    """
    policy = render_policy(stack.policy.load(), policy_version(places.kubernetes_version(stack)))
    flags = stack.delivery.flags(stack.platform.log_path()).within(endpoint.body_limit, endpoint.event_limit)
    arguments = flags.arguments(*files)
    live = change.read()
    webhook = render_webhook(with_authority(endpoint, live.webhook.encode() if live else None))
    planned = change.plan(AuditSetup(policy, webhook, arguments, adopt, contract_of(webhook, arguments, say)))
    if planned.obstacle:
        raise ConflictError(planned.obstacle)
    return planned
