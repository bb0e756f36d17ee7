"""What a rule is: a plain function from one resource to its faults, and what a reader needs to know of it.

Rules know nothing of Pulumi's policy SDK, nor of this project's components: they judge resources by the engine's types and
property names, so they hold for other teams' programs too. `pulumi_policies.py` makes policies of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Properties = Mapping[str, Any]


class Unknown:
    """A value that a preview does not know yet."""

    def __repr__(self) -> str:
        """As it shows in a message."""
        return "unknown"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Fault:
    """What is wrong with a resource.

    Args:
        path: of the property, such as `spec.template.spec.hostNetwork`.
        text: what is wrong, in a few words; never a secret's value.
    """

    path: str
    text: str


@dataclass(frozen=True)
class Open:
    """What could not be judged, because a preview does not know it.

    Args:
        path: of the property.
    """

    path: str


Verdict = Iterator[Fault | Open]


@dataclass(frozen=True)
class Resource:
    """A resource as the engine knows it.

    Args:
        type: its token, such as `aws:kinesis/stream:Stream`.
        name: in the program.
        stack: the stack's name.
        properties: its inputs, in the engine's camelCase; a value may be UNKNOWN.
        settings: of the rule, as the pack's configuration has them.
    """

    type: str
    name: str
    properties: Properties
    stack: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Args:
        id: the policy's name.
        title: what is demanded, in one sentence.
        severity: how bad a fault is.
        mandatory: whether a fault stops `preview` and `up`, or is only told.
        reason: why it matters.
        mend: what to do.
        link: where more is written.
        judge: finds the faults of one resource.
        settings: JSON schemas of what the pack's configuration may set, by name.
    """

    id: str
    title: str
    severity: Literal["low", "medium", "high", "critical"]
    mandatory: bool
    reason: str
    mend: str
    link: str
    judge: Callable[[Resource], Verdict]
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def message(self, fault: Fault) -> str:
        """A fault in full."""
        return f"{fault.path}: {fault.text}. Why: {self.reason} Mend: {self.mend} More: {self.link}"


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that is no mapping and no list, with its path."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from leaves(part, f"{path}[{index}]")
    else:
        yield path, value


def at(properties: Any, *keys: str) -> Any:
    """The value below these keys; None: not there; UNKNOWN: it, or what it lies in, is not known yet."""
    for key in keys:
        if properties is UNKNOWN:
            return UNKNOWN
        if not isinstance(properties, Mapping):
            return None
        properties = properties.get(key)
    return properties


def elements(value: Any) -> list[Any]:
    """A list's elements; of one value itself; of nothing none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
