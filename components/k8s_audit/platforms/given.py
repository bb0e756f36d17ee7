"""What the components of self-managed platforms make of the arguments that all of them take: the policy's text, and the API server's flags."""

from k8s_audit.audit_policy.model import parse_policy
from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.control_plane.versions import minor, policy_version
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.endpoint import BODY_LIMIT, EVENT_LIMIT


def policy_text(given: str | None, kubernetes_version: str | None = None) -> str:
    """The audit policy as an API server gets it.

    Args:
        given: YAML of a policy; None or empty: the profile `detection`.
        kubernetes_version: of the API server; None: today's.

    Raises:
        AuditPolicyError: the policy has faults.
    """
    policy = parse_policy(given, "policy") if given else load_profile("detection")
    return render_policy(policy, policy_version(minor(kubernetes_version) if kubernetes_version else None))


def flags_for(receiver: ReceiverArgs, delivery: DeliveryConfig, log_path: str | None = None) -> AuditFlags:
    """The API server's flags, within what the receiver takes.

    Args:
        receiver: who gets the events.
        delivery: what is said of them.
        log_path: of the audit log, unless `delivery` says one; None: its style's own.
    """
    body, event = receiver.get("body_limit", BODY_LIMIT), receiver.get("event_limit", EVENT_LIMIT)
    return delivery.flags(log_path).within(int(body), int(event))
