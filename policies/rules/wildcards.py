"""No wildcard in rights: IAM statements, cloud roles, Kubernetes RBAC."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from rules.rule import UNKNOWN, Fault, Open, Resource, Rule, Verdict, at, elements

DOCUMENTS = {
    "aws:iam/policy:Policy": ("policy",),
    "aws:iam/rolePolicy:RolePolicy": ("policy",),
    "aws:iam/userPolicy:UserPolicy": ("policy",),
    "aws:iam/groupPolicy:GroupPolicy": ("policy",),
    "aws:iam/role:Role": ("assumeRolePolicy",),
    "aws:sqs/queue:Queue": ("policy",),
    "aws:sqs/queuePolicy:QueuePolicy": ("policy",),
    "aws:sns/topicPolicy:TopicPolicy": ("policy",),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy": ("accessPolicy",),
    "aws:kms/key:Key": ("policy",),
}
"""Properties that hold an IAM document."""
ITSELF = ("aws:kms/key:Key",)
"""In a key's own policy, `Resource: "*"` is that key."""
BROAD_ROLES = ("roles/owner", "roles/editor", "roles/viewer")
"""https://cloud.google.com/iam/docs/roles-overview#basic"""
EVERYBODY = ("allUsers", "allAuthenticatedUsers")
BROAD_ROLE_IDS = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
}
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"""


def _judge(resource: Resource) -> Verdict:
    for prefix, judge in JUDGES.items():
        if resource.type.startswith(prefix):
            yield from judge(resource)


def _aws(resource: Resource) -> Verdict:
    for key in DOCUMENTS.get(resource.type, ()):
        yield from _document(key, resource.properties.get(key), resource.type in ITSELF)
    if resource.type == "aws:iam/role:Role":
        for index, inline in enumerate(elements(resource.properties.get("inlinePolicies"))):
            yield from _document(f"inlinePolicies[{index}].policy", at(inline, "policy"), False)


def _document(path: str, text: Any, itself: bool) -> Verdict:
    if text is UNKNOWN:
        yield Open(path)
        return
    try:
        document = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        yield Fault(path, "is no JSON")
        return
    for index, statement in enumerate(elements(at(document, "Statement"))):
        if at(statement, "Effect") == "Allow":
            yield from _statement(f"{path}.Statement[{index}]", statement, itself)


def _statement(path: str, statement: Any, itself: bool) -> Verdict:
    for key in ("NotAction", "NotResource", "NotPrincipal"):
        if at(statement, key) is not None:
            yield Fault(f"{path}.{key}", "allows all but a list")
    for action in elements(at(statement, "Action")):
        if isinstance(action, str) and "*" in action:
            yield Fault(f"{path}.Action", f"{action} is a wildcard")
    for target in elements(at(statement, "Resource")):
        if isinstance(target, str) and not itself and _everything(target):
            yield Fault(f"{path}.Resource", f"{target} is a wildcard")
    principal = at(statement, "Principal")
    named = list(principal.values()) if isinstance(principal, dict) else [principal]
    if any(one == "*" for group in named for one in elements(group)) and not at(statement, "Condition"):
        yield Fault(f"{path}.Principal", "* is everybody, and no condition narrows it")


def _everything(arn: str) -> bool:
    """Whether an ARN names every thing of a service: its last part is `*` alone, as in `arn:aws:kinesis:eu-west-1:1:*`."""
    return arn == "*" or arn.split(":", 5)[-1] in ("*", "*:*", "*/*")


def _gcp(resource: Resource) -> Verdict:
    role = resource.properties.get("role")
    if role is UNKNOWN:
        yield Open("role")
    elif role in BROAD_ROLES:
        yield Fault("role", f"{role} grants nearly everything")
    for key in ("member", "members"):
        for member in elements(resource.properties.get(key)):
            if member in EVERYBODY:
                yield Fault(key, f"{member} is everybody")
    for permission in elements(resource.properties.get("permissions")):
        if isinstance(permission, str) and "*" in permission:
            yield Fault("permissions", f"{permission} is a wildcard")


def _azure(resource: Resource) -> Verdict:
    role = resource.properties.get("roleDefinitionId")
    if role is UNKNOWN:
        yield Open("roleDefinitionId")
    elif isinstance(role, str) and role.rpartition("/")[2].lower() in BROAD_ROLE_IDS:
        yield Fault("roleDefinitionId", f"{BROAD_ROLE_IDS[role.rpartition('/')[2].lower()]} grants nearly everything")
    for index, permission in enumerate(elements(resource.properties.get("permissions"))):
        for key in ("actions", "dataActions"):
            for action in elements(at(permission, key)):
                if isinstance(action, str) and "*" in action:
                    yield Fault(f"permissions[{index}].{key}", f"{action} is a wildcard")


def _rbac(resource: Resource) -> Verdict:
    if at(resource.properties, "roleRef", "name") == "cluster-admin":
        yield Fault("roleRef.name", "cluster-admin grants everything")
    for index, subject in enumerate(elements(resource.properties.get("subjects"))):
        if at(subject, "name") in ("system:masters", "system:unauthenticated", "system:authenticated"):
            yield Fault(f"subjects[{index}].name", f"{at(subject, 'name')} is far too many")
    for index, rule in enumerate(elements(resource.properties.get("rules"))):
        for key in ("verbs", "resources", "apiGroups", "nonResourceURLs"):
            if at(rule, key) is UNKNOWN:
                yield Open(f"rules[{index}].{key}")
            elif "*" in elements(at(rule, key)):
                yield Fault(f"rules[{index}].{key}", "* is a wildcard")


JUDGES: dict[str, Callable[[Resource], Iterator[Fault | Open]]] = {
    "aws:": _aws,
    "gcp:": _gcp,
    "azure-native:authorization": _azure,
    "kubernetes:rbac.authorization.k8s.io/": _rbac,
}

RULE = Rule(
    id="no-wildcards",
    title="No right is a wildcard, in IAM, in cloud roles or in RBAC.",
    severity="high",
    mandatory=True,
    reason="a right that nobody counted is a right that an attacker finds; audit pipelines read every cluster's secrets' names.",
    mend="name the actions, and the ARNs or objects that they are for.",
    link="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
    judge=_judge,
)
