"""A stack of kind eks by the real engine: AWS is a real moto server, with fakes of EKS and of Pulumi's AWS plugin in front."""

import base64
import gzip
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.audited import audited
from tests.project import Project
from tests.standins.aws_cloud import ACCOUNT, running
from tests.standins.aws_plugin import attached

REGION = "eu-west-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
STACK = """\
config:
  audit:cluster: {{name: {cluster}}}
  audit:platform: {{kind: eks, region: eu-west-1, accountId: "{account}"{settings}}}
  audit:receivers:
  - {{kind: http, name: siem, url: "https://siem.example/audit"}}
"""


@dataclass
class Cloud:
    """AWS, as a test asks it."""

    url: str
    plugin: str

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **self._keys())

    def variables(self) -> dict[str, str]:
        return CREDENTIALS | {"AWS_ENDPOINT_URL": self.url, "PULUMI_DEBUG_PROVIDERS": self.plugin}

    def cluster(self, name: str, *types: str) -> str:
        """Make one that no stack owns."""
        eks = self.client("eks")
        role = f"arn:aws:iam::{ACCOUNT}:role/cluster"
        eks.create_cluster(name=name, roleArn=role, resourcesVpcConfig={})
        if types:
            eks.update_cluster_config(name=name, logging=logging(*types))
            eks.get_waiter("cluster_active").wait(name=name, WaiterConfig={"Delay": 1})
        return name

    def types(self, name: str) -> set[str]:
        setups = self.client("eks").describe_cluster(name=name)["cluster"]["logging"]["clusterLogging"]
        return {kind for setup in setups if setup["enabled"] for kind in setup["types"]}

    def group(self, name: str) -> Any:
        found = self.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/eks/{name}/cluster")["logGroups"]
        return found[0] if found else None

    def left(self) -> list[str]:
        """All that a stack makes but its log group, of every cluster."""
        iam = self.client("iam")
        return [
            *self.client("kinesis").list_streams()["StreamNames"],
            *self.client("dynamodb").list_tables()["TableNames"],
            *(role["RoleName"] for role in iam.list_roles()["Roles"]),
        ]

    def _keys(self) -> dict[str, str]:
        return {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


def logging(*types: str) -> Any:
    return {"clusterLogging": [{"types": list(types), "enabled": True}]}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with running() as url:
        variables = {"AWS_ENDPOINT_URL": url, "AWS_CONFIG_FILE": "/dev/null", **CREDENTIALS}
        with attached(dict(os.environ) | variables) as plugin:
            yield Cloud(url, plugin)


@pytest.fixture
def stack(new_project: Callable[..., Project], cloud: Cloud) -> Callable[..., Project]:
    """Makes a project for a cluster; it can be written again with other settings."""

    def make(cluster: str, settings: str = "") -> Project:
        project = new_project(text(cluster, settings))
        project.variables |= cloud.variables()
        return project

    return make


@pytest.fixture
def audit_log(cluster: LocalCluster, tmp_path: Path) -> Iterator[Path]:
    """The audit log of a real kube-apiserver, which has just been asked for this and that."""
    with audited(cluster, tmp_path, "full") as log:
        kubectl = ["kubectl", "--kubeconfig", str(cluster.kubeconfig)]
        for command in ("get pods -A", "get secrets -A", "create configmap x --from-literal a=b", "delete configmap x"):
            subprocess.run([*kubectl, *command.split()], check=True, capture_output=True)
        yield log


def text(cluster: str, settings: str = "") -> str:
    return STACK.format(cluster=cluster, account=ACCOUNT, settings=settings)


def test_it_comes_stays_changes_and_leaves_only_the_log_group(stack: Callable[..., Project], cloud: Cloud) -> None:
    name = cloud.cluster("prod-1", "api")
    before = cloud.left()
    project = stack(name, ", stream: {mode: provisioned, shards: 1}")
    assert "+ 14 to create" in project.run("preview").stdout
    assert cloud.left() == before
    assert cloud.group(name) is None
    project.up()
    assert cloud.types(name) == {"api", "audit"}
    assert cloud.group(name)["retentionInDays"] == 30
    assert project.outputs()["stream"] in cloud.left()
    project.up("--expect-no-changes")
    project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    project.write(text(name, ", retentionDays: 90, stream: {mode: provisioned, shards: 3, retentionHours: 168}"))
    project.up()
    told = cloud.client("kinesis").describe_stream_summary(StreamName=project.outputs()["stream"])
    assert told["StreamDescriptionSummary"]["OpenShardCount"] == 3
    assert told["StreamDescriptionSummary"]["RetentionPeriodHours"] == 168
    assert cloud.group(name)["retentionInDays"] == 90
    project.up("--expect-no-changes")

    project.destroy()
    assert cloud.types(name) == {"api"}
    assert cloud.left() == before
    assert cloud.group(name)["retentionInDays"] == 90


def test_what_is_changed_by_hand_is_seen_and_mended(stack: Callable[..., Project], cloud: Cloud) -> None:
    name = cloud.cluster("drifts")
    project = stack(name)
    project.up()
    off = {"clusterLogging": [{"types": ["audit"], "enabled": False}]}
    cloud.client("eks").update_cluster_config(name=name, logging=off)
    cloud.client("logs").put_retention_policy(logGroupName=f"/aws/eks/{name}/cluster", retentionInDays=1)
    project.up("--refresh")
    assert cloud.types(name) == {"audit"}
    assert cloud.group(name)["retentionInDays"] == 30


def test_what_was_on_and_there_before_stays_as_it_was(stack: Callable[..., Project], cloud: Cloud) -> None:
    name = cloud.cluster("theirs", "audit", "scheduler")
    cloud.client("logs").create_log_group(logGroupName=f"/aws/eks/{name}/cluster")
    project = stack(name, ", logTypes: [api, audit], identity: irsa")
    assert "is there already: taken over" in project.up().stdout
    assert cloud.types(name) == {"api", "audit", "scheduler"}
    assert cloud.group(name)["retentionInDays"] == 30
    role = cloud.client("iam").get_role(RoleName=project.outputs()["readerRole"].rpartition("/")[2])["Role"]
    assert "system:serviceaccount:k8s-audit:k8s-audit-forwarder" in json.dumps(role["AssumeRolePolicyDocument"])
    project.destroy()
    assert cloud.types(name) == {"audit", "scheduler"}
    assert "retentionInDays" not in cloud.group(name)


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


def test_a_private_cluster_gets_its_endpoints_and_the_nodes_let_the_receivers_port_in(
    stack: Callable[..., Project], cloud: Cloud
) -> None:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    groups = [
        ec2.create_security_group(GroupName=part, Description=part, VpcId=vpc)["GroupId"]
        for part in ("cluster", "node")
    ]
    cloud.client("eks").create_cluster(
        name="private",
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/cluster",
        resourcesVpcConfig={"securityGroupIds": groups[:1]},
        tags={"vpc": vpc},
    )
    settings = f", privateEndpoints: {{subnetIds: [{subnet}], routeTableIds: [{table}]}}"
    settings += f", nodeSecurityGroup: {groups[1]}, receiverPorts: [5000, 6443]"
    project = stack("private", settings)
    project.up()
    project.run("preview", "--refresh", "--expect-no-changes")
    services = {one["ServiceName"].rpartition(".")[2] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]}
    assert services == {"kinesis-streams", "dynamodb", "eks-auth"}
    found = ec2.describe_security_groups(GroupIds=groups[1:])["SecurityGroups"][0]["IpPermissions"]
    let_in = {(rule["FromPort"], rule["UserIdGroupPairs"][0]["GroupId"]) for rule in found}
    assert let_in == {(5000, groups[0]), (6443, groups[0])}
    project.destroy()
    assert all(one["State"] == "deleted" for one in ec2.describe_vpc_endpoints()["VpcEndpoints"])
    assert not ec2.describe_security_groups(GroupIds=groups[1:])["SecurityGroups"][0]["IpPermissions"]


