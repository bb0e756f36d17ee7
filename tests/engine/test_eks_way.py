"""A whole stack of kind eks by the real engine: from a request at a real API server to a receiver, and back to nothing.

AWS is a real moto server, with fakes of EKS and of Pulumi's AWS plugin in front. What stands in for the rest: a node that runs the placed forwarder's
real Bento (tests/standins/node.py), EKS's shipping of the audit log (tests/standins/log_shipping.py), Pulumi's Kubernetes plugin.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.audited import audited
from tests.delivery.forwarder.bento import Receiver
from tests.engine.eks_cloud import CREDENTIALS, Cloud, serving
from tests.project import Project
from tests.standins.aws_cloud import ACCOUNT
from tests.standins.log_shipping import LogShipping, into_cloudwatch
from tests.standins.node import Node

SENDER = "222222222222"
KINDS = "all,configmaps,secrets,serviceaccounts,networkpolicies,poddisruptionbudgets"
STACK = """\
config:
  audit:cluster: {{name: hub, kubeconfig: "{kubeconfig}"}}
  audit:platform:
    kind: eks
    region: eu-west-1
    accountId: "{account}"
    nodeSecurityGroup: {group}
    receiverPorts: [5000]
    {settings}
  audit:receivers:
  - {{kind: http, name: siem, url: "{url}"}}
  audit:forwarder: {{wait: false, {forwarder}}}
"""
FIRST = f"stream: {{mode: provisioned, shards: 1, fromAccounts: ['{SENDER}', '{ACCOUNT}']}}"
FEEDER = """\
config:
  audit:cluster: {{name: feeder}}
  audit:platform: {{kind: eks, region: eu-west-1, accountId: "{account}", stream: {{existing: {{arn: "{stream}"}}}}}}
  audit:forwarder: none
"""


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with serving() as cloud:
        yield cloud


def kubectl(cluster: LocalCluster, *arguments: str) -> str:
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def objects(cluster: LocalCluster) -> str:
    named = kubectl(cluster, "get", KINDS, "-A", "--output", "name", "--ignore-not-found")
    return named + kubectl(cluster, "get", "namespaces", "--output", "name")


def events(receiver: Receiver) -> list[dict[str, Any]]:
    return [event for body in list(receiver.bodies) for event in json.loads(body)["items"]]


def taken_off(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what we annotate."""
    left = {key: text for key, text in event["annotations"].items() if not key.startswith("k8s-audit/")}
    return {key: value for key, value in event.items() if key != "annotations"} | (
        {"annotations": left} if left else {}
    )


