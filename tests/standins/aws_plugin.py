"""A stand-in for Pulumi's AWS plugin (pulumi-aws 7.51), whose executable cannot be had offline.

It does the real thing by boto3, against whatever AWS_ENDPOINT_URL names: `aws_cloud.py` in our tests. The engine is attached
to it by PULUMI_DEBUG_PROVIDERS=aws:PORT. Which resources, inputs and invokes it serves is in `aws_resources.py`; all else is
refused by name. It differs from the plugin in this: no retries, no waiting for IAM to settle, no default tags, tags are not
written, and credentials are those of its own surroundings, profile and assumed roles being ignored.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any

import boto3
import grpc
from botocore.exceptions import ClientError
from google.protobuf import empty_pb2
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from tests.project import CHECKOUT
from tests.standins.aws_resources import KINDS, GoneError, Kind, RefusedError, get_cluster
from tests.standins.property_values import decode, encode, plain

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


def served(method: Any) -> Any:
    """Errors are one line for the user."""

    @wraps(method)
    def run(self: Any, request: Any, context: Any) -> Any:
        try:
            return method(self, request, context)
        except (RefusedError, ClientError) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    return run


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """One process for any number of stacks and providers: each provider of the engine has a connection of its own."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return proto.PluginInfo(version="7.51.1")

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    @served
    def CheckConfig(self, request: Any, context: Any) -> Any:
        if unserved := decode(request.news).keys() - OPTIONS:
            raise RefusedError(f"the stand-in does not serve {', '.join(sorted(unserved))} of the AWS provider")
        return proto.CheckResponse(inputs=request.news)

    @served
    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = plain(decode(request.old_inputs or request.olds)), plain(decode(request.news))
        diffs = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        some = proto.DiffResponse.DIFF_SOME if diffs else proto.DiffResponse.DIFF_NONE
        return proto.DiffResponse(changes=some, diffs=diffs, replaces=["region"] if "region" in diffs else [])

    @served
    def Configure(self, request: Any, context: Any) -> Any:
        options = {key.rpartition(":")[2]: value for key, value in request.variables.items()}
        account = Account(options["region"], json.loads(options.get("allowedAccountIds", "[]")))
        account.check()
        self.accounts[context.peer()] = account
        return proto.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    @served
    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok != "aws:eks/getCluster:getCluster":
            raise RefusedError(f"the stand-in for the AWS plugin serves no {request.tok}")
        args = plain(decode(request.args))
        return proto.InvokeResponse(
            **{"return": encode(get_cluster(self.accounts[context.peer()].client, args["name"]))}
        )

    @served
    def Check(self, request: Any, context: Any) -> Any:
        self._kind(request, context).check(plain(decode(request.news)))
        return proto.CheckResponse(inputs=request.news)

    @served
    def Diff(self, request: Any, context: Any) -> Any:
        kind = self._kind(request, context)
        old, new = plain(decode(request.old_inputs)), plain(decode(request.news))
        diffs = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME if diffs else proto.DiffResponse.DIFF_NONE,
            diffs=diffs,
            replaces=[key for key in diffs if key in kind.replaces],
            deleteBeforeReplace=True,
        )

    @served
    def Create(self, request: Any, context: Any) -> Any:
        news = plain(decode(request.properties))
        if request.preview:
            return proto.CreateResponse(properties=request.properties)
        kind = self._kind(request, context)
        id = kind.create(news)
        return proto.CreateResponse(id=id, properties=encode(kind.read(id, news)))

    @served
    def Update(self, request: Any, context: Any) -> Any:
        news, olds = plain(decode(request.news)), plain(decode(request.olds))
        if request.preview:
            return proto.UpdateResponse(properties=encode(olds | news))
        kind = self._kind(request, context)
        kind.update(request.id, olds, news)
        return proto.UpdateResponse(properties=encode(kind.read(request.id, news)))

    @served
    def Read(self, request: Any, context: Any) -> Any:
        given = plain(decode(request.inputs))
        try:
            found = self._kind(request, context).read(request.id, given)
        except GoneError:
            return proto.ReadResponse()
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return proto.ReadResponse()
            raise
        inputs = {key: found[key] for key in given}
        return proto.ReadResponse(id=request.id, inputs=encode(inputs), properties=encode(found))

    @served
    def Delete(self, request: Any, context: Any) -> Any:
        self._kind(request, context).delete(request.id, plain(decode(request.properties)))
        return empty_pb2.Empty()

    def _kind(self, request: Any, context: Any) -> Kind:
        token = request.urn.split("::")[2].rpartition("$")[2]
        if token not in KINDS:
            raise RefusedError(f"the stand-in for the AWS plugin serves no {token}")
        return KINDS[token](self.accounts[context.peer()].client)


@contextmanager
def attached(environment: dict[str, str]) -> Iterator[str]:
    """Run one in a process of its own, to be used by many stacks; yields what their PULUMI_DEBUG_PROVIDERS says.

    The end of its stdin ends it, so that it does not outlive us, whatever becomes of us.
    """
    command = [sys.executable, "-m", "tests.standins.aws_plugin"]
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield f"aws:{process.stdout.readline().strip()}"


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(16), options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(0)


if __name__ == "__main__":
    main()
