"""What the diagnosis says of a real Bento that really fails: its own log lines and metrics."""

import re
from pathlib import Path

import grpc
import pytest

from k8s_audit.delivery.forwarder.diagnosis import Look, diagnose
from tests.delivery.forwarder.bento import Bento, Receiver, RefusingAws, bento, pipeline, refusing_pubsub
from tests.project import free_ports

POD = {"metadata": {"name": "forwarder-1"}, "status": {}}
KINESIS = {"aws_kinesis": {"streams": ["audit"], "region": "eu-west-1", "dynamodb": {"table": "positions"}}}
KEYS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
PUBSUB = {"gcp_pubsub": {"project": "p", "subscription": "s"}}
RETRY, NANOSECONDS = 6, 1e9
LATENCY = re.compile(r'input_latency_ns\{label="",path="root.input",quantile="0.99"\} (\S+)')
ERROR = '"level":"(error|warning)"'


def told(running: Bento, earlier: str = "") -> list[str]:
    metrics = running.metrics()
    return diagnose(
        Look(
            [POD],
            {"forwarder-1": running.lines()},
            {"forwarder-1": metrics} if metrics else {},
            {"forwarder-1": earlier} if earlier else {},
        )
    )


def only(sentences: list[str], words: str) -> None:
    assert len([each for each in sentences if words in each]) == 1, sentences


def test_nothing_is_wrong_with_one_that_delivers(tmp_path: Path) -> None:
    with Receiver(200) as receiver, bento(tmp_path, pipeline(receiver.url)) as running:
        running.wait_for_metric("http_request_code_2xx")
        assert told(running) == []


def test_a_wrong_url_is_told_though_bento_logs_nothing_of_it(tmp_path: Path) -> None:
    with bento(tmp_path, pipeline(f"http://127.0.0.1:{free_ports(1)[0]}/")) as running:
        running.wait_for_metric("http_request_latency_ns_count")
        assert '"error"' not in running.lines()
        found = told(running)
        only(found, "The receiver takes nothing")
        only(found, "got no answer")


@pytest.mark.parametrize("code", [401, 503])
def test_a_receiver_that_refuses_is_told_by_its_answers(code: int, tmp_path: Path) -> None:
    with Receiver(code) as receiver, bento(tmp_path, pipeline(receiver.url)) as running:
        running.wait_for_metric(f"http_request_code_{code // 100}xx")
        only(told(running), f"The receiver takes nothing; it answers {code // 100}xx")


def test_a_receiver_that_refuses_now_and_then_is_told_as_such(tmp_path: Path) -> None:
    with Receiver(200, 503, 503, 200) as receiver, bento(tmp_path, pipeline(receiver.url)) as running:
        running.wait_for_metric("http_request_code_5xx")
        running.wait_for_metric("http_request_code_2xx")
        only(told(running), "The receiver refuses a part: 5xx (2)")


def test_dead_letters_are_told_while_they_grow_and_not_afterwards(tmp_path: Path) -> None:
    answers = [400] * 3 + [200]
    with Receiver(*answers) as receiver, bento(tmp_path, pipeline(receiver.url)) as running:
        running.wait_for_metric("k8s_audit_dead_letters")
        running.wait_for_metric("http_request_code_2xx")
        only(told(running), "Events went to the dead letter")
        earlier, had = running.metrics(), len(receiver.bodies)
        running.wait(lambda: len(receiver.bodies) > had + 3)
        assert told(running, earlier) == []


