"""A policy as YAML text: stable, so that the same policy is always the same bytes on a host."""

from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from k8s_audit import kubernetes_yaml
from k8s_audit.audit_policy.model import Policy, PolicyRule
from k8s_audit.errors import AuditPolicyError

PROFILES = ("detection", "seed", "metadata", "full")
"""The profiles, the default first."""


@cache
def load_profile(name: str) -> Policy:
    """Load one of the profiles that the package ships.

    Raises:
        AuditPolicyError: there is no such profile.
    """
    if name not in PROFILES:
        raise AuditPolicyError(
            f"profile {name}", [f"profile: unknown; given: {name!r}; allowed: {', '.join(PROFILES)}"]
        )
    text = resources.files("k8s_audit.audit_policy").joinpath("profiles", f"{name}.yaml").read_text("utf-8")
    # by libyaml, ten times as fast as what judges a user's text: each program of a stack waits for it
    return Policy.model_validate(YAML(typ="safe").load(text), by_name=False)


def with_rules(policy: Policy, before: list[PolicyRule], after: list[PolicyRule]) -> Policy:
    """Put a user's own rules before and after a policy's; the first rule that matches a request decides."""
    return policy.model_copy(update={"rules": [*before, *policy.rules, *after]})


def render_policy(policy: Policy, api_version: str = "audit.k8s.io/v1") -> str:
    """Render a policy as YAML.

    Args:
        policy: what to render.
        api_version: `audit.k8s.io/v1` (Kubernetes 1.12 and newer) or `audit.k8s.io/v1beta1` (1.11; removed in
            1.24), which does not know `omitManagedFields`: it is left out there.
    """
    data: dict[str, Any] = policy.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    if api_version == "audit.k8s.io/v1beta1":
        for part in (data, *data["rules"]):
            part.pop("omitManagedFields", None)
    data = {
        "apiVersion": api_version,
        "kind": "Policy",
        **{k: v for k, v in data.items() if k not in ("apiVersion", "kind")},
    }
    for rule in data["rules"]:
        for entry in rule.get("resources", []):
            entry.setdefault("group", "")
    return kubernetes_yaml.dump(data)
