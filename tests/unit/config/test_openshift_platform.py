"""What a stack's file may say of an OpenShift cluster, and what is rendered of it."""

import json
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from k8s_audit.cli.app import app
from k8s_audit.config.platforms.openshift import OpenshiftPlatform, version_warning
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.errors import ConfigError
from tests.project import CHECKOUT

HTTP = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}


def judged(forwarder: Any = None, policy: Any = None, kubeconfig: str = "admin.conf", **platform: Any) -> Stack:
    cluster = {"name": "prod-1"} | ({"kubeconfig": kubeconfig} if kubeconfig else {})
    values = {"cluster": cluster, "platform": {"kind": "openshift"} | platform, "receivers": [HTTP]}
    values |= {"forwarder": forwarder} if forwarder else {}
    values |= {"policy": policy} if policy else {}
    return load_stack({f"audit:{key}": json.dumps(value) for key, value in values.items()})


def test_the_example_is_a_stack_and_records_bodies_so_nothing_is_to_be_said() -> None:
    stack = load_stack(*read_stack_file((CHECKOUT / "stacks" / "Pulumi.openshift.yaml").read_text()))
    assert isinstance(stack.platform, OpenshiftPlatform)
    assert stack.streams
    assert stack.warnings() == []


def test_a_profile_without_bodies_and_an_unknown_version_are_warned_of() -> None:
    (warning,) = judged().warnings()
    assert "where the cluster has its default profile, it records no body" in warning
    unknown, _ = judged(version="5.1", profile="Default").warnings()
    assert unknown == "OpenShift 5.1 is not among the known versions, 4.6 to 4.22; it is taken for the nearest of them"
    assert version_warning("4.5.2").endswith("for 4.2 to 4.5 the kind is openshift-4.2")
    assert version_warning("4.6.9") == version_warning("4.22.0-rc.1") == version_warning("") == ""


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"profile": "None"}, "audit:platform.profile"),
        ({"profile": "Metadata"}, "audit:platform.profile"),
        ({"customRules": [{"group": "g", "profile": "None"}]}, "customRules: set profile too"),
        ({"profile": "Default", "customRules": [{"group": "g", "profile": "None"}] * 2}, "group g stands there more than once"),
        ({"profile": "Default", "customRules": [{"group": "", "profile": "None"}]}, "audit:platform.customRules[0].group"),
        ({"logging": 5, "collectorNodeSelector": {}}, "collectorNodeSelector: logging 5 has no such setting"),
        ({"logging": 4}, "audit:platform.logging"),
        ({"version": "4.3"}, "for 4.2 to 4.5 the kind is openshift-4.2"),
        ({"version": "latest"}, "audit:platform.version"),
        ({"kubeconfig": ""}, "audit:cluster.kubeconfig: missing"),
        ({"forwarder": "none"}, "audit:forwarder: none does not fit"),
        ({"forwarder": {"kind": "sysdig"}}, "audit:forwarder: sysdig does not fit"),
        ({"policy": {"profile": "detection"}}, "alone decides its policy"),
        ({"audit": {}}, "its keys stand here: profile, customRules"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_message(given: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged(**given)
    assert fault in str(caught.value)


def test_the_collectors_objects_and_the_profile_are_rendered() -> None:
    done = CliRunner().invoke(app, ["render", "--stack", "openshift", "--project", str(CHECKOUT)])
    assert done.exit_code == 0
    made = {each["kind"]: each for each in yaml.safe_load_all(done.stdout)}
    assert set(made) == {"ServiceAccount", "ClusterRoleBinding", "ClusterLogForwarder", "APIServer"}
    assert (
        made["ClusterLogForwarder"]["spec"]["outputs"][0]["http"]["url"] == "https://k8s-audit-forwarder.k8s-audit.svc/"
    )
    assert made["APIServer"]["spec"]["audit"]["profile"] == "WriteRequestBodies"
