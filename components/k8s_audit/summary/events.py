"""A preview's JSON, as the engine prints it: `PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json`, an event a line.

Formats: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/events.go. Secrets are `[secret]` in it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k8s_audit.errors import PreviewError

SAME = ("same", "refresh", "read")
"""Operations that change nothing."""


@dataclass(frozen=True)
class Step:
    """What happens to one resource.

    Args:
        op: the engine's name of it: create, update, replace, delete, …
        urn: the resource's.
        type: its token.
        old: its inputs before; empty: it was not there.
        new: its inputs afterwards; empty: it will not be there.
        changed: names of the inputs that differ.
    """

    op: str
    urn: str
    type: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    changed: tuple[str, ...]

    @property
    def name(self) -> str:
        """The resource's, in the program."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class Violation:
    """What a policy pack found.

    Args:
        policy: its name.
        mandatory: whether it stops an `up`.
        resource: the name of the resource, or empty.
        message: its text.
    """

    policy: str
    mandatory: bool
    resource: str
    message: str


@dataclass(frozen=True)
class Preview:
    """All of one preview, in the engine's order."""

    stack: str
    steps: tuple[Step, ...]
    violations: tuple[Violation, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def parse_preview(text: str) -> Preview:
    """Read a preview's events.

    Args:
        text: JSON, one event a line.

    Raises:
        PreviewError: the text is something else, or has no step at all.
    """
    steps: list[Step] = []
    violations: list[Violation] = []
    told: dict[str, list[str]] = {"error": [], "warning": []}
    ended = False
    for number, event in _events(text):
        if not isinstance(event, dict):
            raise PreviewError(f"line {number}: an engine event is a JSON object; given: {type(event).__name__}")
        if "resourcePreEvent" in event:
            steps.append(_step(event["resourcePreEvent"]["metadata"]))
        elif "policyEvent" in event:
            violations.append(_violation(event["policyEvent"]))
        elif "diagnosticEvent" in event:
            severity = event["diagnosticEvent"].get("severity", "").removeprefix("info#err")
            if severity in told:
                told[severity].append(_plain(event["diagnosticEvent"].get("message", "")))
        ended = ended or "summaryEvent" in event
    if not steps and not ended and not told["error"]:
        raise PreviewError(
            "no engine event in it; wanted: what `PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json` prints"
        )
    stack = next((step.urn.removeprefix("urn:pulumi:").partition("::")[0] for step in steps), "")
    return Preview(stack, tuple(steps), tuple(violations), tuple(told["error"]), tuple(told["warning"]))


def _events(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):  # JSON may hold what splitlines() takes for the end of a line
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError:
                raise PreviewError(f"line {number}: no JSON; wanted: one engine event a line") from None


def _step(metadata: Mapping[str, Any]) -> Step:
    old, new = metadata.get("old") or {}, metadata.get("new") or {}
    return Step(
        op=metadata["op"],
        urn=metadata["urn"],
        type=metadata["type"],
        old=old.get("inputs") or {},
        new=new.get("inputs") or {},
        changed=tuple(metadata.get("diffs") or ()),
    )


def _violation(event: Mapping[str, Any]) -> Violation:
    return Violation(
        policy=event.get("policyName", ""),
        mandatory=event.get("enforcementLevel") == "mandatory",
        resource=event.get("resourceUrn", "").rpartition("::")[2],
        message=_plain(event.get("message", "")),
    )


def _plain(text: str) -> str:
    """Without the engine's own colour marks."""
    while "<{%" in text and "%}>" in text:
        before, _, rest = text.partition("<{%")
        text = before + rest.partition("%}>")[2]
    return text.strip()
