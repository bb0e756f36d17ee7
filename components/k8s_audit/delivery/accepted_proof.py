"""The proof for a receiver that cannot be asked: the API server's own counters of what it sent.

After the marked request the API server must have made events, must have got 2xx from the receiver's host for a POST,
and must have counted no error on the way to its webhook. It is weaker than asking for the event: a batch was accepted
after the request, most likely the one with its event. Metrics:
https://kubernetes.io/docs/reference/instrumentation/metrics/
"""

import time
from urllib.parse import urlsplit

from k8s_audit.delivery.api_server import ApiServer, Counters
from k8s_audit.receivers.endpoint import ReceiverEndpoint

POLL = 0.2
"""Seconds; /metrics of a large cluster has megabytes."""


class AcceptedProof:
    """An API server's counters as a witness.

    Args:
        server: the API server.
        endpoint: the receiver.
        before: its counters before the marked request.
    """

    def __init__(self, server: ApiServer, endpoint: ReceiverEndpoint, before: Counters) -> None:
        """Nothing is asked yet."""
        self.server, self.before = server, before
        self.host = host_of(endpoint)

    def received(self, audit_id: str) -> float | None:
        """When it was seen that a batch was accepted; by the counters, whatever the event."""
        time.sleep(POLL)
        now = self.server.counters()
        if now is None or now.errors > self.before.errors or now.events <= self.before.events:
            return None
        return time.time() if accepted(now, self.host) > accepted(self.before, self.host) else None


def host_of(endpoint: ReceiverEndpoint) -> str:
    """The receiver's host as the API server's metrics spell it: as in the URL, with the port if it names one."""
    return urlsplit(endpoint.url).netloc


def accepted(counters: Counters, host: str) -> int:
    """How many POSTs to a host were answered with 2xx."""
    return sum(count for code, count in counters.posts_to(host).items() if code.startswith("2"))
