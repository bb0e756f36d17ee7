"""What `doctor` found, a finding a thing that it looked at: as text for a person, or as data for a program."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """Of one thing.

    Args:
        subject: what was looked at, and how it is.
        said: one line each.
        in_the_way: why `up` would fail, one each.
        wrong: whether something else has to be mended, which `said` or the subject tells.
        unreadable: why it could not be looked at; empty: it was.
    """

    subject: str
    said: Sequence[str] = field(default_factory=tuple)
    in_the_way: Sequence[str] = field(default_factory=tuple)
    wrong: bool = False
    unreadable: str = ""

    def text(self) -> str:
        """For a person."""
        lines = [self.subject, *self.said, *(f"in the way: {each}" for each in self.in_the_way)]
        return "\n  ".join(lines)

    def data(self) -> dict[str, Any]:
        """For a program."""
        told = {"subject": self.subject, "said": list(self.said), "inTheWay": list(self.in_the_way)}
        return told | {"wrong": self.wrong or bool(self.in_the_way), "unreadable": self.unreadable or None}
