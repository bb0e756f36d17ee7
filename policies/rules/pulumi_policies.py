"""A rule as a policy of Pulumi's SDK: values unwrapped, faults reported, what is not known yet said.

The SDK raises UnknownValueError when a value is touched that a preview does not know, and then says that the policy could not
run. A rule here still judges all that is known; then, if something was left open, that same error says so. `up` knows the value.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from rules.rule import UNKNOWN, Fault, Resource, Rule


def policy_of(rule: Rule) -> ResourceValidationPolicy:
    """The policy of a rule."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        found = list(rule.judge(_resource(args)))
        for fault in found:
            if isinstance(fault, Fault):
                report(rule.message(fault), None)
        for left in found:
            if not isinstance(left, Fault):
                raise UnknownValueError(UNKNOWN_STRING_VALUE, left.path.split("."))

    return ResourceValidationPolicy(
        name=rule.id,
        description=rule.title,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY if rule.mandatory else EnforcementLevel.ADVISORY,
        severity=Severity(rule.severity),
        remediation_steps=rule.mend,
        url=rule.link,
        config_schema=PolicyConfigSchema({name: dict(schema) for name, schema in rule.settings.items()})
        if rule.settings
        else None,
    )


def _resource(args: ResourceValidationArgs) -> Resource:
    stack = args.urn.removeprefix("urn:pulumi:").partition("::")[0]
    return Resource(args.resource_type, args.name, known(args.props), stack, args.get_config() or {})


def known(value: Any) -> Any:
    """A value of the SDK's without its wrapping; what is not known becomes UNKNOWN."""
    if isinstance(value, Mapping):
        return {key: _part(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_part(value, index) for index in range(len(value))]
    return value


def _part(value: Any, key: Any) -> Any:
    try:
        return known(value[key])
    except UnknownValueError:
        return UNKNOWN
