"""The forwarder's objects as the component registers them; engine and cluster are mocked."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pulumi
from pulumi.runtime import mocks

from k8s_audit.delivery.forwarder.component import Forwarder
from tests.delivery.forwarder.bento import pipeline

NAMESPACE, NAME = "audit-test", "forwarder"
SECRET = "4dabf18193072939515e22adb298388d"
"""https://www.pulumi.com/docs/iac/concepts/secrets/: how the engine's protocol marks one."""
Object = dict[str, Any]
SETTINGS: Object = {
    "namespace": NAMESPACE,
    "network": {"receivers": [{"namespace": "falco", "ports": [9765]}]},
}
WORKLOAD: Object = {
    "registry": "registry.example.com/mirror",
    "digest": "sha256:" + "ab" * 32,
    "pullSecrets": ["pull"],
    "tolerations": [{"key": "audit", "operator": "Exists", "effect": "NoSchedule"}],
    "nodeSelector": {"pool": "audit"},
    "priorityClass": "system-cluster-critical",
}
ALL: Object = SETTINGS | {
    "workload": WORKLOAD,
    "autoscaling": {"minReplicas": 2, "maxReplicas": 4},
    "monitoring": {"podMonitor": True, "rules": True, "dashboard": True, "labels": {"release": "prometheus"}},
    "wait": False,
}
PASSWORD, PEM = "plain-password-4711", "plain-pem-4711"
ARGS: Object = {
    "identity": "eks-pod-identity",
    "environment": {"AWS_REGION": "eu-west-1"},
    "secret_environment": {"EVENT_HUBS_CONNECTION_STRING": PASSWORD},
    "secret_files": {"client.key": PEM},
    "service_account_annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/forwarder"},
    "service_account_labels": {"azure.workload.identity/use": "true"},
    "pod_labels": {"azure.workload.identity/use": "true"},
}


class Engine(mocks.Mocks):
    """In place of engine and cluster: keeps what is registered, and names what has no name."""

    def __init__(self) -> None:
        self.registered: dict[str, Object] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, Object]:
        state = dict(args.inputs)
        if args.typ.startswith("kubernetes:"):
            group_version, _, kind = args.typ.removeprefix("kubernetes:").rpartition(":")
            named: Object = {"apiVersion": group_version.removeprefix("core/"), "kind": kind}
            metadata: Object = {"name": f"{args.name}-4f1c"}
            state = named | state | {"metadata": metadata | state.get("metadata", {})}
        self.registered[args.name] = state
        return f"{args.name}-id", state

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[Object, list[tuple[str, str]]]:
        return {}, []


def place(settings: Object, **args: Any) -> dict[str, Object]:
    """All objects by the suffix of their resource's name, with secrets marked as Pulumi marks them.

    Raises:
        ConfigError: the component refuses.
    """
    engine = Engine()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(engine, project="audit", stack="test", preview=False)

    def register() -> None:
        Forwarder(NAME, {"pipeline": pipeline(), "settings": settings, **args})  # type: ignore[typeddict-item]

    run: Callable[[], None] = mocks.test(register)  # type: ignore[no-untyped-call]
    run()
    made = {name: each for name, each in engine.registered.items() if "kind" in each}
    return {name.removeprefix(f"{NAME}-"): each for name, each in made.items()}


def plain(value: Any) -> Any:
    """Without the marks of secrets; whole numbers as such, since the protocol knows floats alone."""
    if isinstance(value, dict):
        return plain(value["value"]) if SECRET in value else {key: plain(part) for key, part in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [plain(part) for part in value] if isinstance(value, list) else value


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
