"""`CreatedAudit`: whether the API servers of a kind or k3d cluster were created with audit logging. It changes nothing."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from k8s_audit.control_plane.change import sha256
from k8s_audit.errors import HostError
from k8s_audit.platforms.created.live import differences, live, refusal
from k8s_audit.provider.resource import BESIDE, Context, Read, ResourceInputs, Values


class CreatedAuditInputs(ResourceInputs):
    """See `k8s_audit.CreatedAudit`."""

    kind: Literal["kind", "k3d"]
    kubeconfig: str
    policy: str
    arguments: dict[str, str]
    commands: list[str] = Field(default=[], json_schema_extra=BESIDE)


class CreatedAuditResource:
    """Fails unless each API server was created with the wanted audit flags, whose file names tell policy and webhook."""

    name = "CreatedAudit"
    inputs = CreatedAuditInputs
    outputs: Mapping[str, str] = MappingProxyType({"apiServers": "strings", "digest": "string", "intact": "boolean"})
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: CreatedAuditInputs, old: Values | None) -> Values:
        """`up` fails unless it is so."""
        return {"intact": True, "digest": _digest(inputs)}

    def notice(self, news: Values, old: Values | None) -> str:
        """What only a new cluster can have."""
        ways = "; ".join(news.get("commands") or [])
        if old:
            return f"only a cluster that is created anew has it, otherwise `up` fails: {ways}"
        return f"cluster not read: `up` reads it, changes nothing there, and fails unless it was created by: {ways}"

    def create(self, context: Context, name: str, inputs: CreatedAuditInputs) -> tuple[str, Values]:
        """Look."""
        found = live(inputs.kind, inputs.kubeconfig)
        if lines := differences(found, inputs.arguments):
            raise HostError(refusal(inputs.kind, lines, inputs.commands))
        return name, _outputs(inputs, list(found), intact=True)

    def read(
        self, context: Context, id: str, inputs: CreatedAuditInputs | None, old: Values
    ) -> Read[CreatedAuditInputs] | None:
        """With which flags the first API server that lacks something was created."""
        if inputs is None:
            raise HostError("a CreatedAudit is not imported; `up` looks by itself")
        found = live(inputs.kind, inputs.kubeconfig)
        wrong = (flags for flags in found.values() if differences({"": flags}, inputs.arguments))
        flags = next(wrong, None)
        if flags is None:
            return Read(inputs, _outputs(inputs, list(found), intact=True))
        here = {name: flags[name] for name in inputs.arguments if name in flags}
        now = inputs.model_copy(update={"arguments": here})
        return Read(now, _outputs(now, list(found), intact=False))

    def stale(self, old: Values) -> list[str]:
        """The cluster was created anew without it."""
        return [] if old.get("intact") else ["intact"]

    def update(self, context: Context, id: str, inputs: CreatedAuditInputs, old: Values) -> Values:
        """Look again."""
        return self.create(context, id, inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """It made nothing; the cluster's own command takes the cluster away, and auditing with it."""


def _outputs(inputs: CreatedAuditInputs, servers: list[str], *, intact: bool) -> Values:
    return inputs.values() | {"apiServers": sorted(servers), "digest": _digest(inputs), "intact": intact}


def _digest(inputs: CreatedAuditInputs) -> str:
    """Of what API servers were created with: when it changes, the delivery is to be proved again."""
    return sha256(json.dumps(inputs.arguments, sort_keys=True).encode())
