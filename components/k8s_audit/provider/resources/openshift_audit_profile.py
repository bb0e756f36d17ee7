"""`OpenshiftAuditProfile`: what OpenShift's API servers record, by one of its own profiles."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from k8s_audit.config.platforms.openshift import version_warning
from k8s_audit.control_plane.durations import seconds
from k8s_audit.errors import ChangeError, HostError
from k8s_audit.platforms.openshift.cluster import OpenshiftCluster
from k8s_audit.platforms.openshift.profile import Audit, AuditProfile, Record, settings
from k8s_audit.provider.resource import Context, PartialError, Read, ResourceInputs, Values

ID = "apiservers/cluster"
Profile = Literal["Default", "WriteRequestBodies", "AllRequestBodies", "None"]


class OpenshiftAuditProfileInputs(ResourceInputs):
    """See `k8s_audit.OpenshiftAuditProfile`."""

    kubeconfig: str
    profile: Profile
    custom_rules: list[dict[str, str]] = Field(default_factory=list)
    timeout: str = "1h"

    def audit(self) -> Audit:
        """As the APIServer has it."""
        return settings(self.profile, self.custom_rules)


class OpenshiftAuditProfileResource:
    """`spec.audit` of OpenShift's APIServer, waited for until each API server runs with it; destroy puts back what was there."""

    name = "OpenshiftAuditProfile"
    inputs = OpenshiftAuditProfileInputs
    outputs: Mapping[str, str] = MappingProxyType({"record": "string", "pending": "boolean"})
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset({"kubeconfig"})

    def preview(self, inputs: OpenshiftAuditProfileInputs, old: Values | None) -> Values:
        """A plain preview asks no cluster."""
        return {"pending": False}

    def notice(self, news: Values, old: Values | None) -> str:
        """How long it takes."""
        return "OpenShift's operator restarts kube-apiserver on one control-plane node after the other; that may take 20 minutes or more"

    def create(self, context: Context, name: str, inputs: OpenshiftAuditProfileInputs) -> tuple[str, Values]:
        """Set it and wait."""
        return ID, self._applied(context, inputs, "")

    def read(
        self, context: Context, id: str, inputs: OpenshiftAuditProfileInputs | None, old: Values
    ) -> Read[OpenshiftAuditProfileInputs] | None:
        """What is set now."""
        if inputs is None:
            raise HostError("an OpenshiftAuditProfile is not imported; `up` keeps what is there before it")
        stored = OpenshiftCluster(inputs.kubeconfig).read()
        audit = stored.audit or {}
        now = inputs.model_copy(
            update={"profile": audit.get("profile") or "Default", "custom_rules": audit.get("customRules") or []}
        )
        record = stored.record or str(old.get("record") or "")
        return Read(now, now.values() | {"record": record, "pending": bool(old.get("pending"))})

    def stale(self, old: Values) -> list[str]:
        """The API servers were not all there when the last `up` ended."""
        return ["pending"] if old.get("pending") else []

    def update(self, context: Context, id: str, inputs: OpenshiftAuditProfileInputs, old: Values) -> Values:
        """Bring it to the inputs, and wait."""
        return self._applied(context, inputs, str(old.get("record") or ""))

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Put back what was there before, and wait."""
        inputs = OpenshiftAuditProfileInputs.of(old)
        _profile(context, inputs, str(old.get("record") or "")).restore(inputs.audit())

    def _applied(self, context: Context, inputs: OpenshiftAuditProfileInputs, remembered: str) -> Values:
        profile = _profile(context, inputs, remembered)
        if warning := version_warning(profile.cluster.version()):
            context.say(warning)
        record = profile.write(inputs.audit())
        outputs = inputs.values() | {"record": record}
        try:
            profile.wait(Record.read(record).mark if record else None)
        except ChangeError as error:
            raise PartialError(str(error), ID, outputs | {"pending": True}) from None
        return outputs | {"pending": False}


def _profile(context: Context, inputs: OpenshiftAuditProfileInputs, remembered: str) -> AuditProfile:
    cluster = OpenshiftCluster(inputs.kubeconfig)
    return AuditProfile(cluster, seconds(inputs.timeout), context.stop, context.say, remembered)
