"""What each resource of the provider is: a pydantic model of its inputs, and plain functions of plain values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any, Generic, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

from k8s_audit.errors import K8sAuditError

PACKAGE = "k8s-audit"
BESIDE: JsonDict = {"k8s-audit": "beside"}
"""Of an input that only words a message or says how a change is proved: that it changed is no change of the resource."""
Values = dict[str, Any]


class ResourceInputs(BaseModel):
    """Base of a resource's inputs: camelCase keys, none unknown."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, populate_by_name=True, defer_build=True
    )

    @classmethod
    def of(cls, old: Values) -> Self:
        """The inputs that are among a resource's outputs."""
        keys = {field.alias or name for name, field in cls.model_fields.items()}
        return cls.model_validate({key: old[key] for key in keys & old.keys()})

    def values(self) -> Values:
        """As the engine spells them, without what is not set."""
        return self.model_dump(by_alias=True, exclude_none=True)


Inputs = TypeVar("Inputs", bound=ResourceInputs)


@dataclass(frozen=True)
class Context:
    """What an operation may use.

    Args:
        stop: is set when the operation must end and go back.
        say: shows a line to the user.
    """

    stop: Event
    say: Callable[[str], None]


class PartialError(K8sAuditError):
    """An operation failed half way: the resource is there, and the state must say so."""

    def __init__(self, reason: str, id: str, outputs: Values) -> None:
        """Keep what there is."""
        super().__init__(reason)
        self.id, self.outputs = id, outputs


def untouched(hosts: list[str]) -> str:
    """What to add to a failure at one host of several, which are changed one after the other."""
    if not hosts:
        return ""
    return f"\nHosts before this one stay as they are; not touched yet: {', '.join(hosts)}. The next `pulumi up` goes on here"


@dataclass(frozen=True)
class Read(Generic[Inputs]):
    """What `read` found: the inputs as they are live, and the outputs."""

    inputs: Inputs
    outputs: Values


class ResourceType(Protocol[Inputs]):
    """One resource. Each function may raise a K8sAuditError, whose text is the user's message.

    Outputs are the inputs' values with what was computed beside them.
    """

    @property
    def name(self) -> str:
        """The class in the token `k8s-audit:index:<name>`."""

    inputs: type[Inputs]

    @property
    def outputs(self) -> Mapping[str, str]:
        """Computed outputs and their JSON types, for the schema."""

    @property
    def secrets(self) -> frozenset[str]:
        """Inputs and outputs that are secret whoever sets them."""

    @property
    def replaces(self) -> frozenset[str]:
        """Inputs whose change makes a new resource."""

    def preview(self, inputs: Inputs, old: Values | None) -> Values:
        """The outputs that can be told without touching anything."""

    def notice(self, news: Values, old: Values | None) -> str:
        """What a preview cannot know, for the user; empty: nothing. A value may be unknown."""

    def create(self, context: Context, name: str, inputs: Inputs) -> tuple[str, Values]:
        """Make it; return its id and outputs. A second time with the same inputs changes nothing."""

    def read(self, context: Context, id: str, inputs: Inputs | None, old: Values) -> Read[Inputs] | None:
        """What is there now; None: nothing. Without `inputs` it is being imported."""

    def stale(self, old: Values) -> list[str]:
        """Outputs that show that it must be mended though no input changed."""

    def update(self, context: Context, id: str, inputs: Inputs, old: Values) -> Values:
        """Bring it to the inputs; return the outputs."""

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Take it back; nothing there is fine."""
