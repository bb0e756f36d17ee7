import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_audit.platforms.eks import names

CLUSTER = st.from_regex(r"\A[0-9A-Za-z][A-Za-z0-9_-]{0,99}\Z")
LIMITS = (names.ROLE, names.POLICY, names.STREAM, names.TABLE, names.FILTER, names.DESTINATION, names.QUEUE)


@given(CLUSTER, st.sampled_from(LIMITS))
def test_a_name_is_within_the_limit_and_has_only_what_every_service_allows(cluster: str, limit: int) -> None:
    name = names.fitted(limit, "ap-southeast-2", cluster, "checkpoints")
    assert len(name) <= limit
    assert re.fullmatch(r"[A-Za-z0-9_-]+", name)


def test_a_name_is_the_same_at_each_run_and_in_each_version() -> None:
    assert names.fitted(names.ROLE, "eu-west-1", "prod-1", "reader") == "k8s-audit-prod-1-reader-9d368f04"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("eu-west-1", "prod-1"), ("us-east-1", "prod-1")),
        (("eu-west-1", "a" * 99 + "1"), ("eu-west-1", "a" * 99 + "2")),
    ],
)
def test_two_clusters_of_an_account_never_share_a_role(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert names.fitted(names.ROLE, *one, "reader") != names.fitted(names.ROLE, *other, "reader")


def test_an_endpoint_in_china_has_the_prefix_that_it_has_there() -> None:
    assert names.endpoint_service("eu-west-1", "sts") == "com.amazonaws.eu-west-1.sts"
    assert names.endpoint_service("cn-north-1", "kinesis-streams") == "cn.com.amazonaws.cn-north-1.kinesis-streams"
    assert names.endpoint_service("cn-north-1", "sqs") == "cn.com.amazonaws.cn-north-1.sqs"
    assert names.endpoint_service("cn-north-1", "dynamodb") == "com.amazonaws.cn-north-1.dynamodb"
    assert names.endpoint_service("cn-north-1", "logs") == "com.amazonaws.cn-north-1.logs"
