"""Records out of Pub/Sub: https://warpstreamlabs.github.io/bento/docs/components/inputs/gcp_pubsub."""

from typing import Any

from k8s_audit.delivery.pipeline.model import PubSubSource

MESSAGES, BYTES = 2000, 64 * 2**20
"""Held at a time; Bento's own default would be 1 GB."""


def pubsub_input(source: PubSubSource) -> dict[str, Any]:
    """The `input`."""
    return {
        "gcp_pubsub": {
            "project": source.project,
            "subscription": source.subscription,
            "max_outstanding_messages": MESSAGES,
            "max_outstanding_bytes": BYTES,
        }
    }
