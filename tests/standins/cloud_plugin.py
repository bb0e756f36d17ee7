"""A stand-in for a plugin of Pulumi's for a cloud, whose executable cannot be had offline: the protocol's part, the same for each cloud.

The engine is attached to it by PULUMI_DEBUG_PROVIDERS=<package>:PORT. Which resources, inputs and invokes are served is the cloud's own
module's; all else is refused by name. It differs from a plugin in this: no retries, no waiting for anything to settle, no defaults.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from tests.project import CHECKOUT
from tests.standins.property_values import decode, encode, plain

Values = dict[str, Any]


class RefusedError(Exception):
    """What the stand-in or the cloud refuses; the text is for the user."""


class GoneError(Exception):
    """It is not there."""


@dataclass
class Kind:
    """One type of resource.

    Args:
        account: what the provider was configured with.
    """

    account: Any
    served = frozenset[str]()
    """Inputs; all others are refused."""
    replaces = frozenset[str]()

    def check(self, news: Values) -> None:
        if unserved := sorted(key for key in news.keys() - self.served if news[key] not in (None, [], {})):
            raise RefusedError(f"the stand-in does not serve {', '.join(unserved)} of {type(self).__name__}")

    def create(self, news: Values) -> str:
        raise NotImplementedError

    def read(self, id: str, given: Values) -> Values:
        """Its outputs, the inputs among them; GoneError."""
        raise NotImplementedError

    def update(self, id: str, olds: Values, news: Values) -> None:
        raise RefusedError(f"the stand-in cannot update {type(self).__name__}")

    def delete(self, id: str, olds: Values) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Package:
    """What a cloud's module serves.

    Args:
        name: Pulumi's, such as `gcp`.
        version: of the plugin that it stands in for.
        options: what its provider may be configured with.
        moved: those whose change replaces the provider.
        account: makes what each kind is given, of the options; RefusedError.
        kinds: by token.
        invokes: by token; each is given the account and the arguments.
        errors: of the cloud's client, whose text is for the user.
        is_gone: whether one of them says that a thing is not there.
    """

    name: str
    version: str
    options: frozenset[str]
    moved: frozenset[str]
    account: Callable[[Mapping[str, str]], Any]
    kinds: Mapping[str, Callable[[Any], Kind]]
    invokes: Mapping[str, Callable[[Any, Values], Values]]
    errors: tuple[type[Exception], ...] = ()
    is_gone: Callable[[Exception], bool] = lambda error: False


def served(method: Any) -> Any:
    """Errors are one line for the user."""

    @wraps(method)
    def run(self: Any, request: Any, context: Any) -> Any:
        try:
            return method(self, request, context)
        except (RefusedError, GoneError, *self.package.errors) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error) or "it is gone")

    return run


def _difference(old: Values, new: Values) -> list[str]:
    return sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """One process for any number of stacks and providers: each provider of the engine has a connection of its own."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.accounts: dict[str, Any] = {}

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return proto.PluginInfo(version=self.package.version)

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    @served
    def CheckConfig(self, request: Any, context: Any) -> Any:
        if unserved := decode(request.news).keys() - self.package.options:
            raise RefusedError(
                f"the stand-in does not serve {', '.join(sorted(unserved))} of the provider {self.package.name}"
            )
        return proto.CheckResponse(inputs=request.news)

    @served
    def DiffConfig(self, request: Any, context: Any) -> Any:
        diffs = _difference(plain(decode(request.old_inputs or request.olds)), plain(decode(request.news)))
        some = proto.DiffResponse.DIFF_SOME if diffs else proto.DiffResponse.DIFF_NONE
        return proto.DiffResponse(
            changes=some, diffs=diffs, replaces=[one for one in diffs if one in self.package.moved]
        )

    @served
    def Configure(self, request: Any, context: Any) -> Any:
        options = {key.rpartition(":")[2]: value for key, value in request.variables.items()}
        self.accounts[context.peer()] = self.package.account(options)
        return proto.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    @served
    def Invoke(self, request: Any, context: Any) -> Any:
        invoke = self.package.invokes.get(request.tok)
        if invoke is None:
            raise RefusedError(f"the stand-in for the plugin {self.package.name} serves no {request.tok}")
        answer = invoke(self.accounts[context.peer()], plain(decode(request.args)))
        return proto.InvokeResponse(**{"return": encode(answer)})

    @served
    def Check(self, request: Any, context: Any) -> Any:
        self._kind(request, context).check(plain(decode(request.news)))
        return proto.CheckResponse(inputs=request.news)

    @served
    def Diff(self, request: Any, context: Any) -> Any:
        kind = self._kind(request, context)
        diffs = _difference(plain(decode(request.old_inputs)), plain(decode(request.news)))
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
        except self.package.errors as error:
            if self.package.is_gone(error):
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
        if token not in self.package.kinds:
            raise RefusedError(f"the stand-in for the plugin {self.package.name} serves no {token}")
        return self.package.kinds[token](self.accounts[context.peer()])


@contextmanager
def attached(name: str, module: str, **variables: str) -> Iterator[str]:
    """Run one in a process of its own, to be used by many stacks; yields what their PULUMI_DEBUG_PROVIDERS says.

    The end of its stdin ends it, so that it does not outlive us, whatever becomes of us.
    """
    command = [sys.executable, "-m", module]
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=os.environ | variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield f"{name}:{process.stdout.readline().strip()}"


def serve(plugin: Plugin) -> None:
    server = grpc.server(ThreadPoolExecutor(16), options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(plugin, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(0)
