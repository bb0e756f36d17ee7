"""What an auditor asks of one stack: its cluster, who receives, by which policy and way, and when that was last proved.

Pure: its configuration and its state are given. No secret of either is in the answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config import places
from k8s_audit.config.registry import AUDITED
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.versions import policy_version

UP = "up"
UNPROVED = "not proved"
PENDING = "pending"
NEVER = "never up"
FAULTY = "faulty"
UNREADABLE = "unreadable"
CHECKS = ("k8s-audit:index:DeliveryCheck", "k8s-audit:index:AdmissionCheck")
STACK = "pulumi:pulumi:Stack"
MAKER = "the cluster's maker decides"
SHOWN = 12
"""Digits of a digest."""


@dataclass(frozen=True)
class Status:
    """One stack's.

    Args:
        stack: its name.
        state: up, not proved, pending, never up, faulty, or unreadable.
        why: what is to be known of that; one line each.
        cluster: its cluster's name.
        platform: the kind.
        receivers: name, kind and what it takes.
        policy: profile or file, the digest of what is configured, and the digests of what the state says is on the hosts.
        delivery: the kind.
        last_update: when the state was last written.
        proofs: as `deliveryChecks` has them, with the time.
    """

    stack: str
    state: str
    why: list[str] = field(default_factory=list)
    cluster: str = ""
    platform: str = ""
    receivers: list[dict[str, str]] = field(default_factory=list)
    policy: dict[str, Any] = field(default_factory=dict)
    delivery: str = ""
    last_update: str = ""
    proofs: list[dict[str, Any]] = field(default_factory=list)


def status_of(name: str, stack: Stack, deployment: Mapping[str, Any] | None) -> Status:
    """The status of a stack whose file has no faults.

    Args:
        name: the stack's.
        stack: its configuration.
        deployment: its state; None: the backend has no such stack.
    """
    resources = (deployment or {}).get("resources") or []
    pending = [_operation(each) for each in (deployment or {}).get("pending_operations") or []]
    proofs = [proof for resource in resources for proof in _proofs(resource)]
    state, why = UP, []
    if pending:
        state, why = PENDING, [*pending, f"`pulumi up -s {name} --refresh` finishes it"]
    elif all(resource.get("type") == STACK for resource in resources):
        first = "" if deployment is not None else f"`pulumi stack init {name}`, then "
        state, why = NEVER, [f"{first}`pulumi up -s {name}`"]
    elif missing := sorted({receiver.name for receiver in stack.receivers} - {proof["receiver"] for proof in proofs}):
        state, why = (
            UNPROVED,
            [
                f"no proof of delivery to {', '.join(missing)}; `k8s-audit verify --stack {name}` says why, `pulumi up -s {name}` proves it"
            ],
        )
    policy = _policy(stack, resources)
    if policy.get("deployed") and policy["deployed"] != [policy["digest"]]:
        why.append(f"the hosts have another policy than the file says; `pulumi up -s {name}`")
    return Status(
        stack=name,
        state=state,
        why=why,
        cluster=stack.cluster.name,
        platform=stack.platform.kind,
        receivers=[{"name": each.name, "kind": each.kind, "takes": each.takes()} for each in stack.receivers],
        policy=policy,
        delivery=_delivery(stack),
        last_update=str((deployment or {}).get("manifest", {}).get("time", "")) if resources else "",
        proofs=proofs,
    )


def last(status: Status) -> dict[str, Any] | None:
    """Its last proof."""
    return max(status.proofs, key=lambda proof: str(proof["at"]), default=None)


def _policy(stack: Stack, resources: list[Mapping[str, Any]]) -> dict[str, Any]:
    if stack.platform.fixed_policy:
        return {"profile": None, "by": MAKER}
    text = render_policy(stack.policy.load(), policy_version(places.kubernetes_version(stack)))
    deployed = {str(each["inputs"].get("policy")) for each in resources if each.get("type") in AUDITED}
    named = {"file": stack.policy.file} if stack.policy.file else {"profile": stack.policy.profile or "detection"}
    return {
        **named,
        "ownRules": len(stack.policy.before) + len(stack.policy.after),
        "digest": _digest(text),
        "deployed": sorted(map(_digest, deployed)),
    }


def _digest(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def _delivery(stack: Stack) -> str:
    if stack.delivery.kind:
        return stack.delivery.kind
    events = any(receiver.takes() == "events" for receiver in stack.receivers)
    return stack.platform.ways()[0] if events or not stack.receivers else "admission"


def _proofs(resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    checks = resource.get("outputs", {}).get("checks") if resource.get("type") in CHECKS else None
    for check in checks if isinstance(checks, list) else []:
        if isinstance(check, dict) and "receiver" in check:
            yield {**check, "at": resource.get("modified") or resource.get("created") or ""}


def _operation(pending: Mapping[str, Any]) -> str:
    urn = str(pending.get("resource", {}).get("urn", ""))
    return f"{pending.get('type', 'an operation')} of {urn.rpartition('::')[2] or 'a resource'} was cut off"
