"""What is read out of what Pulumi's provider tells of a cluster."""

from types import SimpleNamespace as Told
from typing import Any

import pulumi
import pytest

from k8s_audit.errors import CloudError
from k8s_audit.platforms.gke import sdk
from k8s_audit.platforms.gke.names import ClusterId
from k8s_audit.platforms.gke.sdk import Cluster

PROD = ClusterId("payments", "europe-west1", "prod-1")
PLAIN: dict[str, Any] = {
    "endpoint": "192.0.2.7",
    "network": "projects/host/global/networks/shared",
    "private_cluster_configs": [],
    "workload_identity_configs": [],
    "control_plane_endpoints_configs": [],
    "node_pool_auto_configs": [],
    "node_pools": [],
    "enable_autopilot": False,
}


def cluster(monkeypatch: pytest.MonkeyPatch, **told: Any) -> Cluster:
    def get_cluster(**asked: Any) -> Any:
        if isinstance(told.get("error"), Exception):
            raise told["error"]
        assert (asked["name"], asked["location"], asked["project"]) == ("prod-1", "europe-west1", "payments")
        return Told(**PLAIN | told)

    monkeypatch.setattr(sdk, "sdk", lambda module: Told(get_cluster=get_cluster))
    return sdk.cluster(PROD, pulumi.InvokeOptions())


def pool(*tags: str, private: bool = False) -> Any:
    return Told(node_configs=[Told(tags=list(tags))], network_configs=[Told(enable_private_nodes=private)])


def test_a_public_cluster_has_an_address_a_network_and_perhaps_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    found = cluster(monkeypatch, workload_identity_configs=[Told(workload_pool="payments.svc.id.goog")])
    network = "projects/host/global/networks/shared"
    assert found == Cluster("https://192.0.2.7", network, "payments.svc.id.goog", False, "", ())
    assert cluster(monkeypatch).pool == ""
    assert cluster(monkeypatch, network="default").network == "projects/payments/global/networks/default"


def test_a_cluster_without_addresses_is_reached_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    named = [Told(dns_endpoint_configs=[Told(endpoint="gke-42.europe-west1.gke.goog")])]
    found = cluster(monkeypatch, endpoint="", control_plane_endpoints_configs=named)
    assert found.endpoint == "https://gke-42.europe-west1.gke.goog"


def test_nodes_are_private_by_the_cluster_or_by_a_pool_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    config = Told(enable_private_nodes=True, master_ipv4_cidr_block="172.16.0.0/28")
    found = cluster(monkeypatch, private_cluster_configs=[config])
    assert (found.private, found.control_plane) == (True, "172.16.0.0/28")
    assert cluster(monkeypatch, node_pools=[pool(), pool(private=True)]).private


def test_the_tags_are_those_that_reach_each_node(monkeypatch: pytest.MonkeyPatch) -> None:
    def tags(*pools: Any, **told: Any) -> tuple[str, ...]:
        return cluster(monkeypatch, node_pools=list(pools), **told).node_tags

    assert tags(pool("prod", "a"), pool("prod", "b")) == ("prod",)
    assert tags(pool("a"), pool("b")) == ("a", "b")
    assert tags(pool("a"), pool()) == (), "a pool would be left out"
    auto = {"enable_autopilot": True, "node_pool_auto_configs": [Told(network_tags=[Told(tags=["auto"])])]}
    assert tags(pool("of-google"), **auto) == ("auto",)


def test_a_refusal_is_one_line_without_the_providers_preamble(monkeypatch: pytest.MonkeyPatch) -> None:
    error = Exception(
        "invoke of gcp:container/getCluster:getCluster failed: invocation returned an error: prod-1 not found"
    )
    with pytest.raises(CloudError) as raised:
        cluster(monkeypatch, error=error)
    assert str(raised.value) == "cluster prod-1: prod-1 not found"
