"""What a stack's file may say of a cluster of kind or k3d, which is set up once, when it is created."""

import json
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.config.platforms.created import CreatedPlatform
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.errors import ConfigError
from tests.project import CHECKOUT

HTTP = {"kind": "http", "name": "siem", "url": "http://172.18.0.1:9765/k8s-audit"}


def judged(receiver: dict[str, Any] | None = None, kubeconfig: str = "admin.conf", **platform: Any) -> Stack:
    cluster = {"name": "c-1"} | ({"kubeconfig": kubeconfig} if kubeconfig else {})
    return load_stack(
        {
            "audit:cluster": json.dumps(cluster),
            "audit:platform": json.dumps({"kind": "kind", "folder": "/srv/kind"} | platform),
            "audit:receivers": json.dumps([HTTP | (receiver or {})]),
        }
    )


@pytest.mark.parametrize("kind", ["kind", "k3d"])
def test_the_example_is_a_stack_and_a_preview_says_that_nothing_is_changed(kind: str) -> None:
    stack = load_stack(*read_stack_file((CHECKOUT / "stacks" / f"Pulumi.{kind}.yaml").read_text()))
    assert isinstance(stack.platform, CreatedPlatform)
    assert stack.platform.local_folder() == Path(f"~/{kind}-1").expanduser()
    assert f"{kind}: audit logging is set when the cluster is created" in stack.warnings()[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"folder": "kind-1"}, "audit:platform.folder: a path of this machine is needed"),
        ({"folder": "/srv/a:b"}, "audit:platform.folder: a path of this machine is needed"),
        ({"folder": "~/../a"}, "audit:platform.folder: a path of this machine is needed"),
        ({"config": "/nowhere/kind.yaml"}, "audit:platform.config: the file cannot be read: No such file"),
        ({"clusterName": "--help"}, "audit:platform.clusterName: String should match pattern"),
        ({"kind": "k3d", "clusterName": "a.b"}, "audit:platform.clusterName: String should match pattern"),
        ({"kubernetesVersion": "1.10"}, "audit:platform.kubernetesVersion: 1.10; 1.11 is the oldest"),
        ({"kubeconfig": ""}, "audit:cluster.kubeconfig: missing"),
        ({"clustername": "x"}, "audit:platform.clustername: unknown key; did you mean clusterName?"),
        ({"receiver": {"url": "http://localhost:9765/"}}, "http://localhost:9765/ is the node itself"),
        ({"receiver": {"url": "http://127.0.1.1/"}}, "http://127.0.1.1/ is the node itself"),
        ({"receiver": {"url": "http://[::1]:80/"}}, "http://[::1]:80/ is the node itself"),
    ],
)
def test_each_fault_is_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged(**given)
    (fault,) = caught.value.faults
    assert said in fault


@pytest.mark.parametrize(
    ("receiver", "said"),
    [
        ({"kind": "recorder", "name": "r"}, "a receiver of kind recorder listens on 127.0.0.1 of this machine alone"),
        ({"kind": "falco", "name": "f"}, "that of a receiver of kind falco is known only when the cluster runs"),
    ],
)
def test_a_receiver_whose_address_cannot_be_known_before_is_refused_with_the_reason(
    receiver: dict[str, Any], said: str
) -> None:
    values = {
        "audit:cluster": '{"name": "c-1", "kubeconfig": "admin.conf"}',
        "audit:platform": '{"kind": "k3d", "folder": "/srv/k3d"}',
        "audit:receivers": json.dumps([receiver]),
    }
    with pytest.raises(ConfigError) as caught:
        load_stack(values)
    (fault,) = caught.value.faults
    assert fault.startswith("audit:receivers[0]: ")
    assert said in fault


def test_what_of_the_users_own_configuration_is_in_the_way_is_told_before_anything_else(tmp_path: Path) -> None:
    file = tmp_path / "k3d.yaml"
    file.write_text(
        "apiVersion: k3d.io/v1alpha5\nkind: Simple\nmetadata: {name: k3s-default}\noptions: {k3s: {extraArgs: ["
        '{arg: "--kube-apiserver-arg=audit-webhook-mode=blocking"}]}}\n'
    )
    with pytest.raises(ConfigError) as caught:
        judged(kind="k3d", config=str(file))
    (fault,) = caught.value.faults
    assert fault == (
        "audit:platform.config: options.k3s.extraArgs sets audit-webhook-mode: blocking, and we would set batch; take it out"
    )
