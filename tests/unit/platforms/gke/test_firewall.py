"""Where a private cluster's control plane is let in: by GKE's own rule, by the cluster, by what the user says, or not at all."""

from typing import Any

import pytest

from k8s_audit.errors import CloudError
from k8s_audit.platforms.gke.firewall import Way, network_project, own_rules, way
from k8s_audit.platforms.gke.names import ClusterId
from k8s_audit.platforms.gke.sdk import Cluster

PROD = ClusterId("payments", "europe-west1", "prod-1")
NETWORK = "projects/host/global/networks/shared"
RULE = {
    "name": "gke-prod-1-0a1b2c3d-master",
    "network": f"https://www.googleapis.com/compute/v1/{NETWORK}",
    "sourceRanges": ["172.16.0.0/28"],
    "targetTags": ["gke-prod-1-0a1b2c3d-node"],
}
OWN = Way(("172.16.0.0/28",), ("gke-prod-1-0a1b2c3d-node",))


def cluster(control_plane: str = "", tags: tuple[str, ...] = ()) -> Cluster:
    return Cluster("https://192.0.2.7", NETWORK, "payments.svc.id.goog", True, control_plane, tags)


class Session:
    """Answers as Compute's API does, whatever the filter is."""

    def __init__(self, *rules: dict[str, Any]) -> None:
        self.rules, self.asked = rules, ""

    def get(self, what: str, service: str, path: str, query: dict[str, str]) -> Any:
        self.asked = f"{service} {path} {query['filter']}"
        return {"items": list(self.rules)} if self.rules else {}


def test_gkes_own_rule_is_looked_for_in_the_networks_project() -> None:
    session = Session(RULE, RULE | {"network": "projects/host/global/networks/other"})
    assert own_rules(session, PROD, NETWORK) == [RULE]  # type: ignore[arg-type]
    assert session.asked == 'compute projects/host/global/firewalls name eq "gke-prod\\-1-[0-9a-f]{8}-master"'
    assert own_rules(Session(), PROD, NETWORK) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("network", [NETWORK, f"https://www.googleapis.com/compute/v1/{NETWORK}"])
def test_a_shared_network_lies_in_its_hosts_project(network: str) -> None:
    assert network_project(network) == "host"


def test_what_gkes_rule_says_is_taken() -> None:
    assert way(PROD, cluster(), [RULE], [], []) == OWN


def test_without_that_rule_the_clusters_own_range_and_its_nodes_own_tags_are_taken() -> None:
    assert way(PROD, cluster("10.9.0.0/28", ("prod",)), [], [], []) == Way(("10.9.0.0/28",), ("prod",))


def test_what_the_user_says_comes_first() -> None:
    assert way(PROD, cluster(), [RULE], ["10.1.0.0/28"], []) == Way(("10.1.0.0/28",), OWN.tags)
    assert way(PROD, cluster(), [], ["10.1.0.0/28"], ["mine"]) == Way(("10.1.0.0/28",), ("mine",))


def test_of_two_clusters_of_one_name_the_range_tells_which_rule_is_ours() -> None:
    other = RULE | {"sourceRanges": ["172.16.0.16/28"], "targetTags": ["other"]}
    assert way(PROD, cluster("172.16.0.0/28"), [other, RULE], [], []) == OWN
    with pytest.raises(CloudError, match="of firewall rules gke-prod-1-…-master there are 2"):
        way(PROD, cluster(), [other, RULE], [], [])


def test_what_nothing_tells_is_refused_with_what_to_set() -> None:
    with pytest.raises(CloudError) as raised:
        way(PROD, cluster("172.16.0.0/28"), [], [], [])
    assert str(raised.value) == (
        "cluster prod-1 has private nodes, which its control plane must reach, and nothing tells a network tag of its nodes:"
        " set firewall.nodeTags (of firewall rules gke-prod-1-…-master there is none)"
    )
