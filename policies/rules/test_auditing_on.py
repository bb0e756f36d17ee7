from typing import Any

import pytest
import yaml

from rules.auditing_on import RULE, concerns, level_of
from rules.rule import UNKNOWN, Fault, Open, Resource

EVERYTHING = {"level": "Metadata"}


def judged(rules: Any) -> list[str]:
    text = yaml.safe_dump({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules})
    found = RULE.judge(Resource("k8s-audit:index:StaticPodAudit", "cp-1", {"policy": text}))
    return [fault.text for fault in found if isinstance(fault, Fault)]


def test_metadata_for_everything_is_enough() -> None:
    assert judged([EVERYTHING]) == []


def test_a_rule_for_single_users_or_namespaces_narrows_nothing_of_the_rest() -> None:
    assert judged([{"level": "None", "users": ["x"]}, {"level": "None", "namespaces": ["y"]}, EVERYTHING]) == []


@pytest.mark.parametrize("concern", concerns(), ids=lambda concern: concern["concern"])
def test_each_concern_that_is_dropped_is_named(concern: dict[str, Any]) -> None:
    dropped = {"level": "None", "resources": [{"group": concern.get("group", ""), "resources": [concern["resource"]]}]}
    (text,) = judged([dropped, EVERYTHING])
    assert text.startswith(concern["concern"])


def test_a_whole_class_of_callers_may_not_be_dropped() -> None:
    assert (
        "by a service account" in judged([{"level": "None", "userGroups": ["system:serviceaccounts"]}, EVERYTHING])[0]
    )
    assert "by anybody" in judged([])[0]
    assert "by anybody" in judged([{"level": "None"}])[0]


def test_the_body_of_a_secret_may_not_be_recorded() -> None:
    assert "puts the secret itself" in judged([{"level": "Request"}])[0]


def test_a_rule_matches_by_verb_group_and_subresource() -> None:
    policy = {
        "rules": [
            {"level": "None", "verbs": ["watch"]},
            {"level": "Request", "resources": [{"group": "apps", "resources": ["deployments"]}]},
            {"level": "RequestResponse", "resources": [{"group": "", "resources": ["pods/*"]}]},
            {"level": "None", "nonResourceURLs": ["/healthz*"]},
            {"level": "None", "resources": [{"group": "", "resources": ["pods"], "resourceNames": ["x"]}]},
            {"level": "Metadata"},
        ]
    }
    asked = [("watch", "", "pods"), ("create", "apps", "deployments"), ("create", "", "pods/exec"), ("get", "", "pods")]
    assert [level_of(policy, (), *one) for one in asked] == ["None", "Request", "RequestResponse", "Metadata"]


@pytest.mark.parametrize(
    ("kind", "properties", "faults"),
    [
        ("k8s-audit:index:HostedClusterAudit", {"profile": "None"}, 1),
        ("k8s-audit:index:HostedClusterAudit", {"profile": "Default"}, 0),
        ("k8s-audit:index:KubeadmControlPlaneAudit", {"policy": "rules: [{level: None}]"}, len(concerns())),
        ("k8s-audit:index:EksClusterLogging", {"types": ["api"]}, 1),
        ("k8s-audit:index:EksClusterLogging", {"types": ["api", "audit"]}, 0),
        ("k8s-audit:index:OpenshiftAuditProfile", {"profile": "None"}, 1),
        (
            "k8s-audit:index:OpenshiftAuditProfile",
            {"profile": "Default", "customRules": [{"group": "system:authenticated", "profile": "None"}]},
            1,
        ),
        (
            "k8s-audit:index:OpenshiftAuditProfile",
            {"profile": "Default", "customRules": [{"group": "system:nodes", "profile": "None"}]},
            0,
        ),
        ("k8s-audit:index:OpenshiftAuditSink", {"level": "Metadata"}, 0),
        ("k8s-audit:index:OpenshiftAuditSink", {"level": "Request"}, 2),
        ("k8s-audit:index:OpenshiftAuditSink", {"level": "None"}, len(concerns())),
        ("aws:eks/cluster:Cluster", {"enabledClusterLogTypes": []}, 1),
        ("aws:eks/cluster:Cluster", {}, 0),
        (
            "azure-native:monitor:DiagnosticSetting",
            {"resourceUri": "/x/managedClusters/y", "logs": [{"category": "kube-scheduler", "enabled": True}]},
            1,
        ),
        (
            "azure-native:monitor:DiagnosticSetting",
            {
                "resourceUri": "/x/managedClusters/y",
                "logs": [{"category": name, "enabled": True} for name in ("kube-audit", "kube-audit-admin")],
            },
            1,
        ),
        ("azure-native:monitor:DiagnosticSetting", {"resourceUri": "/x/vaults/y", "logs": []}, 0),
    ],
)
def test_a_cloud_s_switch_must_be_on(kind: str, properties: dict[str, Any], faults: int) -> None:
    assert len(list(RULE.judge(Resource(kind, "x", properties)))) == faults


def test_what_is_not_known_yet_is_left_open() -> None:
    assert list(RULE.judge(Resource("k8s-audit:index:StaticPodAudit", "x", {"policy": UNKNOWN}))) == [Open("policy")]
