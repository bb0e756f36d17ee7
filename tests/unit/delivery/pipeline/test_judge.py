from dataclasses import replace
from typing import Any

import pytest

from k8s_audit.delivery.pipeline.model import Annotation, Batch, Filter, KinesisSource
from k8s_audit.delivery.pipeline.render import render_pipeline
from k8s_audit.errors import ConfigError
from tests.unit.delivery.pipeline.pipelines import AKS, EKS


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"url": "https://${SECRET}/"}, "pipeline.sink.url: ${ has a meaning of its own"),
        ({"url": "ftp://receiver"}, "sink.url: http:// or https://"),
        ({"tls_server_name": "other.example.com"}, "which is receiver.example.com; given: 'other.example.com'"),
        ({"client_key_file": None}, "a client certificate and its key go together"),
        ({"username": "audit"}, "username and password go together"),
        ({"username": "audit", "password_file": "/p"}, "token and username exclude each other"),
        ({"username": 'au"dit', "password_file": "/p", "token_file": None}, "sink.username: no colon"),
        ({"max_in_flight": 0}, "sink.maxInFlight: at least 1; given: 0"),
        ({"body_limit": 1100}, "sink.bodyLimit: 1024 bytes of events"),
    ],
)
def test_a_receiver_that_bento_could_not_serve_is_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        render_pipeline(replace(AKS, sink=replace(AKS.sink, **changes)))
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"batch": Batch(period="0s")}, "batch.period: more than nothing"),
        ({"batch": Batch(period="soon")}, "batch.period: a duration is"),
        ({"batch": Batch(max_events=0)}, "batch.maxEvents: at least 1; given: 0"),
        ({"filters": (Filter(verbs=("get",)), Filter())}, "filters[1]: users, verbs, resources or namespaces"),
        ({"filters": (Filter(users=("",)),)}, "filters[0]: an empty text"),
        ({"filters": (Filter(users=("a", "${HOME}")),)}, "pipeline.filters[0].users[1]: ${ has"),
        ({"annotation": Annotation("${! env() }")}, "pipeline.annotation.cluster: ${ has"),
        (
            {"source": KinesisSource("a,b", "eu-west-1", "t")},
            "source.stream: a stream's name or ARN is needed; given: 'a,b'",
        ),
    ],
)
def test_a_pipeline_that_would_do_something_else_than_meant_is_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        render_pipeline(replace(EKS, **changes))
    assert fault in str(caught.value)


def test_all_faults_come_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        render_pipeline(replace(EKS, batch=Batch(0, "0s"), filters=(Filter(),)))
    assert len(caught.value.faults) == 3


def test_a_server_name_that_is_the_hosts_own_is_fine() -> None:
    render_pipeline(replace(AKS, sink=replace(AKS.sink, tls_server_name="receiver.example.com")))
