"""The scenarios as data, and the stand-in for Falco's engine that the tests judge their events with."""

import re
from pathlib import Path

import pytest

from k8s_audit.audit_policy.evaluate import Request, evaluate
from k8s_audit.audit_policy.model import Level
from k8s_audit.audit_policy.render import load_profile
from k8s_audit.scenarios.catalog import SCENARIOS
from k8s_audit.scenarios.run import COLLECTION
from k8s_audit.scenarios.scenario import Scenario, Step, filled
from tests.standins.falco_rules import Rules

POD_BODY = {"spec": {"containers": [{"image": "nginx", "securityContext": {"privileged": True}}]}}
EVENT = {
    "stage": "ResponseComplete",
    "verb": "create",
    "user": {"username": "mallory"},
    "objectRef": {"resource": "pods", "namespace": "default", "name": "x"},
    "responseStatus": {"code": 201},
    "requestObject": POD_BODY,
}
SEED = (
    "privileged-pod exec-pod attach-pod configmap-with-credentials clusterrole-with-wildcard clusterrole-with-pod-exec"
    " clusterrole-with-write attach-cluster-admin nodeport-service hostnetwork-pod sensitive-mount-pod pod-in-kube-namespace"
    " namespace-created serviceaccount-in-kube-namespace deployment daemonset service configmap secret endpoints-watched"
)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules()


def steps() -> list[tuple[Scenario, Step]]:
    return [(scenario, step) for scenario in SCENARIOS.values() for step in scenario.steps]


def test_what_the_seed_and_the_issue_name_is_there() -> None:
    assert not set(SEED.split()) - SCENARIOS.keys()


def test_the_docs_name_each_scenario_and_its_rule() -> None:
    page = (Path(__file__).parents[3] / "docs" / "verify.md").read_text()
    for scenario in SCENARIOS.values():
        row = next(row for row in page.splitlines() if row.startswith("| ") and f"`{scenario.name}`" in row)
        for rule in scenario.rules:
            assert rule in row or re.sub(r"K8s \w+ (Created|Deleted)", r"K8s … \1", rule) in row or "Get" in rule, rule


def test_each_rule_that_a_scenario_names_is_one_of_falcos(rules: Rules) -> None:
    named = {step.rule for _, step in steps() if step.rule}
    assert not named - rules.rules.keys()


def test_no_pod_can_run_and_none_has_a_token() -> None:
    for scenario, step in steps():
        body = filled(step.body or {}, "n", "default")
        spec = body["spec"] if body.get("kind") == "Pod" else body.get("spec", {}).get("template", {}).get("spec")
        if spec:
            assert spec["nodeSelector"] == {"k8s-audit-scenario": "n"}, scenario.name
            assert spec["automountServiceAccountToken"] is False, scenario.name


def test_nobody_real_is_given_a_right() -> None:
    for scenario, step in steps():
        body = step.body or {}
        for subject in body.get("subjects", []):
            assert (subject["kind"], subject["name"]) == ("ServiceAccount", "{name}-nobody"), scenario.name
        if body.get("roleRef", {}).get("name") == "cluster-admin":
            assert step.dry_run


def test_only_what_is_named_by_the_run_is_changed_or_deleted() -> None:
    for scenario, step in steps():
        if step.method in ("PATCH", "DELETE"):
            assert re.search(r"/\{name\}(/|$)", step.path), scenario.name
        if step.creates:
            assert "{name}" in step.name, scenario.name
            assert COLLECTION.fullmatch(filled(step.path, "", "default")), step.path


def test_the_collection_of_an_object_is_read_from_its_path() -> None:
    found = COLLECTION.fullmatch("/apis/networking.k8s.io/v1/namespaces/default/ingresses")
    assert found
    assert found.groupdict() == {"group": "networking.k8s.io", "namespace": "default", "resource": "ingresses"}
    core = COLLECTION.fullmatch("/api/v1/namespaces")
    assert core
    assert core.groupdict() == {"group": None, "namespace": None, "resource": "namespaces"}
    cluster = COLLECTION.fullmatch("/apis/rbac.authorization.k8s.io/v1/clusterroles")
    assert cluster
    assert (cluster["group"], cluster["resource"]) == ("rbac.authorization.k8s.io", "clusterroles")


def test_the_stand_in_for_falco_fires_on_what_a_rule_says_and_on_nothing_else(rules: Rules) -> None:
    assert rules.fires("Create Privileged Pod", EVENT)
    assert not rules.fires("Create Privileged Pod", EVENT | {"requestObject": {"spec": {"containers": [{}]}}})
    assert not rules.fires("Create Privileged Pod", {k: v for k, v in EVENT.items() if k != "requestObject"})
    assert not rules.fires("Create Privileged Pod", EVENT | {"stage": "ResponseStarted"})
    assert not rules.fires("Create Privileged Pod", EVENT | {"verb": "update"})
    known = {"spec": {"containers": [{"image": "calico/node:v3", "securityContext": {"privileged": True}}]}}
    assert not rules.fires("Create Privileged Pod", EVENT | {"requestObject": known})


def test_the_stand_in_for_falco_knows_lists_negation_and_subresources(rules: Rules) -> None:
    assert rules.fires("Disallowed K8s User", EVENT)
    assert not rules.fires("Disallowed K8s User", EVENT | {"user": {"username": "vpa-updater"}})
    assert not rules.fires("Disallowed K8s User", EVENT | {"user": {"username": "system:apiserver"}})
    executed = EVENT | {"stage": "ResponseStarted", "objectRef": {"resource": "pods", "subresource": "exec"}}
    assert rules.fires("Attach/Exec Pod", executed)
    assert not rules.fires("Attach/Exec Pod", executed | {"stage": "ResponseComplete"})
    assert not any(rules.fires(rule, {}) for rule in rules.rules)


def test_a_field_or_operator_that_the_stand_in_does_not_know_is_an_error(tmp_path: Path) -> None:
    for condition in ("ka.unheard.of = x", "ka.verb glob x"):
        file = tmp_path / "rules.yaml"
        file.write_text(f"- rule: one\n  condition: {condition}\n")
        with pytest.raises((AssertionError, KeyError)):
            Rules(file)


@pytest.mark.parametrize("profile", ["detection", "full"])
def test_no_scenario_is_dropped_by_a_profile_that_is_for_detection(profile: str) -> None:
    policy = load_profile(profile)
    for _, step in steps():
        path = filled(step.path, "n", "default").partition("?")[0]
        parts = re.fullmatch(r"/apis?(?:/([^/]+))?/v1(?:/namespaces/([^/]+))?/([^/]+)(?:/[^/]+(?:/([^/]+))?)?", path)
        assert parts, path
        verb = {"POST": "create", "PATCH": "patch", "DELETE": "delete", "GET": "get"}[step.method]
        request = Request(
            "kubernetes-admin",
            verb,
            parts[3],
            group=parts[1] or "",
            namespace=parts[2] or "",
            subresource=parts[4] or "",
        )
        assert evaluate(policy, request).level.rank >= Level.METADATA.rank
