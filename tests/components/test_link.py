"""From a receiver's endpoint to the forwarder's objects; engine and cluster are mocked."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import mocks

from k8s_audit.config.stack import load_stack
from k8s_audit.delivery.forwarder.link import forward
from k8s_audit.delivery.pipeline.model import Annotation, KinesisSource, SqsDeadLetter
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.args import ReceiverArgs
from tests.delivery.forwarder.placed import Engine, Object, plain

TOKEN, KEY = "plain-token-4711", "plain-key-4711"
SIEM: ReceiverArgs = {"name": "siem", "url": "https://siem.example:8443/audit"}


def forwarded(endpoint: Callable[[], Any], **settings: Any) -> dict[str, Object]:
    """What is registered, by its name without the forwarder's; Outputs are made inside, where their loop runs."""
    values = {
        "cluster": {"name": "prod-1", "kubeconfig": "/k"},
        "platform": {"kind": "eks", "region": "eu-west-1"},
        "receivers": [{"kind": "http", "name": "siem", "url": "https://siem.example/"}],
        "forwarder": settings,
    }
    stack = load_stack({f"audit:{key}": json.dumps(value) for key, value in values.items()})
    engine = Engine()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(engine, project="audit", stack="test", preview=False)

    def register() -> None:
        forward(
            stack=stack,
            endpoint=endpoint(),
            source=pulumi.Output.from_input("events").apply(lambda name: KinesisSource(name, "eu-west-1", "table")),
            decoder="eks",
            dead_letter=SqsDeadLetter("https://sqs/letters", "eu-west-1"),
            annotation=Annotation("prod-1"),
            opts=pulumi.ResourceOptions(),
        )

    run: Callable[[], None] = mocks.test(register)  # type: ignore[no-untyped-call]
    run()
    made = {name: each for name, each in engine.registered.items() if "kind" in each}
    return {name.removeprefix("k8s-audit-forwarder-"): plain(each) for name, each in made.items()}


def pipeline(made: dict[str, Object]) -> str:
    text: str = made["pipeline"]["data"]["pipeline.yaml"]
    assert yaml.safe_load(text)["input"]["aws_kinesis"]["streams"] == ["events"]
    return text


def ways(made: dict[str, Object]) -> list[Any]:
    out: list[Any] = made["network"]["spec"]["egress"]
    return [(rule["to"], [port["port"] for port in rule["ports"]]) for rule in out if "to" in rule]


def test_credentials_become_files_that_the_text_names_and_does_not_hold() -> None:
    own = {"ca": "-----PEM", "client_certificate": "-----C"}
    secret = pulumi.Output.secret
    made = forwarded(lambda: {**SIEM, **own, "client_key": secret(KEY), "token": secret(TOKEN)})
    files = made["files"]["data"]
    assert set(files) == {"token", "ca.pem", "client.pem", "client-key.pem"}
    assert base64.b64decode(files["token"]).decode() == TOKEN
    text = pipeline(made)
    for name in files:
        assert f"/var/run/secrets/k8s-audit/{name}" in text
    assert TOKEN not in text + str(made["deployment"])
    assert KEY not in text + str(made["deployment"])


def test_a_receiver_without_credentials_gets_no_secret() -> None:
    made = forwarded(lambda: SIEM)
    assert "files" not in made
    assert "url: https://siem.example:8443/audit" in pipeline(made)


def test_a_service_is_called_by_the_name_that_is_in_its_certificate() -> None:
    made = forwarded(
        lambda: {
            "name": "falco",
            "url": pulumi.Output.from_input("https://10.96.0.7:9765/k8s-audit"),
            "ca": pulumi.Output.from_input("-----PEM"),
            "tls_server_name": pulumi.Output.from_input("falco-k8saudit.falco.svc"),
            "namespace": "falco",
            "pod_port": 9765,
        }
    )
    assert "url: https://falco-k8saudit.falco.svc:9765/k8s-audit" in pipeline(made)
    namespace = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "falco"}}}
    assert ([namespace], [9765]) in ways(made)


def test_filters_reach_the_text_and_settings_the_pods() -> None:
    made = forwarded(
        lambda: SIEM, filters=[{"users": ["system:node:*"], "verbs": ["get"]}], replicas=3, namespace="here"
    )
    assert "system:node:" in pipeline(made)
    assert made["deployment"]["spec"]["replicas"] == 3
    assert made["deployment"]["metadata"]["namespace"] == "here"


def test_a_certificates_name_that_is_not_the_urls_is_refused_outside_the_cluster() -> None:
    with pytest.raises(ConfigError, match="tlsServerName: other is not the URL's host"):
        forwarded(lambda: {**SIEM, "tls_server_name": "other"})
