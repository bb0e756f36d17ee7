"""What a stack's file may say of a cluster of Kubespray's beyond what it may say of one of kubeadm's."""

import json
from typing import Any

import pytest

from k8s_audit.config.platforms.kubespray import KubesprayPlatform
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.errors import ConfigError
from tests.project import CHECKOUT

HOST = {"access": "ssh", "address": "10.0.0.11", "user": "ops"}


def judged(**platform: Any) -> Stack:
    values = {
        "audit:cluster": '{"name": "prod-1", "kubeconfig": "/root/.kube/config"}',
        "audit:platform": json.dumps({"kind": "kubespray", "hosts": [HOST]} | platform),
        "audit:receivers": '[{"kind": "http", "name": "siem", "url": "https://siem.example/audit"}]',
    }
    return load_stack(values, [])


def test_the_example_is_a_stack_and_a_relative_inventory_starts_where_the_program_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir("/tmp")
    platform = load_stack(*read_stack_file((CHECKOUT / "stacks" / "Pulumi.kubespray.yaml").read_text())).platform
    assert isinstance(platform, KubesprayPlatform)
    assert platform.folder() == "/tmp/inventory/payments-1"
    assert (platform.group, platform.persist) == ("k8s_cluster", True)


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        ({}, "audit:platform.inventory: missing"),
        ({"inventory": ""}, "audit:platform.inventory: String should have at least 1 character"),
        ({"inventory": "i", "group": "../x"}, "audit:platform.group: String should match pattern"),
        (
            {"inventory": "i", "hosts": [HOST, HOST | {"address": "10.0.0.12", "configFolder": "/srv"}]},
            "audit:platform.persist: kubeadm has one configuration for all hosts",
        ),
    ],
)
def test_each_fault_is_one_line(platform: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged(**platform)
    assert any(said in fault for fault in caught.value.faults), caught.value.faults
