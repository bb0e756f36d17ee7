"""Turning auditing on and off in a KubeadmControlPlane: what its Secret holds, the edit, and what is there now."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from k8s_audit.platforms.cluster_api.control_plane import Setup, intact, turn_on
from k8s_audit.platforms.cluster_api.files import POLICY, WEBHOOK, secret_of
from k8s_audit.platforms.cluster_api.flags import arguments
from k8s_audit.platforms.cluster_api.rollout import machines
from k8s_audit.platforms.management.change import ObjectChange
from k8s_audit.platforms.management.kind import Edit
from k8s_audit.platforms.management.own_secret import secret_name


@dataclass(frozen=True)
class Live:
    """What a control plane has now: audit flags by name, our files' texts, whether these lie as they should; its machines."""

    arguments: dict[str, str]
    policy: str
    webhook: str = field(repr=False)
    intact: bool
    machines: int
    pending: bool


@dataclass(frozen=True)
class ControlPlaneAudit:
    """What a control plane shall have.

    Args:
        policy: the audit policy's text.
        webhook: the webhook kubeconfig's text.
        arguments: audit flags by name, without dashes.
        adopt: take over flags that are there with other values.
    """

    policy: str
    webhook: str = field(repr=False)
    arguments: Mapping[str, str]
    adopt: bool = False

    def contents(self) -> dict[str, str]:
        """Of the Secret."""
        return {POLICY: self.policy, WEBHOOK: self.webhook}

    def edit(self, name: str) -> Edit:
        """What turns auditing on.

        Args:
            name: the object's.
        """
        setup = Setup(secret_name(name, self.contents()), self.arguments, self.adopt)
        return lambda document: turn_on(document, setup)

    def apply(self, change: ObjectChange) -> Live:
        """Bring the control plane to it; see ObjectChange.apply."""
        document = change.apply(self.contents(), self.edit(change.place.name))
        return Live(dict(self.arguments), self.policy, self.webhook, True, machines(document), False)

    def plan(self, change: ObjectChange) -> list[str]:
        """What `apply` would do, in words; see ObjectChange.plan."""
        told = change.plan(self.edit(change.place.name))
        document = change.read()
        if document is not None and (told or change.pending(document)):
            told.append(f"replace all {machines(document)} control-plane machines, one by one")
        return told


def live(change: ObjectChange, wanted: Mapping[str, str]) -> Live | None:
    """What is there now; None: no such control plane.

    Args:
        change: of it.
        wanted: the flags that it should have.
    """
    document = change.read()
    if document is None:
        return None
    found, here = change.contents(document), arguments(document)
    flags = {name: here[name] for name in wanted if name in here}
    whole = intact(document, wanted) and bool(secret_of(document))
    texts = found.get(POLICY, ""), found.get(WEBHOOK, "")
    return Live(flags, *texts, whole, machines(document), change.pending(document))
