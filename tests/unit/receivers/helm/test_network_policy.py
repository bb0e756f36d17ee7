import pytest

from k8s_audit.delivery.forwarder.objects import selector
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.helm.network_policy import FORWARDERS_LABELS, admission_rules

PODS = {"app": "falco"}


def test_only_the_sources_reach_the_port_and_nobody_any_other() -> None:
    assert admission_rules(PODS, 9765, ["10.0.0.11/32", "fd00::/64"]) == {
        "podSelector": {"matchLabels": {"app": "falco"}},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [{"ipBlock": {"cidr": "10.0.0.11/32"}}, {"ipBlock": {"cidr": "fd00::/64"}}],
                "ports": [{"protocol": "TCP", "port": 9765}],
            }
        ],
    }


@pytest.mark.parametrize("source", ["10.0.0.11", "10.0.0.11/8", "api.example.com", "10.0.0.0/33", ""])
def test_what_is_no_cidr_is_named(source: str) -> None:
    with pytest.raises(ConfigError, match=f"sources: a CIDR .*; given: '{source}'"):
        admission_rules(PODS, 9765, ["10.0.0.0/8", source])


def test_nobody_and_every_pod_are_refused_since_they_mean_the_opposite() -> None:
    with pytest.raises(ConfigError) as error:
        admission_rules({}, 9765, [])
    assert len(error.value.faults) == 2


def test_a_clouds_api_server_comes_through_the_pods_of_konnectivity() -> None:
    (rule,) = admission_rules(PODS, 9765, ["konnectivity", "10.0.0.11/32"])["ingress"]
    kube_system = {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}
    assert rule["from"] == [
        {"namespaceSelector": kube_system, "podSelector": {"matchLabels": {"k8s-app": "konnectivity-agent"}}},
        {"namespaceSelector": kube_system, "podSelector": {"matchLabels": {"app": "konnectivity-agent"}}},
        {"ipBlock": {"cidr": "10.0.0.11/32"}},
    ]


def test_a_clouds_events_come_from_the_forwarders_pods_in_whatever_namespace() -> None:
    (rule,) = admission_rules(PODS, 9765, ["forwarder"])["ingress"]
    assert rule["from"] == [{"namespaceSelector": {}, "podSelector": {"matchLabels": FORWARDERS_LABELS}}]
    assert selector("any")["app.kubernetes.io/name"] == FORWARDERS_LABELS["app.kubernetes.io/name"]
