"""A stand-in for Pulumi's AWS plugin (pulumi-aws 7.51): see `cloud_plugin.py`.

It does the real thing by boto3, against whatever AWS_ENDPOINT_URL names: `aws_cloud.py` in our tests. Which resources and inputs it serves is in
`aws_resources.py`. It differs from the plugin in this: no retries, no waiting for IAM to settle, no default tags, tags are not
written, and credentials are those of its own surroundings, profile and assumed roles being ignored.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tests.standins import cloud_plugin
from tests.standins.aws_resources import KINDS, get_cluster
from tests.standins.cloud_plugin import Package, RefusedError, Values

OPTIONS = {"region", "profile", "allowedAccountIds", "assumeRoles", "version", "skipCredentialsValidation"}
OPTIONS |= {"skipRegionValidation"}
GONE = (
    "ResourceNotFoundException",
    "NoSuchEntity",
    "InvalidVpcEndpointId.NotFound",
    "InvalidSecurityGroupRuleId.NotFound",
)


@dataclass
class Account:
    """What one provider of a stack is configured with."""

    region: str
    allowed: list[str]

    @cached_property
    def session(self) -> boto3.Session:
        return boto3.Session(region_name=self.region)

    def client(self, service: str) -> Any:
        return self.session.client(service)

    def check(self) -> None:
        account = self.client("sts").get_caller_identity()["Account"]
        if self.allowed and account not in self.allowed:
            raise RefusedError(f"AWS account ID not allowed: {account}")


def account(options: Mapping[str, str]) -> Account:
    made = Account(options["region"], json.loads(options.get("allowedAccountIds", "[]")))
    made.check()
    return made


def cluster(account: Account, args: Values) -> Values:
    return get_cluster(account.client, args["name"])


def is_gone(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in GONE


PACKAGE = Package(
    name="aws",
    version="7.51.1",
    options=frozenset(OPTIONS),
    moved=frozenset({"region"}),
    account=account,
    kinds=KINDS,
    invokes={"aws:eks/getCluster:getCluster": cluster},
    errors=(ClientError,),
    is_gone=is_gone,
)


@contextmanager
def attached(environment: dict[str, str]) -> Iterator[str]:
    """Run it; yields what a project's PULUMI_DEBUG_PROVIDERS says."""
    with cloud_plugin.attached("aws", "tests.standins.aws_plugin", **environment) as value:
        yield value


if __name__ == "__main__":
    cloud_plugin.serve(cloud_plugin.Plugin(PACKAGE))
