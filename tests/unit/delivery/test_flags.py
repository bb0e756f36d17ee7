import pytest
from ruamel.yaml import YAML

from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import ReceiverEndpoint


def test_the_seeds_style_sets_what_the_seed_set_by_hand_and_nothing_else() -> None:
    assert AuditFlags.seed().arguments("/a/policy.yaml", "/a/webhook.yaml") == {
        "audit-policy-file": "/a/policy.yaml",
        "audit-log-path": "/var/log/kubernetes/audit/audit.log",
        "audit-log-maxbackup": "1",
        "audit-log-maxsize": "10",
        "audit-webhook-config-file": "/a/webhook.yaml",
        "audit-webhook-batch-max-wait": "5s",
    }


def test_our_style_leaves_no_webhook_or_log_default_to_the_api_server() -> None:
    arguments = AuditFlags().arguments("/p", "/w")
    assert arguments["audit-webhook-batch-max-wait"] == "1s"
    assert arguments["audit-webhook-truncate-enabled"] == "true"
    assert arguments["audit-log-maxage"] == "30"
    assert arguments["audit-webhook-batch-throttle-qps"] == "10"


def test_no_batch_is_larger_than_the_receiver_takes() -> None:
    arguments = AuditFlags().within(500_000).arguments("/p", "/w")
    assert arguments["audit-webhook-truncate-max-batch-size"] == "500000"
    assert arguments["audit-webhook-truncate-max-event-size"] == "500000"


@pytest.mark.parametrize("url", ["http://r/p?cluster=a", "http://r/p#a", "ftp://r/p", "r:80/p"])
def test_a_url_that_the_api_server_would_misread_is_refused(url: str) -> None:
    with pytest.raises(DeliveryError, match="receiver r"):
        render_webhook(ReceiverEndpoint("r", url))


def test_certificates_are_inline_and_the_key_is_not_in_the_endpoints_text() -> None:
    endpoint = ReceiverEndpoint(
        "r", "https://10.0.0.1:7765/k8s_audit", ca="CA", client_certificate="CERT", client_key="KEY"
    )
    document = YAML(typ="safe").load(render_webhook(endpoint))
    assert document["clusters"][0]["cluster"] == {"server": endpoint.url, "certificate-authority-data": "Q0E="}
    assert document["users"][0]["user"] == {"client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ"}
    assert "KEY" not in repr(endpoint)
