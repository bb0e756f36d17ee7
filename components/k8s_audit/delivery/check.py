"""The proof of delivery: a marked, harmless request at one API server, and its arrival at the receiver.

The request is a create of a ConfigMap with `dryRun=All`: nothing is stored. Kubernetes before 1.13 refuses it for that, which makes an event, too.
The API server names its event in the
`Audit-Id` header (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/). Who tells that it arrived depends
on the receiver: it is asked for that very event, or the API server's counters are. When it does not come, `diagnosis.py`
says where its way ends. Through a cloud's stream: `forwarder/proof.py`.
"""

import time
from contextlib import ExitStack
from threading import Event

from k8s_audit.delivery.accepted_proof import AcceptedProof
from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.delivery.proof import Proof, Witness, marked_name
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import ACCEPTED, ReceiverEndpoint

POLL = 0.05
"""Seconds."""


def prove_delivery(
    api_server: str | None, kubeconfig: str, endpoint: ReceiverEndpoint, timeout: float, stop: Event | None = None
) -> Proof:
    """Make a marked request and wait for its event.

    Args:
        api_server: the API server's own URL, not a load balancer's; None: what the kubeconfig says.
        kubeconfig: path of one that may create ConfigMaps in `default` and read /metrics.
        endpoint: the receiver; its `proof` says who is asked.
        timeout: seconds to wait for the event.
        stop: ends the wait.

    Raises:
        DeliveryError: the event did not come; the text says where its way ends and what to look at.
    """
    with ApiServer(api_server, kubeconfig) as server:
        return prove_from(server, endpoint, timeout, stop or Event())


def prove_from(server: ApiServer, endpoint: ReceiverEndpoint, timeout: float, stop: Event) -> Proof:
    """The same at an API server that is asked already, over the connection to it.

    Args:
        server: it.
        endpoint: the receiver; its `proof` says who is asked.
        timeout: seconds to wait for the event.
        stop: ends the wait.

    Raises:
        DeliveryError: the event did not come; the text says where its way ends and what to look at.
    """
    # not needed by a preview, and their HTTP client is large
    from k8s_audit.delivery.diagnosis import diagnose
    from k8s_audit.delivery.recorder_proof import RecorderProof

    with ExitStack() as ends:
        before = server.counters()
        witness: Witness
        if endpoint.proof == ACCEPTED:
            witness = AcceptedProof(server, endpoint, before or server.known_counters())
        else:
            witness = ends.enter_context(RecorderProof(endpoint))
        began = time.time()
        audit_id = server.dry_run_config_map(marked_name())
        deadline = time.monotonic() + timeout
        while (received := witness.received(audit_id)) is None:
            if stop.is_set():
                raise DeliveryError(f"{server.url}: stopped while waiting for event {audit_id}")
            if time.monotonic() > deadline:
                why = diagnose(server, endpoint, before)
                raise DeliveryError(
                    f"{server.url}: event {audit_id} did not reach receiver {endpoint.name} within {timeout:g} s.\n{why}"
                )
            time.sleep(POLL)
    return Proof(server.url, endpoint.name, endpoint.proof, audit_id, round(max(received - began, 0.0), 3))
