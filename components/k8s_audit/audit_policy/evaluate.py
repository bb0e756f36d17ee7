"""What a policy records of one request: the first rule that matches decides, as in the API server.

Source: https://github.com/kubernetes/apiserver/blob/master/pkg/audit/policy/checker.go
"""

from dataclasses import dataclass

from k8s_audit.audit_policy.model import Level, Policy, PolicyRule, ResourceGroup, Stage


@dataclass(frozen=True)
class Request:
    """The attributes of a request that a rule can ask for.

    Args:
        user: the user's name; of an impersonated request, the one who impersonates.
        groups: the user's groups.
        verb: the request's verb; for a path that is no resource, the HTTP method in lower case.
        resource: the plural name; empty for a path that is no resource.
        path: asked only where `resource` is empty.
    """

    user: str
    verb: str
    resource: str = ""
    groups: tuple[str, ...] = ("system:authenticated",)
    group: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(frozen=True)
class Decision:
    """What is recorded: the level, and the stages that make no event."""

    level: Level
    omit_stages: frozenset[Stage]
    rule: int | None


def evaluate(policy: Policy, request: Request) -> Decision:
    """Tell what the policy records of a request.

    Returns:
        The level and the omitted stages, with the index of the rule that decided (None: no rule matched, and
        so nothing is recorded).
    """
    for index, rule in enumerate(policy.rules):
        if _matches(rule, request):
            return Decision(rule.level, frozenset(policy.omit_stages) | frozenset(rule.omit_stages), index)
    return Decision(Level.NONE, frozenset(policy.omit_stages), None)


def _matches(rule: PolicyRule, request: Request) -> bool:
    if rule.users and request.user not in rule.users:
        return False
    if rule.user_groups and not set(rule.user_groups) & set(request.groups):
        return False
    if rule.verbs and request.verb not in rule.verbs:
        return False
    if rule.namespaces or rule.resources:
        return bool(request.resource) and _resource_matches(rule, request)
    if rule.non_resource_urls:
        return not request.resource and any(_url_matches(url, request.path) for url in rule.non_resource_urls)
    return True


def _resource_matches(rule: PolicyRule, request: Request) -> bool:
    if rule.namespaces and request.namespace not in rule.namespaces:
        return False
    return not rule.resources or any(_in_group(entry, request) for entry in rule.resources)


def _in_group(entry: ResourceGroup, request: Request) -> bool:
    if entry.group != request.group:
        return False
    if not entry.resources:
        return True
    if entry.resource_names and request.name not in entry.resource_names:
        return False
    wanted = (
        {f"{request.resource}/{request.subresource}", f"*/{request.subresource}"}
        if request.subresource
        else {request.resource}
    )
    return any(
        pattern == "*" or pattern in wanted or (pattern == f"{request.resource}/*" and bool(request.subresource))
        for pattern in entry.resources
    )


def _url_matches(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))
