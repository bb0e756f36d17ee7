"""What every receiver of audit events yields: all that an API server or a pipeline must know to reach it."""

from dataclasses import dataclass, field

BODY_LIMIT = 10_485_760
"""Bytes; the API server's own default for one batch, where truncation is on."""


@dataclass(frozen=True)
class ReceiverEndpoint:
    """Where events are sent.

    Args:
        name: the receiver's name in the stack.
        url: the whole URL, path included, without a query.
        ca: PEM of the authority that signed the receiver's certificate; None: the host's own.
        client_certificate: PEM with which the API server presents itself; None: it does not.
        client_key: PEM of its key; a secret.
        body_limit: bytes of the largest body that the receiver takes.
    """

    name: str
    url: str
    ca: str | None = None
    client_certificate: str | None = None
    client_key: str | None = field(default=None, repr=False)
    body_limit: int = BODY_LIMIT
