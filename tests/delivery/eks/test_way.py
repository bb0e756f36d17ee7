"""EKS: from CloudWatch Logs by Kinesis and the forwarder, run as placed, to the recorder; moto is AWS.

moto applies no filter pattern, never ends a shard that was closed, and checks no right: rules of our own judge those (tests/unit/platforms/eks).
"""

import gzip
import json
from base64 import b64decode
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from k8s_audit.delivery.forwarder.objects import SECRETS_FOLDER
from k8s_audit.delivery.pipeline.model import Sink
from k8s_audit.receivers.recorder import Recorder
from k8s_audit.receivers.recorder.server import PATH
from tests.delivery.audit_log import audit_ids, content, copies
from tests.delivery.eks.cloud import Eks, message
from tests.delivery.way import FEW, Arrivals, Feed, dead_letters, forwarder, wait_until
from tests.standins.aws_cloud import running
from tests.standins.certificates import Authority
from tests.standins.expiring_aws import ExpiringAws
from tests.standins.faulty_proxy import FaultyProxy

NUMBERS = count(1)
TOKEN = "plain-token-4711"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture
def cloud(moto: str) -> Eks:
    """With names of its own."""
    return Eks(moto, names=f"-{next(NUMBERS)}")


@pytest.fixture
def proxy(recorder: Recorder) -> Iterator[FaultyProxy]:
    with FaultyProxy(recorder.url.removesuffix(PATH)) as made:
        yield made


def wait_until_kept(cloud: Eks) -> None:
    """Until nothing that is in the stream would be read again."""
    ends = cloud.ends()
    wait_until(lambda: cloud.is_kept(ends), "positions are not kept")


def test_real_events_arrive_as_they_were_by_https_with_a_token(
    cloud: Eks, recorder: Recorder, audit_lines: list[str], tmp_path: Path
) -> None:
    authority, arrivals = Authority(), Arrivals(recorder)
    pem = authority.pair("127.0.0.1").write(tmp_path)
    files = {"ca.pem": authority.certificate, "token": TOKEN}
    with FaultyProxy(recorder.url.removesuffix(PATH), pem, TOKEN) as receiver:
        sink = Sink(
            receiver.url + PATH, authority_file=f"{SECRETS_FOLDER}/ca.pem", token_file=f"{SECRETS_FOLDER}/token"
        )
        with forwarder(cloud, sink, secret_files=files) as running:
            cloud.put(audit_lines)
            arrivals.wait(audit_ids(audit_lines), running=running)
            assert TOKEN not in running.lines() + running.metrics()
        assert receiver.types == {"application/json"}
        assert set(receiver.answers) == {200}
    got = arrivals.lines()
    assert {content(line) for line in got} == {content(line) for line in audit_lines}
    for line in got:
        annotations = json.loads(line)["annotations"]
        assert (annotations["k8s-audit/cluster"], annotations["k8s-audit/region"]) == ("prod-1", "eu-west-1")
    assert cloud.dead_letters() == []


def test_what_is_no_event_goes_to_the_queue_with_its_reason_and_holds_up_nothing(
    cloud: Eks, recorder: Recorder, audit_lines: list[str]
) -> None:
    arrivals, (first, second, third, fourth) = Arrivals(recorder), copies(audit_lines, 4)
    with forwarder(cloud, Sink(recorder.url)) as running:
        cloud.put([first])
        cloud.put_record(b"no gzip at all")
        cloud.put_record(gzip.compress(b'{"messageType":'))
        cloud.put_record(message([second, second[:100], '["no event"]', third]))
        cloud.put_record(
            message(["CWL CONTROL MESSAGE: Checking health of destination Kinesis stream."], "CONTROL_MESSAGE")
        )
        cloud.put([fourth])
        arrivals.wait(audit_ids([first, second, third, fourth]), running=running)
        dead = dead_letters(cloud, 4)
        running.wait_for_metric("k8s_audit_dead_letters")
    assert all(each["reason"] and each["cluster"] == "prod-1" and each["region"] == "eu-west-1" for each in dead)
    assert second[:100] in [each["record"] for each in dead]


def test_a_receiver_that_takes_nothing_for_a_while_loses_nothing(
    cloud: Eks, recorder: Recorder, proxy: FaultyProxy, audit_lines: list[str]
) -> None:
    arrivals, feed = Arrivals(recorder), Feed(cloud, audit_lines)
    with forwarder(cloud, Sink(proxy.url + PATH)) as running:
        for fault in (503, 429, 401):
            proxy.fault = fault
            feed.put_until(lambda fault=fault: proxy.answers[fault] >= 2, f"no try after {fault}")  # type: ignore[misc]
        proxy.fault = None
        arrivals.wait(feed.sent, running=running)
    assert arrivals.twice(feed.sent) == 0
    assert cloud.dead_letters() == []


