"""What is registered with the engine, through Pulumi's own mocks."""

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.rpc import is_rpc_secret
from pulumi.runtime.stack import wait_for_rpcs

from k8s_audit.receivers.helm.chart import Chart
from k8s_audit.receivers.helm.network_policy import admit
from k8s_audit.receivers.helm.release import namespace, place_release, secret

LOCAL = Chart("agent", "2.10.2", Path("/cache/1/agent"), {}, None, {}, "/cache/1/agent")
PULLED = Chart("agent", "2.10.2", Path("/cache/2/agent"), {}, None, {}, "agent", "https://charts.example.com")


class Engine(Mocks):
    """Notes what is registered."""

    def __init__(self) -> None:
        self.seen: dict[str, MockResourceArgs] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.seen[args.typ] = args
        return f"{args.name}-id", args.inputs | {
            "metadata": {"name": f"{args.name}-x1"} | args.inputs.get("metadata", {})
        }

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        return {}, None


@pytest.fixture
def register() -> Callable[[Callable[[], object]], dict[str, MockResourceArgs]]:
    """Registers what a program makes, and returns it by type."""

    def run(program: Callable[[], object]) -> dict[str, MockResourceArgs]:
        engine = Engine()

        async def all_of_it() -> None:
            set_mocks(engine)
            program()
            await wait_for_rpcs()

        asyncio.run(all_of_it())
        return engine.seen

    return run


Register = Callable[[Callable[[], object]], dict[str, MockResourceArgs]]


def released(seen: dict[str, MockResourceArgs]) -> MockResourceArgs:
    return seen["kubernetes:helm.sh/v3:Release"]


def test_a_release_has_the_receivers_name_the_charts_version_and_leaves_nothing_when_it_fails(
    register: Register,
) -> None:
    args = released(register(lambda: place_release("sysdig", LOCAL, "sysdig-agent", {"a": 1})))
    assert args.name == "sysdig-release"
    assert args.inputs["name"] == "sysdig"
    assert args.inputs["namespace"] == "sysdig-agent"
    assert (args.inputs["chart"], args.inputs["version"]) == ("/cache/1/agent", "2.10.2")
    assert args.inputs["values"] == {"a": 1}
    assert args.inputs["atomic"]
    assert args.inputs["cleanupOnFail"]
    assert not args.inputs["createNamespace"]
    assert "repositoryOpts" not in args.inputs
    assert not args.resource_id


def test_a_chart_of_a_repository_is_named_so_that_the_state_is_the_same_on_each_machine(register: Register) -> None:
    args = released(register(lambda: place_release("sysdig", PULLED, "n", {})))
    assert args.inputs["chart"] == "agent"
    assert args.inputs["repositoryOpts"] == {"repo": "https://charts.example.com"}


def test_a_release_that_is_not_waited_for_is_not_atomic_since_that_would_wait(register: Register) -> None:
    args = released(register(lambda: place_release("sysdig", LOCAL, "n", {}, skip_await=True)))
    assert args.inputs["skipAwait"]
    assert not args.inputs["atomic"]


def test_an_adopted_release_is_imported_by_namespace_and_name(register: Register) -> None:
    args = released(register(lambda: place_release("sysdig", LOCAL, "sysdig-agent", {}, adopt=True)))
    assert args.resource_id == "sysdig-agent/sysdig"


def test_a_secret_has_the_engines_name_is_immutable_and_its_name_reaches_the_release(register: Register) -> None:
    def program() -> None:
        held = secret("sysdig-access-key", "n", {"access-key": pulumi.Output.secret("geheim")})
        place_release("sysdig", LOCAL, "n", {"accessKeySecret": held.metadata.name})

    seen = register(program)
    inputs = seen["kubernetes:core/v1:Secret"].inputs
    assert "name" not in inputs["metadata"]
    assert inputs["immutable"]
    assert "stringData" not in inputs
    assert "geheim" not in str(inputs)
    assert is_rpc_secret(inputs["data"])
    assert base64.b64decode(inputs["data"]["value"]["access-key"]) == b"geheim"
    assert released(seen).inputs["values"] == {"accessKeySecret": "sysdig-access-key-x1"}


def test_a_namespace_names_the_pods_that_it_lets_in(register: Register) -> None:
    inputs = register(lambda: namespace("falco", "falco", "restricted"))["kubernetes:core/v1:Namespace"].inputs
    assert inputs["metadata"] == {"name": "falco", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}


def test_a_network_policy_lies_in_the_namespace_of_its_pods(register: Register) -> None:
    seen = register(lambda: admit("falco-ingress", "falco", {"app": "falco"}, 9765, ["10.0.0.11/32"]))
    args = seen["kubernetes:networking.k8s.io/v1:NetworkPolicy"]
    assert args.name == "falco-ingress"
    assert args.inputs["metadata"] == {"namespace": "falco"}
    assert args.inputs["spec"]["podSelector"] == {"matchLabels": {"app": "falco"}}
    assert args.inputs["spec"]["ingress"][0]["from"] == [{"ipBlock": {"cidr": "10.0.0.11/32"}}]
