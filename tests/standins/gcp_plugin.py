"""A stand-in for Pulumi's Google Cloud plugin (pulumi-gcp 10.2): see `cloud_plugin.py`.

It does the real thing: topics and subscriptions by Google's client on the server that PUBSUB_EMULATOR_HOST names, the rest by HTTP on the one that
GCP_ENDPOINT names (`gcp_cloud.py` in our tests). Which resources and inputs is in `gcp_resources.py`. It takes any credentials.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from tests.standins import cloud_plugin
from tests.standins.cloud_plugin import Package
from tests.standins.gcp_resources import KINDS, Account, get_cluster, get_project
from tests.standins.pubsub import CallError, PubSub

OPTIONS = frozenset({"project", "credentials", "impersonateServiceAccount", "version"})


class Plugin:
    """What all of its providers share."""

    def __init__(self) -> None:
        self.retentions: dict[str, str] = {}
        self.pubsub = PubSub(os.environ["PUBSUB_EMULATOR_HOST"])
        token = {"Authorization": "Bearer of-the-plugin"}
        self.http = httpx.Client(base_url=os.environ["GCP_ENDPOINT"], headers=token, trust_env=False)

    def account(self, options: Mapping[str, str]) -> Account:
        return Account(options["project"], self.http, self.pubsub, self.retentions)


def package() -> Package:
    return Package(
        name="gcp",
        version="10.2.0",
        options=OPTIONS,
        moved=frozenset({"project"}),
        account=Plugin().account,
        kinds=KINDS,
        invokes={
            "gcp:container/getCluster:getCluster": get_cluster,
            "gcp:organizations/getProject:getProject": get_project,
        },
        errors=(CallError,),
    )


@contextmanager
def attached(endpoint: str, pubsub: str) -> Iterator[str]:
    """Run it; yields what a project's PULUMI_DEBUG_PROVIDERS says.

    Args:
        endpoint: of Google Cloud.
        pubsub: address of the server for topics and subscriptions.
    """
    module = "tests.standins.gcp_plugin"
    with cloud_plugin.attached("gcp", module, GCP_ENDPOINT=endpoint, PUBSUB_EMULATOR_HOST=pubsub) as value:
        yield value


if __name__ == "__main__":
    cloud_plugin.serve(cloud_plugin.Plugin(package()))