def test_a_receiver_that_takes_ten_seconds_is_waited_for_and_gets_no_event_twice(
    cloud: Eks, recorder: Recorder, proxy: FaultyProxy, audit_lines: list[str]
) -> None:
    arrivals, feed = Arrivals(recorder), Feed(cloud, audit_lines)
    proxy.pause = 10
    with forwarder(cloud, Sink(proxy.url + PATH)) as running:
        feed.put(300)
        arrivals.wait(feed.sent, running=running)
    assert arrivals.twice(feed.sent) == 0
    assert cloud.dead_letters() == []


def test_a_shard_is_split_while_events_flow(cloud: Eks, recorder: Recorder, audit_lines: list[str]) -> None:
    arrivals, feed = Arrivals(recorder), Feed(cloud, audit_lines)
    with forwarder(cloud, Sink(recorder.url)) as running:
        feed.put(300)
        arrivals.wait(feed.sent, running=running)
        cloud.split()
        feed.put(600)
        arrivals.wait(feed.sent, running=running)
    assert arrivals.twice(feed.sent) < FEW
    assert cloud.dead_letters() == []


def test_a_second_replica_comes_and_goes_while_events_flow(
    cloud: Eks, recorder: Recorder, audit_lines: list[str]
) -> None:
    """Bento hands a shard over once its lease is over twice: some 25 s, in which its events wait."""
    arrivals, feed = Arrivals(recorder), Feed(cloud, audit_lines)
    with forwarder(cloud, Sink(recorder.url)) as running:
        feed.put(300)
        arrivals.wait(feed.sent, running=running)
        with forwarder(cloud, Sink(recorder.url)) as second:
            feed.put_until(lambda: second.counts("input_received"), "the second gets no shard", pause=0.5)
            second.process.terminate()
            feed.put(300)
            second.process.wait()
        feed.put(300)
        arrivals.wait(feed.sent, running=running)
    assert arrivals.twice(feed.sent) < FEW
    assert cloud.dead_letters() == []


def test_what_a_killed_one_had_taken_but_not_delivered_is_delivered_again(
    cloud: Eks, recorder: Recorder, proxy: FaultyProxy, audit_lines: list[str]
) -> None:
    arrivals, feed = Arrivals(recorder), Feed(cloud, audit_lines)
    with forwarder(cloud, Sink(proxy.url + PATH)) as running:
        feed.put(500)
        arrivals.wait(feed.sent, running=running)
        wait_until_kept(cloud)
        proxy.fault = 503
        feed.put(1000)
        wait_until(lambda: proxy.answers[503], "no try")
        running.kill()
        proxy.fault = None
        running.start()
        feed.put(500)
        arrivals.wait(feed.sent, running=running)
    assert arrivals.twice(feed.sent) < FEW
    assert cloud.dead_letters() == []


def test_expired_credentials_lose_nothing_once_they_are_renewed(
    cloud: Eks, recorder: Recorder, audit_lines: list[str]
) -> None:
    arrivals, feed = Arrivals(recorder), Feed(cloud, audit_lines)
    with ExpiringAws(cloud.url) as aws:
        cloud.reached_at = aws.url
        with forwarder(cloud, Sink(recorder.url)) as running:
            feed.put(300)
            arrivals.wait(feed.sent, running=running)
            aws.expired = True
            feed.put_until(lambda: any("Kinesis" in each for each in aws.refused[4:]), "no call was refused")
            aws.expired = False
            arrivals.wait(feed.sent, running=running)
    assert cloud.dead_letters() == []


def test_an_event_of_a_megabyte_passes_where_the_receiver_takes_it_and_else_goes_to_the_queue(
    cloud: Eks, recorder: Recorder, audit_lines: list[str]
) -> None:
    arrivals, (small, other) = Arrivals(recorder), copies(audit_lines, 2)
    event = json.loads(audit_lines[0])
    annotations = event.pop("annotations")  # the last, as an API server writes them
    (large,) = copies([json.dumps(event | {"requestObject": {"data": "x" * 1_000_000}, "annotations": annotations})], 1)
    with forwarder(cloud, Sink(recorder.url)) as running:
        cloud.put([small, large])
        arrivals.wait(audit_ids([small, large]), running=running)
        wait_until_kept(cloud)  # else the large one would be read again
        running.process.terminate()  # killed, it would leave its leases to be waited for
        running.process.wait()
    assert content(large) in {content(line) for line in arrivals.lines()}
    (again,) = copies([large], 1)
    with forwarder(cloud, Sink(recorder.url, event_limit=262_144, body_limit=1_000_000)) as running:
        cloud.put([again, other])
        arrivals.wait(audit_ids([other]), running=running)
        (dead,) = dead_letters(cloud, 1)
    assert "of more than 262144 bytes" in dead["reason"]
    assert json.loads(gzip.decompress(b64decode(dead["recordGzip"]))) == json.loads(again)
    assert audit_ids([again])[0] not in arrivals.look()
