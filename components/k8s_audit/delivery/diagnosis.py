"""Where the way of an event ends that did not come: at the policy, in the API server, or at the receiver."""

import json

import httpx

from k8s_audit.delivery.accepted_proof import host_of
from k8s_audit.delivery.api_server import ApiServer, Counters
from k8s_audit.delivery.proof import marked_name
from k8s_audit.delivery.recorder_proof import client
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import AUDIT_ID, ReceiverEndpoint

REQUESTS = 25
"""Marked requests in a row: each makes at least one event where the policy records it, whatever else goes on."""
EMPTY = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": []}


def diagnose(server: ApiServer, endpoint: ReceiverEndpoint, before: Counters | None) -> str:
    """Say where the way ends, and the next command to look closer.

    Args:
        server: the API server whose event did not come.
        endpoint: the receiver.
        before: the API server's counters before the request; None: they could not be read.
    """
    metrics = f"kubectl --kubeconfig {server.kubeconfig} --server {server.url} get --raw /metrics | grep"
    start = server.counters()
    try:
        for _ in range(REQUESTS):
            server.dry_run_config_map(marked_name())
    except DeliveryError as error:
        return str(error)
    now = server.counters()
    if now and start and now.events - start.events < REQUESTS:
        return (
            f"Its way ends at the audit policy: {REQUESTS} marked requests made {now.events - start.events} events, so the"
            " policy that the API server runs with drops them, or auditing is off.\n"
            f"Look closer: {metrics} apiserver_audit_event_total; k8s-audit policy lint FILE"
        )
    if endpoint.proof == AUDIT_ID and (refusal := _refusal(endpoint)):
        return f"Its way ends at the receiver: {refusal}.\nLook closer: curl -i {endpoint.url}"
    if before and now and (answers := _answers(before, now, host_of(endpoint))):
        return (
            f"Its way ends at the receiver: the API server's POSTs to {host_of(endpoint)} got {answers}.\n"
            f"Look closer: {metrics} rest_client_requests_total; the API server's log"
        )
    errors = now.errors - before.errors if now and before else 0
    if errors > 0:
        return (
            f"Its way ends between API server and receiver: the API server counts {errors} errors of its audit backends"
            f" meanwhile, though the receiver answers us.\nLook closer: {metrics} apiserver_audit_error_total"
        )
    return (
        "The API server makes the event, and no refusal is seen, but nothing came: its webhook points elsewhere, or it"
        " still retries (five tries, about 80 s).\n"
        f"Look closer: {metrics} apiserver_audit_error_total; the server: line in the webhook file of --audit-webhook-config-file"
    )


def _answers(before: Counters, now: Counters, host: str) -> str:
    """What the API server's own POSTs to the receiver got meanwhile other than 2xx; empty: nothing."""
    grown = now.posts_to(host) - before.posts_to(host)
    bad = {code: count for code, count in grown.items() if not code.startswith("2")}
    named = {"<error>": "no answer"}
    return ", ".join(f"{named.get(code, code)} ({count})" for code, count in sorted(bad.items()))


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
