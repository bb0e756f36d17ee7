"""What a stack's file may say of a cluster that an object of a management cluster describes, and what is rendered of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from k8s_audit.cli.app import app
from k8s_audit.config.platforms.cluster_api import ClusterApiPlatform
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.cluster_api.control_plane import paths
from k8s_audit.platforms.cluster_api.files import secret_of
from k8s_audit.platforms.cluster_api.flags import arguments
from tests.project import CHECKOUT

HTTP = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}


def judged(kind: str, receiver: Any = HTTP, **parts: Any) -> Stack:
    where = {"managementKubeconfig": "~/m", "namespace": "clusters", "name": "prod-1"}
    given = {
        "cluster": {"name": "prod-1", "kubeconfig": "admin.conf"},
        "platform": {"kind": kind} | where | parts.pop("platform", {}),
        "receivers": [receiver],
        **parts,
    }
    return load_stack({f"audit:{key}": json.dumps(value) for key, value in given.items()})


@pytest.mark.parametrize("kind", ["cluster-api", "hypershift"])
def test_the_example_is_a_stack_whose_path_may_begin_at_home(kind: str) -> None:
    stack = load_stack(*read_stack_file((CHECKOUT / "stacks" / f"Pulumi.{kind}.yaml").read_text()))
    assert stack.platform.kind == kind
    platform = judged("cluster-api").platform
    assert isinstance(platform, ClusterApiPlatform)
    assert platform.management_path() == str(Path.home() / "m")


IN_OPEN_CLUSTER = {"kind": "falco", "name": "f"}


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("cluster-api", {"platform": {"name": "Prod"}}, "audit:platform.name: String should match pattern"),
        ("cluster-api", {"platform": {"managementKubeconfig": ""}}, "audit:platform.managementKubeconfig: "),
        ("cluster-api", {"cluster": {"name": "p"}}, "audit:cluster.kubeconfig: missing"),
        ("cluster-api", {"platform": {"folder": "/a"}, "delivery": {"log": {"path": "/a/b"}}}, "lies in the folder of"),
        ("cluster-api", {"platform": {"nameSpace": "x"}}, "unknown key; did you mean namespace?"),
        ("hypershift", {"platform": {"auditProfile": "None"}}, "Input should be 'Default', 'WriteRequestBodies' or"),
        ("hypershift", {"policy": {"profile": "full"}}, "alone decides its policy; take it out"),
        ("hypershift", {"delivery": {"maxWait": "1s"}}, "audit:delivery.maxWait: HyperShift alone sets the flags"),
        (
            "hypershift",
            {"receiver": IN_OPEN_CLUSTER},
            "audit:receivers[0]: a receiver of kind falco runs in the hosted",
        ),
        ("hypershift", {"receiver": {"kind": "recorder", "name": "r"}}, "recorder listens on this machine"),
        ("hypershift", {"receiver": HTTP | {"url": "https://a.b.svc/x"}}, "a.b.svc is a name inside a cluster"),
    ],
)
def test_each_fault_is_one_line(kind: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged(kind, **given)
    assert any(said in fault for fault in caught.value.faults), caught.value.faults


def test_what_hypershift_can_set_is_taken_and_a_receiver_in_the_cluster_is_fine_for_cluster_api() -> None:
    assert judged("hypershift", delivery={"kind": "webhook", "checkTimeout": "2m"}).delivery.check_timeout == "2m"
    assert judged("cluster-api", receiver=IN_OPEN_CLUSTER).receivers[0].kind == "falco"


def test_a_preview_says_where_no_proof_stands_between_two_machines() -> None:
    assert judged("cluster-api").warnings() == []
    (warning,) = judged("cluster-api", platform={"proveEachMachine": False}).warnings()
    assert (
        "proveEachMachine is false, so delivery is proved only once all control-plane machines are replaced" in warning
    )


@pytest.mark.parametrize(("kind", "key"), [("cluster-api", "webhook.yaml"), ("hypershift", "webhook-kubeconfig")])
def test_render_prints_the_secret_and_the_objects_part(kind: str, key: str) -> None:
    told = CliRunner().invoke(app, ["render", "--stack", kind, "--project", str(CHECKOUT)])
    assert told.exit_code == 0, told.output
    secret, document = YAML(typ="safe").load_all(told.stdout)
    assert "https://siem.example.com:8443/k8s-audit" in secret["stringData"][key]
    assert secret["metadata"]["name"] in json.dumps(document["spec"])
    assert "annotations" not in document["metadata"]
    if kind == "cluster-api":
        assert secret_of(document) == secret["metadata"]["name"]
        assert arguments(document)["audit-policy-file"] == paths()[0]
    else:
        assert document["spec"]["configuration"]["apiServer"]["audit"]["profile"] == "WriteRequestBodies"
