"""Auditing is never switched off, set to None, or narrowed below what the CIS Kubernetes Benchmark lists.

What a policy pack is not shown: resources that are deleted. `pulumi destroy` ends auditing, and no rule can stop it.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rules.rule import UNKNOWN, Fault, Open, Resource, Rule, Verdict, at, elements

LEVELS = ("None", "Metadata", "Request", "RequestResponse")
"""https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy"""
CALLERS = {
    "anybody": ("system:authenticated",),
    "a service account": ("system:authenticated", "system:serviceaccounts"),
    "an administrator": ("system:authenticated", "system:masters"),
    "an anonymous caller": ("system:unauthenticated",),
}
"""Who a request may come from, by its groups; a rule for single users or namespaces is narrow and changes nothing here."""


@cache
def concerns() -> list[dict[str, Any]]:
    """What must be recorded."""
    found: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("cis_3_2_2.yaml").read_text())
    return found


def _judge(resource: Resource) -> Verdict:
    for prefix, judge in JUDGES.items():
        if resource.type.startswith(prefix):
            yield from judge(resource)


def _policy(resource: Resource) -> Verdict:
    text = resource.properties.get("policy")
    if text is UNKNOWN:
        yield Open("policy")
        return
    if text is None:
        return
    try:
        policy = yaml.safe_load(text)
    except yaml.YAMLError:
        yield Fault("policy", "is no YAML")
        return
    yield from _concerns("policy", policy)


def _concerns(key: str, policy: Any) -> Verdict:
    for concern in concerns():
        wrong = (_wrong(policy, concern, verb, caller) for verb in concern["verbs"] for caller in CALLERS)
        if first := next(filter(None, wrong), ""):
            yield Fault(key, first)


def _audit_sink(resource: Resource) -> Verdict:
    """One level for all requests."""
    level = resource.properties.get("level")
    if level is UNKNOWN:
        yield Open("level")
    elif level is not None:
        yield from _concerns("level", {"rules": [{"level": level}]})


def _wrong(policy: Any, concern: Mapping[str, Any], verb: str, caller: str) -> str:
    level = level_of(policy, CALLERS[caller], verb, concern.get("group", ""), concern["resource"])
    said = f"{concern['concern']}: {verb} by {caller} is recorded at {level}"
    if LEVELS.index(level) < LEVELS.index(concern["least"]):
        return f"{said}, CIS 3.2.2 asks for {concern['least']}"
    if LEVELS.index(level) > LEVELS.index(concern.get("most", LEVELS[-1])):
        return f"{said}, which puts the secret itself into the log"
    return ""


def level_of(policy: Any, groups: Collection[str], verb: str, group: str, resource: str) -> str:
    """The level at which a request is recorded: that of the first rule that matches it in every namespace.

    Args:
        policy: the audit policy.
        groups: the caller's.
        verb: such as `create`.
        group: the API group; empty: core.
        resource: such as `pods` or `pods/exec`.
    """
    for rule in elements(at(policy, "rules")):
        if _for_all(rule, groups) and _matches(rule, verb, group, resource):
            level = at(rule, "level")
            return level if level in LEVELS else LEVELS[0]
    return LEVELS[0]


def _for_all(rule: Any, groups: Collection[str]) -> bool:
    wanted = elements(at(rule, "userGroups"))
    return not (at(rule, "users") or at(rule, "namespaces")) and (not wanted or bool(set(wanted) & set(groups)))


def _matches(rule: Any, verb: str, group: str, resource: str) -> bool:
    verbs = elements(at(rule, "verbs"))
    if verbs and verb not in verbs and "*" not in verbs:
        return False
    resources = elements(at(rule, "resources"))
    if not resources:
        return not at(rule, "nonResourceURLs")
    return any((at(entry, "group") or "") == group and _names(entry, resource) for entry in resources)


def _names(entry: Any, resource: str) -> bool:
    if at(entry, "resourceNames"):
        return False
    named = elements(at(entry, "resources"))
    kind, _, part = resource.partition("/")
    return not named or any(each in (resource, "*", f"{kind}/*" if part else kind, f"*/{part}") for each in named)


def _types(key: str, wanted: str) -> Callable[[Resource], Verdict]:
    """A list of log types that must hold one."""

    def judge(resource: Resource) -> Verdict:
        types = resource.properties.get(key)
        if types is UNKNOWN:
            yield Open(key)
        elif types is not None and wanted not in elements(types):
            yield Fault(key, f"{wanted} is not in it: the audit log is off")

    return judge


def _openshift(resource: Resource) -> Verdict:
    """OpenShift's own profile, and its rules for groups that anybody is in."""
    for key, profile in (("profile", resource.properties.get("profile")), *_rules(resource)):
        if profile is UNKNOWN:
            yield Open(key)
        elif profile == "None":
            yield Fault(key, "None: nothing is recorded")


def _rules(resource: Resource) -> list[tuple[str, Any]]:
    wide = {group for groups in CALLERS.values() for group in groups}
    rules = enumerate(elements(resource.properties.get("customRules")))
    return [(f"customRules[{index}]", at(rule, "profile")) for index, rule in rules if at(rule, "group") in wide]


def _diagnostic_setting(resource: Resource) -> Verdict:
    """Of a managed cluster; a setting of anything else has no such category."""
    if "managedclusters" not in str(resource.properties.get("resourceUri", "")).lower():
        return
    logs = elements(resource.properties.get("logs"))
    on = {at(log, "category") for log in logs if at(log, "enabled")}
    if on and not on & {"kube-audit", "kube-audit-admin"}:
        yield Fault("logs", "neither kube-audit nor kube-audit-admin is on")
    if {"kube-audit", "kube-audit-admin"} <= on:
        yield Fault("logs", "kube-audit and kube-audit-admin together send each event twice")


JUDGES: dict[str, Callable[[Resource], Verdict]] = {
    "k8s-audit:index:StaticPodAudit": _policy,
    "k8s-audit:index:RancherServerAudit": _policy,
    "k8s-audit:index:KopsSpecAudit": _policy,
    "k8s-audit:index:RkeClusterAudit": _policy,
    "k8s-audit:index:Microk8sServerAudit": _policy,
    "k8s-audit:index:OpenshiftMasterAudit": _policy,
    "k8s-audit:index:OpenshiftAuditProfile": _openshift,
    "k8s-audit:index:OpenshiftAuditSink": _audit_sink,
    "k8s-audit:index:CreatedAudit": _policy,
    "k8s-audit:index:KubeadmControlPlaneAudit": _policy,
    "k8s-audit:index:HostedClusterAudit": _openshift,
    "k8s-audit:index:TalosNodeAudit": _policy,
    "k8s-audit:index:MinikubeNodeAudit": _policy,
    "k8s-audit:index:MinishiftMachineAudit": _policy,
    "k8s-audit:index:EksClusterLogging": _types("types", "audit"),
    "aws:eks/cluster:Cluster": _types("enabledClusterLogTypes", "audit"),
    "azure-native:monitor:DiagnosticSetting": _diagnostic_setting,
    "azure-native:insights:DiagnosticSetting": _diagnostic_setting,
}

RULE = Rule(
    id="auditing-stays-on",
    title="Auditing is on, and records what the CIS Kubernetes Benchmark 3.2.2 lists.",
    severity="critical",
    mandatory=True,
    reason="what is not recorded cannot be detected, and never be looked up later.",
    mend="use the profile detection, or put rules for what is missing before the one that drops it.",
    link="https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/",
    judge=_judge,
)
