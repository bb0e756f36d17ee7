"""The provider's protocol over real gRPC, with a resource of the tests' own: what the engine is told, and what it never is."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

import grpc.aio
import pytest
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2
from pulumi.runtime.rpc import UNKNOWN
from pydantic import Field

from k8s_audit.errors import HostError, K8sAuditError
from k8s_audit.provider.plugin import component_host
from k8s_audit.provider.resource import BESIDE, Context, PartialError, Read, ResourceInputs, Values
from k8s_audit.provider.server import Servicer
from k8s_audit.provider.values import decode, encode

URN = "urn:pulumi:s::audit::k8s-audit:index:KubeadmAudit$k8s-audit:index:Kettle::kettle-1"
SECRET = "TOPSECRET"


class KettleInputs(ResourceInputs):
    colour: str
    litres: int = 1
    token: str = ""
    place: str = "kitchen"
    note: str = Field(default="", json_schema_extra=BESIDE)


class Kettle:
    """A resource whose every operation does what the test says."""

    name = "Kettle"
    inputs = KettleInputs
    outputs: Mapping[str, str] = MappingProxyType({"hot": "boolean", "key": "string"})
    secrets = frozenset({"token", "key"})
    replaces = frozenset({"place"})

    def __init__(self) -> None:
        self.fails: Exception | None = None
        self.started, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.finished: list[str] = []
        self.gone = False

    def _work(self, context: Context) -> None:
        self.started.set()
        self.go_on.wait(10)
        self.finished.append("stopped" if context.stop.is_set() else "done")
        if self.fails:
            raise self.fails

    def preview(self, inputs: KettleInputs, old: Values | None) -> Values:
        return {"hot": True}

    def notice(self, news: Values, old: Values | None) -> str:
        return ""

    def create(self, context: Context, name: str, inputs: KettleInputs) -> tuple[str, Values]:
        self._work(context)
        return f"id of {name}", inputs.values() | {"hot": True, "key": SECRET}

    def read(self, context: Context, id: str, inputs: KettleInputs | None, old: Values) -> Read[KettleInputs] | None:
        if self.gone:
            return None
        assert inputs
        live = inputs.model_copy(update={"colour": "green", "token": f"{SECRET}-live"})
        return Read(live, live.values() | {"hot": False, "key": SECRET})

    def stale(self, old: Values) -> list[str]:
        return [] if old.get("hot") else ["hot"]

    def update(self, context: Context, id: str, inputs: KettleInputs, old: Values) -> Values:
        return self.create(context, "", inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        self._work(context)


@contextlib.asynccontextmanager
async def provider(kettle: Kettle) -> AsyncIterator[tuple[Any, Servicer]]:
    servicer = Servicer({"Kettle": kettle}.get, lambda: [kettle], component_host, "0", None)
    server = grpc.aio.server()
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel), servicer
    await server.stop(None)


def ask(kettle: Kettle, call: Callable[[Any], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with provider(kettle) as (stub, _):
            return await call(stub)

    return asyncio.run(run())


def values(secrets: tuple[str, ...] = (), **given: Any) -> Struct:
    return encode(given, secrets)


def check(secrets: tuple[str, ...] = (), **given: Any) -> Any:
    return ask(Kettle(), lambda p: p.Check(proto.CheckRequest(urn=URN, news=values(secrets, **given))))


def refusal(kettle: Kettle, call: Callable[[Any], Awaitable[Any]]) -> Any:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        ask(kettle, call)
    assert SECRET not in str(raised.value.details())
    return raised.value


def test_check_fills_defaults_and_marks_what_is_secret_whoever_set_it() -> None:
    answer = check(colour="red", token=SECRET)
    found, secrets = decode(answer.inputs)
    assert found == {"colour": "red", "litres": 1, "token": SECRET, "place": "kitchen", "note": ""}
    assert secrets == {"token"}
    assert not answer.failures


def test_check_says_all_faults_and_none_of_them_shows_a_secret_or_makes_the_engine_show_one() -> None:
    answer = check(("colour",), colour=7, token=[SECRET], litrs=2, litres="many")
    assert {failure.property for failure in answer.failures} == {""}
    assert sorted(failure.reason for failure in answer.failures) == [
        "colour: Input should be a valid string; given: [secret]",
        "litres: Input should be a valid integer; given: 'many'",
        "litrs: unknown key; did you mean litres? allowed: colour, litres, note, place, token",
        "token: Input should be a valid string; given: [secret]",
    ]


def test_check_does_not_judge_what_is_not_known_yet() -> None:
    answer = check(colour=UNKNOWN, token={"deep": [UNKNOWN]})
    assert not answer.failures
    assert decode(answer.inputs)[0]["colour"] == UNKNOWN
    missing = check(token=UNKNOWN)
    assert [failure.reason for failure in missing.failures] == ["colour: missing"]


def diff(old: Values, new: Values, *ignored: str) -> Any:
    request = proto.DiffRequest(urn=URN, id="1", olds=values(**old), news=values(**new), ignoreChanges=ignored)
    return ask(Kettle(), lambda p: p.Diff(request))


def test_diff_names_each_input_that_changed_and_never_a_value() -> None:
    old = {"colour": "red", "token": f"{SECRET}-old", "hot": True}
    answer = diff(old, {"colour": "blue", "token": SECRET, "litres": 2})
    kinds = proto.PropertyDiff
    assert {key: part.kind for key, part in answer.detailedDiff.items()} == {
        "colour": kinds.UPDATE,
        "litres": kinds.ADD,
        "token": kinds.UPDATE,
    }
    assert list(answer.diffs) == ["colour", "litres", "token"]
    assert not answer.replaces
    assert SECRET not in str(answer)


def test_diff_of_the_same_is_none_and_an_ignored_change_is_no_change() -> None:
    same = {"colour": "red", "hot": True}
    assert diff(same, {"colour": "red"}).changes == proto.DiffResponse.DIFF_NONE
    assert diff(same, {"colour": "blue"}, "colour").changes == proto.DiffResponse.DIFF_NONE
    assert diff(same, {"colour": "blue"}).changes == proto.DiffResponse.DIFF_SOME
    assert diff(same, {"colour": "red", "note": "words"}).changes == proto.DiffResponse.DIFF_NONE, "a message's words"


def test_diff_replaces_where_it_must_and_mends_what_went_stale() -> None:
    moved = diff({"place": "kitchen", "hot": True}, {"place": "garden"})
    assert list(moved.replaces) == ["place"]
    assert moved.deleteBeforeReplace
    assert moved.detailedDiff["place"].kind == proto.PropertyDiff.UPDATE_REPLACE
    cold = diff({"colour": "red", "hot": False}, {"colour": "red"})
    assert list(cold.diffs) == ["hot"]
    assert cold.changes == proto.DiffResponse.DIFF_SOME


def create(kettle: Kettle, preview: bool = False, **given: Any) -> Callable[[Any], Awaitable[Any]]:
    request = proto.CreateRequest(urn=URN, properties=values(**given), preview=preview)
    return lambda stub: stub.Create(request)


def test_a_preview_computes_what_it_can_and_does_nothing() -> None:
    kettle = Kettle()
    found, secrets = decode(ask(kettle, create(kettle, True, colour="red")).properties)
    assert found == {"colour": "red", "hot": True, "key": UNKNOWN}
    assert secrets == {"key"}
    found, _ = decode(ask(kettle, create(kettle, True, colour=UNKNOWN)).properties)
    assert found == {"colour": UNKNOWN, "hot": UNKNOWN, "key": UNKNOWN}
    assert not kettle.finished


def test_create_marks_secrets_of_inputs_and_outputs_and_names_the_resource() -> None:
    kettle = Kettle()
    answer = ask(kettle, create(kettle, colour="red", token=SECRET))
    assert answer.id == "id of kettle-1"
    assert decode(answer.properties)[1] == {"token", "key"}
    with pytest.raises(grpc.aio.AioRpcError) as raised:  # `Check` could not judge what was unknown then
        ask(kettle, create(kettle, colour=7, token=[SECRET]))
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert SECRET not in str(raised.value.details())


def test_an_error_on_purpose_is_its_text_and_one_of_ours_is_its_place_without_values() -> None:
    kettle = Kettle()
    kettle.fails = HostError("host cp-1: /etc/kubernetes: permission denied")
    refused = refusal(kettle, create(kettle, colour="red"))
    assert refused.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert refused.details() == "host cp-1: /etc/kubernetes: permission denied"
    kettle.fails = KeyError(SECRET)
    fault = refusal(kettle, create(kettle, colour="red"))
    assert fault.code() == grpc.StatusCode.INTERNAL
    assert fault.details().startswith("a fault in k8s-audit, please report it: KeyError at ")


def test_what_was_made_half_is_in_the_state_with_its_secrets_marked() -> None:
    kettle = Kettle()
    kettle.fails = PartialError("it does not boil", "half", {"colour": "red", "key": SECRET})
    refused = refusal(kettle, create(kettle, colour="red"))
    (packed,) = [value for key, value in refused.trailing_metadata() if key == "grpc-status-details-bin"]
    status = status_pb2.Status.FromString(packed)
    failed = proto.ErrorResourceInitFailed()
    assert status.details[0].Unpack(failed)
    assert failed.id == "half"
    assert list(failed.reasons) == ["it does not boil"]
    assert decode(failed.properties) == ({"colour": "red", "key": SECRET}, {"key"})


def test_read_tells_what_is_live_and_what_is_gone() -> None:
    kettle = Kettle()
    request = proto.ReadRequest(urn=URN, id="1", inputs=values(colour="red"), properties=values(colour="red"))
    answer = ask(kettle, lambda stub: stub.Read(request))
    assert answer.id == "1"
    assert decode(answer.inputs)[0]["colour"] == "green"
    assert decode(answer.inputs)[1] == {"token"}
    kettle.gone = True
    assert ask(kettle, lambda stub: stub.Read(request)).id == ""


def test_an_unknown_resource_is_refused() -> None:
    request = proto.CheckRequest(urn=URN.replace("Kettle", "Kettl"), news=values())
    refused = refusal(Kettle(), lambda stub: stub.Check(request))
    assert refused.code() == grpc.StatusCode.NOT_FOUND
    assert refused.details() == "k8s-audit has no resource k8s-audit:index:Kettl"


@pytest.mark.parametrize("cancel", ["request", "provider"])
def test_a_cancelled_operation_is_told_and_goes_on_to_its_end(cancel: str) -> None:
    kettle = Kettle()
    kettle.go_on.clear()
    kettle.fails = K8sAuditError("went back")

    async def run() -> bool:
        async with provider(kettle) as (stub, servicer):
            call = asyncio.ensure_future(create(kettle, colour="red")(stub))
            await asyncio.to_thread(kettle.started.wait, 10)
            if cancel == "request":
                call.cancel()
                while not servicer.stop.is_set():
                    await asyncio.sleep(0.01)
            else:
                await stub.Cancel(empty_pb2.Empty())
            held = bool(servicer.running)
            kettle.go_on.set()
            with contextlib.suppress(asyncio.CancelledError, grpc.aio.AioRpcError):
                await call
            while servicer.running:
                await asyncio.sleep(0.01)
            return held

    assert asyncio.run(run())
    assert kettle.finished == ["stopped"]
