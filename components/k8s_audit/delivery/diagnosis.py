"""Where the way of an event ends that did not come: at the policy, in the API server, or at the receiver."""

import json
import uuid
from collections import Counter

import httpx

from k8s_audit.delivery.api_server import ERRORS, EVENTS, ApiServer
from k8s_audit.delivery.recorder_proof import client
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import ReceiverEndpoint

REQUESTS = 25
"""Marked requests in a row: each makes at least one event where the policy records it, whatever else goes on."""
EMPTY = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": []}


def diagnose(server: ApiServer, endpoint: ReceiverEndpoint, before: Counter[str]) -> str:
    """Say where the way ends, and the next command to look closer.

    Args:
        server: the API server whose event did not come.
        endpoint: the receiver.
        before: the API server's counters before the request.
    """
    metrics = (
        f"kubectl --kubeconfig {server.kubeconfig} --server {server.url} get --raw /metrics | grep apiserver_audit"
    )
    start = server.counters()
    try:
        for _ in range(REQUESTS):
            server.dry_run_config_map(f"k8s-audit-check-{uuid.uuid4().hex[:12]}")
    except DeliveryError as error:
        return str(error)
    now = server.counters()
    if now and now[EVENTS] - start[EVENTS] < REQUESTS:
        return (
            f"Its way ends at the audit policy: {REQUESTS} marked requests made {now[EVENTS] - start[EVENTS]} events, so the"
            " policy that the API server runs with drops them, or auditing is off.\n"
            f"Look closer: {metrics}_event_total; k8s-audit policy lint FILE"
        )
    refusal = _refusal(endpoint)
    if refusal:
        return f"Its way ends at the receiver: {refusal}.\nLook closer: curl -i {endpoint.url}"
    errors = now[ERRORS] - before[ERRORS]
    if errors > 0:
        return (
            f"Its way ends between API server and receiver: the API server counts {errors} errors of its audit backends"
            f" meanwhile, though the receiver answers us.\nLook closer: {metrics}_error_total"
        )
    return (
        "The API server makes the event and the receiver answers us, but nothing came: its webhook points elsewhere, or"
        " it still retries (five tries, about 80 s).\n"
        f"Look closer: {metrics}_error_total; the server: line in the webhook file of --audit-webhook-config-file"
    )


def _refusal(endpoint: ReceiverEndpoint) -> str:
    """How the receiver refuses an empty batch, asked from here; empty if it takes it."""
    try:
        with client(endpoint) as http:
            headers = {"Content-Type": "application/json"}
            answer = http.post(endpoint.url, content=json.dumps(EMPTY), headers=headers)
    except httpx.HTTPError as error:
        return f"{endpoint.url} does not answer ({str(error) or type(error).__name__})"
    if answer.is_success:
        return ""
    return f"{endpoint.url} answers {answer.status_code} {answer.reason_phrase}"
