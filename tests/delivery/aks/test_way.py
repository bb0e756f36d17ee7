"""AKS: from an Event Hub's Kafka endpoint by the forwarder, run as placed, to the recorder; kfake is Event Hubs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8s_audit.delivery.pipeline.model import Sink
from k8s_audit.receivers.recorder import Recorder
from k8s_audit.receivers.recorder.server import PATH
from tests.delivery.aks.cloud import Aks, aks, record
from tests.delivery.audit_log import audit_ids, content, copies
from tests.delivery.way import FEW, Arrivals, Feed, dead_letters, forwarder
from tests.standins.faulty_proxy import FaultyProxy
from tests.standins.kafka import PASSWORD

CUT_AT = 16_384
"""Bytes of properties.log (https://github.com/Azure/AKS/issues/4635)."""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Aks]:
    with aks(tmp_path) as made:
        yield made


def test_real_events_arrive_as_they_were(cloud: Aks, recorder: Recorder, audit_lines: list[str]) -> None:
    arrivals = Arrivals(recorder)
    with forwarder(cloud, Sink(recorder.url)) as running:
        cloud.put(audit_lines)
        arrivals.wait(audit_ids(audit_lines), running=running)
        assert PASSWORD not in running.lines() + running.metrics()
    got = arrivals.lines()
    assert {content(line) for line in got} == {content(line) for line in audit_lines}
    assert {json.loads(line)["annotations"]["k8s-audit/cluster"] for line in got} == {"prod-1"}
    assert cloud.dead_letters() == []


def test_what_is_no_event_goes_to_the_other_hub_a_cut_one_is_saved_and_other_logs_are_skipped(
    cloud: Aks, recorder: Recorder, audit_lines: list[str]
) -> None:
    arrivals, (first, second, third) = Arrivals(recorder), copies(audit_lines, 3)
    whole = json.loads(second) | {"requestObject": {"data": "x" * CUT_AT}}
    cut = json.dumps(whole, separators=(",", ":"))[:CUT_AT]
    klog = record('I1125 12:00:00.000000 1 controller.go:1] "Quota"', "kube-controller-manager")
    records = [record(first), record(cut), klog, record("no event"), record(third)]
    with forwarder(cloud, Sink(recorder.url)) as running:
        cloud.put_messages(["no JSON", json.dumps({"records": records}), json.dumps({"no": "records"})])
        arrivals.wait([whole["auditID"], *audit_ids([first, third])], running=running)
        dead = dead_letters(cloud, 3)
        running.wait_for_metric("k8s_audit_truncated")
        running.wait_for_metric("k8s_audit_skipped")
    assert all(each["reason"] for each in dead)
    (saved,) = [event for line in arrivals.lines() if (event := json.loads(line))["auditID"] == whole["auditID"]]
    assert saved["annotations"]["audit.k8s.io/truncated"] == "true"
    assert saved["user"] == whole["user"]


def test_a_second_replica_comes_and_goes_and_the_receiver_fails_while_events_flow(
    cloud: Aks, recorder: Recorder, audit_lines: list[str]
) -> None:
    arrivals, feed = Arrivals(recorder), Feed(cloud, audit_lines)
    with FaultyProxy(recorder.url.removesuffix(PATH)) as proxy:
        sink = Sink(proxy.url + PATH)
        with forwarder(cloud, sink) as running:
            feed.put(300)
            arrivals.wait(feed.sent, running=running)
            with forwarder(cloud, sink) as second:
                feed.put_until(lambda: second.counts("input_received"), "the second gets no partition")
                proxy.fault = 503
                feed.put_until(lambda: proxy.answers[503] >= 4, "no try")
                proxy.fault = None
                arrivals.wait(feed.sent, running=running)
                second.process.terminate()
                feed.put(300)
                second.process.wait()
            feed.put(300)
            arrivals.wait(feed.sent, running=running)
    assert arrivals.twice(feed.sent) < FEW
    assert cloud.dead_letters() == []
