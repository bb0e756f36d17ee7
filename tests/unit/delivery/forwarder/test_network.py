from typing import Any

import pytest

from k8s_audit.config.forwarder import ForwarderConfig
from k8s_audit.config.judge import judge
from k8s_audit.delivery.forwarder.network import network_rules, ways_to

NETWORK = {"receivers": [{"cidr": "10.1.0.7/32", "ports": [443]}]}


def config(**settings: Any) -> ForwarderConfig:
    return judge(ForwarderConfig, "forwarder", {"network": NETWORK} | settings)


def ways(spec: dict[str, Any]) -> set[tuple[str, int]]:
    return {
        (to.get("ipBlock", {}).get("cidr") or to["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], p)
        for rule in spec["egress"]
        for to in rule.get("to", [])
        for p in (port["port"] for port in rule["ports"])
    }


def test_the_network_policy_lets_out_to_names_receiver_and_cloud_alone() -> None:
    network = {
        "receivers": [{"namespace": "falco", "ports": [9765]}],
        "cloud": [{"cidr": "10.9.0.0/16", "ports": [9093, 443]}],
    }
    made = network_rules(config(network=network).network, "web", {"a": "b"})
    assert made["podSelector"] == {"matchLabels": {"a": "b"}}
    assert made["policyTypes"] == ["Ingress", "Egress"]
    assert ways(made) == {("falco", 9765), ("10.9.0.0/16", 9093), ("10.9.0.0/16", 443)}
    (dns,) = [rule for rule in made["egress"] if "to" not in rule]
    assert dns == {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}


@pytest.mark.parametrize(
    ("identity", "agent"), [("eks-pod-identity", ("169.254.170.23/32", 80)), ("gke", ("169.254.169.252/32", 988))]
)
def test_the_agent_of_an_identity_is_let_out_to(identity: str, agent: tuple[str, int]) -> None:
    assert agent in ways(network_rules(config().network, identity, {}))
    assert agent not in ways(network_rules(config().network, "web", {}))


def test_prometheus_namespace_alone_may_read_the_metrics() -> None:
    (rule,) = network_rules(config().network, "web", {})["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": 4195}]
    nobody = config(network=NETWORK | {"metricsFrom": {}}).network
    assert network_rules(nobody, "web", {})["ingress"] == []


@pytest.mark.parametrize(
    ("endpoint", "way"),
    [
        ({"url": "https://10.1.0.7/audit"}, [{"cidr": "10.1.0.7/32", "ports": [443]}]),
        ({"url": "http://[fd00::7]:9765/"}, [{"cidr": "fd00::7/128", "ports": [9765]}]),
        ({"url": "http://falco.sec.svc.cluster.local:9765/"}, [{"namespace": "sec", "ports": [9765]}]),
        ({"url": "http://falco.sec.svc/"}, [{"namespace": "sec", "ports": [80]}]),
        ({"url": "?", "namespace": "sysdig", "pod_port": 6443}, [{"namespace": "sysdig", "ports": [6443]}]),
        (
            {"url": "https://siem.example/audit"},
            [{"cidr": "0.0.0.0/0", "ports": [443]}, {"cidr": "::/0", "ports": [443]}],
        ),
        (
            {"url": "?", "pod_port": 7765},
            [{"cidr": "0.0.0.0/0", "ports": [7765]}, {"cidr": "::/0", "ports": [7765]}],
        ),
    ],
)
def test_where_the_receiver_is_is_told_from_its_endpoint(endpoint: dict[str, Any], way: list[dict[str, Any]]) -> None:
    assert ways_to({"name": "r", **endpoint}) == way  # type: ignore[typeddict-item]
