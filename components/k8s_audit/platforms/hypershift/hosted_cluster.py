"""Pure edits of a HostedCluster: the webhook's Secret, and the audit profile of its API servers.

https://github.com/openshift/hypershift/blob/main/api/hypershift/v1beta1/hostedcluster_types.go; flags and policy are HyperShift's own:
https://github.com/openshift/hypershift/blob/main/control-plane-operator/controllers/hostedcontrolplane/v2/kas/config.go.
Profiles: https://docs.openshift.com/container-platform/latest/security/audit-log-policy-config.html
"""

from dataclasses import dataclass
from typing import Any

from k8s_audit.errors import ConflictError
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.management.cluster import Resource
from k8s_audit.platforms.management.own_secret import is_ours
from k8s_audit.platforms.management.record import Record, at, forget, part, record_of, remember, without_empty

RESOURCE = Resource("HostedCluster", "hypershift.openshift.io", "hostedclusters", ("v1beta1",))
KEY = "webhook-kubeconfig"
"""Of the Secret."""
WEBHOOK, AUDIT, PROFILE = "auditWebhook", "configuration.apiServer.audit", "configuration.apiServer.audit.profile"
NOTHING = "None"
"""The profile that records nothing."""


@dataclass(frozen=True)
class Setup:
    """What a hosted cluster shall have.

    Args:
        secret: the name of the Secret that has the webhook's kubeconfig.
        profile: what its API servers record; empty: what is there.
        adopt: take over another webhook or profile that is there.
    """

    secret: str
    profile: str = ""
    adopt: bool = False


def turn_on(document: Document, setup: Setup) -> Document:
    """Turn auditing on in an object, in place; one that has all of it stays equal.

    Args:
        document: as the API server has it.
        setup: what it shall have.

    Raises:
        ConflictError: another webhook or profile is there, or the profile that is there records nothing.
        HostError: what it remembers of us is not of this version.
    """
    record = _claimed(document)
    before = secret_of(document)
    if before and before != setup.secret:
        record.former = before
    webhook = {"name": setup.secret}
    here = at(document, WEBHOOK)
    if here != webhook:
        if here and not record.owns(WEBHOOK) and not setup.adopt:
            raise ConflictError(_conflict(document, f"{WEBHOOK}.name", here.get("name"), setup.secret))
        record.claim(WEBHOOK, {WEBHOOK: here} if here else {}, webhook)
        document["spec"][WEBHOOK] = webhook
    if not setup.profile and record.owns(PROFILE):
        _give_back(document, record, PROFILE)
    profile = at(document, PROFILE)
    if setup.profile and profile != setup.profile:
        if profile and not record.owns(PROFILE) and not setup.adopt:
            raise ConflictError(_conflict(document, PROFILE, profile, setup.profile))
        record.claim(PROFILE, {PROFILE: profile} if profile else {}, setup.profile)
        part(document, AUDIT, {}, record)["profile"] = setup.profile
    if at(document, PROFILE) == NOTHING:
        raise ConflictError(
            f"HostedCluster {document['metadata']['name']} has {PROFILE}: {NOTHING}, so its API servers record nothing that could be"
            " sent. Ways out: audit:platform.auditProfile: Default with audit:platform.adopt: true (destroy puts it back); or change it there"
        )
    remember(document, record)
    return document


def turn_off(document: Document) -> Document:
    """Take out what is ours, and nothing else, in place; an object without anything of ours stays equal."""
    record = _claimed(document)
    for key in [*record.added, *record.replaced]:
        _give_back(document, record, key)
    without_empty(document, record.made)
    forget(document)
    return document


def secret_of(document: Document) -> str:
    """The Secret of ours that it names; empty: none."""
    name = (at(document, WEBHOOK) or {}).get("name")
    return str(name) if is_ours(name, document["metadata"]["name"]) else ""


def former_of(document: Document) -> str:
    """The Secret of ours before this one."""
    return record_of(document).former


def profile_of(document: Document) -> str:
    """What its API servers record, where it says so; empty: it does not."""
    return str(at(document, PROFILE) or "")


def actions(before: Document, after: Document) -> list[str]:
    """What an edit does, in words."""
    told = []
    for path in (f"{WEBHOOK}.name", PROFILE):
        old, new = at(before, path), at(after, path)
        was = f" (was {old})" if old else ""
        if old != new:
            told.append(f"set spec.{path}: {new}{was}" if new else f"remove spec.{path}: {old}")
    return told


def _claimed(document: Document) -> Record:
    """What it remembers; a Secret of ours is ours even where the annotation was lost."""
    record = record_of(document)
    if secret_of(document) and not record.owns(WEBHOOK):
        record.added.append(WEBHOOK)
        record.set[WEBHOOK] = at(document, WEBHOOK)
    return record


def _give_back(document: Document, record: Record, path: str) -> None:
    """Take a value of ours out, or put back what was there; one that somebody changed since stays."""
    here, ours = at(document, path), record.set.get(path)
    before = record.drop(path)
    if here is None or here != ours:
        return
    parent, _, key = path.rpartition(".")
    holder: Any = at(document, parent) if parent else document["spec"]
    if before is None:
        del holder[key]
    else:
        holder[key] = before


def _conflict(document: Document, path: str, here: Any, wanted: str) -> str:
    return (
        f"HostedCluster {document['metadata']['name']} already has spec.{path}: {here}, and we would set {wanted}. Ways out:"
        " audit:platform.adopt: true takes over what is there (destroy puts it back); or take it out there; the relay, which will feed both"
        " as receivers, is not built yet"
    )
