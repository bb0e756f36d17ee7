"""Which machines are held; nothing is asked here."""

from dataclasses import replace
from typing import Any

import pytest

from k8s_audit.platforms.cluster_api.each_machine import TOO_OLD, to_hold
from k8s_audit.platforms.cluster_api.machines import Machine, Machines
from k8s_audit.platforms.management.cluster import ManagementCluster

OLD = Machine("old", "node-old", going=False, hooked=False, etcd_last=True, behind=True)
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
