"""Pure edits of KubeAPIServer `cluster`: the three arguments by which its API servers serve AuditSinks.

The operator lays `spec.unsupportedConfigOverrides` over `spec.observedConfig`, and of a list it takes the last one whole: a list of ours
alone would take OpenShift's own feature gates away. So ours begins with what is observed.
https://github.com/openshift/cluster-kube-apiserver-operator/blob/release-4.3/pkg/operator/targetconfigcontroller/targetconfigcontroller.go,
https://github.com/openshift/library-go/blob/master/pkg/operator/resource/resourcemerge/generic_config_merger.go
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from k8s_audit.errors import ConflictError
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.management.record import Record, at, forget, part, record_of, remember, without_empty

OURS: Mapping[str, str] = MappingProxyType(
    {
        "audit-dynamic-configuration": "true",
        "feature-gates": "DynamicAuditing=true",
        "runtime-config": "auditregistration.k8s.io/v1alpha1=true",
    }
)
"""https://v1-16.docs.kubernetes.io/docs/tasks/debug-application-cluster/audit/#dynamic-backend"""
ROOT = "unsupportedConfigOverrides"
ARGUMENTS, OBSERVED = f"{ROOT}.apiServerArguments", "observedConfig.apiServerArguments"


def turn_on(document: Document) -> Document:
    """Put in what is missing, in place; an object that has all of it stays equal.

    Raises:
        ConflictError: somebody has turned one of them off.
        HostError: what it remembers of us is not of this version.
    """
    record = record_of(document)
    for flag, ours in OURS.items():
        given = at(document, ARGUMENTS) or {}
        base = list(given[flag] if flag in given else (at(document, OBSERVED) or {}).get(flag) or [])
        if other := _other(base, ours):
            raise ConflictError(
                f"KubeAPIServer `cluster` has {flag}={other} in spec.{ARGUMENTS if flag in given else OBSERVED}, and an AuditSink needs"
                f" {flag}={ours}. Way out: take it out there: oc edit kubeapiserver cluster"
            )
        if not _has(base, ours):
            _remember_null(document, record)
            wanted = [*base, ours]
            arguments = part(document, ARGUMENTS, {}, record)
            record.claim(flag, arguments, wanted)
            arguments[flag] = wanted
            remember(document, record)
    return document


def turn_off(document: Document) -> Document:
    """Take out what is ours, and nothing else, in place; an object without anything of ours stays equal."""
    record = record_of(document)
    arguments = at(document, ARGUMENTS) or {}
    for flag in filter(record.owns, OURS):
        added, wrote = flag in record.added, record.set.get(flag)
        left = record.drop(flag)
        here = arguments.get(flag)
        if here is None:
            continue
        if here != wrote:  # somebody changed it since: what else is in it stays
            left = [word for word in here if word != OURS[flag]]
        if left or not added:
            arguments[flag] = left or []
        else:
            del arguments[flag]
    without_empty(document, record.made)  # an empty one is an override too, and keeps the operator from upgrades
    if ROOT in record.replaced and ROOT not in document["spec"]:
        document["spec"][ROOT] = None
    forget(document)
    return document


def asked(document: Document) -> frozenset[str]:
    """Which of the three its API servers shall have, by the object."""
    given, observed = at(document, ARGUMENTS) or {}, at(document, OBSERVED) or {}
    return active(dict(observed) | dict(given))


def active(arguments: Mapping[str, Any]) -> frozenset[str]:
    """Which of the three are among an API server's arguments, as the operator's configuration lists them."""
    return frozenset(flag for flag, ours in OURS.items() if _has(arguments.get(flag) or [], ours))


def actions(before: Document, after: Document) -> list[str]:
    """What an edit does, in words."""
    told = []
    for flag in OURS:
        old, new = ((at(each, ARGUMENTS) or {}).get(flag) for each in (before, after))
        if old != new:
            was = f" (was {', '.join(old)})" if old else ""
            told.append(f"set {flag}: {', '.join(new)}{was}" if new else f"remove {flag}: {', '.join(old or [])}")
    return told


def _remember_null(document: Document, record: Record) -> None:
    """No overrides may be spelled `null`."""
    if ROOT in document["spec"] and document["spec"][ROOT] is None:
        record.replaced[ROOT] = None


def _words(values: Iterable[str]) -> list[str]:
    return [word for value in values for word in str(value).split(",")]


def _has(values: Iterable[str], ours: str) -> bool:
    return ours in _words(values)


def _other(values: Iterable[str], ours: str) -> str:
    """A value that says otherwise; empty: none does."""
    key = ours.rpartition("=")[0]
    return next((word for word in _words(values) if word != ours and (not key or word.rpartition("=")[0] == key)), "")
