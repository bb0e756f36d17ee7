"""Turning auditing on and off in a HostedCluster: what its Secret holds, the edit, and what is there now."""

from dataclasses import dataclass, field

from k8s_audit.platforms.hypershift.hosted_cluster import KEY, Setup, profile_of, secret_of, turn_on
from k8s_audit.platforms.management.change import ObjectChange
from k8s_audit.platforms.management.kind import Edit
from k8s_audit.platforms.management.own_secret import secret_name
from k8s_audit.platforms.management.record import record_of


@dataclass(frozen=True)
class Live:
    """What a hosted cluster has now: our webhook's text, its profile, whether it remembers us, and whether it is still under way."""

    webhook: str = field(repr=False)
    profile: str
    intact: bool
    pending: bool


@dataclass(frozen=True)
class HostedAudit:
    """What a hosted cluster shall have.

    Args:
        webhook: the webhook kubeconfig's text.
        profile: what its API servers record; empty: what is there.
        adopt: take over another webhook or profile that is there.
    """

    webhook: str = field(repr=False)
    profile: str = ""
    adopt: bool = False

    def contents(self) -> dict[str, str]:
        """Of the Secret."""
        return {KEY: self.webhook}

    def edit(self, name: str) -> Edit:
        """What turns auditing on. The Secret has another name for another profile too, so that the Deployment tells when it is there.

        Args:
            name: the object's.
        """
        setup = Setup(secret_name(name, self.contents(), self.profile), self.profile, self.adopt)
        return lambda document: turn_on(document, setup)

    def apply(self, change: ObjectChange) -> Live:
        """Bring the hosted cluster to it; see ObjectChange.apply."""
        change.apply(self.contents(), self.edit(change.place.name))
        return Live(self.webhook, self.profile, True, False)

    def plan(self, change: ObjectChange) -> list[str]:
        """What `apply` would do, in words; see ObjectChange.plan."""
        told = change.plan(self.edit(change.place.name))
        document = change.read()
        if document is not None and (told or change.pending(document)):
            told.append("HyperShift restarts the API servers of Kubernetes, OpenShift and OAuth")
        return told


def live(change: ObjectChange, profile: str) -> Live | None:
    """What is there now; None: no such hosted cluster.

    Args:
        change: of it.
        profile: what it should have; empty: it is left as it is.
    """
    document = change.read()
    if document is None:
        return None
    webhook = change.contents(document).get(KEY, "")
    whole = bool(secret_of(document)) and bool(record_of(document).set)
    return Live(webhook, profile_of(document) if profile else "", whole, change.pending(document))
