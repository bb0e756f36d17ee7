"""A stand-in for any Pulumi plugin at all, for tests of what is judged before a plugin does anything: policies.

It takes every resource as it is given and makes nothing. PULUMI_DEBUG_PROVIDERS attaches the engine to it under each name.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc


class Echo(provider_pb2_grpc.ResourceProviderServicer):
    """Answers with what it is asked."""

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return proto.PluginInfo(version="0.0.1")

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return proto.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return proto.DiffResponse()

    def Configure(self, request: Any, context: Any) -> Any:
        return proto.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        return proto.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        return proto.DiffResponse()

    def Create(self, request: Any, context: Any) -> Any:
        return proto.CreateResponse(id="" if request.preview else "1", properties=request.properties)

    def Update(self, request: Any, context: Any) -> Any:
        return proto.UpdateResponse(properties=request.news)

    def Delete(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


@contextmanager
def attached(*packages: str) -> Iterator[str]:
    """Serve one for these packages; yields what PULUMI_DEBUG_PROVIDERS says."""
    server = grpc.server(ThreadPoolExecutor(16), options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Echo(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield ",".join(f"{package}:{port}" for package in packages)
    server.stop(0)
