"""The provider's gRPC server: one small servicer for the resources, which hands `Construct` to the SDK's component host.

The SDK's own experimental servicer prints secrets in check failures and tracebacks in errors; this one says one line.
Protocol: https://github.com/pulumi/pulumi/blob/v3.259.0/proto/pulumi/provider.proto
"""

import asyncio
import atexit
import contextlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Collection
from functools import cache, cached_property
from threading import Event
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf import any_pb2, empty_pb2
from pulumi.errors import InputPropertiesError, InputPropertyError
from pulumi.provider import server as components_server
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc, status_pb2
from pulumi.runtime.rpc import UNKNOWN
from pydantic import ValidationError

from k8s_audit.errors import K8sAuditError
from k8s_audit.faults import fault
from k8s_audit.provider.resource import BESIDE, PACKAGE, Context, PartialError, ResourceType, Values
from k8s_audit.provider.values import decode, encode, holds_unknown

T = TypeVar("T")
WATCH = 1.0
"""Seconds between two looks whether the engine is still there."""


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The resources and components of one plugin process.

    Args:
        resource: a resource that it serves, by the name of its type; None: there is none.
        every: all of them, for the schema.
        components: makes the component host; called when something first asks for it, for that takes a second.
        version: the package's.
        engine: the engine's address; None: there is none to talk to.
    """

    def __init__(
        self,
        resource: Callable[[str], ResourceType[Any] | None],
        every: Callable[[], list[ResourceType[Any]]],
        components: Callable[[], ComponentProvider],
        version: str,
        engine: str | None,
    ) -> None:
        """Nothing is listened on yet."""
        self.resource, self.every = cache(resource), every
        self.make_components = components
        self.version = version
        self.engine = engine
        self.stop = Event()
        self.running: set[asyncio.Future[Any]] = set()

    @cached_property
    def components(self) -> ComponentProvider:
        """What other languages construct."""
        return self.make_components()

    @cached_property
    def construct(self) -> components_server.ProviderServicer:
        """The SDK's component host."""
        return components_server.ProviderServicer(self.components, [], self.engine or "")

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return proto.PluginInfo(version=self.version)

    async def GetSchema(self, request: Any, context: Any) -> Any:
        from k8s_audit.provider import schema  # no run of a stack asks for it

        merged = schema.merge(json.loads(self.components.schema or "{}"), self.every())
        return proto.GetSchemaResponse(schema=json.dumps(merged))

    async def Attach(self, request: Any, context: Any) -> Any:
        self.engine = request.address
        self.__dict__.pop("construct", None)
        return empty_pb2.Empty()

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        return proto.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        return proto.DiffResponse()

    async def Configure(self, request: Any, context: Any) -> Any:
        return proto.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=True
        )

    async def Check(self, request: Any, context: Any) -> Any:
        resource = await self._resource(request.urn, context)
        news, secrets = decode(request.news)
        known = {key: value for key, value in news.items() if not holds_unknown(value)}
        unknown = news.keys() - known.keys()
        try:
            full = news | resource.inputs.model_validate(known).values()
            failures = []
        except ValidationError as error:
            reasons = _faults(error, resource, secrets | resource.secrets, unknown)
            # a failure that names a property makes the engine print its value, a secret's too
            failures = [proto.CheckFailure(property="", reason=reason) for reason in reasons]
            full = news
        return proto.CheckResponse(inputs=encode(full, secrets | resource.secrets), failures=failures)

    async def Diff(self, request: Any, context: Any) -> Any:
        resource = await self._resource(request.urn, context)
        old, _ = decode(request.olds)
        news, _ = decode(request.news)
        ignored = set(request.ignoreChanges)
        fields = resource.inputs.model_fields.items()
        keys = {field.alias or name for name, field in fields if field.json_schema_extra != BESIDE} - ignored
        changed = sorted(key for key in keys if old.get(key) != news.get(key)) + resource.stale(old)
        detailed = {
            key: proto.PropertyDiff(
                kind=_kind(key in old, key in news, key in resource.replaces), inputDiff=key in news
            )
            for key in changed
        }
        replaces = sorted(set(changed) & resource.replaces)
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME if changed else proto.DiffResponse.DIFF_NONE,
            replaces=replaces,
            deleteBeforeReplace=bool(replaces),
            diffs=changed,
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    async def Create(self, request: Any, context: Any) -> Any:
        resource = await self._resource(request.urn, context)
        news, secrets = decode(request.properties)
        secrets |= resource.secrets
        if request.preview:
            await self._notice(resource, news, None, request.urn)
            return proto.CreateResponse(properties=encode(self._preview(resource, news, None), secrets))
        inputs = await self._inputs(resource, news, secrets, context)
        name = request.urn.rpartition("::")[2]
        work = self._work(lambda c: resource.create(c, name, inputs), request.urn, context, secrets)
        id, outputs = await work
        return proto.CreateResponse(id=id, properties=encode(outputs, secrets))

    async def Update(self, request: Any, context: Any) -> Any:
        resource = await self._resource(request.urn, context)
        news, secrets = decode(request.news)
        old, old_secrets = decode(request.olds)
        secrets |= resource.secrets | old_secrets
        if request.preview:
            await self._notice(resource, news, old, request.urn)
            return proto.UpdateResponse(properties=encode(self._preview(resource, news, old), secrets))
        inputs = await self._inputs(resource, news, secrets, context)
        outputs = await self._work(lambda c: resource.update(c, request.id, inputs, old), request.urn, context, secrets)
        return proto.UpdateResponse(properties=encode(outputs, secrets))

    async def Read(self, request: Any, context: Any) -> Any:
        resource = await self._resource(request.urn, context)
        old, secrets = decode(request.properties)
        given, given_secrets = decode(request.inputs)
        secrets |= resource.secrets | given_secrets
        inputs = resource.inputs.model_validate(given) if given else None
        found = await self._work(lambda c: resource.read(c, request.id, inputs, old), request.urn, context, secrets)
        if found is None:
            return proto.ReadResponse()
        return proto.ReadResponse(
            id=request.id,
            inputs=encode(found.inputs.values(), secrets),
            properties=encode(found.outputs, secrets),
        )

    async def Delete(self, request: Any, context: Any) -> Any:
        resource = await self._resource(request.urn, context)
        old, secrets = decode(request.properties)
        await self._work(lambda c: resource.delete(c, request.id, old), request.urn, context, secrets)
        return empty_pb2.Empty()

    async def Construct(self, request: Any, context: Any) -> Any:
        try:
            return await self.construct._construct(request, context)
        except Exception as error:
            inner = error.inner if isinstance(error, components_server.ComponentInitError) else error
            if isinstance(inner, InputPropertyError):
                text = f"{inner.property_path}: {inner.reason}"
            elif isinstance(inner, InputPropertiesError):
                text = "; ".join(f"{e['property_path']}: {e['reason']}" for e in inner.errors or [])
            elif isinstance(inner, K8sAuditError):
                text = str(inner)
            else:
                text = f"{type(inner).__name__}: {inner}"
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{request.name}: {text}")

    async def Cancel(self, request: Any, context: Any) -> Any:
        self.stop.set()
        return empty_pb2.Empty()

    def _preview(self, resource: ResourceType[Any], news: Values, old: Values | None) -> Values:
        """The inputs as they are, what follows from them where all of them are known, and all else as unknown."""
        computed: Values = dict.fromkeys(resource.outputs, UNKNOWN)
        if holds_unknown(news):
            return computed | news
        return computed | news | resource.preview(resource.inputs.model_validate(news), old)

    async def _notice(self, resource: ResourceType[Any], news: Values, old: Values | None, urn: str) -> None:
        if text := resource.notice(news, old):
            await self._log(text, urn)

    async def _inputs(self, resource: ResourceType[Any], news: Values, secrets: set[str], context: Any) -> Any:
        """The inputs, now that all of them are known; `Check` could not judge those that were not."""
        try:
            return resource.inputs.model_validate(news)
        except ValidationError as error:
            text = "\n".join(_faults(error, resource, secrets, set()))
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)

    async def _resource(self, urn: str, context: Any) -> ResourceType[Any]:
        token = urn.split("::")[2].rpartition("$")[2]
        found = self.resource(token.removeprefix(f"{PACKAGE}:index:"))
        if found is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"{PACKAGE} has no resource {token}")
        assert found is not None  # an abort raises
        return found

    async def _work(self, do: Callable[[Context], T], urn: str, context: Any, secrets: set[str]) -> T:
        """Run one operation in a thread to its end, whatever becomes of the request; errors are one line."""
        loop = asyncio.get_running_loop()

        def say(text: str) -> None:
            asyncio.run_coroutine_threadsafe(self._log(text, urn), loop)

        task = asyncio.ensure_future(asyncio.to_thread(do, Context(self.stop, say)))
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # taken, even if nobody waits
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.stop.set()
            raise
        except PartialError as error:
            await self._abort_partial(error, context, secrets)
            raise
        except K8sAuditError as error:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            raise
        except Exception as error:
            await context.abort(grpc.StatusCode.INTERNAL, f"a fault in {PACKAGE}, please report it: {_where(error)}")
            raise

    async def _abort_partial(self, error: PartialError, context: Any, secrets: set[str]) -> None:
        failed = proto.ErrorResourceInitFailed(
            id=error.id, properties=encode(error.outputs, secrets), reasons=[str(error)]
        )
        packed = any_pb2.Any()
        packed.Pack(failed)
        code = grpc.StatusCode.UNKNOWN
        status = status_pb2.Status(code=code.value[0], message=str(error), details=[packed])
        raised = _Status(code, str(error), (("grpc-status-details-bin", status.SerializeToString()),))
        await context.abort_with_status(raised)

    async def _log(self, text: str, urn: str) -> None:
        """Show a line; an engine that is gone must not break a way back."""
        if self.engine:
            with contextlib.suppress(Exception):
                async with grpc.aio.insecure_channel(self.engine) as channel:
                    stub = engine_pb2_grpc.EngineStub(channel)
                    await stub.Log(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=text, urn=urn))


