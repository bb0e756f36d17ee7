"""What a stack's file may say of a kops cluster, and what is rendered of it."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from k8s_audit.cli.app import app
from k8s_audit.config.platforms.kops import KopsPlatform
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.kops.live import live
from k8s_audit.platforms.kops.spec import paths
from tests.project import CHECKOUT

HTTP = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}


def judged(delivery: dict[str, Any] | None = None, kubeconfig: str = "admin.conf", **platform: Any) -> Stack:
    cluster = {"name": "prod-1"} | ({"kubeconfig": kubeconfig} if kubeconfig else {})
    given = {"kind": "kops", "clusterName": "prod.k8s.example.com"} | platform
    return load_stack(
        {
            "audit:cluster": json.dumps(cluster),
            "audit:platform": json.dumps(given),
            "audit:receivers": json.dumps([HTTP]),
            "audit:delivery": json.dumps(delivery or {}),
        }
    )


def test_the_example_is_a_stack_and_a_preview_says_what_a_spec_has_no_field_for() -> None:
    stack = load_stack(*read_stack_file((CHECKOUT / "stacks" / "Pulumi.kops.yaml").read_text()))
    assert isinstance(stack.platform, KopsPlatform)
    assert stack.platform.cluster_name == "prod-1.k8s.example.com"
    (warning,) = stack.warnings()
    assert "no field for truncation" in warning


def test_a_preview_says_where_no_proof_stands_between_two_groups() -> None:
    for given, said in (
        ({"apply": "reconcile"}, "kops reconcile goes on by itself, so delivery is proved only once all"),
        ({"proveEachGroup": False}, "proveEachGroup is false, so delivery is proved only once all"),
    ):
        assert said in judged(**given).warnings()[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"clusterName": "prod"}, "audit:platform.clusterName: String should match pattern"),
        ({"clusterName": "--help.me"}, "audit:platform.clusterName: String should match pattern"),
        ({"stateStore": "bucket"}, "audit:platform.stateStore: String should match pattern"),
        ({"apply": "terraform"}, "audit:platform.apply: Input should be 'rolling-update' or 'reconcile'"),
        ({"apiServers": ["api.example.com"]}, "audit:platform.apiServers[0]: this API server's own URL is needed"),
        ({"folder": "srv"}, "audit:platform.folder: an absolute path is needed"),
        ({"rollTimeout": "long"}, "audit:platform.rollTimeout: a duration is"),
        ({"kubernetesVersion": "1.10"}, "audit:platform.kubernetesVersion: 1.10; 1.11 is the oldest"),
        ({"kubeconfig": ""}, "audit:cluster.kubeconfig: missing"),
        ({"delivery": {"truncate": {"enabled": True}}}, "audit:delivery.truncate: a spec of kops has no field for it"),
        ({"delivery": {"log": {"path": "/srv/kubernetes/kube-apiserver/a.log"}}}, "audit:delivery.log.path: /srv/kube"),
        ({"folder": "/srv/a", "delivery": {"log": {"path": "/srv/a/a.log"}}}, "lies in the folder of the policy"),
        ({"delivery": {"kind": "stream"}}, "audit:delivery.kind: stream does not fit"),
        ({"clustername": "x.y"}, "audit:platform.clustername: unknown key; did you mean clusterName?"),
    ],
)
def test_each_fault_is_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged(**given)
    assert any(said in fault for fault in caught.value.faults), caught.value.faults


def test_render_prints_the_part_of_the_spec() -> None:
    told = CliRunner().invoke(app, ["render", "--stack", "kops", "--project", str(CHECKOUT)])
    assert told.exit_code == 0
    policy, webhook = paths()
    found = live(told.stdout, {"audit-policy-file": policy, "audit-webhook-config-file": webhook}, ["Master"])
    assert found.intact
    assert found.policy.startswith("apiVersion: audit.k8s.io/v1\n")
    assert "https://siem.example.com:8443/k8s-audit" in found.webhook
