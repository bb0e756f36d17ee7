"""What a change would do to a host, read from the host, with nothing changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from k8s_audit.control_plane.change import AuditSetup, Change
from k8s_audit.control_plane.journal import Step
from k8s_audit.errors import K8sAuditError


@dataclass(frozen=True)
class Plan:
    """What `up` would find and do.

    Args:
        state: what the host has now.
        actions: what would be done, in order; none: nothing.
        obstacle: why it would fail; empty: it would not.
        arguments: the audit flags that its API server would have then, by name.
    """

    state: str
    actions: list[str]
    obstacle: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)


def plan(change: Change, setup: AuditSetup) -> Plan:
    """Tell what `apply(setup)` would do.

    Raises:
        HostError: the host cannot be read.
    """
    record = change.journal.read()
    current = change.server.current()
    here = change.server.audit_arguments(current)
    if record is None:
        state = f"audits already, not by us: --{' --'.join(sorted(here))}" if here else "does not audit"
    elif record.step is Step.APPLIED:
        state = "audits, by us"
    else:
        state = f"holds a change that was cut off at step {record.step}; `up` finishes or undoes it first"
    place = change.place
    try:
        base = change.without_us(current, record)
        edit = change.edit(base, current, record, setup)
        change.check(current, setup)
    except K8sAuditError as error:
        return Plan(state, [], str(error))
    wanted = ((place.policy, setup.policy), (place.webhook, setup.webhook))
    actions = [f"write {path}" for path, text in wanted if change.host.read(path) != text.encode()]
    if edit is None:
        return Plan(state, actions, arguments=here)
    after = change.server.audit_arguments(edit.manifest)
    for name in sorted(here.keys() | after.keys()):
        if here.get(name) != after.get(name):
            was = f" (was {here[name]})" if name in here else ""
            actions.append(f"set --{name}={after[name]}{was}" if name in after else f"remove --{name}={here[name]}")
    actions.append(f"replace {change.server.path}; kube-apiserver restarts once")
    return Plan(state, actions, arguments=after)
