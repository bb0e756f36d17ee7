"""What a stack's file may say of nodes of Talos."""

import json
from typing import Any

import pytest

from k8s_audit.config.platforms.talos import TalosPlatform
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.errors import ConfigError
from tests.project import CHECKOUT

HTTP = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}
NODE = {"address": "10.0.4.11"}


def judged(delivery: dict[str, Any] | None = None, kubeconfig: str = "admin.conf", **platform: Any) -> Stack:
    cluster = {"name": "lab-1"} | ({"kubeconfig": kubeconfig} if kubeconfig else {})
    return load_stack(
        {
            "audit:cluster": json.dumps(cluster),
            "audit:platform": json.dumps({"kind": "talos", "nodes": [NODE]} | platform),
            "audit:receivers": json.dumps([HTTP]),
            "audit:delivery": json.dumps(delivery or {}),
        }
    )


def test_the_example_is_a_stack_whose_nodes_are_named_by_their_addresses() -> None:
    stack = load_stack(*read_stack_file((CHECKOUT / "stacks" / "Pulumi.talos.yaml").read_text()))
    assert isinstance(stack.platform, TalosPlatform)
    first = stack.platform.nodes[0]
    assert (first.name, first.api_server) == ("10-0-4-11", "https://10.0.4.11:6443")
    assert "reboots" in stack.warnings()[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"nodes": []}, "audit:platform.nodes: List should have at least 1 item"),
        ({"nodes": [{"address": "-n"}]}, "audit:platform.nodes[0].address: "),
        (
            {"nodes": [NODE, NODE | {"name": "b", "apiServer": "https://b:6443"}]},
            "nodes[1].address: 10.0.4.11 is another node's",
        ),
        (
            {"nodes": [NODE, {"address": "10.0.4.12", "name": "10-0-4-11"}]},
            "nodes[1].name: 10-0-4-11 is another node's",
        ),
        ({"nodes": [NODE | {"apiServer": "http://a"}]}, "audit:platform.nodes[0].apiServer: this API server's own URL"),
        ({"talosconfig": "talosconfig"}, "audit:platform.talosconfig: a path of this machine is needed"),
        ({"rebootTimeout": "long"}, "audit:platform.rebootTimeout: a duration is"),
        ({"kubeconfig": ""}, "audit:cluster.kubeconfig: missing"),
        ({"delivery": {"log": {"path": "/var/log/a.log"}}}, "audit:delivery.log: Talos keeps the log by itself"),
    ],
)
def test_each_fault_is_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged(**given)
    (fault,) = caught.value.faults
    assert said in fault
