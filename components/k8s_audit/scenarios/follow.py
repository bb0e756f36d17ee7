"""Following events to the receiver: the last stretch of a scenario.

A recorder is asked for each event by its auditID. Of another receiver the API server's own counters tell that it has accepted a
batch since (see `delivery/accepted_proof.py`). A receiver of AdmissionReviews cannot be asked: then it is only known that the
API server took the request, and no more is claimed.
"""

import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from k8s_audit.delivery.accepted_proof import AcceptedProof
from k8s_audit.delivery.api_server import ApiServer, Counters
from k8s_audit.delivery.proof import Witness
from k8s_audit.delivery.recorder_proof import RecorderProof
from k8s_audit.receivers.endpoint import ACCEPTED, AUDIT_ID, ReceiverEndpoint

POLL = 0.05
"""Seconds."""
SENT = "sent"
"""The proof where the receiver cannot be asked."""


@dataclass(frozen=True)
class Followed:
    """How far an event was followed.

    Args:
        proof: `auditID`: the receiver was asked for it; `accepted`: by the API server's counters it accepted a batch after it;
            `sent`: the receiver can't be asked.
        received_at: seconds since the epoch; None: it did not come, or it can't be told.
    """

    proof: str
    received_at: float | None = None


def followed(
    endpoint: ReceiverEndpoint | None,
    audit_ids: Collection[str],
    timeout: float,
    server: ApiServer | None = None,
    before: Counters | None = None,
) -> dict[str, Followed]:
    """Follow events to their receiver.

    Args:
        endpoint: the receiver; None: the stack's receivers take AdmissionReviews, which have no auditID.
        audit_ids: of the events.
        timeout: seconds to wait for the last of them.
        server: the API server, for a receiver that cannot be asked itself.
        before: its counters before the requests; None: they cannot be read.
    """
    if endpoint is not None and endpoint.proof == AUDIT_ID:
        with RecorderProof(endpoint) as recorder:
            return _awaited(recorder, audit_ids, timeout)
    if endpoint is not None and server and before is not None:
        accepted = _awaited(AcceptedProof(server, endpoint, before), ["any"], timeout)["any"]
        return {audit_id: Followed(ACCEPTED, accepted.received_at) for audit_id in audit_ids}
    return {audit_id: Followed(SENT) for audit_id in audit_ids}


def _awaited(witness: Witness, audit_ids: Collection[str], timeout: float) -> dict[str, Followed]:
    found: dict[str, Followed] = {}
    deadline = time.monotonic() + timeout
    while True:
        for audit_id in audit_ids:
            if audit_id not in found and (at := witness.received(audit_id)) is not None:
                found[audit_id] = Followed(AUDIT_ID, at)
        if len(found) == len(set(audit_ids)) or time.monotonic() > deadline:
            return {audit_id: found.get(audit_id, Followed(AUDIT_ID)) for audit_id in audit_ids}
        time.sleep(POLL)


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
