"""`GkeDataAccess`: data access logs of a project whose audit configuration the stack need not own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from k8s_audit.control_plane.durations import seconds
from k8s_audit.errors import CloudError
from k8s_audit.platforms.gke.data_access import DataAccess, exempted, switched
from k8s_audit.platforms.gke.session import Access, RefusedError
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values


class GkeDataAccessInputs(ResourceInputs):
    """See `k8s_audit.GkeDataAccess`."""

    project: str
    types: list[Literal["ADMIN_READ", "DATA_READ", "DATA_WRITE"]]
    exempted_members: list[str] = Field(default_factory=list)
    sink: str
    timeout: str = "2m"
    credentials: str | None = None
    impersonate_service_account: str | None = None


class GkeDataAccessResource:
    """Switches data access logs of GKE on in a project; others' stay. Destroy switches off what it switched on."""

    name = "GkeDataAccess"
    inputs = GkeDataAccessInputs
    outputs: Mapping[str, str] = MappingProxyType({"missing": "strings", "switchedOn": "strings"})
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset({"project"})

    def preview(self, inputs: GkeDataAccessInputs, old: Values | None) -> Values:
        """`up` finds out what is on already."""
        return {"missing": []}

    def notice(self, news: Values, old: Values | None) -> str:
        """Whom else it concerns."""
        if old:
            return ""
        return "data access logs are the whole project's: all of its clusters write them, and Cloud Logging charges for them"

    def create(self, context: Context, name: str, inputs: GkeDataAccessInputs) -> tuple[str, Values]:
        """Switch on what is off."""
        return inputs.project, self._bring(context, inputs, set())

    def read(
        self, context: Context, id: str, inputs: GkeDataAccessInputs | None, old: Values
    ) -> Read[GkeDataAccessInputs] | None:
        """Which of our types are off now, and whom those that we switched on exempt."""
        if inputs is None:
            raise CloudError("a GkeDataAccess is not imported; `up` leaves on what is on")
        ours = list(old.get("switchedOn") or [])
        access = self._access(context, inputs)
        policy = access.read()
        access.tell_exemptions(policy, ours)
        missing = sorted(set(inputs.types) - switched(policy).keys())
        there = [kind for kind in ours if kind not in missing]
        now = inputs
        if there and exempted(policy, there) != sorted(inputs.exempted_members):
            now = inputs.model_copy(update={"exempted_members": exempted(policy, there)})
        return Read(now, now.values() | {"missing": missing, "switchedOn": ours})

    def stale(self, old: Values) -> list[str]:
        """Somebody switched one off."""
        return ["missing"] if old.get("missing") else []

    def update(self, context: Context, id: str, inputs: GkeDataAccessInputs, old: Values) -> Values:
        """Switch on what is off, and off what was ours and is not wanted any more."""
        return self._bring(context, inputs, set(old.get("switchedOn") or []))

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Switch off what we switched on; a project that is gone has nothing to switch off."""
        inputs = GkeDataAccessInputs.of(old)
        try:
            self._access(context, inputs).undo(old.get("switchedOn") or [], inputs.sink)
        except RefusedError as error:
            if error.status != "NOT_FOUND":
                raise

    def _bring(self, context: Context, inputs: GkeDataAccessInputs, ours: set[str]) -> Values:
        mine = self._access(context, inputs).bring(inputs.types, inputs.exempted_members, ours)
        return inputs.values() | {"missing": [], "switchedOn": sorted(mine)}

    def _access(self, context: Context, inputs: GkeDataAccessInputs) -> DataAccess:
        session = Access(inputs.credentials, inputs.impersonate_service_account).session()
        return DataAccess(session, inputs.project, seconds(inputs.timeout), context.stop, context.say)
