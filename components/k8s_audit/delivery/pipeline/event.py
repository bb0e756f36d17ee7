"""What a decoder left is judged once: an audit event, dropped by a filter, or a fault. Events are annotated, each is counted once.

What comes out: a message an event, its content the event's JSON; or a message with the metadata `dead_letter`, a reason, whose content
is what could not be taken. Falco takes no event without `stageTimestamp`:
https://github.com/falcosecurity/plugins/blob/main/plugins/k8saudit/pkg/k8saudit/source.go
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from k8s_audit.delivery.pipeline.annotate import annotated
from k8s_audit.delivery.pipeline.filter import dropped
from k8s_audit.delivery.pipeline.model import Annotation, Filter

PREFIX = "k8s-audit-check-"
MARKER = rf"^{PREFIX}[-a-z0-9]{{1,200}}$"
"""The name in a request that a proof of delivery makes."""
OF_FILTER = "filter"
"""Why an event is skipped that a filter matches."""
RFC3339 = r"^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[-+]\\d\\d:\\d\\d)$"
TEXT = """
let cluster = @cluster
let region = @region
let skipped = null
let unread = null
let event = this.catch(null)
let text = content().string().trim()
""".strip()
JUDGE = r"""
{event}
let name = $event.objectRef.name.catch("").string()
let marker = if $name.has_prefix("{prefix}") {{ $name.re_find_all("{marker}").index(0).catch(null) }} else {{ null }}
let fault = match {{
  $skipped != null => null
  $unread != null => $unread
  $event == null => "no JSON"
  $event.type() != "object" => "no JSON object"
  $event.kind != "Event" => "no audit event: its kind is not Event"
  !$event.stageTimestamp.string().re_match("{rfc3339}").catch(false) => "an audit event without a stageTimestamp in RFC 3339"
  $annotated.length() > {limit} => "an audit event of more than {limit} bytes"
  _ => null
}}
let dropped = $fault == null && $skipped == null && $marker == null && ({dropped})
meta dead_letter = if $fault != null {{ $fault }}
meta skipped = if $skipped != null {{ $skipped }} else if $dropped {{ "{filter}" }}
meta marker = if $marker != null {{ $marker }}
meta audit_id = if $marker != null {{ $event.auditID.string().re_find_all("^[-A-Za-z0-9]{{1,64}}$").index(0).catch("") }}
root = if $fault == null && $skipped == null {{ $annotated }}
""".strip()


def text_event(annotation: Annotation | None) -> str:
    """Statements over a message whose content is an event's JSON, which stays as it is; see Decoding."""
    return f"{TEXT}\n{annotated(annotation)}"


@dataclass(frozen=True)
class Decoding:
    """How a record becomes events.

    Args:
        processors: of a record; they leave one message an event, as render.py says.
        event: statements over such a message. They set `$event`, its value; `$annotated`, its text with the annotations that are to be
            added; `$skipped`, why it is none of ours, and `$unread`, why there is no event, both null as a rule.
    """

    processors: list[dict[str, Any]]
    event: Callable[[Annotation | None], str] = text_event


def judge_event(event: str, filters: tuple[Filter, ...], limit: int) -> list[dict[str, Any]]:
    """Processors of what a decoder left.

    Args:
        event: statements as Decoding's.
        filters: each drops the events that it matches.
        limit: bytes of the largest event, annotations included.
    """
    judge = JUDGE.format(
        event=event,
        dropped=dropped(filters),
        limit=limit,
        prefix=PREFIX,
        marker=MARKER,
        rfc3339=RFC3339,
        filter=OF_FILTER,
    )
    gone = [count("skipped", reason="${! @skipped }"), {"mapping": "root = deleted()"}]
    return [
        {
            "switch": [
                {"check": "@dead_letter == null && @skipped == null", "processors": [{"mapping": judge}, *caught()]}
            ]
        },
        {
            "switch": [
                {
                    "check": "@dead_letter == null && @skipped == null && @truncated == null",
                    "processors": [count("events")],
                },
                {"check": "@dead_letter != null", "processors": [{"noop": {}}]},
                {"check": f'@skipped == "{OF_FILTER}"', "processors": [count("events"), *gone]},
                {"check": "@skipped != null", "processors": gone},
                {"processors": [count("truncated"), count("events")]},
            ]
        },
    ]


def caught() -> list[dict[str, Any]]:
    """Processors after those that may fail: what failed is a dead letter."""
    return [{"catch": [{"mapping": 'meta dead_letter = "it could not be decoded: " + error()'}]}]


def count(name: str, **labels: str) -> dict[str, Any]:
    """A processor that counts each message."""
    metric: dict[str, Any] = {"type": "counter", "name": f"k8s_audit_{name}"}
    return {"metric": metric | ({"labels": labels} if labels else {})}
