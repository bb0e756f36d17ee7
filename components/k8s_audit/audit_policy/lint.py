"""Faults of a policy that an API server accepts: rules that never decide, and bodies nobody may record."""

from k8s_audit.audit_policy.evaluate import Request, evaluate
from k8s_audit.audit_policy.model import Level, Policy

CREDENTIALS = (
    Request("anyone", "create", "secrets", name="x", namespace="default"),
    Request("anyone", "update", "secrets", name="x", namespace="default"),
    Request("anyone", "get", "secrets", name="x", namespace="default"),
    Request("anyone", "list", "secrets"),
    Request("anyone", "create", "serviceaccounts", subresource="token", name="x", namespace="default"),
    Request("anyone", "create", "tokenreviews", group="authentication.k8s.io"),
)
"""Requests whose bodies hold a credential: a Secret, a TokenRequest, a TokenReview."""


def lint(policy: Policy) -> list[str]:
    """Name what is wrong with a policy that is valid. An empty list: nothing found."""
    findings = []
    for request in CREDENTIALS:
        decision = evaluate(policy, request)
        if decision.level.rank > Level.METADATA.rank:
            what = f"{request.verb} {request.resource}" + (f"/{request.subresource}" if request.subresource else "")
            findings.append(
                f"rules[{decision.rule}]: records the body of `{what}`, which holds a credential; use level Metadata"
            )
    for index, rule in enumerate(policy.rules[:-1]):
        if not any((rule.users, rule.user_groups, rule.verbs, rule.resources, rule.namespaces, rule.non_resource_urls)):
            findings.append(f"rules[{index}]: matches every request, so no later rule ever decides")
            break
    for index, rule in enumerate(policy.rules):
        for entry in rule.resources:
            misplaced = sorted({"deployments", "daemonsets", "statefulsets", "replicasets"} & set(entry.resources))
            if entry.group == "" and misplaced:
                findings.append(
                    f"rules[{index}]: {', '.join(misplaced)} never match in the core group; they are in apps"
                )
    return findings
