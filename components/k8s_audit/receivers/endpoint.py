"""What every receiver of audit events yields: all that an API server or a pipeline must know to reach it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BODY_LIMIT = 10_485_760
"""Bytes; the API server's own default for one batch, where truncation is on."""
EVENT_LIMIT = 1_048_576
"""Bytes; ours for one event, where truncation is on."""
AUDIT_ID, ACCEPTED, ADMISSION, FORWARDED = "auditID", "accepted", "admission", "forwarded"
"""How a receiver's proof of delivery is made: it is asked for the event; the API server counts what it accepted; for one
that takes AdmissionReviews, the API server counts what it answered; or a forwarder tells what the receiver accepted from it."""
OF_ITS_PODS = ("namespace", "pod_port")
"""What args say for network rules alone."""


@dataclass(frozen=True)
class ReceiverEndpoint:
    """Where events are sent.

    Args:
        name: the receiver's name in the stack.
        url: the whole URL, path included, without a query.
        ca: PEM of the authority that signed the receiver's certificate; None: the host's own.
        client_certificate: PEM with which the API server presents itself; None: it does not.
        client_key: PEM of its key; a secret.
        token: sent as `Authorization: Bearer`; a secret.
        username: sent with `password` as HTTP basic authentication.
        password: a secret.
        tls_server_name: the name that its certificate must have; None: the URL's.
        body_limit: bytes of the largest body that the receiver takes.
        event_limit: bytes of the largest event that the receiver takes.
        proof: `auditID` (it can be asked for an event) or `accepted` (the API server's counters tell).
    """

    name: str
    url: str
    ca: str | None = None
    client_certificate: str | None = None
    client_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls_server_name: str | None = None
    body_limit: int = BODY_LIMIT
    event_limit: int = EVENT_LIMIT
    proof: str = AUDIT_ID


def endpoint_of(known: Mapping[str, Any]) -> ReceiverEndpoint:
    """The endpoint of args whose outputs are all known; an empty text is as good as none."""
    given = {key: value for key, value in known.items() if value not in (None, "") and key not in OF_ITS_PODS}
    return ReceiverEndpoint(**given)
