"""Edits of KubeAPIServer `cluster`, pure: what of the arguments becomes ours, and what stays whose it was."""

import copy
import json
from typing import Any

import pytest

from k8s_audit.errors import ConflictError
from k8s_audit.platforms.openshift_sink.arguments import OURS, actions, active, asked, turn_off, turn_on

GATES = ["RotateKubeletServerCertificate=true", "SupportPodPidsLimit=true"]
SINKS = "auditregistration.k8s.io/v1alpha1=true"
NONE: dict[str, Any] = {"unsupportedConfigOverrides": None}


def settings(overrides: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    observed = {"observedConfig": {"apiServerArguments": {"feature-gates": GATES}}}
    given = {} if overrides is None else {"unsupportedConfigOverrides": {"apiServerArguments": overrides}}
    return {"kind": "KubeAPIServer", "metadata": {"name": "cluster"}, "spec": observed | given | spec}


def on(document: dict[str, Any]) -> dict[str, Any]:
    return turn_on(copy.deepcopy(document))


def off(document: dict[str, Any]) -> dict[str, Any]:
    return turn_off(copy.deepcopy(document))


def arguments(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["spec"]["unsupportedConfigOverrides"]["apiServerArguments"]
    return found


@pytest.mark.parametrize(
    "before",
    [
        settings(),
        settings(**NONE),
        settings(unsupportedConfigOverrides={}),
        settings(unsupportedConfigOverrides={"servicesSubnet": "10.0.0.0/8"}),
        settings({}),
        settings({"v": ["4"]}),
        settings({"feature-gates": ["A=true,B=false"], "runtime-config": []}),
        settings({"feature-gates": ["DynamicAuditing=true"]}),
        settings({flag: [ours] for flag, ours in OURS.items()}),
    ],
)
def test_a_second_edit_changes_nothing_and_off_gives_back_each_byte(before: dict[str, Any]) -> None:
    after = on(before)
    assert asked(after) == active(arguments(after)) == frozenset(OURS)
    assert json.dumps(on(after)) == json.dumps(after)
    assert json.dumps(off(after), sort_keys=True) == json.dumps(before, sort_keys=True)
    assert json.dumps(off(before)) == json.dumps(before)


def test_a_list_of_ours_begins_with_what_is_observed_since_the_operator_takes_the_last_list_whole() -> None:
    assert arguments(on(settings()))["feature-gates"] == [*GATES, "DynamicAuditing=true"]
    assert arguments(on(settings()))["runtime-config"] == [SINKS]
    theirs = on(settings({"feature-gates": ["A=true"]}))
    assert arguments(theirs)["feature-gates"] == ["A=true", "DynamicAuditing=true"]
    assert actions(settings({"feature-gates": ["A=true"]}), theirs) == [
        "set audit-dynamic-configuration: true",
        "set feature-gates: A=true, DynamicAuditing=true (was A=true)",
        f"set runtime-config: {SINKS}",
    ]
    assert actions(theirs, off(theirs))[0] == "remove audit-dynamic-configuration: true"


def test_what_the_seeds_patch_has_set_is_left_alone_and_stays() -> None:
    before = settings({flag: [ours] for flag, ours in OURS.items()})
    assert on(before) == before


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (settings({"audit-dynamic-configuration": ["false"]}), r"audit-dynamic-configuration=false in spec.unsupportedCo"),
        (settings({"feature-gates": ["A=true,DynamicAuditing=false"]}), r"feature-gates=DynamicAuditing=false"),
        (settings({"runtime-config": ["auditregistration.k8s.io/v1alpha1=false"]}), r"runtime-config=auditreg.*=false"),
    ],
)  # fmt: skip
def test_what_somebody_has_turned_off_is_a_conflict_with_a_way_out(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(ConflictError, match=said + r".*Way out: take it out there: oc edit kubeapiserver cluster"):
        on(spec)


def test_what_somebody_added_to_a_list_of_ours_stays_and_so_does_what_it_needs() -> None:
    after = on(settings())
    arguments(after)["feature-gates"].append("Theirs=true")
    arguments(after)["v"] = ["6"]
    del arguments(after)["runtime-config"]
    assert asked(after) == {"audit-dynamic-configuration", "feature-gates"}
    assert arguments(off(after)) == {"feature-gates": [*GATES, "Theirs=true"], "v": ["6"]}
    assert arguments(on(after))["runtime-config"] == [SINKS]
