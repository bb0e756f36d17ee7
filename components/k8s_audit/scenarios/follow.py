"""Following events to the receiver: the last stretch of a scenario.

A recorder is asked for each event by its auditID. Another receiver cannot be asked for an event: what is known then is that
the API server took the request and names an auditID for it, and that is all that is claimed.
"""

import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from k8s_audit.delivery.recorder_proof import RecorderProof
from k8s_audit.receivers.endpoint import AUDIT_ID, ReceiverEndpoint

POLL = 0.05
"""Seconds."""
SENT = "sent"
"""The proof for a receiver that cannot be asked."""


@dataclass(frozen=True)
class Followed:
    """How far an event was followed.

    Args:
        proof: `auditID`: the receiver was asked for it; `sent`: this receiver can't be asked.
        received_at: seconds since the epoch, when the receiver accepted it; None: it did not, or can't be asked.
    """

    proof: str
    received_at: float | None = None


def followed(endpoint: ReceiverEndpoint | None, audit_ids: Collection[str], timeout: float) -> dict[str, Followed]:
    """Follow events to their receiver.

    Args:
        endpoint: the receiver; None: the stack's receivers take AdmissionReviews, which have no auditID.
        audit_ids: of the events.
        timeout: seconds to wait for the last of them.
    """
    if endpoint is None or endpoint.proof != AUDIT_ID:
        return {audit_id: Followed(SENT) for audit_id in audit_ids}
    found: dict[str, Followed] = {}
    deadline = time.monotonic() + timeout
    with RecorderProof(endpoint) as recorder:
        while True:
            for audit_id in audit_ids:
                if audit_id not in found and (at := recorder.received(audit_id)):
                    found[audit_id] = Followed(AUDIT_ID, datetime.fromisoformat(at).timestamp())
            if len(found) == len(set(audit_ids)) or time.monotonic() > deadline:
                break
            time.sleep(POLL)
    return {audit_id: found.get(audit_id, Followed(AUDIT_ID)) for audit_id in audit_ids}


def levels(events: Path, audit_ids: Collection[str]) -> dict[str, str]:
    """The level at which each event was recorded, by a recorder's file; events that are not in it are left out."""
    wanted, found = set(audit_ids), dict[str, str]()
    try:
        with events.open(encoding="utf-8") as lines:
            for line in lines:
                if any(audit_id in line for audit_id in wanted):
                    event = json.loads(line)
                    if event["auditID"] in wanted:
                        found[event["auditID"]] = str(event["level"])
    except (OSError, ValueError, KeyError):
        return found
    return found
