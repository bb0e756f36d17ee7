"""Which machines are held, and where the API servers of new ones are asked; nothing is asked here."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from k8s_audit.platforms.cluster_api import proving
from k8s_audit.platforms.cluster_api.each_machine import TOO_OLD, to_hold
from k8s_audit.platforms.cluster_api.machines import Machine, Machines
from k8s_audit.platforms.cluster_api.proving import Api, proof_of
from k8s_audit.platforms.management.cluster import ManagementCluster
from k8s_audit.receivers.endpoint import ReceiverEndpoint

OLD = Machine("old", "node-old", "10.0.0.1", going=False, hooked=False, etcd_last=True, behind=True)
GOING, HOOKED, NEW = replace(OLD, going=True), replace(OLD, hooked=True, behind=False), replace(OLD, behind=False)
BEFORE: dict[str, Any] = {"metadata": {"generation": 2}, "spec": {"replicas": 3}}
AFTER = BEFORE | {"spec": {"replicas": 3, "kubeadmConfigSpec": {}}}
DONE = {"observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "upToDateReplicas": 3}


class Given(Machines):
    """These."""

    def __init__(self, *given: Machine) -> None:
        super().__init__(ManagementCluster("/nowhere"), "clusters", "prod")
        self.given = list(given)

    def all(self) -> list[Machine]:
        return self.given


@pytest.mark.parametrize(
    ("before", "after", "held"),
    [
        (BEFORE, AFTER, [OLD, HOOKED, NEW]),
        (BEFORE, BEFORE, [OLD, HOOKED, replace(HOOKED, going=True)]),
        (BEFORE | {"status": DONE}, BEFORE, []),
    ],
    ids=["a change: each that is there", "a roll under way: those that are older, or held already", "no roll: none"],
)
def test_those_are_held_that_a_roll_will_replace(before: Any, after: Any, held: list[Machine]) -> None:
    assert to_hold(Given(OLD, GOING, HOOKED, replace(HOOKED, going=True), NEW), before, after, print) == held


def test_none_is_held_whose_etcd_member_would_be_gone() -> None:
    said: list[str] = []
    assert to_hold(Given(OLD, replace(OLD, etcd_last=False)), BEFORE, AFTER, said.append) == []
    assert said == [TOO_OLD]


def test_each_is_proved_once_at_its_own_address_or_where_the_cluster_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Each:
        def __init__(self, kubeconfig: str, endpoint: Any, timeout: float, urls: Sequence[str], *_: Any) -> None:
            self.urls = urls

        def prove(self, running: Callable[[], Any]) -> None:
            asked.append((self.urls, running()))

    answers = {"10.0.0.1": ["https://10.0.0.1:6443"]}
    monkeypatch.setattr(proving, "EachApiServer", Each)
    monkeypatch.setattr(proving, "running", lambda *_: {"node-old": 1.0, "node-older": 2.0})
    monkeypatch.setattr(proving, "direct", lambda _, addresses: answers.get(",".join(addresses), []))
    listed = Api("/kubeconfig", ["https://prod-1:6443"])
    proof = proof_of(listed, ReceiverEndpoint("siem", "https://siem.example"), 5, Event(), print)
    other = replace(NEW, name="other", node="node-other", address="10.0.0.2")
    proof.prove([NEW])
    proof.prove([NEW, other])
    proof.prove([NEW, other])
    assert asked == [(["https://10.0.0.1:6443"], {"node-old": 1.0}), (["https://prod-1:6443"], {"node-other": None})]
