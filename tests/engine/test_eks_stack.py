"""What a stack of kind eks makes in AWS, by the real engine; the way on to a receiver: test_eks_way.py."""

from collections.abc import Callable, Iterator

import pytest

from tests.engine.eks_cloud import Cloud, logging, serving
from tests.project import Project
from tests.standins.aws_cloud import ACCOUNT

STACK = """\
config:
  audit:cluster: {{name: {cluster}}}
  audit:platform: {{kind: eks, region: eu-west-1, accountId: "{account}"{settings}}}
  audit:forwarder: none
"""


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with serving() as cloud:
        yield cloud


@pytest.fixture
def stack(new_project: Callable[..., Project], cloud: Cloud) -> Callable[..., Project]:
    """Makes a project for a cluster; it can be written again with other settings."""

    def make(cluster: str, settings: str = "") -> Project:
        project = new_project(text(cluster, settings))
        project.variables |= cloud.variables()
        return project

    return make


def text(cluster: str, settings: str = "") -> str:
    return STACK.format(cluster=cluster, account=ACCOUNT, settings=settings)


def test_what_was_there_stays_what_is_changed_by_hand_is_mended_and_only_ours_goes(
    stack: Callable[..., Project], cloud: Cloud
) -> None:
    name = cloud.cluster("theirs", "audit", "scheduler")
    logs, group = cloud.client("logs"), f"/aws/eks/{name}/cluster"
    logs.create_log_group(logGroupName=group)
    before = cloud.left()
    project = stack(name, ", logTypes: [api, audit]")
    assert "is there already: taken over" in project.up().stdout
    assert cloud.types(name) == {"api", "audit", "scheduler"}
    assert cloud.group(name)["retentionInDays"] == 30

    off = {"clusterLogging": [{"types": ["api"], "enabled": False}]}
    cloud.client("eks").update_cluster_config(name=name, logging=off)
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    project.up("--refresh")
    assert cloud.types(name) == {"api", "audit", "scheduler"}
    assert cloud.group(name)["retentionInDays"] == 30

    project.destroy()
    assert cloud.types(name) == {"audit", "scheduler"}
    assert "retentionInDays" not in cloud.group(name)
    assert cloud.left() == before


def test_a_busy_cluster_is_waited_for(stack: Callable[..., Project], cloud: Cloud) -> None:
    name = cloud.cluster("busy")
    project = stack(name)
    project.run("preview")  # what comes first takes as long as the change
    cloud.client("eks").update_cluster_config(name=name, logging=logging("scheduler"))
    assert "is busy with another change; waiting for it" in project.up().stdout
    assert cloud.types(name) == {"audit", "scheduler"}


def test_a_third_subscription_filter_is_refused_by_name_before_anything_changes(
    stack: Callable[..., Project], cloud: Cloud
) -> None:
    name = cloud.cluster("full")
    group = f"/aws/eks/{name}/cluster"
    logs, kinesis = cloud.client("logs"), cloud.client("kinesis")
    logs.create_log_group(logGroupName=group)
    kinesis.create_stream(StreamName="theirs", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="theirs")["StreamDescriptionSummary"]["StreamARN"]
    role = f"arn:aws:iam::{ACCOUNT}:role/theirs"
    for other in ("one", "two"):
        logs.put_subscription_filter(
            logGroupName=group, filterName=other, filterPattern="", destinationArn=arn, roleArn=role
        )
    failed = stack(name).up(check=False)
    assert failed.returncode
    assert (
        f"log group {group} has 2 subscription filters, and CloudWatch Logs allows 2: one (to {arn}), two"
        in failed.stdout
    )
    assert cloud.types(name) == set()
    assert "retentionInDays" not in cloud.group(name)


@pytest.mark.parametrize(
    ("cluster", "settings", "said"),
    [
        ("nowhere", "", "EKS Cluster (nowhere): couldn't find resource"),
        ("failing-1", "", "Failed: AccessDenied: the cluster's role may not write logs"),
    ],
)
def test_bad_input_is_one_message(
    cluster: str, settings: str, said: str, stack: Callable[..., Project], cloud: Cloud
) -> None:
    if cluster != "nowhere":
        cloud.cluster(cluster)
    failed = stack(cluster, settings).up(check=False)
    assert failed.returncode
    assert said in failed.stdout
    assert cloud.group(cluster) is None or cluster == "failing-1"


def test_another_account_is_refused_before_anything_changes(stack: Callable[..., Project], cloud: Cloud) -> None:
    name = cloud.cluster("elsewhere")
    project = stack(name)
    project.write(text(name).replace(ACCOUNT, "999999999999"))
    failed = project.up(check=False)
    assert f"AWS account ID not allowed: {ACCOUNT}" in failed.stdout
    assert cloud.group(name) is None
    project.write(text(name))
