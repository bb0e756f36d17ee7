"""`KopsSpecAudit`: audit logging in a kops cluster's spec, and on each of its nodes that runs an API server."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from k8s_audit.control_plane.change import digest_of
from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.each_api_server import EachApiServer
from k8s_audit.delivery.webhook import read_webhook, secrets_in
from k8s_audit.errors import HostError
from k8s_audit.platforms.kops.api_servers import running
from k8s_audit.platforms.kops.change import HalfRolledError, KopsChange, Prove, State
from k8s_audit.platforms.kops.cluster import ROLLING, KopsCluster, KopsPlace
from k8s_audit.provider.resource import BESIDE, Context, PartialError, Read, ResourceInputs, Values


class KopsSpecAuditInputs(ResourceInputs):
    """See `k8s_audit.KopsSpecAudit`."""

    cluster: str
    policy: str
    webhook: str
    arguments: dict[str, str]
    kubeconfig: str = ""
    state_store: str = ""
    adopt: bool = False
    apply: Literal["rolling-update", "reconcile"] = "rolling-update"
    update_timeout: str = "15m"
    roll_timeout: str = "1h"
    proof: Literal["", "auditID", "accepted"] = Field(default="", json_schema_extra=BESIDE)
    """How the receiver's proof is made between two groups; empty: none is."""
    proof_timeout: str = Field(default="30s", json_schema_extra=BESIDE)
    api_servers: list[str] = Field(default=[], json_schema_extra=BESIDE)

    def place(self) -> KopsPlace:
        """Where the cluster is."""
        times = seconds(self.update_timeout), seconds(self.roll_timeout)
        return KopsPlace(self.cluster, self.state_store, self.kubeconfig, self.apply, *times)


class KopsSpecAuditResource:
    """Audit policy, webhook and flags in a kops cluster's spec; its control-plane nodes are replaced group by group."""

    name = "KopsSpecAudit"
    inputs = KopsSpecAuditInputs
    outputs: Mapping[str, str] = MappingProxyType(
        {"groups": "strings", "pending": "strings", "intact": "boolean", "digest": "string"}
    )
    secrets = frozenset({"webhook"})
    replaces = frozenset({"cluster"})

    def preview(self, inputs: KopsSpecAuditInputs, old: Values | None) -> Values:
        """A plain preview runs no kops."""
        return {"intact": True, "pending": []} | ({"groups": old["groups"]} if old and "groups" in old else {})

    def notice(self, news: Values, old: Values | None) -> str:
        """Which nodes are replaced; what is in the spec is read by `up`, and by `k8s-audit doctor`."""
        groups = ", ".join((old or {}).get("groups") or [])
        which = f"instance groups {groups}" if groups else "each instance group that runs an API server"
        told = f"kops replaces the nodes of {which}, one after the other"
        if news.get("proof") and news.get("apply") == ROLLING:
            told += "; each group's delivery is proved before the next"
        if old:
            return told
        return f"cluster spec not read: a preview runs no kops; `k8s-audit doctor --stack STACK` reads it and tells what `up` would do. {told}"

    def create(self, context: Context, name: str, inputs: KopsSpecAuditInputs) -> tuple[str, Values]:
        """Turn auditing on."""
        change = _change(context, inputs)
        try:
            state = change.apply(
                inputs.policy, inputs.webhook, inputs.arguments, inputs.adopt, _prover(context, inputs)
            )
        except HalfRolledError as error:
            left = {
                "groups": error.pending,
                "pending": error.pending,
                "intact": True,
                "digest": digest_of(inputs.policy, inputs.webhook, inputs.arguments),
            }
            outputs = inputs.values() | left
            raise PartialError(str(error), inputs.cluster, outputs) from None
        return inputs.cluster, _outputs(inputs, state)

    def read(
        self, context: Context, id: str, inputs: KopsSpecAuditInputs | None, old: Values
    ) -> Read[KopsSpecAuditInputs] | None:
        """What the spec has now, and which groups have nodes that are older."""
        if inputs is None:
            raise HostError("a KopsSpecAudit is not imported; adopt: true takes over what is there")
        state = _change(context, inputs).read(inputs.arguments)
        if state is None:
            return None
        here = state.live.arguments
        now: dict[str, Any] = {"arguments": {name: here[name] for name in inputs.arguments if name in here}}
        now |= {"policy": state.live.policy, "webhook": state.live.webhook}
        found = inputs.model_copy(update=now)
        return Read(found, _outputs(found, state))

    def stale(self, old: Values) -> list[str]:
        """A file of ours lies elsewhere or is gone, or nodes are older than the spec."""
        return [*([] if old.get("intact") else ["intact"]), *(["pending"] if old.get("pending") else [])]

    def update(self, context: Context, id: str, inputs: KopsSpecAuditInputs, old: Values) -> Values:
        """Bring it to the inputs."""
        return self.create(context, "", inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Take out what is ours."""
        inputs = KopsSpecAuditInputs.of(old)
        _change(context, inputs).restore()


def _change(context: Context, inputs: KopsSpecAuditInputs) -> KopsChange:
    return KopsChange(KopsCluster(inputs.place(), context.stop, context.say, secrets_in(inputs.webhook)))


def _prover(context: Context, inputs: KopsSpecAuditInputs) -> Prove | None:
    if not inputs.proof:
        return None
    endpoint = replace(read_webhook(inputs.webhook), proof=inputs.proof)
    timeout = seconds(inputs.proof_timeout)
    each = EachApiServer(inputs.kubeconfig, endpoint, timeout, inputs.api_servers, context.stop, context.say)

    def prove(groups: Sequence[str]) -> None:
        each.prove(lambda: running(inputs.kubeconfig, groups))

    return prove


def _outputs(inputs: KopsSpecAuditInputs, state: State) -> Values:
    found = {"groups": state.groups, "pending": state.pending, "intact": state.live.intact}
    return inputs.values() | found | {"digest": digest_of(inputs.policy, inputs.webhook, inputs.arguments)}
