"""`EksLogGroup`: the log group of a cluster's logs, made or taken over, and never deleted.

Not Pulumi's own LogGroup: it cannot take over in the same `up` a group whose retention differs, and it is in one's way when
EKS, which makes groups too, was faster.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field

from k8s_audit.errors import CloudError
from k8s_audit.platforms.eks.log_group import FOR_EVER, LogGroup
from k8s_audit.platforms.eks.session import Access
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values


class EksLogGroupInputs(ResourceInputs):
    """See `k8s_audit.EksLogGroup`."""

    group: str
    filter: str
    region: str
    retention_days: int
    kms_key: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None


class EksLogGroupResource:
    """The log group of a cluster's logs: made before EKS makes it, or taken over. Destroy leaves it, with its events."""

    name = "EksLogGroup"
    inputs = EksLogGroupInputs
    outputs: Mapping[str, str] = MappingProxyType({"arn": "string", "adopted": "boolean", "retentionBefore": "integer"})
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset({"group", "region"})

    def preview(self, inputs: EksLogGroupInputs, old: Values | None) -> Values:
        """What is known of it stays as it is."""
        return {key: old[key] for key in self.outputs if key in old} if old else {}

    def notice(self, news: Values, old: Values | None) -> str:
        """A preview does not ask whether it is there."""
        return ""

    def create(self, context: Context, name: str, inputs: EksLogGroupInputs) -> tuple[str, Values]:
        """Make it or take it over, if there is room for our subscription filter."""
        group = self._group(inputs)
        before = group.find()
        if before:
            if inputs.filter:
                group.require_room(inputs.filter)
            context.say(f"log group {inputs.group} is there already: taken over")
        found = group.ensure(inputs.retention_days, inputs.kms_key, inputs.tags)
        kept = before.retention_days if before else FOR_EVER
        return inputs.group, inputs.values() | {
            "arn": found.arn,
            "adopted": before is not None,
            "retentionBefore": kept,
        }

    def read(
        self, context: Context, id: str, inputs: EksLogGroupInputs | None, old: Values
    ) -> Read[EksLogGroupInputs] | None:
        """Its retention and key as they are."""
        if inputs is None:
            raise CloudError("an EksLogGroup is not imported; `up` takes over the one that is there")
        found = self._group(inputs).find()
        if found is None:
            return None
        live: Values = {"retention_days": found.retention_days}
        if inputs.kms_key:
            live["kms_key"] = found.kms_key
        now = inputs.model_copy(update=live)
        return Read(now, old | now.values() | {"arn": found.arn})

    def stale(self, old: Values) -> list[str]:
        """Its inputs say all."""
        return []

    def update(self, context: Context, id: str, inputs: EksLogGroupInputs, old: Values) -> Values:
        """Change what changed."""
        found = self._group(inputs).ensure(inputs.retention_days, inputs.kms_key, inputs.tags)
        kept = {key: old[key] for key in ("adopted", "retentionBefore") if key in old}
        return inputs.values() | kept | {"arn": found.arn}

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Leave it; one that was there before keeps its events as long as it did, unless somebody changed that since."""
        if not old.get("adopted"):
            return
        inputs = EksLogGroupInputs.of(old)
        group = self._group(inputs)
        found = group.find()
        if found and found.retention_days == inputs.retention_days != old["retentionBefore"]:
            group.keep(old["retentionBefore"])

    def _group(self, inputs: EksLogGroupInputs) -> LogGroup:
        access = Access(inputs.region, inputs.profile, inputs.role_arn, inputs.external_id)
        return LogGroup(access.client("logs"), inputs.group)
