"""Records out of Pub/Sub: https://warpstreamlabs.github.io/bento/docs/components/inputs/gcp_pubsub."""

from typing import Any

from k8s_audit.delivery.pipeline.model import PubSubSource

MESSAGES, BYTES = 2000, 64 * 2**20
"""Held at a time; Bento's own default would be 1 GB."""
TOGETHER = {"count": 100, "period": "50ms"}
"""Messages that go on their way as one, since each is of one event alone: what a message takes of Bento beside its mapping is shared."""


def pubsub_input(source: PubSubSource) -> dict[str, Any]:
    """The `input`."""
    single = {
        "gcp_pubsub": {
            "project": source.project,
            "subscription": source.subscription,
            "max_outstanding_messages": MESSAGES,
            "max_outstanding_bytes": BYTES,
        }
    }
    return {"broker": {"inputs": [single], "batching": TOGETHER}}
