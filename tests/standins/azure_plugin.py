"""A stand-in for Pulumi's azure-native plugin (3.29), whose executable cannot be had offline.

It does the real thing by HTTP, against the Azure that AZURE_ENDPOINT names: `azure_cloud.py` in our tests. The engine is attached to it by
PULUMI_DEBUG_PROVIDERS=azure-native:PORT. Which resources, inputs and invokes it serves is in `azure_resources.py`; all else is refused
by name. It differs from the plugin in this: no credentials, no waiting for long operations, no names of its own making.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from typing import Any

import grpc
import httpx
from google.protobuf import empty_pb2
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from tests.project import CHECKOUT
from tests.standins.azure_resources import INVOKES, KINDS, ArmError, Kind, RefusedError
from tests.standins.property_values import decode, encode, plain

OPTIONS = {"subscriptionId", "tenantId", "environment", "version"}
NOT_FOUND = 404


def served(method: Any) -> Any:
    """Errors are one line for the user."""

    @wraps(method)
    def run(self: Any, request: Any, context: Any) -> Any:
        try:
            return method(self, request, context)
        except (RefusedError, ArmError) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    return run


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """One process for any number of stacks and providers: each provider of the engine has a connection of its own."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, str] = {}
        self.azure = httpx.Client(base_url=os.environ["AZURE_ENDPOINT"], trust_env=False)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return proto.PluginInfo(version="3.29.0")

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    @served
    def CheckConfig(self, request: Any, context: Any) -> Any:
        if unserved := decode(request.news).keys() - OPTIONS:
            raise RefusedError(
                f"the stand-in does not serve {', '.join(sorted(unserved))} of the azure-native provider"
            )
        return proto.CheckResponse(inputs=request.news)

    @served
    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = plain(decode(request.old_inputs or request.olds)), plain(decode(request.news))
        diffs = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        some = proto.DiffResponse.DIFF_SOME if diffs else proto.DiffResponse.DIFF_NONE
        moved = [key for key in diffs if key in ("subscriptionId", "tenantId")]
        return proto.DiffResponse(changes=some, diffs=diffs, replaces=moved)

    @served
    def Configure(self, request: Any, context: Any) -> Any:
        options = {key.rpartition(":")[2]: value for key, value in request.variables.items()}
        self.subscriptions[context.peer()] = options["subscriptionId"]
        return proto.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    @served
    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok not in INVOKES:
            raise RefusedError(f"the stand-in for the azure-native plugin serves no {request.tok}")
        method, kind = INVOKES[request.tok]
        args = plain(decode(request.args))
        told = self._ask(method, kind.id(self.subscriptions[context.peer()], args))
        return proto.InvokeResponse(**{"return": encode(kind.outputs({"properties": {}} | told))})

    @served
    def Check(self, request: Any, context: Any) -> Any:
        _kind(request).check(plain(decode(request.news)))
        return proto.CheckResponse(inputs=request.news)

    @served
    def Diff(self, request: Any, context: Any) -> Any:
        kind, old, new = _kind(request), plain(decode(request.old_inputs)), plain(decode(request.news))
        diffs = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME if diffs else proto.DiffResponse.DIFF_NONE,
            diffs=diffs,
            replaces=[key for key in diffs if key in kind.in_path],
            deleteBeforeReplace=True,
        )

    @served
    def Create(self, request: Any, context: Any) -> Any:
        news = plain(decode(request.properties))
        if request.preview:
            return proto.CreateResponse(properties=request.properties)
        kind = _kind(request)
        id = kind.id(self.subscriptions[context.peer()], news)
        if kind.kept is None and self._found(id) is not None:
            raise RefusedError(f"cannot create already existing resource '{id}'")
        return proto.CreateResponse(
            id=id, properties=encode(news | kind.outputs(self._ask("PUT", id, kind.body(news))))
        )

    @served
    def Update(self, request: Any, context: Any) -> Any:
        news, olds = plain(decode(request.news)), plain(decode(request.olds))
        if request.preview:
            return proto.UpdateResponse(properties=encode(olds | news))
        kind = _kind(request)
        told = self._ask("PUT", request.id, kind.body(news))
        return proto.UpdateResponse(properties=encode(news | kind.outputs(told)))

    @served
    def Read(self, request: Any, context: Any) -> Any:
        kind, inputs, before = _kind(request), plain(decode(request.inputs)), plain(decode(request.properties))
        told = self._found(request.id)
        if told is None:
            return proto.ReadResponse()
        now = {key: before[key] for key in kind.in_path & before.keys()} | kind.outputs(told)
        return proto.ReadResponse(
            id=request.id, inputs=encode(kind.refreshed(inputs, before, now)), properties=encode(now)
        )

    @served
    def Delete(self, request: Any, context: Any) -> Any:
        kind = _kind(request)
        if kind.kept is not None:
            self._ask("PUT", request.id, kind.kept)
        else:
            self._ask("DELETE", request.id)
        return empty_pb2.Empty()

    def _found(self, id: str) -> dict[str, Any] | None:
        try:
            return self._ask("GET", id)
        except ArmError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def _ask(self, method: str, id: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self.azure.request(method, id, json=body)
        told: dict[str, Any] = answer.json()
        if answer.is_error:
            raise ArmError(answer.status_code, told["error"]["code"], told["error"]["message"])
        return told


def _kind(request: Any) -> Kind:
    token = request.urn.split("::")[2].rpartition("$")[2]
    if token not in KINDS:
        raise RefusedError(f"the stand-in for the azure-native plugin serves no {token}")
    return KINDS[token]


@contextmanager
def attached(endpoint: str) -> Iterator[str]:
    """Run one in a process of its own, to be used by many stacks; yields what their PULUMI_DEBUG_PROVIDERS says.

    The end of its stdin ends it, so that it does not outlive us, whatever becomes of us.

    Args:
        endpoint: URL of Azure.
    """
    command = [sys.executable, "-m", "tests.standins.azure_plugin"]
    environment = dict(os.environ) | {"AZURE_ENDPOINT": endpoint}
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield f"azure-native:{process.stdout.readline().strip()}"


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
