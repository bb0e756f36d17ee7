"""When a forwarder needs a human: alert rules of Prometheus.

The engine says nothing in its log while it tries a receiver again and again, and its readiness knows no receiver: only these tell.
What waits in the stream before it is read, the cloud alone measures. Names and values: Bento 1.20's own /metrics, and what a pipeline counts.
"""

from typing import Any

from k8s_audit.delivery.alert import CRITICAL, WARNING, Alert, risen, rule_groups

POSTS, TAKEN = "http_request_latency_ns_count", "http_request_code_2xx"
"""POSTs to the receiver, answered or not; and those that it took. The second is not there before the first answer."""
READ, LATENCY = "input_received", "input_latency_ns"
"""Records; nanoseconds from reading one until the receiver (or the dead letter) has it."""
NOT_CONNECTED = "input_connection_failed"
EVENTS, DEAD_LETTERS, TRUNCATED = "k8s_audit_events", "k8s_audit_dead_letters", "k8s_audit_truncated"
"""The pipeline's own counters."""
RESTARTS = "kube_pod_container_status_restarts_total"
"""Of kube-state-metrics (https://github.com/kubernetes/kube-state-metrics)."""
LATE = 5
"""Seconds in the forwarder that are too long."""


def alerts(namespace: str, name: str) -> tuple[Alert, ...]:
    """The rules of one forwarder.

    Args:
        namespace: of its pods.
        name: of the forwarder; its pods' names begin so.
    """
    pods = pods_of(namespace, name)
    return (
        Alert(
            "K8sAuditForwarderGone",
            f"absent({READ}{pods})",
            "5m",
            CRITICAL,
            "No pod of the forwarder tells its metrics.",
            f"kubectl --namespace {namespace} get pods; the NetworkPolicy's metricsFrom",
        ),
        Alert(
            "K8sAuditForwarderRestarts",
            f"increase({RESTARTS}{pods_of(namespace, name, 'container', 'bento')}[30m]) > 2",
            "1m",
            WARNING,
            "A pod of the forwarder restarts again and again.",
            "kubectl logs --previous; 137 is the memory limit",
        ),
        Alert(
            "K8sAuditForwarderCannotRead",
            f"sum(increase({NOT_CONNECTED}{pods}[10m])) > 3",
            "5m",
            CRITICAL,
            "The forwarder cannot connect to the stream.",
            "its log names the call that was refused: identity, rights, stream, table, way out",
        ),
        Alert(
            "K8sAuditNoEvents",
            f"sum(rate({EVENTS}{pods}[15m])) == 0",
            "15m",
            CRITICAL,
            "No audit event has come for half an hour; a running cluster makes some each second.",
            "auditing of the cluster, the export, the stream; of an Event Hub also the password: a wrong one is silent",
        ),
        Alert(
            "K8sAuditReceiverTakesNothing",
            f"sum(rate({POSTS}{pods}[5m])) > 0 unless sum(rate({TAKEN}{pods}[5m])) > 0",
            "5m",
            CRITICAL,
            "The receiver takes no event; they wait in the stream until its retention is over.",
            "the dashboard's answers: 4xx, 5xx, or none at all (name, port, certificate, NetworkPolicy)",
        ),
        Alert(
            "K8sAuditForwarderLag",
            f"max({LATENCY}{pods_of(namespace, name, 'quantile', '0.99')}) > {LATE}e9",
            "10m",
            WARNING,
            f"Events stay in the forwarder for more than {LATE} s.",
            "a slow receiver, or pods at their CPU's limit: more replicas, up to the shards or partitions of the stream",
        ),
        Alert(
            "K8sAuditDeadLetters",
            risen(f"{DEAD_LETTERS}{pods}", "10m"),
            "0m",
            WARNING,
            "Events went to the dead letter: they could not be read, or the receiver refused them for good.",
            "the dead letters; each has its reason",
        ),
        Alert(
            "K8sAuditTruncated",
            risen(f"{TRUNCATED}{pods}", "1h"),
            "0m",
            WARNING,
            "The cloud cut events; their bodies are lost.",
            "annotation audit.k8s.io/truncated; nothing in the forwarder can help",
        ),
    )


def forwarder_rules(namespace: str, name: str) -> dict[str, Any]:
    """The rules of one forwarder as Prometheus has them; also the `spec` of a PrometheusRule."""
    return rule_groups(f"k8s-audit-{name}", alerts(namespace, name), {"forwarder": name})


def pods_of(namespace: str, name: str, *label: str) -> str:
    """A PromQL selector of a forwarder's series: the labels that a PodMonitor, and Kubernetes' service discovery, give them."""
    more = f',{label[0]}="{label[1]}"' if label else ""
    return f'{{namespace="{namespace}",pod=~"{name}-.+"{more}}}'
