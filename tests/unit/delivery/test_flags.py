from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from k8s_audit.delivery.contract import largest_body
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.delivery.webhook import authorization, read_webhook, render_webhook
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


@pytest.mark.parametrize(
    ("flags", "body", "event", "batch_size", "event_size"),
    [
        (AuditFlags(), 12 * 2**20, 262_144, "10485760", "262144"),
        (AuditFlags(), 500_000, 2**20, "498976", "498976"),
        (AuditFlags(truncate_max_batch_size=1000), 500_000, 2**20, "1000", "1000"),
        (replace(AuditFlags.seed(), truncate_enable=True), 2**20, 262_144, "1047552", "102400"),
        (AuditFlags.seed(), 1000, 1000, None, None),
        (AuditFlags(truncate_enable=False), 1000, 1000, "10485760", "1048576"),
    ],
)
def test_no_batch_and_no_event_is_larger_than_the_receiver_takes(
    flags: AuditFlags, body: int, event: int, batch_size: str | None, event_size: str | None
) -> None:
    arguments = flags.within(body, event).arguments("/p", "/w")
    assert arguments.get("audit-webhook-truncate-max-batch-size") == batch_size
    assert arguments.get("audit-webhook-truncate-max-event-size") == event_size
    if flags.truncate_enable:
        assert largest_body(arguments) == int(batch_size or 0) + 1024 <= max(body, 2024)
    else:
        assert largest_body(arguments) is None


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


@pytest.mark.parametrize("secret", [{"token": "TOKEN"}, {"username": "u", "password": "PASSWORD"}])
def test_credentials_are_in_the_webhook_but_never_for_plain_http_and_never_in_a_text_of_ours(
    secret: dict[str, str],
) -> None:
    endpoint = ReceiverEndpoint("r", "https://r/p", **secret)  # type: ignore[arg-type]
    assert YAML(typ="safe").load(render_webhook(endpoint))["users"][0]["user"] == secret
    assert "TOKEN" not in repr(endpoint)
    assert "PASSWORD" not in repr(endpoint)
    with pytest.raises(DeliveryError, match="credentials need https://"):
        render_webhook(replace(endpoint, url="http://r/p"))


def test_the_header_that_an_api_server_makes_of_credentials() -> None:
    assert authorization(ReceiverEndpoint("r", "https://r/", token="T")) == {"Authorization": "Bearer T"}
    basic = ReceiverEndpoint("r", "https://r/", username="Aladdin", password="open sesame")
    assert authorization(basic) == {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}
    assert authorization(ReceiverEndpoint("r", "https://r/")) == {}


texts = st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)


@given(
    name=st.from_regex(r"[a-z0-9]{1,9}", fullmatch=True), ca=texts, pair=texts, token=texts, password=texts, sni=texts
)
def test_what_is_read_back_from_a_webhook_is_what_it_was_made_of(
    name: str, ca: str | None, pair: str | None, token: str | None, password: str | None, sni: str | None
) -> None:
    endpoint = ReceiverEndpoint(
        name,
        "https://10.0.0.1:9765/k8s-audit",
        ca=ca,
        client_certificate=pair,
        client_key=pair,
        token=token,
        username=None if token or not password else "a user",
        password=None if token else password,
        tls_server_name=sni,
    )
    assert read_webhook(render_webhook(endpoint)) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "- a",
        "clusters: []\ncurrent-context: a\ncontexts: []\nusers: []",
        render_webhook(ReceiverEndpoint("r", "https://r/")).replace("    server:", "    proxy-url: x\n    server:"),
        render_webhook(ReceiverEndpoint("r", "https://r/", ca="CA")).replace("-data", ""),
        render_webhook(ReceiverEndpoint("r", "https://r/", token="T")).replace("token", "tokenFile"),
    ],
)
def test_a_webhook_that_is_not_ours_cannot_be_read_back(text: str) -> None:
    with pytest.raises(DeliveryError, match="the webhook's"):
        read_webhook(text)
