import copy
from typing import Any

import pytest

from k8s_audit.delivery.forwarder.diagnosis import Look, diagnose


def seen(**container: Any) -> dict[str, Any]:
    status = {"image": "ghcr.io/warpstreamlabs/bento:1.20.0", "restartCount": 7, **container}
    return {"metadata": {"name": "forwarder-1"}, "status": {"containerStatuses": [status]}}


UNSCHEDULED = {
    "metadata": {"name": "forwarder-1"},
    "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]},
}
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}


@pytest.mark.parametrize(
    ("pods", "words"),
    [
        ([], "There is no pod"),
        ([UNSCHEDULED], "Pod forwarder-1 finds no node: 0/3 nodes are available."),
        (
            [seen(state={"waiting": {"reason": "ImagePullBackOff", "message": "401 Unauthorized"}})],
            "cannot pull its image",
        ),
        (
            [seen(state={"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "x" not found'}})],
            "lacks",
        ),
        ([seen(state=BACK_OFF, lastState={"terminated": {"exitCode": 1}})], "exit code 1, 7 restarts"),
        (
            [seen(state=BACK_OFF, lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137}})],
            "memory limit 7 times",
        ),
    ],
)
def test_what_a_pods_status_says_is_told(pods: list[dict[str, Any]], words: str) -> None:
    (sentence,) = diagnose(Look(pods))
    assert words in sentence


def test_a_running_pod_is_fine() -> None:
    assert diagnose(Look([seen(state={"running": {}}, ready=True)])) == []


def test_google_credentials_that_are_missing_are_told_by_bentos_own_line() -> None:
    line = (
        '{"@service":"bento","level":"error","msg":"Service closing due to: failed to init input <no label> path root.input:'
        ' pubsub(publisher): credentials: could not find default credentials. See https://cloud.google.com/docs"}'
    )
    (sentence,) = diagnose(Look([seen()], {"forwarder-1": line}))
    assert "it finds no credentials" in sentence


def test_counters_of_a_new_container_are_not_taken_from_the_old_ones() -> None:
    now = "input_received{} 5\nk8s_audit_dead_letters{} 1\n"
    earlier = "input_received{} 900\nk8s_audit_dead_letters{} 40\n"
    (sentence,) = diagnose(Look([seen()], {}, {"forwarder-1": now}, {"forwarder-1": earlier}))
    assert sentence.startswith("Events went to the dead letter (1)")


def test_a_lag_that_grows_is_told_with_both() -> None:
    def latency(seconds: int) -> dict[str, str]:
        return {"forwarder-1": f'input_received{{}} {seconds}\ninput_latency_ns{{quantile="0.99"}} {seconds}e+09\n'}

    (sentence,) = diagnose(Look([seen()], {}, latency(40), latency(8)))
    assert "for 40 s, and it grows (before: 8 s)" in sentence


def test_lines_that_are_not_bentos_and_lines_that_report_are_passed_over() -> None:
    lines = 'SDK WARN AccessDenied\n[]\n{"level":"info","msg":"AccessDenied"}\n'
    assert diagnose(Look([copy.deepcopy(seen())], {"forwarder-1": lines})) == []
