import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_audit.platforms.gke import names
from k8s_audit.platforms.gke.names import ClusterId
from k8s_audit.platforms.gke.sink import LEASES, sink_filter
from tests.standins.log_query import passes

CLUSTER = st.from_regex(r"\A[a-z]([a-z0-9-]{0,38}[a-z0-9])?\Z")
PARTS = {
    names.TOPIC: "dead-letters",
    names.SINK: "events",
    names.FIREWALL: "receivers",
    names.ACCOUNT: "fwd",
}
PROD = ClusterId("payments", "europe-west1", "prod-1")


@given(CLUSTER, st.sampled_from(sorted(PARTS)))
def test_a_name_is_within_the_limit_and_has_only_what_every_service_allows(cluster: str, limit: int) -> None:
    name = ClusterId("payments", "europe-west1", cluster).fitted(limit, PARTS[limit])
    assert 6 <= len(name) <= limit
    assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])", name)


def test_a_name_is_the_same_at_each_run_and_in_each_version() -> None:
    assert PROD.fitted(names.TOPIC, "events") == "k8s-audit-prod-1-events-24899db7"
    assert PROD.fitted(names.ACCOUNT, "fwd") == "k8s-audit-prod-1-fwd-24899db7"


@pytest.mark.parametrize(
    "other",
    [ClusterId("payments", "us-central1", "prod-1"), ClusterId("billing", "europe-west1", "prod-1")],
)
def test_two_clusters_of_one_name_never_share_a_thing(other: ClusterId) -> None:
    assert PROD.fitted(names.ACCOUNT, "fwd") != other.fitted(names.ACCOUNT, "fwd")


def test_the_filter_lets_through_audit_entries_of_this_one_cluster() -> None:
    assert sink_filter(PROD) == (
        'logName=("projects/payments/logs/cloudaudit.googleapis.com%2Factivity"'
        ' OR "projects/payments/logs/cloudaudit.googleapis.com%2Fdata_access")'
        ' AND resource.type="k8s_cluster" AND resource.labels.project_id="payments"'
        ' AND resource.labels.location="europe-west1" AND resource.labels.cluster_name="prod-1"'
        ' AND protoPayload.serviceName="k8s.io"'
    )


ENTRY: dict[str, Any] = {
    "logName": "projects/payments/logs/cloudaudit.googleapis.com%2Fdata_access",
    "resource": {
        "type": "k8s_cluster",
        "labels": {"project_id": "payments", "location": "europe-west1", "cluster_name": "prod-1"},
    },
    "protoPayload": {
        "serviceName": "k8s.io",
        "methodName": "io.k8s.coordination.v1.leases.update",
        "authenticationInfo": {"principalEmail": "system:node:gke-prod-1-pool-0"},
    },
}
"""As Cloud Logging has them: https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging"""


def test_an_entry_of_the_cluster_passes_and_any_other_does_not() -> None:
    assert passes(sink_filter(PROD), ENTRY)
    resource = {"type": "k8s_cluster", "labels": {"project_id": "payments", "location": "us-central1"}}
    others: list[dict[str, Any]] = [
        {"logName": "projects/payments/logs/cloudaudit.googleapis.com%2Fpolicy"},
        {"resource": {"type": "gke_cluster", "labels": ENTRY["resource"]["labels"]}},
        {"resource": resource | {"cluster_name": "prod-1"}},
        {"protoPayload": {"serviceName": "container.googleapis.com"}},
    ]
    for change in others:
        assert not passes(sink_filter(PROD), ENTRY | change), change


def test_only_renewals_of_leases_by_the_clusters_own_components_are_left_out() -> None:
    assert passes(LEASES["filter"], ENTRY)
    for change in (
        {"authenticationInfo": {"principalEmail": "mallory@example.com"}},
        {"methodName": "io.k8s.coordination.v1.leases.delete"},
    ):
        assert not passes(LEASES["filter"], ENTRY | {"protoPayload": ENTRY["protoPayload"] | change})


def test_members_are_spelled_as_iam_knows_them() -> None:
    assert names.principal("42", "payments.svc.id.goog", "k8s-audit", "forwarder") == (
        "principal://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/payments.svc.id.goog"
        "/subject/ns/k8s-audit/sa/forwarder"
    )
    assert names.impersonator("payments.svc.id.goog", "k8s-audit", "forwarder") == (
        "serviceAccount:payments.svc.id.goog[k8s-audit/forwarder]"
    )
    assert names.pubsub_agent("42") == "serviceAccount:service-42@gcp-sa-pubsub.iam.gserviceaccount.com"