class _Status(grpc.Status):  # type: ignore[misc] # grpc has no types
    def __init__(self, code: grpc.StatusCode, details: str, trailing_metadata: Any) -> None:
        self.code, self.details, self.trailing_metadata = code, details, trailing_metadata


def _faults(
    error: ValidationError, resource: ResourceType[Any], secrets: Collection[str], unknown: Collection[str]
) -> list[str]:
    """One line a fault; none for a key that is not known yet, and no value of a secret one."""
    keys = [str(e["loc"][0]) if e["loc"] else "" for e in error.errors()]
    pairs = zip(keys, error.errors(), strict=True)
    return [fault(e, resource.inputs, secret=key in secrets) for key, e in pairs if key not in unknown]


def _kind(was: bool, is_: bool, replaces: bool) -> Any:
    """The kind of a change of one property."""
    name = "UPDATE" if was and is_ else "ADD" if is_ else "DELETE" if was else "UPDATE"
    return getattr(proto.PropertyDiff, f"{name}_REPLACE" if replaces else name)


def _where(error: Exception) -> str:
    """A fault of our own without its values, which may be secret: its type, and the last line of ours."""
    trace = error.__traceback__
    place = ""
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if PACKAGE.replace("-", "_") in file:
            place = f"{os.path.basename(file)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"


