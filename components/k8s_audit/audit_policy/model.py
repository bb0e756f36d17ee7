"""The strict model of an audit Policy, and the loader that judges a policy's text.

An API server only warns of an unknown field (and did not even warn before 1.26), so a typo silently widens a
rule. Here it is an error. The checks are those of the API server's own validation:
https://github.com/kubernetes/apiserver/blob/master/pkg/apis/audit/validation/validation.go
Fields: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from k8s_audit.errors import AuditPolicyError
from k8s_audit.faults import faults_of

GROUP_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""A DNS-1123 subdomain, as the API server demands of an API group."""


class Level(StrEnum):
    """How much of a request is recorded, least first."""

    NONE = "None"
    METADATA = "Metadata"
    REQUEST = "Request"
    REQUEST_RESPONSE = "RequestResponse"

    @property
    def rank(self) -> int:
        """0 for None to 3 for RequestResponse, to compare levels."""
        return list(Level).index(self)


class Stage(StrEnum):
    """The moments of a request at which an event can be made."""

    REQUEST_RECEIVED = "RequestReceived"
    RESPONSE_STARTED = "ResponseStarted"
    RESPONSE_COMPLETE = "ResponseComplete"
    PANIC = "Panic"


def _check_group(group: str) -> str:
    if group and not GROUP_NAME.fullmatch(group):
        raise ValueError("an API group is a DNS name without a version, such as apps or networking.k8s.io")
    return group


def _check_url(url: str) -> str:
    if url != "*" and (not url.startswith("/") or "*" in url[:-1]):
        raise ValueError("a non-resource URL is * or starts with /, and * stands only at its end")
    return url


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=False, alias_generator=to_camel, populate_by_name=True, defer_build=True
    )


class ResourceGroup(_Strict):
    """The resources of one API group. No `resources`: all of the group."""

    group: Annotated[str, AfterValidator(_check_group)] = ""
    resources: list[str] = Field(default_factory=list)
    resource_names: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_need_resources(self) -> Self:
        if self.resource_names and not self.resources:
            raise ValueError("resourceNames needs at least one entry in resources")
        return self


class PolicyRule(_Strict):
    """One rule; the first that matches a request decides its level. An empty list matches all."""

    level: Level
    users: list[str] = Field(default_factory=list)
    user_groups: list[str] = Field(default_factory=list)
    verbs: list[str] = Field(default_factory=list)
    resources: list[ResourceGroup] = Field(default_factory=list)
    namespaces: list[str] = Field(default_factory=list)
    non_resource_urls: list[Annotated[str, AfterValidator(_check_url)]] = Field(
        default_factory=list, alias="nonResourceURLs"
    )
    omit_stages: list[Stage] = Field(default_factory=list)
    omit_managed_fields: bool | None = None

    @model_validator(mode="after")
    def _resources_or_urls(self) -> Self:
        if self.non_resource_urls and (self.resources or self.namespaces):
            raise ValueError("nonResourceURLs cannot stand beside resources or namespaces in one rule")
        return self


class Policy(_Strict):
    """A whole audit policy.

    `omit_managed_fields` is known to API servers from 1.23; older ones ignore it.
    """

    api_version: Literal["audit.k8s.io/v1", "audit.k8s.io/v1beta1"] = "audit.k8s.io/v1"
    kind: Literal["Policy"] = "Policy"
    metadata: dict[str, Any] = Field(default_factory=dict)
    omit_stages: list[Stage] = Field(default_factory=list)
    omit_managed_fields: bool | None = None
    rules: list[PolicyRule] = Field(min_length=1)


def parse_policy(text: str, source: str) -> Policy:
    """Judge a policy's YAML text.

    Args:
        text: the YAML (or JSON) text.
        source: named in the error: a path or a profile.

    Raises:
        AuditPolicyError: with all faults at once; nothing is returned of a policy with any.
    """
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise AuditPolicyError(source, [f"not YAML: {' '.join(str(error).split())}"]) from None
    if not isinstance(data, dict):
        raise AuditPolicyError(source, [f"a mapping is needed, given: {type(data).__name__}"])
    missing = [
        f"{key}: missing; the API server refuses a policy without it"
        for key in ("apiVersion", "kind")
        if key not in data
    ]
    try:
        policy = Policy.model_validate(data, by_name=False)
    except ValidationError as error:
        raise AuditPolicyError(source, missing + faults_of(error, Policy)) from None
    if missing:
        raise AuditPolicyError(source, missing)
    return policy
