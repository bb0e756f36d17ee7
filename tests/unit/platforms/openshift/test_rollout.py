"""When OpenShift's operator has brought a change to all API servers, by what is seen of it."""

from dataclasses import replace

import pytest

from k8s_audit.platforms.openshift.profile import Record, same, settings
from k8s_audit.platforms.openshift.rollout import Mark, Seen, lacking

WELL = {"Available": ("True", ""), "Progressing": ("False", ""), "Degraded": ("False", "")}
BEFORE = Mark(7, "old")
DONE = Seen("new", "new", 8, {"m0": 8, "m1": 8}, WELL)


@pytest.mark.parametrize(
    ("seen", "since", "left"),
    [
        (DONE, BEFORE, []),
        (DONE, None, []),
        (replace(DONE, policies="old", rolled="old", revision=7), BEFORE, ["the operator has not made the policy yet"]),
        (replace(DONE, rolled="old"), BEFORE, ["no revision has the policy yet (newest: 8)"]),
        (replace(DONE, rolled=""), None, ["no revision has the policy yet (newest: 8)"]),
        (replace(DONE, revision=7), BEFORE, ["no revision has the policy yet (newest: 7)"]),
        (
            replace(DONE, nodes={"m0": 8, "m1": 7, "m2": 7}),
            BEFORE,
            ["2 of 3 nodes at revision 7, 1 of 3 nodes at revision 8; the newest is 8"],
        ),
        (replace(DONE, nodes={}), BEFORE, ["KubeAPIServer `cluster` tells of no node"]),
        (
            replace(DONE, conditions=WELL | {"Degraded": ("True", "NodeInstallerDegraded: no space"), "Progressing": ("True", "p")}),
            BEFORE,
            [
                "ClusterOperator kube-apiserver Progressing=True: p",
                "ClusterOperator kube-apiserver Degraded=True: NodeInstallerDegraded: no space",
            ],
        ),
        (
            replace(DONE, conditions={}),
            BEFORE,
            [f"ClusterOperator kube-apiserver {kind}=Unknown: the condition is not there" for kind in WELL],
        ),
    ],
)  # fmt: skip
def test_it_is_done_once_each_node_runs_a_revision_with_the_policy_and_the_operator_is_well(
    seen: Seen, since: Mark | None, left: list[str]
) -> None:
    assert lacking(seen, since) == left


def test_settings_mean_the_same_with_and_without_what_is_default() -> None:
    rule = {"group": "system:nodes", "profile": "None"}
    assert same(None, settings("Default", []))
    assert same({"customRules": None}, {"profile": "Default", "customRules": []})
    assert not same(settings("Default", [rule]), settings("Default", []))
    assert settings("Default", [rule]) == {"profile": "Default", "customRules": [rule]}


def test_what_was_there_before_is_kept_as_text() -> None:
    record = Record({"profile": "Default"}, BEFORE)
    assert Record.read(record.text()) == record
