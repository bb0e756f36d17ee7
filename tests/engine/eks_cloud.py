"""AWS of the EKS tests as a test asks it: a real moto server, with fakes of EKS and of Pulumi's AWS plugin in front."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from tests.standins.aws_cloud import ACCOUNT, running
from tests.standins.aws_plugin import attached

REGION = "eu-west-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass
class Cloud:
    """AWS, as a test asks it."""

    url: str
    plugin: str

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **self._keys())

    def variables(self) -> dict[str, str]:
        return CREDENTIALS | {"AWS_ENDPOINT_URL": self.url, "PULUMI_DEBUG_PROVIDERS": self.plugin}

    def cluster(self, name: str, *types: str, groups: tuple[str, ...] = (), vpc: str = "vpc-00000000") -> str:
        """Make one that no stack owns."""
        eks = self.client("eks")
        role = f"arn:aws:iam::{ACCOUNT}:role/cluster"
        network = {"securityGroupIds": list(groups)}
        eks.create_cluster(name=name, roleArn=role, resourcesVpcConfig=network, tags={"vpc": vpc})
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
            *self.client("sqs").list_queues().get("QueueUrls", []),
            *(one["destinationName"] for one in self.client("logs").describe_destinations()["destinations"]),
            *(role["RoleName"] for role in iam.list_roles()["Roles"]),
        ]

    def _keys(self) -> dict[str, str]:
        return {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


def logging(*types: str) -> Any:
    return {"clusterLogging": [{"types": list(types), "enabled": True}]}


@contextmanager
def serving() -> Iterator[Cloud]:
    """Both in processes of their own."""
    with running() as url:
        variables = {"AWS_ENDPOINT_URL": url, "AWS_CONFIG_FILE": "/dev/null", **CREDENTIALS}
        with attached(dict(os.environ) | variables) as plugin:
            yield Cloud(url, plugin)
