"""What a proof of delivery is, and what each way of proving needs to be."""

import uuid
from dataclasses import dataclass
from typing import Protocol

NAME = "k8s-audit-check"


@dataclass(frozen=True)
class Proof:
    """One API server's request, and how its arrival at one receiver was seen.

    Args:
        api_server: its URL.
        receiver: the receiver's name.
        proof: how it was seen: `auditID`, `accepted`, `admission` or `forwarded`.
        audit_id: the request's.
        latency_seconds: from the request to the receiver's acceptance; for `accepted` until we saw it counted.
        node: the API server's, where it is found behind an address of several; else empty.
    """

    api_server: str
    receiver: str
    proof: str
    audit_id: str
    latency_seconds: float
    node: str = ""

    def as_output(self) -> dict[str, str | float]:
        """As a stack's output `deliveryChecks` and `verify --json` spell it."""
        return {
            "apiServer": self.api_server,
            "receiver": self.receiver,
            "proof": self.proof,
            "auditID": self.audit_id,
            "latencySeconds": self.latency_seconds,
            **({"node": self.node} if self.node else {}),
        }


class Witness(Protocol):
    """Who tells that an event has arrived."""

    def received(self, audit_id: str) -> float | None:
        """When the event was accepted, in seconds since the epoch; None: not yet, or it cannot be told."""


def marked_name() -> str:
    """The name of the ConfigMap of one marked request."""
    return f"{NAME}-{uuid.uuid4().hex[:12]}"