def test_events_reach_the_receiver_and_are_proved_through_each_change_and_nothing_is_left(
    new_project: Callable[..., Project],
    cloud: Cloud,
    cluster: LocalCluster,
    kubernetes_plugin: str,
    tmp_path: Path,
) -> None:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    routes = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    own, nodes = (
        ec2.create_security_group(GroupName=part, Description=part, VpcId=vpc)["GroupId"] for part in ("own", "nodes")
    )
    name = cloud.cluster("hub", "api", groups=(own,), vpc=vpc)
    before = cloud.left(), objects(cluster)
    credentials = CREDENTIALS | {"AWS_ENDPOINT_URL": cloud.url, "AWS_EC2_METADATA_DISABLED": "true"}
    shipped = into_cloudwatch(cloud.client("logs"), f"/aws/eks/{name}/cluster", lambda: "audit" in cloud.types(name))

    with (
        Receiver(200) as receiver,
        audited(cluster, tmp_path, "metadata") as log,
        LogShipping(log, shipped),
        Node(cluster.kubeconfig, credentials) as node,
    ):

        def text(settings: str, forwarder: str) -> str:
            given = {"kubeconfig": cluster.kubeconfig, "account": ACCOUNT, "group": nodes, "url": receiver.url}
            return STACK.format(**given, settings=settings, forwarder=forwarder)

        project = new_project(text(FIRST, "replicas: 1"))
        project.variables |= cloud.variables()
        project.variables["PULUMI_DEBUG_PROVIDERS"] = f"{cloud.plugin},{kubernetes_plugin}"
        previewed = project.run("preview").stdout
        assert "of Falco's 48 audit rules" in previewed
        assert (cloud.left(), objects(cluster)) == before
        project.up()
        outputs = project.outputs()
        (check,) = outputs["deliveryChecks"]
        assert (check["proof"], check["receiver"]) == ("forwarded", "siem"), node.log()
        arrived = {(event["auditID"], event["stage"]): event for event in events(receiver)}
        assert check["auditID"] in {audit_id for audit_id, _ in arrived}
        written = {(event["auditID"], event["stage"]): event for event in map(json.loads, log.read_text().splitlines())}
        for key, event in arrived.items():
            assert event["annotations"]["k8s-audit/cluster"] == name
            assert event["annotations"]["k8s-audit/region"] == "eu-west-1"
            assert taken_off(event) == written[key]
        rules = ec2.describe_security_groups(GroupIds=[nodes])["SecurityGroups"][0]["IpPermissions"]
        assert [(rule["FromPort"], rule["UserIdGroupPairs"][0]["GroupId"]) for rule in rules] == [(5000, own)]

        project.up("--refresh", "--expect-no-changes")
        verified = project.command("verify", "--stack", project.stack, "--json")
        assert json.loads(verified.stdout)[0]["proof"] == "forwarded", verified.stderr
        asked = project.command("doctor", "--stack", project.stack)
        assert "forwarder k8s-audit/k8s-audit-forwarder: 1 pods, 1 of them ready" in asked.stdout
        assert (asked.returncode, "nothing is seen to be wrong" in asked.stdout) == (0, True), asked.stdout

        feeder = new_project(FEEDER.format(account=ACCOUNT, stream=_arn(cloud, outputs["stream"])), "a feeder")
        feeder.variables |= cloud.variables()
        cloud.cluster("feeder")
        feeder.up()
        lines = [json.dumps(written[next(iter(arrived))] | {"auditID": "of-the-feeder"})]
        into_cloudwatch(cloud.client("logs"), "/aws/eks/feeder/cluster", lambda: True)(lines)
        _wait(lambda: any(event["auditID"] == "of-the-feeder" for event in events(receiver)), node)
        (event,) = [event for event in events(receiver) if event["auditID"] == "of-the-feeder"]
        assert event["annotations"]["k8s-audit/cluster"] == "feeder"
        feeder.destroy()

        changed = FIRST.replace("shards: 1", "shards: 2, retentionHours: 48")
        private = f"privateEndpoints: {{subnetIds: [{subnet}], routeTableIds: [{routes}]}}"
        project.write(text(f"{changed}\n    {private}\n    identity: irsa\n    retentionDays: 90", "replicas: 2"))
        project.up()
        told = cloud.client("kinesis").describe_stream_summary(StreamName=outputs["stream"])["StreamDescriptionSummary"]
        assert (told["OpenShardCount"], told["RetentionPeriodHours"]) == (2, 48)
        services = {one["ServiceName"].rpartition(".")[2] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]}
        assert services == {"kinesis-streams", "dynamodb", "sqs", "sts"}
        account = json.loads(
            kubectl(cluster, "-n", "k8s-audit", "get", "serviceaccount", "k8s-audit-forwarder", "-ojson")
        )
        assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == outputs["readerRole"]
        project.destroy()
    assert cloud.types(name) == {"api"}
    assert cloud.group(name)["retentionInDays"] == 90, "it holds the evidence"
    assert (cloud.left(), objects(cluster)) == before
    assert all(one["State"] == "deleted" for one in ec2.describe_vpc_endpoints()["VpcEndpoints"])


def _arn(cloud: Cloud, stream: str) -> str:
    told = cloud.client("kinesis").describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    return str(told["StreamARN"])


def _wait(until: Callable[[], bool], node: Node) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline, node.log()
        time.sleep(0.2)
