"""What a stack's file may say of an RKE cluster, and what is rendered of it."""

import json
from typing import Any

import asyncssh
import pytest
from typer.testing import CliRunner

from k8s_audit.cli.app import app
from k8s_audit.config import Stack, load_stack, places, read_stack_file
from k8s_audit.config.platforms.rke import RkePlatform
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.rke.cluster_file import LOG_PATH, audit_arguments
from tests.project import CHECKOUT

SSH = {"access": "ssh", "address": "10.0.0.11", "user": "rancher"}
HTTP = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}


def judged(
    key: str = "", delivery: dict[str, Any] | None = None, kubeconfig: str = "kube.yml", **platform: Any
) -> Stack:
    values = {
        "audit:cluster": json.dumps({"name": "prod-1"} | ({"kubeconfig": kubeconfig} if kubeconfig else {})),
        "audit:platform": json.dumps({"kind": "rke", "hosts": [SSH]} | platform),
        "audit:receivers": json.dumps([HTTP]),
        "audit:delivery": json.dumps(delivery or {}),
    }
    return load_stack(values | ({"audit:sshPrivateKey": key} if key else {}), ["audit:sshPrivateKey"] if key else [])


def test_the_example_is_a_stack_with_the_log_where_rke_has_it() -> None:
    stack = load_stack(*read_stack_file((CHECKOUT / "stacks" / "Pulumi.rke.yaml").read_text()))
    assert isinstance(stack.platform, RkePlatform)
    assert [host.in_file for host in stack.platform.hosts] == ["10.0.0.11", "10.0.0.12"]
    assert places.api_servers(stack, CHECKOUT) == ["https://10.0.0.11:6443", "https://203.0.113.12:6443"]
    assert places.log_path(stack, CHECKOUT) == LOG_PATH
    assert stack.platform.file().endswith("/rke/cluster.yml")
    local = {"access": "local", "node": "10.0.0.11", "apiServer": "https://10.0.0.11:6443"}
    judged(hosts=[local], key=asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"hosts": []}, "audit:platform.hosts: List should have at least 1 item"),
        (
            {"hosts": [SSH | {"manifests": "/m", "logs": "/l"}]},
            "RKE's API server is no static pod, so manifests, logs must go",
        ),
        ({"hosts": [{"access": "local", "apiServer": "https://10.0.0.11:6443"}]}, "access local needs node"),
        (
            {"hosts": [SSH, SSH | {"name": "b", "apiServer": "https://b:6443"}]},
            "hosts[1].node: 10.0.0.11 is hosts[0]'s too",
        ),
        ({"hosts": [SSH | {"node": "a b"}]}, "audit:platform.hosts[0].node: String should match pattern"),
        ({"clusterFile": ""}, "audit:platform.clusterFile: String should have at least 1 character"),
        ({"kubeconfig": ""}, "audit:cluster.kubeconfig: missing"),
        ({"delivery": {"log": {"path": "-"}}}, "audit:delivery.log.path: RKE writes the log to a file"),
        ({"key": "canary"}, "audit:sshPrivateKey: is no private key"),
        ({"clusterfile": "x"}, "audit:platform.clusterfile: unknown key; did you mean clusterFile?"),
    ],
)
def test_each_fault_is_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged(**given)
    assert any(said in fault for fault in caught.value.faults), caught.value.faults


def test_render_prints_each_nodes_webhook_and_the_part_of_the_cluster_file() -> None:
    told = CliRunner().invoke(app, ["render", "--stack", "rke", "--project", str(CHECKOUT), "--json"])
    assert told.exit_code == 0
    texts = json.loads(told.stdout)["texts"]
    assert [(one["place"], one["path"], one["how"]) for one in texts] == [
        ("cp-1", "/etc/k8s-audit/webhook.yaml", "file"),
        ("cp-2", "/etc/k8s-audit/webhook.yaml", "file"),
        ("cluster", "rke/cluster.yml", "merge"),
    ]
    flags = audit_arguments(f"nodes: []\n{texts[2]['text']}")
    assert flags["audit-webhook-config-file"] == "/etc/k8s-audit/webhook.yaml"
    assert flags["audit-log-path"] == LOG_PATH
