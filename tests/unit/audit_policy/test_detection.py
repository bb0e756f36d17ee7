"""`detection` records all that Falco's rules read, and exempts nothing but what it names."""

import os
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from k8s_audit.audit_policy.evaluate import Request, evaluate
from k8s_audit.audit_policy.model import Level, Stage
from k8s_audit.audit_policy.render import load_profile

BESIDE = Path(__file__).parents[4] / "shared/data/falco/k8s_audit_rules.yaml"
RULES_FILE = Path(os.environ.get("FALCO_RULES", BESIDE))
RULE_COUNT = 48
POLICY = load_profile("detection")
GROUPS = {
    "deployments": "apps", "ingresses": "networking.k8s.io", "roles": "rbac.authorization.k8s.io",
    "rolebindings": "rbac.authorization.k8s.io", "clusterroles": "rbac.authorization.k8s.io",
    "clusterrolebindings": "rbac.authorization.k8s.io",
}  # fmt: skip


def documents() -> list[dict[str, Any]]:
    if not RULES_FILE.is_file():
        pytest.fail(
            f"Falco's rules are not at {RULES_FILE}: set FALCO_RULES to the k8s_audit_rules.yaml of its k8saudit plugin"
        )
    loaded: list[dict[str, Any]] = YAML(typ="safe").load(RULES_FILE.read_text("utf-8"))
    return loaded


def expand(condition: str, macros: dict[str, str]) -> str:
    """Put each macro's text in the place of its name, until none is left."""
    while True:
        grown = re.sub(
            r"(?<![\w.\-/\[\]\"])[a-z_]+(?![\w.\-:\"])",
            lambda m: f"({macros[m[0]]})" if m[0] in macros else m[0],
            condition,
        )
        if grown == condition:
            return condition
        condition = grown


def level_read(text: str) -> Level:
    if re.search(r"ka\.resp\.|/responseObject", text):
        return Level.REQUEST_RESPONSE
    if re.search(r"ka\.req\.|/requestObject", text):
        return Level.REQUEST
    return Level.METADATA


def positive(condition: str) -> str:
    """The condition without what it negates, which names what must not be."""
    return re.sub(r"not \([^()]*(\([^()]*\)[^()]*)*\)|not [\w.]+ in \([^)]*\)|not [\w.]+ exists", "", condition)


def requests_of(condition: str) -> list[Request]:
    """The requests that a condition selects: its resources, subresources and verbs, by anyone."""
    text = positive(condition)
    resources = re.findall(r"ka\.target\.resource=(\w+)", text) or ["widgets"]
    verbs = re.findall(r"ka\.verb=(\w+)", text)
    for several in re.findall(r"ka\.verb in \(([\w, ]+)\)", text):
        verbs += re.split(r", *", several)
    subresources = [
        s for found in re.findall(r"ka\.target\.subresource in \(([\w,]+)\)", text) for s in found.split(",")
    ]
    if "portforward" in subresources:
        resources = ["pods"]
    return [
        Request(
            "mallory",
            verb,
            resource,
            group=GROUPS.get(resource, ""),
            subresource=sub,
            namespace="kube-system",
            name="x",
        )
        for verb, resource, sub in product(verbs or ["get", "create"], resources, subresources or [""])
    ]


def test_detection_records_every_field_that_each_falco_rule_reads() -> None:
    macros = {d["macro"]: str(d["condition"]).strip() for d in documents() if "macro" in d}
    rules = [d for d in documents() if "rule" in d]
    assert len(rules) == RULE_COUNT
    for rule in rules:
        condition = expand(rule["condition"], macros)
        needed = level_read(condition + rule["output"])
        stage = Stage.RESPONSE_STARTED if "ResponseStarted" in condition else Stage.RESPONSE_COMPLETE
        for request in requests_of(condition):
            if rule["rule"] == "Anonymous Request Allowed":
                request = Request(
                    "system:anonymous", request.verb, path="/openapi/v3", groups=("system:unauthenticated",)
                )
            elif request.resource in ("roles", "clusterroles") and needed is Level.REQUEST and request.verb == "delete":
                continue  # a delete of a role has no role in its body
            elif request.verb == "delete" and needed is Level.REQUEST:
                needed_here = Level.METADATA
                assert evaluate(POLICY, request).level.rank >= needed_here.rank
                continue
            decision = evaluate(POLICY, request)
            assert decision.level.rank >= needed.rank, (
                f"{rule['rule']}: {request} is recorded at {decision.level}, needed {needed}"
            )
            assert stage not in decision.omit_stages, rule["rule"]


NODE = ("system:nodes", "system:authenticated")
EXEMPT = [
    Request("system:node:a", "update", "leases", NODE, "coordination.k8s.io", namespace="kube-node-lease", name="a"),
    Request("system:node:a", "patch", "nodes", NODE, subresource="status", name="a"),
    Request("system:node:a", "patch", "pods", NODE, subresource="status", namespace="d", name="p"),
    Request("system:node:a", "get", "pods", NODE, namespace="d", name="p"),
    Request(
        "system:kube-scheduler",
        "update",
        "leases",
        group="coordination.k8s.io",
        namespace="kube-system",
        name="kube-scheduler",
    ),
    Request("system:kube-controller-manager", "list", "pods"),
    Request("system:apiserver", "watch", "configmaps"),
    Request("system:kube-proxy", "watch", "services"),
    Request("system:serviceaccount:kube-system:coredns", "watch", "endpointslices", group="discovery.k8s.io"),
    Request("system:anonymous", "get", path="/readyz"),
]
SEEN = [
    Request(
        "system:node:a", "update", "leases", NODE, "coordination.k8s.io", namespace="kube-system", name="kube-scheduler"
    ),
    Request("system:node:a", "delete", "leases", NODE, "coordination.k8s.io", namespace="kube-node-lease", name="b"),
    Request("system:node:a", "patch", "nodes", NODE, name="a"),
    Request("system:node:a", "get", "secrets", NODE, namespace="d", name="s"),
    Request("system:node:a", "create", "pods", NODE, subresource="exec", namespace="d", name="p"),
    Request("system:node:a", "create", "serviceaccounts", NODE, subresource="token", namespace="d", name="s"),
    Request(
        "system:kube-scheduler", "update", "leases", group="coordination.k8s.io", namespace="kube-system", name="other"
    ),
    Request("system:kube-scheduler", "list", "configmaps"),
    Request("system:kube-controller-manager", "list", "secrets"),
    Request("system:kube-controller-manager", "delete", "pods", namespace="d", name="p"),
    Request("system:apiserver", "delete", "configmaps", namespace="d", name="c"),
    Request("system:kube-proxy", "list", "pods"),
    Request("system:serviceaccount:kube-system:coredns", "list", "configmaps"),
    Request("system:anonymous", "get", path="/metrics"),
    Request("someone", "get", path="/readyz"),
    Request("someone", "watch", "pods"),
]


@pytest.mark.parametrize("request_", EXEMPT, ids=str)
def test_a_heartbeat_or_read_of_the_cluster_itself_is_free(request_: Request) -> None:
    assert evaluate(POLICY, request_).level is Level.NONE


@pytest.mark.parametrize("request_", SEEN, ids=str)
def test_the_same_identity_doing_another_thing_is_seen(request_: Request) -> None:
    assert evaluate(POLICY, request_).level.rank >= Level.METADATA.rank
