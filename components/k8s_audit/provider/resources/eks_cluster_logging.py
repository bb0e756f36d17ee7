"""`EksClusterLogging`: log types of a cluster that the stack need not own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from k8s_audit.control_plane.durations import seconds
from k8s_audit.errors import CloudError
from k8s_audit.platforms.eks.logging import ClusterLogging
from k8s_audit.platforms.eks.session import Access
from k8s_audit.provider.resource import Context, PartialError, Read, ResourceInputs, Values


class EksClusterLoggingInputs(ResourceInputs):
    """See `k8s_audit.EksClusterLogging`."""

    cluster: str
    region: str
    types: list[Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]]
    timeout: str = "20m"
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None


class EksClusterLoggingResource:
    """Switches log types of an EKS cluster on; others' stay. Destroy switches off what it switched on."""

    name = "EksClusterLogging"
    inputs = EksClusterLoggingInputs
    outputs: Mapping[str, str] = MappingProxyType({"missing": "strings", "switchedOn": "strings"})
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset({"cluster", "region"})

    def preview(self, inputs: EksClusterLoggingInputs, old: Values | None) -> Values:
        """`up` finds out what is on already."""
        return {"missing": []}

    def notice(self, news: Values, old: Values | None) -> str:
        """A preview does not ask for the cluster's logging."""
        return ""

    def create(self, context: Context, name: str, inputs: EksClusterLoggingInputs) -> tuple[str, Values]:
        """Switch on what is off."""
        id = f"{inputs.region}/{inputs.cluster}"
        return id, self._bring(context, id, inputs, set())

    def read(
        self, context: Context, id: str, inputs: EksClusterLoggingInputs | None, old: Values
    ) -> Read[EksClusterLoggingInputs] | None:
        """Which of our types are off now."""
        if inputs is None:
            raise CloudError("an EksClusterLogging is not imported; `up` leaves on what is on")
        missing = set(inputs.types) - self._logging(context, inputs).enabled()
        return Read(
            inputs, inputs.values() | {"missing": sorted(missing), "switchedOn": list(old.get("switchedOn") or [])}
        )

    def stale(self, old: Values) -> list[str]:
        """Somebody switched one off."""
        return ["missing"] if old.get("missing") else []

    def update(self, context: Context, id: str, inputs: EksClusterLoggingInputs, old: Values) -> Values:
        """Switch on what is off, and off what was ours and is not wanted any more."""
        return self._bring(context, id, inputs, set(old.get("switchedOn") or []))

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Switch off what we switched on; a cluster that is gone has nothing to switch off."""
        inputs = EksClusterLoggingInputs.of(old)
        ours = set(old.get("switchedOn") or [])
        if ours:
            try:
                self._logging(context, inputs).switch(ours, on=False)
            except CloudError as error:
                if "ResourceNotFoundException" not in str(error):
                    raise

    def _bring(self, context: Context, id: str, inputs: EksClusterLoggingInputs, ours: set[str]) -> Values:
        logging = self._logging(context, inputs)
        ours = set(ours)

        def outputs(missing: set[str]) -> Values:
            return inputs.values() | {"missing": sorted(missing), "switchedOn": sorted(ours)}

        try:
            logging.switch(inputs.types, on=True, begun=ours.update)
            ours -= logging.switch(ours - set(inputs.types), on=False)
            ours &= set(inputs.types)
        except CloudError as error:
            if not ours:
                raise
            raise PartialError(str(error), id, outputs(set(inputs.types))) from None
        return outputs(set())

    def _logging(self, context: Context, inputs: EksClusterLoggingInputs) -> ClusterLogging:
        access = Access(inputs.region, inputs.profile, inputs.role_arn, inputs.external_id)
        return ClusterLogging(access.client("eks"), inputs.cluster, seconds(inputs.timeout), context.stop, context.say)
