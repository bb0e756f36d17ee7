"""The proof of delivery: a marked, harmless request at one API server, and its very event at the receiver.

The request is a create of a ConfigMap with `dryRun=All`: nothing is stored. The API server names its event in the
`Audit-Id` header (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/). When the event does not come,
`diagnosis.py` says where its way ends.
"""

import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.delivery.diagnosis import diagnose
from k8s_audit.delivery.recorder_proof import RecorderProof
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import ReceiverEndpoint

NAME = "k8s-audit-check"
POLL = 0.05
"""Seconds."""


@dataclass(frozen=True)
class Proof:
    """One API server's event at one receiver.

    Args:
        api_server: its URL.
        receiver: the receiver's name.
        proof: how it was seen: `auditID`.
        audit_id: the event's.
        latency_seconds: from the request to the receiver's acceptance.
    """

    api_server: str
    receiver: str
    proof: str
    audit_id: str
    latency_seconds: float

    def as_output(self) -> dict[str, str | float]:
        """As a stack's output `deliveryChecks` and `verify --json` spell it."""
        return {
            "apiServer": self.api_server,
            "receiver": self.receiver,
            "proof": self.proof,
            "auditID": self.audit_id,
            "latencySeconds": self.latency_seconds,
        }


def prove_delivery(
    api_server: str, kubeconfig: str, endpoint: ReceiverEndpoint, timeout: float, stop: Event | None = None
) -> Proof:
    """Make a marked request and wait for its event.

    Args:
        api_server: the API server's own URL, not a load balancer's.
        kubeconfig: path of one that may create ConfigMaps in `default` and read /metrics.
        endpoint: the receiver, which is asked for the event.
        timeout: seconds to wait for the event.
        stop: ends the wait.

    Raises:
        DeliveryError: the event did not come; the text says where its way ends and what to look at.
    """
    stop = stop or Event()
    name = f"{NAME}-{uuid.uuid4().hex[:12]}"
    with ApiServer(api_server, kubeconfig) as server, RecorderProof(endpoint) as receiver:
        before = server.counters()
        began = time.time()
        audit_id = server.dry_run_config_map(name)
        deadline = time.monotonic() + timeout
        while (received := receiver.received(audit_id)) is None:
            if stop.is_set():
                raise DeliveryError(f"{api_server}: stopped while waiting for event {audit_id}")
            if time.monotonic() > deadline:
                why = diagnose(server, endpoint, before)
                raise DeliveryError(
                    f"{api_server}: event {audit_id} did not reach receiver {endpoint.name} within {timeout:g} s.\n{why}"
                )
            time.sleep(POLL)
    latency = datetime.fromisoformat(received).timestamp() - began
    return Proof(api_server, endpoint.name, "auditID", audit_id, round(max(latency, 0.0), 3))
