"""A stand-in for Pulumi's azure-native plugin (3.29), whose executable cannot be had offline.

It does the real thing by HTTP, against the Azure that AZURE_ENDPOINT names: `azure_cloud.py` in our tests. The engine is attached to it by
PULUMI_DEBUG_PROVIDERS=azure-native:PORT. Which resources, inputs and invokes it serves is in `azure_resources.py`; all else is refused
by name. It differs from the plugin in this: no credentials, no waiting for long operations, no names of its own making.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from google.protobuf import empty_pb2
from pulumi.runtime import proto

from tests.standins import cloud_plugin
from tests.standins.azure_resources import INVOKES, KINDS, ArmError
from tests.standins.cloud_plugin import Package, RefusedError, served
from tests.standins.property_values import decode, encode, plain

PACKAGE = Package(
    name="azure-native",
    version="3.29.0",
    options=frozenset({"subscriptionId", "tenantId", "environment", "version"}),
    moved=frozenset({"subscriptionId", "tenantId"}),
    account=lambda options: options["subscriptionId"],
    kinds={},
    invokes={},
    errors=(ArmError,),
)
NOT_FOUND = 404


class Plugin(cloud_plugin.Plugin):
    """The requests of all kinds have one form, so a kind here is data, and the plugin asks."""

    def __init__(self) -> None:
        super().__init__(PACKAGE)
        self.azure = httpx.Client(base_url=os.environ["AZURE_ENDPOINT"], trust_env=False)

    @served
    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok not in INVOKES:
            raise RefusedError(f"the stand-in for the azure-native plugin serves no {request.tok}")
        method, kind = INVOKES[request.tok]
        args = plain(decode(request.args))
        told = self._ask(method, kind.id(self.accounts[context.peer()], args))
        return proto.InvokeResponse(**{"return": encode(kind.outputs({"properties": {}} | told))})

    @served
    def Create(self, request: Any, context: Any) -> Any:
        news = plain(decode(request.properties))
        if request.preview:
            return proto.CreateResponse(properties=request.properties)
        kind = self._kind(request, context)
        id = kind.id(self.accounts[context.peer()], news)
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
        kind = self._kind(request, context)
        told = self._ask("PUT", request.id, kind.body(news))
        return proto.UpdateResponse(properties=encode(news | kind.outputs(told)))

    @served
    def Read(self, request: Any, context: Any) -> Any:
        kind, inputs, before = (
            self._kind(request, context),
            plain(decode(request.inputs)),
            plain(decode(request.properties)),
        )
        told = self._found(request.id)
        if told is None:
            return proto.ReadResponse()
        now = {key: before[key] for key in kind.in_path & before.keys()} | kind.outputs(told)
        return proto.ReadResponse(
            id=request.id, inputs=encode(kind.refreshed(inputs, before, now)), properties=encode(now)
        )

    @served
    def Delete(self, request: Any, context: Any) -> Any:
        kind = self._kind(request, context)
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

    def _kind(self, request: Any, context: Any) -> Any:
        token = request.urn.split("::")[2].rpartition("$")[2]
        if token not in KINDS:
            raise RefusedError(f"the stand-in for the azure-native plugin serves no {token}")
        return KINDS[token]


@contextmanager
def attached(endpoint: str) -> Iterator[str]:
    """Run it; yields what a project's PULUMI_DEBUG_PROVIDERS says.

    Args:
        endpoint: URL of Azure.
    """
    with cloud_plugin.attached("azure-native", "tests.standins.azure_plugin", AZURE_ENDPOINT=endpoint) as value:
        yield value


if __name__ == "__main__":
    cloud_plugin.serve(Plugin())
