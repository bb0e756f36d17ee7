"""When API servers that send their events themselves need a human: alert rules of Prometheus.

An API server gives a batch up after five tries and keeps nothing; it says so in its log and its counters alone. Names and labels:
https://github.com/kubernetes/apiserver/blob/v0.34.4/pkg/audit/metrics.go, and what a real API server counts.
"""

from k8s_audit.delivery.alert import CRITICAL, WARNING, Alert, risen
from k8s_audit.delivery.api_server import ERRORS, EVENTS

REJECTED = "apiserver_audit_requests_rejected_total"
"""Requests that `mode: blocking-strict` refused, since their event could not be sent."""
LOST = ("webhook", "buffered")
"""The plugins that count what never reached the receiver: batches given up, and events that found a full buffer."""


def api_server_alerts() -> tuple[Alert, ...]:
    """The rules of all API servers that a Prometheus scrapes."""
    lost = "|".join(LOST)
    return (
        Alert(
            "K8sAuditEventsLost",
            risen(f'{ERRORS}{{plugin=~"{lost}"}}', "10m", "by (instance, plugin)"),
            "0m",
            CRITICAL,
            "An API server has given up audit events: they are in its own log alone, if at all.",
            "the receiver, then `k8s-audit verify`; plugin buffered: bufferSize and throttle of audit:delivery",
        ),
        Alert(
            "K8sAuditNotCounted",
            f"absent({EVENTS})",
            "10m",
            CRITICAL,
            "No API server tells how many audit events it made.",
            "whether Prometheus scrapes each API server's /metrics, and whether they run",
        ),
        Alert(
            "K8sAuditRequestsRejected",
            risen(REJECTED, "10m", "by (instance)"),
            "0m",
            WARNING,
            "An API server refuses requests, since their audit events cannot be sent.",
            "mode: blocking-strict of audit:delivery does so; the receiver",
        ),
    )
