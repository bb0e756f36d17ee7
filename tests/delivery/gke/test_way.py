"""GKE: from a Pub/Sub topic, into which a sink would write LogEntries, by the forwarder, run as placed, to the recorder.

What the mapping keeps of an event, and what no LogEntry has, is proved field by field in tests/delivery/pipeline.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from k8s_audit.delivery.pipeline.model import Filter, Sink
from k8s_audit.receivers.recorder import Recorder
from k8s_audit.receivers.recorder.server import PATH
from tests.delivery.audit_log import audit_ids, copies
from tests.delivery.gke.cloud import Gke, gke
from tests.delivery.way import FEW, Arrivals, Feed, dead_letters, forwarder, wait_until
from tests.standins.faulty_proxy import FaultyProxy

SKIPPED = r'^k8s_audit_skipped\{.*reason="([^"]*)"'


@pytest.fixture
def cloud() -> Iterator[Gke]:
    with gke() as made:
        yield made


@pytest.fixture
def proxy(recorder: Recorder) -> Iterator[FaultyProxy]:
    with FaultyProxy(recorder.url.removesuffix(PATH)) as made:
        yield made


def kept(event: dict[str, Any]) -> dict[str, Any]:
    """What every LogEntry has of an event."""
    named = event.get("objectRef", {})
    return {
        **{
            key: event.get(key) for key in ("auditID", "stage", "verb", "userAgent", "responseObject", "stageTimestamp")
        },
        "requestObject": body if isinstance(body := event.get("requestObject"), dict) else None,
        "username": event["user"]["username"],
        "path": event["requestURI"].partition("?")[0].rstrip("/"),
        **{key: named.get(key) for key in ("apiGroup", "apiVersion", "namespace", "resource", "subresource", "name")},
    }


def test_real_events_arrive_equal_under_the_mapping(cloud: Gke, recorder: Recorder, audit_lines: list[str]) -> None:
    arrivals = Arrivals(recorder)
    with forwarder(cloud, Sink(recorder.url)) as running:
        cloud.put(audit_lines)
        arrivals.wait(audit_ids(audit_lines), running=running)
    got = [json.loads(line) for line in arrivals.lines()]

    def spelled(events: list[dict[str, Any]]) -> set[str]:
        return {json.dumps(kept(event), sort_keys=True) for event in events}

    assert spelled(got) == spelled([json.loads(line) for line in audit_lines])
    assert {event["annotations"]["k8s-audit/cluster"] for event in got} == {"prod-1"}
    assert cloud.dead_letters() == []


def test_what_is_no_event_goes_to_the_other_topic_and_a_filter_drops_what_it_names(
    cloud: Gke, recorder: Recorder, audit_lines: list[str]
) -> None:
    arrivals, (first, dull, last) = Arrivals(recorder), copies(audit_lines, 3)
    dull = json.dumps(json.loads(dull) | {"user": {"username": "system:dull"}})
    with forwarder(cloud, Sink(recorder.url), (Filter(users=("system:d*",)),)) as running:
        cloud.put([first])
        cloud.put_entries(["no JSON", '{"insertId":"1","textPayload":"hello"}', "[1]"])
        cloud.put([dull, last])
        arrivals.wait(audit_ids([first, last]), running=running)
        dead = dead_letters(cloud, 2)
        running.wait(lambda: set(re.findall(SKIPPED, running.metrics(), re.MULTILINE)) == {"filter", "no audit log"})
    assert audit_ids([dull])[0] not in arrivals.look()
    assert sorted(each["record"] for each in dead) == ["[1]", "no JSON"]
    assert all(each["reason"] and each["cluster"] == "prod-1" for each in dead)


def test_what_a_killed_one_had_taken_but_not_delivered_is_delivered_again(
    cloud: Gke, recorder: Recorder, proxy: FaultyProxy, audit_lines: list[str]
) -> None:
    """Google's client tells ten times a second what it has read and what is done with. What it has not told of comes again after 60 s, what it
    has read after 10 s (https://pkg.go.dev/cloud.google.com/go/pubsub, its iterator.go and pullstream.go). Between two tries of one POST lies a
    second of the same process.
    """
    arrivals, feed = Arrivals(recorder), Feed(cloud, audit_lines)
    with forwarder(cloud, Sink(proxy.url + PATH, max_in_flight=1)) as running:
        feed.put(500)
        arrivals.wait(feed.sent, running=running)
        proxy.fault = 503
        feed.put(1000)
        wait_until(lambda: running.total("input_received") == len(feed.sent), "not all read")
        tries = proxy.answers[503]
        wait_until(lambda: proxy.answers[503] >= tries + 2, "no second try")
        running.kill()
        proxy.fault = None
        running.start()
        feed.put(500)
        arrivals.wait(feed.sent, running=running)
    assert arrivals.twice(feed.sent) < FEW
    assert cloud.dead_letters() == []


def test_two_replicas_share_and_a_receiver_that_fails_is_waited_for(
    cloud: Gke, recorder: Recorder, proxy: FaultyProxy, audit_lines: list[str]
) -> None:
    arrivals, feed, sink = Arrivals(recorder), Feed(cloud, audit_lines), Sink(proxy.url + PATH)
    with forwarder(cloud, sink) as running, forwarder(cloud, sink) as second:
        feed.put_until(lambda: running.counts("input_received") and second.counts("input_received"), "not shared")
        proxy.fault = 429
        feed.put_until(lambda: proxy.answers[429] >= 4, "no try")
        proxy.fault = None
        arrivals.wait(feed.sent, running=running)
        second.process.terminate()
        feed.put(500)
        second.process.wait()
        arrivals.wait(feed.sent, running=running)
    assert arrivals.twice(feed.sent) < FEW
    assert cloud.dead_letters() == []
