"""`audit:policy`: what is recorded."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from k8s_audit.audit_policy.evaluate import Request, evaluate
from k8s_audit.audit_policy.model import Level, Policy, PolicyRule, Stage, parse_policy
from k8s_audit.audit_policy.render import load_profile, with_rules
from k8s_audit.config.model import ConfigModel
from k8s_audit.errors import AuditPolicyError, ConfigError
from k8s_audit.faults import shown, spelled

CHECK = Request("k8s-audit-check", "create", "configmaps", name="k8s-audit-check", namespace="default")
"""What the proof of delivery asks of an API server; whoever it is that asks."""


class PolicyConfig(ConfigModel):
    """A profile or a file of one's own, with rules of one's own before and after."""

    profile: Literal["detection", "seed", "metadata", "full"] | None = None
    file: str | None = None
    """A path, relative to the project's folder."""
    before: list[PolicyRule] = Field(default_factory=list)
    after: list[PolicyRule] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.profile and self.file:
            raise ValueError("profile and file cannot stand side by side")
        return self

    def load(self) -> Policy:
        """The whole policy.

        Raises:
            ConfigError: the file cannot be read or is no policy, or it would drop the proof of delivery.
        """
        try:
            if self.file is None:
                policy = load_profile(self.profile or "detection")
            else:
                policy = parse_policy(Path(self.file).expanduser().read_text("utf-8"), self.file)
        except AuditPolicyError as error:
            raise ConfigError(
                [f"audit:policy.file: {spelled(self.file or '')}: {fault}" for fault in error.faults]
            ) from None
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: the ~ of nobody's home
            why = error.strerror if isinstance(error, OSError) else error
            raise ConfigError([f"audit:policy.file: {shown(self.file)} cannot be read: {why}"]) from None
        policy = with_rules(policy, self.before, self.after)
        decision = evaluate(policy, CHECK)
        if decision.level is Level.NONE or Stage.RESPONSE_COMPLETE in decision.omit_stages:
            rule = "no rule matches it" if decision.rule is None else f"rules[{decision.rule}] decides"
            raise ConfigError(
                [
                    f"audit:policy: drops `create configmaps` ({rule}), by which the delivery is proved; put a rule before:"
                    " {level: Metadata, verbs: [create], resources: [{group: '', resources: [configmaps]}]}"
                ]
            )
        return policy
