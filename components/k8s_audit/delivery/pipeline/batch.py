"""Events put together into the body of one POST: an EventList, no larger than the receiver takes.

`batching.byte_size` is when a batch is sent off, no cap; `split` is the cap. The bodies are put together as text, so no event is
written anew. https://warpstreamlabs.github.io/bento/docs/configuration/batching
"""

from typing import Any

from k8s_audit.delivery.pipeline.model import Batch, Sink

HEAD, TAIL = '{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[', "]}"


def room(sink: Sink, batch: Batch) -> int:
    """Bytes of events that fit into a body: all but the list around them and the commas between them."""
    return sink.body_limit - len(HEAD) - len(TAIL) - batch.max_events


def largest_event(sink: Sink, batch: Batch) -> int:
    """Bytes of the largest event that is sent."""
    return min(sink.event_limit, room(sink, batch))


def batching(sink: Sink, batch: Batch) -> dict[str, Any]:
    """When a batch is sent off."""
    return {"count": batch.max_events, "byte_size": room(sink, batch), "period": batch.period}


def cap(sink: Sink, batch: Batch) -> list[dict[str, Any]]:
    """Processors that make one batch several, where it is too large for one body."""
    return [{"split": {"size": batch.max_events, "byte_size": room(sink, batch)}}]


def event_list() -> list[dict[str, Any]]:
    """Processors that make one message of a batch."""
    head, tail = HEAD.replace('"', '\\"'), TAIL
    return [
        {"mapping": 'root = if batch_index() > 0 { "," + content().string() }'},
        {"archive": {"format": "concatenate"}},
        {"mapping": f'root = "{head}" + content().string() + "{tail}"'},
    ]
