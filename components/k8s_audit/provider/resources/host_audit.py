"""What the resources of a control-plane host share: audit logging turned on there in a transaction, read, mended, taken back.

A kind says how its values lead to the change of an API server (`control_plane/change.py`), and what names a place on a host.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

from pydantic import Field

from k8s_audit.control_plane.change import AuditSetup, LiveSetup
from k8s_audit.delivery.contract import contract_of
from k8s_audit.errors import HostError, K8sAuditError
from k8s_audit.provider.resource import BESIDE, Context, Read, ResourceInputs, Values, untouched

Say = Callable[[str], None]
ELSEWHERE = (
    "If an `up` that moved auditing to another place was cut off, that place may audit still, and no state knows of it: `pulumi up` takes it over, and"
    " the next `destroy` takes it back"
)


class HostAuditInputs(ResourceInputs):
    """What each kind has, whatever tells its host."""

    policy: str
    webhook: str
    arguments: dict[str, str]
    remaining: list[str] = Field(default=[], json_schema_extra=BESIDE)
    """Names of the hosts whose turn comes after this one; for messages alone."""

    def setup(self, say: Say) -> AuditSetup:
        """What the host shall have; `say` shows what could not be tried before."""
        contract = contract_of(self.webhook, self.arguments, say)
        return AuditSetup(self.policy, self.webhook, self.arguments, contract=contract)


class AdoptingHostAuditInputs(HostAuditInputs):
    """What those have beside it that can take over what is there."""

    adopt: bool = False
    """Take over audit flags that are there already with other values."""

    def setup(self, say: Say) -> AuditSetup:
        """See HostAuditInputs."""
        return replace(super().setup(say), adopt=self.adopt)


class NamedHostAuditInputs(HostAuditInputs):
    """What those have beside it whose host is named by their inputs."""

    ssh_private_key: str | None = None
    """Logs in at a host over SSH; a secret."""


Inputs = TypeVar("Inputs", bound=HostAuditInputs)


class AuditChange(Protocol):
    """The change of an API server; see `control_plane/change.py`."""

    def apply(self, setup: AuditSetup) -> LiveSetup:
        """Bring it to a set-up."""

    def read(self) -> LiveSetup | None:
        """What is there; None if nothing of ours is."""

    def restore(self) -> str:
        """Put back what was there before us; why nothing of ours was found, else empty."""


def _host_name(news: Values) -> str:
    host = news["host"] if isinstance(news["host"], dict) else {}
    return f"host {host.get('name', '(not known yet)')}"


@dataclass
class HostAuditResource(Generic[Inputs]):
    """Audit policy, webhook and flags of one kube-apiserver, changed in a transaction that goes back if it fails.

    Args:
        name: the class in the token.
        inputs: the model of its inputs.
        change: the change of the API server that some values name.
        identity: the id of the place that some values name.
        seat: what makes it another place on a host, or another host.
        found: what a host has without us, by an id alone, as inputs that take it over; None: nothing.
        called: what messages call the place that some values name, any of which may be unknown.
    """

    name: str
    inputs: type[Inputs]
    change: Callable[[Values, Event, Say], AuditChange]
    identity: Callable[[Values], str]
    seat: Callable[[Values], tuple[Any, ...]]
    found: Callable[[str], Inputs | None]
    called: Callable[[Values], str] = _host_name
    outputs: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({"manifestDigest": "string", "intact": "boolean"})
    )
    secrets: frozenset[str] = frozenset({"webhook", "sshPrivateKey"})
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: Inputs, old: Values | None) -> Values:
        """A plain preview contacts no host."""
        return {"intact": True}

    def notice(self, news: Values, old: Values | None) -> str:
        """What is on a host before us is read by `up`, and by `k8s-audit doctor`."""
        if old:
            return ""
        return (
            f"{self.called(news)} not read: a preview contacts no host; `k8s-audit doctor --stack STACK` reads it and"
            " tells what `up` would do there"
        )

    def create(self, context: Context, name: str, inputs: Inputs) -> tuple[str, Values]:
        """Turn auditing on."""
        values = inputs.values()
        try:
            live = self.change(values, context.stop, context.say).apply(inputs.setup(context.say))
        except K8sAuditError as error:
            raise type(error)(f"{error}{untouched(inputs.remaining)}") from None
        return self.identity(values), _outputs(inputs, live)

    def read(self, context: Context, id: str, inputs: Inputs | None, old: Values) -> Read[Inputs] | None:
        """What the host has now; by its id alone what it had before us, to be taken over."""
        if inputs is None:
            found = self.found(id)
            return Read(found, found.values()) if found else None
        live = self.change(inputs.values(), context.stop, context.say).read()
        if live is None:
            return None
        arguments = {name: live.arguments[name] for name in inputs.arguments if name in live.arguments}
        now = inputs.model_copy(update={"policy": live.policy, "webhook": live.webhook, "arguments": arguments})
        return Read(now, _outputs(now, live))

    def stale(self, old: Values) -> list[str]:
        """Something of ours beside the flags is gone from the file that starts the API server, or a change was cut off."""
        return [] if old.get("intact") else ["intact"]

    def update(self, context: Context, id: str, inputs: Inputs, old: Values) -> Values:
        """Bring the host to the inputs. Another place on it is left as it was found before."""
        if self.seat(old) != self.seat(inputs.values()):
            self.change(old, context.stop, context.say).restore()
        return self.create(context, "", inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Put back what was there before us."""
        if missing := self.change(old, context.stop, context.say).restore():
            context.say(f"{missing}. {ELSEWHERE}")


def no_import(id: str) -> None:
    """For kinds whose set-up cannot be taken over.

    Raises:
        HostError: always.
    """
    raise HostError(
        f"{id}: auditing that this kind of host has already cannot be imported; `pulumi up` says what is in its way"
    )


def _outputs(inputs: HostAuditInputs, live: LiveSetup) -> Values:
    return inputs.values() | {"manifestDigest": live.manifest_digest, "intact": live.intact}