async def _watch(servicer: Servicer) -> None:
    """End when the engine is gone: after `kill -9` of the CLI nobody else would end this process."""
    assert servicer.engine
    async with grpc.aio.insecure_channel(servicer.engine) as channel:
        stub = engine_pb2_grpc.EngineStub(channel)
        misses = 0
        while misses < 2:
            await asyncio.sleep(WATCH)
            try:
                await stub.GetRootResource(engine_pb2.GetRootResourceRequest(), timeout=10)
                misses = 0
            except grpc.aio.AioRpcError as error:
                misses = misses + 1 if error.code() == grpc.StatusCode.UNAVAILABLE else 0
    await _finish(servicer)


async def _finish(servicer: Servicer) -> None:
    """Tell running operations to go back, wait for them, and end the process."""
    servicer.stop.set()
    while servicer.running:
        await asyncio.wait(list(servicer.running))
    atexit._run_exitfuncs()  # libraries remove temporary files there
    os._exit(0)


def serve(make: Callable[[str | None], Servicer], arguments: list[str]) -> None:
    """Serve until the engine ends us or is gone.

    Args:
        make: makes the servicer for an engine's address.
        arguments: the command line's; flags that the engine puts before its address are skipped.
    """
    addresses = [argument for argument in arguments if not argument.startswith("-")]
    engine = addresses[-1] if addresses else None

    async def run() -> None:
        servicer = make(engine)
        server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        tasks: list[Awaitable[Any]] = []
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, lambda: tasks.append(asyncio.ensure_future(_finish(servicer))))
        if engine:
            tasks.append(asyncio.ensure_future(_watch(servicer)))
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await server.wait_for_termination()

    asyncio.run(run())