def test_real_audit_events_come_out_of_the_stream_as_they_went_in(
    stack: Callable[..., Project], cloud: Cloud, cluster: LocalCluster, audit_log: Path
) -> None:
    name = cloud.cluster("flows")
    project = stack(name)
    project.up()
    lines = audit_log.read_text().splitlines()[:500]
    assert all(json.loads(line)["apiVersion"] == "audit.k8s.io/v1" for line in lines)
    logs, group = cloud.client("logs"), f"/aws/eks/{name}/cluster"
    logs.create_log_stream(logGroupName=group, logStreamName="kube-apiserver-audit-1")
    now = int(time.time() * 1000)
    for start in range(0, len(lines), 100):
        events = [{"timestamp": now, "message": line} for line in lines[start : start + 100]]
        logs.put_log_events(logGroupName=group, logStreamName="kube-apiserver-audit-1", logEvents=events)
    got = [event["message"] for record in records(cloud, project) for event in record["logEvents"]]
    assert sorted(got) == sorted(lines)


def records(cloud: Cloud, project: Project) -> Iterator[Any]:
    """What CloudWatch Logs wrote into the stream, unpacked."""
    kinesis, stream = cloud.client("kinesis"), project.outputs()["stream"]
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        given = {"StreamName": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = kinesis.get_shard_iterator(**given)["ShardIterator"]
        while found := (page := kinesis.get_records(ShardIterator=iterator))["Records"]:
            for record in found:
                data = record["Data"]
                unpacked = json.loads(gzip.decompress(data if data[:2] == b"\x1f\x8b" else base64.b64decode(data)))
                if unpacked["messageType"] == "DATA_MESSAGE":
                    yield unpacked
            iterator = page["NextShardIterator"]
