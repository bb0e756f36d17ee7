"""What each entry of `audit:receivers` of a Sysdig kind may say, and how a fault in it is told."""

import datetime
from typing import Any

import pytest

from k8s_audit.config.judge import judge
from k8s_audit.config.receivers.admission_controller import AdmissionControllerReceiver
from k8s_audit.config.receivers.cluster_shield import ClusterShieldReceiver
from k8s_audit.config.receivers.sysdig_agent import SysdigAgentReceiver
from k8s_audit.config.receivers.sysdig_shield import SysdigShieldReceiver
from k8s_audit.config.registry import RECEIVERS
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.certificates import Authority

CA = Authority("a CA", datetime.timedelta(days=1)).certificate.decode()
EXPIRED = Authority("an old CA", datetime.timedelta(minutes=-30)).certificate.decode()
DIGEST = "sha256:" + "a" * 64


def config(kind: str, **settings: Any) -> Any:
    model = RECEIVERS[kind]
    assert model
    return judge(model, "audit:receivers[0]", {"kind": kind, "name": "sysdig", **settings})


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        ("sysdig-agent", {"instal": "agent"}, "audit:receivers[0].instal: unknown key; did you mean install?"),
        (
            "sysdig-agent",
            {"existingSecret": "s", "verifySSL": False},
            "existingSecret, verifySSL: not used with install: none, where only a Service is made",
        ),
        (
            "sysdig-agent",
            {"install": "agent", "selector": {"app": "x"}},
            "selector: not used with install: agent, where the chart makes its own Service",
        ),
        ("sysdig-agent", {"selector": {}}, "audit:receivers[0].selector: "),
        ("sysdig-agent", {"port": 0}, "audit:receivers[0].port: "),
        (
            "sysdig-agent",
            {"install": "agent", "backend": {"apiEndpoint": "secure.example.com"}},
            "backend.collector is missing",
        ),
        ("sysdig-agent", {"install": "agent", "backend": {"region": "us9"}}, "did you mean us4?"),
        (
            "sysdig-agent",
            {"install": "agent", "backend": {"region": "us2", "apiEndpoint": "secure.example.com"}},
            "audit:receivers[0].backend: region is for Sysdig's own installations",
        ),
        (
            "admission-controller",
            {"backend": {"apiEndpoint": "https://secure.example.com"}},
            "audit:receivers[0].backend.apiEndpoint: a host name is needed, without https://",
        ),
        ("sysdig-agent", {"install": "agent", "ca": "no PEM"}, "audit:receivers[0].ca: certificates in PEM are needed"),
        ("sysdig-agent", {"install": "agent", "ca": EXPIRED}, "the certificate of CN=an old CA has expired on 20"),
        (
            "sysdig-shield",
            {"webhookRules": [{"apiGroups": ["*"], "resources": ["*/*"]}], "timeout": 3},
            "timeout, webhookRules: only for method: validating_webhook",
        ),
        ("sysdig-shield", {"method": "validating"}, "audit:receivers[0].method: "),
        ("sysdig-shield", {"httpPort": 443}, "audit:receivers[0].httpPort: "),
        ("sysdig-shield", {"backend": {"apiEndpoint": "secure.example.com"}}, "both apiEndpoint and collector"),
        ("sysdig-shield", {"admit": ["10.0.0.11/24"]}, "audit:receivers[0].admit[0]: a CIDR without host bits"),
        ("sysdig-shield", {"hostNetwork": True, "admit": ["10.0.0.0/8"]}, "no NetworkPolicy applies"),
        ("cluster-shield", {"workload": {"digest": DIGEST}}, "cluster-shield names its image by a tag"),
        (
            "admission-controller",
            {"rules": [{"apiGroups": [""], "resources": ["pods"], "operations": ["GET"]}]},
            "audit:receivers[0].rules[0].operations[0]: an admission webhook cannot see it",
        ),
        ("admission-controller", {"replicas": 3}, "replicas needs autoscaling: {enabled: false}"),
        (
            "admission-controller",
            {"autoscaling": {"minReplicas": 9}},
            "audit:receivers[0].autoscaling: minReplicas 9 is more than maxReplicas 5",
        ),
        (
            "admission-controller",
            {"webhook": {"httpsProxy": "http://ops:hunter2@proxy:3128"}},
            "audit:receivers[0].webhook.httpsProxy: a proxy's password would lie in the pods' specification",
        ),
        ("admission-controller", {"webhook": {"httpProxy": "proxy:3128"}}, "a proxy's URL is http://host:port"),
        ("admission-controller", {"webhook": {"logLevel": "warn"}}, "audit:receivers[0].webhook.logLevel: "),
        ("admission-controller", {"existingAccessKeySecret": "s"}, "is for install: sysdig-deploy"),
    ],
)
def test_a_fault_is_told_by_its_key(kind: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config(kind, **settings)
    assert said in str(raised.value)


@pytest.mark.parametrize("part", ["webhook", "scanner"])
def test_a_tls_proxy_of_an_unknown_authority_is_refused_with_the_two_ways_out(part: str) -> None:
    proxy: dict[str, Any] = {"httpsProxy": "https://proxy.example.com:3129"}
    with pytest.raises(ConfigError) as raised:
        config("admission-controller", **{part: proxy})
    assert f"the authority's certificate in {part}.ca, or verifySSL: false" in str(raised.value)
    config("admission-controller", **{part: proxy | {"ca": CA}})
    config("admission-controller", **{part: proxy, "verifySSL": False})


def test_a_proxys_password_is_in_no_message() -> None:
    with pytest.raises(ConfigError) as raised:
        config("admission-controller", webhook={"httpsProxy": "http://ops:hunter2@proxy:3128"})
    assert "hunter2" not in str(raised.value)


def test_a_proxy_without_tls_needs_no_authority() -> None:
    config("admission-controller", webhook={"httpsProxy": "http://proxy.example.com:3128"})


@pytest.mark.parametrize(
    ("kind", "settings", "takes", "secrets"),
    [
        ("sysdig-agent", {}, "events", set()),
        ("sysdig-agent", {"install": "agent"}, "events", {"sysdigAccessKey"}),
        ("sysdig-agent", {"install": "agent", "existingSecret": "s"}, "events", set()),
        ("sysdig-shield", {}, "events", {"sysdigAccessKey"}),
        ("sysdig-shield", {"method": "validating_webhook"}, "reviews", {"sysdigAccessKey"}),
        ("cluster-shield", {"existingSecret": "s"}, "events", set()),
        ("admission-controller", {}, "reviews", {"secureApiToken"}),
        ("admission-controller", {"install": "sysdig-deploy"}, "reviews", {"secureApiToken", "sysdigAccessKey"}),
        ("admission-controller", {"existingSecret": "s"}, "reviews", set()),
    ],
)
def test_what_a_receiver_takes_and_which_secrets_it_needs(
    kind: str, settings: dict[str, Any], takes: str, secrets: set[str]
) -> None:
    made = config(kind, **settings)
    assert (made.takes(), made.secrets()) == (takes, secrets)


@pytest.mark.parametrize("kind", ["sysdig-shield", "cluster-shield"])
def test_the_emulated_method_warns_of_what_it_cannot_see_and_the_other_does_not(kind: str) -> None:
    warned = " ".join(config(kind, method="validating_webhook").warnings())
    for unseen in ("get, list and watch", "source IP", "user agent", "denied", "auditID"):
        assert unseen in warned
    assert not config(kind).warnings()


def test_the_admission_controller_warns_of_what_it_cannot_see_and_of_the_firewall() -> None:
    warned = " ".join(config("admission-controller").warnings())
    assert "get, list and watch" in warned
    assert "TCP 5000" in warned


def test_a_single_pod_that_its_budget_keeps_is_warned_of() -> None:
    alone = {"autoscaling": {"enabled": False}}
    assert any("drained" in text for text in config("admission-controller", **alone).warnings())
    assert not any("drained" in text for text in config("admission-controller", **alone, replicas=2).warnings())


def test_a_number_from_a_program_in_another_language_is_whole() -> None:
    made = config("sysdig-agent", install="agent", port=7766.0, values={"priorityClassValue": 20.0})
    assert (repr(made.port), made.values) == ("7766", {"priorityClassValue": 20})
    with pytest.raises(ConfigError, match=r"audit:receivers\[0\]\.port: "):
        config("sysdig-agent", port=7766.5)


def test_models_have_their_kinds() -> None:
    assert [
        RECEIVERS[kind] for kind in ("sysdig-agent", "sysdig-shield", "cluster-shield", "admission-controller")
    ] == [
        SysdigAgentReceiver,
        SysdigShieldReceiver,
        ClusterShieldReceiver,
        AdmissionControllerReceiver,
    ]
