import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_audit.platforms.aks import names

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
CLUSTER = st.from_regex(r"\A[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\Z")
LIMITS = (names.NAMESPACE, names.HUB, names.RULE, names.SECURITY_RULE)


def home(cluster: str, group: str = "prod", subscription: str = SUBSCRIPTION) -> names.Home:
    return names.Home(subscription, group, cluster)


@given(CLUSTER, st.sampled_from(LIMITS), st.sampled_from(("", "events", "dead-letters", "webhooks")))
def test_a_name_is_within_the_limit_and_has_only_what_every_service_allows(cluster: str, limit: int, part: str) -> None:
    name = names.fitted(limit, home(cluster), part)
    assert 6 <= len(name) <= limit
    assert re.fullmatch(r"[a-z](-?[a-z0-9]+)+", name)


@given(CLUSTER)
def test_a_storage_account_has_small_letters_and_digits_only(cluster: str) -> None:
    assert re.fullmatch(r"[a-z0-9]{3,24}", names.storage_account(home(cluster)))


def test_a_name_is_the_same_at_each_run_and_in_each_version() -> None:
    assert names.fitted(names.NAMESPACE, home("prod-1")) == "k8s-audit-prod-1-db77606d"
    assert names.storage_account(home("prod-1")) == "k8sauditprod1db77606d"


@pytest.mark.parametrize(
    "other",
    [
        home("prod-1", subscription="00000000-0000-4000-8000-000000000002"),
        home("prod-1", group="test"),
        home("prod_1", group="prod"),
    ],
)
def test_two_clusters_never_share_a_name(other: names.Home) -> None:
    assert names.fitted(names.NAMESPACE, home("prod-1")) != names.fitted(names.NAMESPACE, other)
    assert names.storage_account(home("prod-1")) != names.storage_account(other)


def test_capitals_make_no_difference_as_in_azure() -> None:
    assert names.fitted(names.HUB, home("Prod-1", "PROD"), "events") == names.fitted(
        names.HUB, home("prod-1"), "events"
    )


def test_each_cloud_has_its_own_address() -> None:
    assert names.broker("hubs-1", "public") == "hubs-1.servicebus.windows.net:9093"
    assert names.broker("hubs-1", "china") == "hubs-1.servicebus.chinacloudapi.cn:9093"
