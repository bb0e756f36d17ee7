"""Which alerts are on when, by Prometheus' own engine of queries: series as an API server, a forwarder and the heartbeat make them, a sample a minute."""

import subprocess
from textwrap import indent

import pytest

from k8s_audit.delivery.api_server_alerts import api_server_alerts
from k8s_audit.delivery.forwarder.alerts import alerts
from k8s_audit.delivery.heartbeat import heartbeat_alerts

RULES = {
    alert.name: alert.expression
    for alert in (*api_server_alerts(), *alerts("audit", "f"), *heartbeat_alerts("prod-1", 900))
}
LOST = 'apiserver_audit_error_total{instance="a",plugin="webhook"}'
POD = 'namespace="audit",pod="f-1"'
PROVED = 'k8s_audit_delivery_proved_timestamp_seconds{stack="prod-1",api_server="https://a:6443"}'
CASES = [
    ("K8sAuditEventsLost", f"{LOST} _x5 1x30", "8", "20", "the first batch ever that is given up makes the series"),
    ("K8sAuditEventsLost", f"{LOST} 4x20 5x30", "22", "45", "one more"),
    ("K8sAuditEventsLost", f"{LOST} 4x20 _x2 1x30", "24", "45", "the API server began to count anew"),
    ("K8sAuditNotCounted", "apiserver_audit_event_total 0+5x20 stale", "30", "20", "not scraped any more"),
    ("K8sAuditRequestsRejected", 'apiserver_audit_requests_rejected_total{instance="a"} 0x20 2x30', "22", "10", "refused"),
    ("K8sAuditForwarderGone", f"input_received{{{POD}}} 0+5x20 stale", "30", "20", "no pod"),
    ("K8sAuditForwarderRestarts", f'kube_pod_container_status_restarts_total{{{POD},container="bento"}} 0x40 0+1x9', "50", "35", "again and again"),
    ("K8sAuditForwarderCannotRead", f"input_connection_failed{{{POD}}} 0x20 0+1x9", "29", "20", "refused each minute"),
    ("K8sAuditNoEvents", f"k8s_audit_events{{{POD}}} 0+9x20 180x40", "50", "20", "silence"),
    ("K8sAuditReceiverTakesNothing", f"http_request_latency_ns_count{{{POD}}} 0+3x30", "20", None, "no answer yet, so no series of answers"),
    ("K8sAuditForwarderLag", f'input_latency_ns{{{POD},quantile="0.99"}} 1e9x20 6e9x9', "25", "15", "6 s"),
    ("K8sAuditDeadLetters", f"k8s_audit_dead_letters{{{POD}}} _x20 2x30", "22", "40", "before the new pod was first scraped"),
    ("K8sAuditTruncated", f"k8s_audit_truncated{{{POD}}} 0x20 1x99", "30", "95", "one"),
    ("K8sAuditHeartbeatMissed", f"{PROVED} 600x120", "56", "54", "the last one was made at minute 10"),
]  # fmt: skip
"""An alert; its series; a minute when it is on, and one when it is off, both after what is said last."""


def judged(series: str, *asked: str) -> None:
    """Ask the engine; what it finds wrong is the assertion's text."""
    script = f"load 1m\n{indent(series, '  ')}\n\n" + "\n\n".join(asked) + "\n"
    done = subprocess.run(["promql"], input=script, capture_output=True, text=True)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"


def on(name: str, minute: str) -> str:
    return f"eval instant at {minute}m group({RULES[name]})\n  {{}} 1"


def off(name: str, minute: str) -> str:
    return f"eval instant at {minute}m {RULES[name]}"


@pytest.mark.parametrize(
    ("name", "series", "then", "else_", "why"), CASES, ids=lambda value: value if value in RULES else ""
)
def test_an_alert_is_on_when_it_must_be_and_no_longer(
    name: str, series: str, then: str, else_: str | None, why: str
) -> None:
    judged(series, on(name, then), *([off(name, else_)] if else_ else []))


def test_each_alert_is_among_them() -> None:
    assert {name for name, *_ in CASES} == RULES.keys()


def test_a_receiver_that_takes_some_is_not_one_that_takes_nothing_and_an_idle_one_neither() -> None:
    posts, taken = (f"{each}{{{POD}}}" for each in ("http_request_latency_ns_count", "http_request_code_2xx"))
    name = "K8sAuditReceiverTakesNothing"
    judged(f"{posts} 0+3x30\n{taken} 0+1x20 20x10", off(name, "15"), on(name, "29"))
    judged(f"{posts} 9x30\n{taken} 9x30", off(name, "20"))


def test_a_heartbeat_that_never_came_is_missed_and_another_stacks_does_not_count() -> None:
    judged(PROVED.replace("prod-1", "prod-2") + " 600x30", on("K8sAuditHeartbeatMissed", "12"))
