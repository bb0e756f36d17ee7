"""The proof for a receiver that takes AdmissionReviews: the API server's own counters of its webhook's answers.

A dry-run create of a marked ConfigMap must have been reviewed by the receiver's webhook: its answers with code 200 grow,
and no review of it failed open. It says nothing about the audit log: reviews have no reads, no source address, no
auditID. Metrics: https://kubernetes.io/docs/reference/instrumentation/metrics/
"""

import time
from threading import Event

from k8s_audit.delivery.api_server import FAILED_OPEN, REVIEWS, ApiServer, Counters
from k8s_audit.delivery.proof import Proof, marked_name
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import ADMISSION

POLL = 0.5
"""Seconds; an API server learns of a new webhook within about one."""
ANSWERED = "200"


def prove_admission(
    api_server: str | None, kubeconfig: str, receiver: str, webhook: str, timeout: float, stop: Event | None = None
) -> Proof:
    """Make marked requests until one was reviewed.

    Args:
        api_server: the API server's own URL, not a load balancer's; None: the kubeconfig's.
        kubeconfig: path of one that may create ConfigMaps in `default` and read /metrics.
        receiver: the receiver's name.
        webhook: the name of its webhook in the ValidatingWebhookConfiguration.
        timeout: seconds until the webhook must have been called.
        stop: ends the wait.

    Raises:
        DeliveryError: none was; the text says why and what to look at.
    """
    deadline = time.monotonic() + timeout
    with ApiServer(api_server, kubeconfig) as server:
        while True:
            api_server, before = server.url, server.known_counters()
            began = time.time()
            audit_id = server.dry_run_config_map(marked_name())
            latency = time.time() - began
            now = server.known_counters()
            failed = now.failed_open.get(webhook, 0) > before.failed_open.get(webhook, 0)
            if not failed and now.reviews_of(webhook)[ANSWERED] > before.reviews_of(webhook)[ANSWERED]:
                return Proof(api_server, receiver, ADMISSION, audit_id, round(latency, 3))
            if stop and stop.is_set():
                raise DeliveryError(f"{api_server}: stopped while waiting for webhook {webhook}")
            if time.monotonic() > deadline:
                why = _why(webhook, before, now, failed)
                look = f"kubectl --kubeconfig {kubeconfig} --server {api_server} get"
                raise DeliveryError(
                    f"{api_server}: receiver {receiver} reviewed no marked request within {timeout:g} s.\n{why}.\n"
                    f"Look closer: {look} validatingwebhookconfigurations; {look} --raw /metrics | grep {webhook}"
                )
            time.sleep(POLL)


def _why(webhook: str, before: Counters, now: Counters, failed: bool) -> str:
    answers = now.reviews_of(webhook) - before.reviews_of(webhook)
    if failed:
        return (
            f"Its way ends at the receiver: webhook {webhook} does not answer, and the API server lets requests pass without"
            f" it ({FAILED_OPEN} grows)"
        )
    if answers:
        codes = ", ".join(f"{code} ({count})" for code, count in sorted(answers.items()))
        return f"Its way ends at the receiver: webhook {webhook} was called and answered {codes} ({REVIEWS})"
    if now.reviews_of(webhook):
        return (
            f"Its way ends at the webhook's rules: {webhook} is called for other requests, not for a create of a ConfigMap in"
            " default"
        )
    return f"The API server never called webhook {webhook}: it is not registered, or its rules match no such request"