def test_events_that_wait_in_the_forwarder_are_told(tmp_path: Path) -> None:
    source = {"generate": {"interval": "1s", "mapping": "root = {}"}}
    with Receiver(503, 200) as receiver:
        text = pipeline(receiver.url, source, retry_period=f"{RETRY}s", max_retry_backoff=f"{RETRY}s", backoff_on=[503])
        with bento(tmp_path, text) as running:
            seen, late = "", 0.0

            def is_late() -> bool:
                nonlocal seen, late
                seen = running.metrics() or seen
                told = LATENCY.search(seen)
                late = float(told[1]) / NANOSECONDS if told else 0
                return late >= RETRY

            running.wait(is_late)
            only(diagnose(Look([POD], {}, {"forwarder-1": seen})), f"Events stay in the forwarder for {late:.0f} s")


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ({"dynamodb": "ResourceNotFoundException"}, "the table for its positions is not there"),
        ({"dynamodb": "AccessDeniedException"}, "its identity lacks this right"),
        ({"kinesis": "ResourceNotFoundException"}, "the stream is not there"),
        ({"kinesis": "AccessDeniedException"}, "its identity lacks this right"),
        ({"kinesis": "ExpiredTokenException"}, "they have expired"),
        ({"kinesis": "UnrecognizedClientException"}, "the cloud refuses its credentials ("),
        ({"kinesis": "InvalidSignatureException"}, "the cloud refuses its credentials ("),
    ],
)
def test_what_aws_refuses_is_told_with_its_words(errors: dict[str, str], words: str, tmp_path: Path) -> None:
    with RefusingAws(**errors) as aws:
        given = KEYS | {"AWS_ENDPOINT_URL": aws.url}
        with bento(tmp_path, pipeline(source=KINESIS), given) as running:
            running.wait_for_line(ERROR)
            running.wait_for_metric("input_connection_failed")
            found = told(running)
            only(found, words)
            only(found, "Connections to the stream failed")
            ready = running.get("/ready")
            assert ready
            assert ready.status_code == 503


def test_missing_credentials_of_aws_are_told(tmp_path: Path) -> None:
    with bento(tmp_path, pipeline(source=KINESIS), {"HOME": str(tmp_path)}) as running:
        running.wait_for_line(ERROR)
        only(told(running), "it finds no credentials")


def test_a_key_file_of_google_that_is_missing_is_told_of_a_bento_that_ends(tmp_path: Path) -> None:
    given = {"HOME": str(tmp_path), "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/key.json"}
    with bento(tmp_path, pipeline(source=PUBSUB), given) as running:
        running.wait(lambda: running.process.poll() is not None)
        only(told(running), "a file is missing")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (grpc.StatusCode.NOT_FOUND, "the stream is not there"),
        (grpc.StatusCode.PERMISSION_DENIED, "its identity lacks this right"),
        (grpc.StatusCode.UNAUTHENTICATED, "the cloud refuses its credentials ("),
    ],
)
def test_what_pubsub_refuses_is_told_with_its_words(code: grpc.StatusCode, words: str, tmp_path: Path) -> None:
    with (
        refusing_pubsub(code) as address,
        bento(tmp_path, pipeline(source=PUBSUB), {"PUBSUB_EMULATOR_HOST": address}) as running,
    ):
        running.wait(lambda: any(words in each for each in told(running)))
        only(told(running), words)


def test_a_hub_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    kafka = {"seed_brokers": [f"127.0.0.1:{free_ports(1)[0]}"], "topics": ["t"], "consumer_group": "g"}
    with bento(tmp_path, pipeline(source={"kafka_franz": kafka})) as running:
        running.wait_for_line(ERROR)
        found = told(running)
        only(found, "the stream cannot be reached")
        only(found, "Nothing is read from the stream")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (pipeline(source={"kafka_franz": {"seed_brokerz": []}}), "Bento refuses the pipeline (Config lint error"),
        (
            pipeline("https://127.0.0.1:9/", tls={"enabled": True, "root_cas_file": "/nowhere/ca.pem"}),
            "a file is missing",
        ),
        (pipeline(source={"generate": {"interval": "never", "mapping": "root = {}"}}), "Bento cannot run the pipeline"),
    ],
)
def test_a_bento_that_ends_at_its_start_is_told_by_its_last_words(text: str, words: str, tmp_path: Path) -> None:
    with bento(tmp_path, text) as running:
        running.wait(lambda: running.process.poll() is not None)
        only(told(running), words)
