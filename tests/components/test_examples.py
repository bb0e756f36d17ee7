"""Each example stack under the policy pack: what its program registers, judged by each rule. Engine, clouds and clusters are mocked."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import mocks

from k8s_audit.config.registry import SECRETS
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.errors import ConfigError
from k8s_audit.stack import compose
from rules import RULES
from rules.rule import UNKNOWN, Fault, Resource
from tests.components.test_aks import Azure
from tests.components.test_eks import Aws
from tests.components.test_gke import Google
from tests.components.test_sysdig_receivers import SECRET, Engine
from tests.delivery.forwarder.placed import Engine as Plain
from tests.project import CHECKOUT
from tests.vendors.charts import folder

CHARTS = {
    "falco": "falcosecurity/falco",
    "sysdig-shield": "sysdig/shield",
    "cluster-shield": "sysdig/cluster-shield",
    "admission-controller": "sysdig/admission-controller",
}
"""Where a chart lies on this machine: an example takes it from its maker's repository."""
EXAMPLES = sorted((CHECKOUT / "stacks").glob("Pulumi.*.yaml"))


YIELDS: dict[str, dict[str, Any]] = {
    "DeliveryCheck": {"checks": []},
    "AdmissionCheck": {"checks": []},
    "OpenshiftAuditProfile": {"digest": "d"},
    "IksAuditWebhook": {"digest": "d"},
    "ReceiverCertificate": {"ca": "CA", "certificate": "CERTIFICATE", "key": "A-KEY"},
    "Recorder": {"url": "http://127.0.0.1:8775/events"},
}
"""What our own resources tell."""


class Known(Engine):
    """Keeps what is registered; what a cloud tells comes from the mock that its own tests have."""

    def __init__(self, cloud: Any) -> None:
        super().__init__()
        self.cloud = cloud

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        id, state = super().new_resource(args)
        if self.cloud:
            id, state = self.cloud.new_resource(args)
        return id, state | YIELDS.get(args.typ.rpartition(":")[2], {})

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        return self.cloud.call(args) if self.cloud else ({}, [])


def loaded(values: dict[str, str], secret: set[str]) -> Stack:
    """The stack, with the secrets that it asks for."""
    try:
        return load_stack(values, secret)
    except ConfigError as error:
        asked = {key for key in SECRETS if f"audit:{key}: missing" in str(error)}
        keys = {f"audit:{key}" for key in asked}
        return load_stack(values | dict.fromkeys(keys, ""), secret | keys)


def judged(value: Any) -> Any:
    """As a policy sees it: secrets like any other value, and what only the real thing knows as unknown."""
    if value == pulumi.runtime.rpc.UNKNOWN:
        return UNKNOWN
    if isinstance(value, dict):
        return judged(value["value"]) if SECRET in value else {key: judged(part) for key, part in value.items()}
    return [judged(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_an_example_passes_each_mandatory_rule(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    values, secret = read_stack_file(file.read_text())
    receivers = yaml.safe_load(values["audit:receivers"])
    for receiver in receivers:
        if receiver["kind"] in CHARTS:
            receiver["chart"] = {"path": str(folder() / CHARTS[receiver["kind"]])}
    values["audit:receivers"] = json.dumps(receivers)
    platform = yaml.safe_load(values["audit:platform"])
    if "inventory" in platform:
        platform["inventory"] = str(tmp_path)
        (tmp_path / "group_vars" / "k8s_cluster").mkdir(parents=True)
        values["audit:platform"] = json.dumps(platform)
    stack = loaded(values, secret)
    clouds: dict[str, Callable[[], Any]] = {
        "aks": lambda: Azure({}),
        "eks": Aws,
        "gke": Google,
        "openshift": Plain,
        "iks": Plain,
    }
    engine = Known(clouds.get(stack.platform.kind, lambda: None)())
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(engine, project="audit", stack="test", preview=False)
    pulumi.runtime.set_all_config({f"audit:{key}": "x" for key in SECRETS})
    mocks.test(lambda: compose(stack, tmp_path))()  # type: ignore[no-untyped-call]
    assert engine.registered
    faults = [
        f"{name}: {rule.id}: {found}"
        for name, inputs in engine.registered.items()
        for rule in RULES
        if rule.mandatory
        for found in rule.judge(Resource(engine.types[name], name, judged(inputs), "test"))
        if isinstance(found, Fault)
    ]
    assert faults == []
