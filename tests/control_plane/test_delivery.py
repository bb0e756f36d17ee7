import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.delivery.check import prove_delivery
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from k8s_audit.receivers.recorder import Recorder
from tests.standins.faulty_proxy import FaultyProxy

SHORT = 3.0
"""Seconds; events need one here."""


@pytest.fixture
def proxy(recorder: Recorder) -> Iterator[FaultyProxy]:
    with FaultyProxy(recorder.url.removesuffix("/k8s-audit")) as made:
        yield made


def prove(audited: Any, endpoint: ReceiverEndpoint, timeout: float = SHORT) -> Any:
    return prove_delivery(audited.cluster.api_server, str(audited.cluster.kubeconfig), endpoint, timeout)


def test_the_very_event_of_a_marked_request_is_seen_at_the_receiver(audited: Any, recorder: Recorder) -> None:
    audited.change().apply(audited.setup)
    proof = prove(audited, recorder.endpoint())
    lines = [json.loads(line) for line in Path(recorder.events).read_text().splitlines()]
    event = next(line for line in lines if line["auditID"] == proof.audit_id)
    assert event["objectRef"]["name"].startswith("k8s-audit-check-")
    assert event["objectRef"]["resource"] == "configmaps"
    assert "dryRun=All" in event["requestURI"]
    assert 0 < proof.latency_seconds < SHORT
    assert proof.as_output() == {
        "apiServer": audited.cluster.api_server,
        "receiver": "recorder",
        "proof": "auditID",
        "auditID": proof.audit_id,
        "latencySeconds": proof.latency_seconds,
    }


def test_a_policy_that_drops_the_event_is_the_diagnosis(audited: Any, recorder: Recorder) -> None:
    silent = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: None\n  resources: [{group: '', resources: [configmaps]}]\n- level: Metadata\n"
    audited.change().apply(replace(audited.setup, policy=silent))
    with pytest.raises(DeliveryError) as caught:
        prove(audited, recorder.endpoint())
    assert "Its way ends at the audit policy: 25 marked requests made" in str(caught.value)
    assert "Look closer: kubectl --kubeconfig" in str(caught.value)


def test_no_auditing_at_all_is_the_same_diagnosis(audited: Any, recorder: Recorder) -> None:
    with pytest.raises(DeliveryError, match="drops them, or auditing is off"):
        prove(audited, recorder.endpoint())


def test_a_cut_webhook_and_a_receiver_that_answers_500_are_the_diagnosis_each(audited: Any, proxy: Any) -> None:
    through = ReceiverEndpoint("recorder", f"{proxy.url}/k8s-audit")
    audited.change().apply(replace(audited.setup, webhook=render_webhook(through)))
    assert prove(audited, through).receiver == "recorder"
    proxy.fault = 500
    with pytest.raises(DeliveryError) as caught:
        prove(audited, through)
    assert f"Its way ends at the receiver: {through.url} answers 500" in str(caught.value)
    assert f"Look closer: curl -i {through.url}" in str(caught.value)
    proxy.cut()
    with pytest.raises(DeliveryError) as caught:
        prove(audited, through)
    assert f"Its way ends at the receiver: {through.url} does not answer" in str(caught.value)


def test_a_webhook_that_points_elsewhere_is_the_diagnosis(audited: Any, recorder: Recorder) -> None:
    elsewhere = ReceiverEndpoint("recorder", "http://127.0.0.1:1/k8s-audit")
    audited.change().apply(replace(audited.setup, webhook=render_webhook(elsewhere)))
    with pytest.raises(DeliveryError) as caught:
        prove(audited, recorder.endpoint())
    assert "its webhook points elsewhere, or it still retries" in str(caught.value)
    assert "--audit-webhook-config-file" in str(caught.value)


def test_a_kubeconfig_that_cannot_be_used_and_an_api_server_that_is_gone_are_one_line_each(
    audited: Any, recorder: Recorder, tmp_path: Path
) -> None:
    with pytest.raises(DeliveryError, match=r"kubeconfig .*nowhere cannot be used"):
        prove_delivery(audited.cluster.api_server, str(tmp_path / "nowhere"), recorder.endpoint(), SHORT)
    with pytest.raises(DeliveryError, match=r"https://127\.0\.0\.1:1 does not answer"):
        prove_delivery("https://127.0.0.1:1", str(audited.cluster.kubeconfig), recorder.endpoint(), SHORT)


def test_tls_with_a_client_certificate_from_api_server_to_receiver_and_from_the_check(
    audited: Any, new_ports: Any, tmp_path: Path
) -> None:
    strict = Recorder(tmp_path, port=new_ports.etcd, tls=True, client_certificate=True)
    try:
        strict.create()
        audited.change().apply(replace(audited.setup, webhook=render_webhook(strict.endpoint())))
        assert prove(audited, strict.endpoint()).audit_id
        without = replace(strict.endpoint(), client_certificate=None, client_key=None)
        with pytest.raises(DeliveryError, match="does not answer"):
            prove(audited, without)
    finally:
        strict.delete()
