import pytest

from k8s_audit.errors import ReceiverError
from k8s_audit.receivers.service import url_of
from k8s_audit.receivers.sysdig import full_name


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("10.96.12.34", "http://10.96.12.34:7765/k8s_audit"),
        ("fd00:10:96::1f", "http://[fd00:10:96::1f]:7765/k8s_audit"),
    ],
)
def test_a_service_is_reached_by_its_cluster_ip(address: str, url: str) -> None:
    assert url_of("http", address, 7765, "/k8s_audit") == url


@pytest.mark.parametrize("address", [None, "", "None"])
def test_a_service_without_a_cluster_ip_is_refused(address: str | None) -> None:
    with pytest.raises(ReceiverError, match="no ClusterIP"):
        url_of("http", address, 7765, "/k8s_audit")


@pytest.mark.parametrize(
    ("release", "chart", "name"),
    [
        ("sysdig", "agent", "sysdig-agent"),
        ("sysdig-agent", "agent", "sysdig-agent"),
        ("sysdig", "clusterShield", "sysdig-clustershield"),
        ("a" * 60, "agent", "a" * 60 + "-ag"),
    ],
)
def test_a_chart_names_its_objects_by_the_release_and_itself(release: str, chart: str, name: str) -> None:
    assert full_name(release, chart) == name
