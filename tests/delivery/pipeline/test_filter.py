"""Which events a filter drops in the real Bento: those that match all that it names."""

from dataclasses import replace
from pathlib import Path

from k8s_audit.delivery.pipeline.model import Filter
from tests.delivery.pipeline.records import Event, cloudwatch, compressed, event, text
from tests.delivery.pipeline.way import way
from tests.unit.delivery.pipeline.pipelines import EKS

FILTERS = (
    Filter(users=("system:node:*", "bo?"), verbs=("get", "watch")),
    Filter(resources=("leases", "pods/exec"), namespaces=("kube-*",)),
    Filter(users=("a.b+c|d",)),
    Filter(resources=("*",), verbs=("list",)),
    Filter(namespaces=("*",), verbs=("patch",)),
)


def made_by(user: str, verb: str, resource: str | None = None, namespace: str | None = None) -> Event:
    parts = dict(zip(("resource", "subresource"), (resource or "").split("/"), strict=False))
    reference = parts | ({"namespace": namespace} if namespace else {})
    return event(user={"username": user}, verb=verb, objectRef=reference if resource else None)


DROPPED = [
    made_by("system:node:n1", "get", "pods"),
    made_by("bob", "watch"),
    made_by("anna", "update", "leases", "kube-system"),
    made_by("anna", "get", "pods/exec", "kube-system"),
    made_by("a.b+c|d", "create"),
    made_by("anna", "list", "pods/log"),
    made_by("anna", "patch", "pods", "prod"),
]
KEPT = [
    made_by("system:node:n1", "create", "pods"),
    made_by("my-system:node:n1", "get", "pods"),
    made_by("bobby", "get", "pods"),
    made_by("bo", "get", "pods"),
    made_by("anna", "update", "leases", "prod"),
    made_by("anna", "update", "leases"),
    made_by("anna", "get", "pods", "kube-system"),
    made_by("anna", "get", "pods/log", "kube-system"),
    made_by("aXb+c", "create"),
    made_by("anna", "list"),
    made_by("anna", "patch", "nodes"),
    event(user=None, verb=None, objectRef=None),
    event(user={"username": "bob"}, verb="get", objectRef={"resource": "configmaps", "name": "k8s-audit-check-0a1b"}),
]


def test_a_filter_drops_what_matches_all_that_it_names_and_never_the_mark_of_a_proof(tmp_path: Path) -> None:
    with way(tmp_path, replace(EKS, filters=FILTERS)) as made:
        made.bring(compressed(cloudwatch(*map(text, DROPPED))))
        made.bring(compressed(cloudwatch(*map(text, KEPT))))
        assert [each["user"] for each in made.receiver.events() if "user" in each] == [
            each["user"] for each in KEPT if "user" in each
        ]
        assert len(made.receiver.events()) == len(KEPT)
        assert made.counted("skipped", reason="filter") == len(DROPPED)
        assert made.counted("events") == len(DROPPED) + len(KEPT)
        assert made.letters() == []


def test_an_event_that_no_filter_can_read_is_a_dead_letter_and_no_loss(tmp_path: Path) -> None:
    odd = event(user="anna", objectRef=["a"])
    with way(tmp_path, replace(EKS, filters=FILTERS)) as made:
        made.bring(compressed(cloudwatch(text(odd), text(event()))))
        assert [each["auditID"] for each in made.receiver.events()] + [each["record"] for each in made.letters()]
        assert len(made.receiver.events()) + len(made.letters()) == 2
