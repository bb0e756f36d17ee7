"""`k8s-audit init`: for each kind that is built, what it writes is what `up` would take."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from k8s_audit.cli import init
from k8s_audit.cli.app import app
from k8s_audit.config.registry import PLATFORMS, RECEIVERS, SECRETS
from k8s_audit.config.stack import load_stack, read_stack_file
from k8s_audit.new_stack.keys import keys_of

ANSWERS = {
    "local": {},
    "kubeadm": {"hosts": "ops@10.0.0.11, ops@10.0.0.12:2222, local=https://10.0.0.13:6443"},
    "kubespray": {"hosts": "ops@10.0.0.11", "inventory": "inventory/prod-1"},
    "rke2": {"hosts": "ops@10.0.1.11, ops@10.0.1.12"},
    "k3s": {"hosts": "ops@10.0.2.11"},
    "microk8s": {"hosts": "ops@10.0.3.11"},
    "kops": {"clusterName": "prod-1.k8s.example.com", "stateStore": "s3://example-kops-state"},
    "kind": {"folder": "/srv/kind-1"},
    "minikube": {},
    "minishift": {},
    "talos": {"nodes": "10.0.4.11, 10.0.4.12"},
    "k3d": {"folder": "/srv/k3d-1"},
    "rke": {"clusterFile": "rke/cluster.yml", "hosts": "rancher@10.0.0.11"},
    "iks": {"clusterId": "prod-1"},
    "cluster-api": {"managementKubeconfig": "~/.kube/management", "namespace": "clusters", "name": "prod-1"},
    "hypershift": {"managementKubeconfig": "~/.kube/management", "namespace": "clusters", "name": "prod-1"},
    "eks": {"region": "eu-west-1"},
    "gke": {"project": "payments-prod", "location": "europe-west1"},
    "aks": {"subscriptionId": "00000000-0000-4000-8000-000000000001", "resourceGroup": "prod"},
    "openshift": {},
    "openshift-3.11": {"hosts": "root@10.0.6.11"},
    "openshift-4.2": {},
}
"""What each platform must be told; a new one needs a row."""
OF_REVIEWS = ("admission-controller",)
"""Receivers that by default take AdmissionReviews, for which no API server is changed."""
URL = "receiver.url=https://siem.example.com/audit"
KUBECONFIG = """\
current-context: arn:aws:eks:eu-west-1:012345678912:cluster/payments-1
contexts: [{name: "arn:aws:eks:eu-west-1:012345678912:cluster/payments-1", context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://A.gr7.eu-west-1.eks.amazonaws.com"}}]
users: []
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(init, "PLATFORMS", {**PLATFORMS, "unbuilt": None})
    monkeypatch.setattr(init, "RECEIVERS", {**RECEIVERS, "unbuilt": None})
    (tmp_path / "Pulumi.yaml").write_text("name: audit\n")
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    return tmp_path


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["init", "--stack", "new", *arguments], input=typed)


def built(registry: Mapping[str, Any]) -> list[str]:
    return [kind for kind, model in registry.items() if model]


@pytest.mark.parametrize("receiver", built(RECEIVERS))
@pytest.mark.parametrize("platform", built(PLATFORMS))
def test_what_is_written_for_each_kind_is_valid_and_has_each_key(project: Path, platform: str, receiver: str) -> None:
    settings = [part for key, value in ANSWERS[platform].items() for part in ("--set", f"platform.{key}={value}")]
    settings += ["--set", URL] if receiver == "http" else []
    settings += [] if platform == "local" else ["--kubeconfig", "kubeconfig"]
    made = run("--platform", platform, "--receiver", receiver, *settings)
    file = project / "stacks" / "Pulumi.new.yaml"
    model = PLATFORMS[platform]
    if model and ("stream" in model.deliveries or platform in ("iks", "openshift-4.2")) and receiver == "recorder":
        assert (made.exit_code, file.exists()) == (2, False)
        assert "a recorder listens on this machine alone" in made.stderr
        return
    if platform in ("kind", "k3d") and receiver not in ("http", *OF_REVIEWS):
        assert (made.exit_code, file.exists()) == (2, False)
        assert "allowed: http" in made.stderr
        return
    if platform == "hypershift" and receiver not in ("http", *OF_REVIEWS):
        assert (made.exit_code, file.exists()) == (2, False)
        assert "run in the management cluster" in made.stderr
        return
    if platform == "openshift-4.2" and receiver in ("sysdig-shield", "cluster-shield"):
        assert (made.exit_code, file.exists()) == (2, False)
        assert "an AuditSink has no" in made.stderr
        return
    if platform == "local" and receiver not in ("recorder", "http"):
        assert (made.exit_code, file.exists()) == (2, False)
        assert "the local platform has no node" in made.stderr
        return
    assert made.exit_code == 0, made.output
    values, secret = read_stack_file(file.read_text())
    asked = {f"audit:{key}" for key in SECRETS if f"pulumi config set --secret {key} -s new" in made.stdout}
    stack = load_stack(values | dict.fromkeys(asked, ""), secret | asked)
    assert (stack.platform.kind, stack.receivers[0].kind) == (platform, receiver)
    assert all(f" {key.name}:" in file.read_text() for each in stack.receivers for key in keys_of(type(each)))
    assert all(f" {key.name}:" in file.read_text() for key in keys_of(type(stack.platform)))


def test_the_kubeconfig_tells_platform_and_what_else_and_the_next_commands_are_said(project: Path) -> None:
    made = run(
        "--kubeconfig", "kubeconfig", "--receiver", "http", "--set", URL, "--set", "receiver.authorization=bearer"
    )
    assert made.exit_code == 0
    assert "platform eks: its API server is a.gr7.eu-west-1.eks.amazonaws.com" in made.stderr
    written = yaml.safe_load((project / "stacks" / "Pulumi.new.yaml").read_text())["config"]
    assert written["audit:platform"] == {
        "kind": "eks",
        "region": "eu-west-1",
        "accountId": "012345678912",
        "clusterName": "payments-1",
    }
    assert made.stdout.splitlines()[1:] == [
        "  pulumi stack init new",
        "  pulumi config set --secret receiverToken -s new",
        "  k8s-audit doctor --stack new",
        "  pulumi preview -s new",
    ]


def test_a_file_that_is_there_stays(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = project / "stacks" / "Pulumi.new.yaml"
    file.parent.mkdir()
    file.write_text("mine")
    refused = run("--platform", "local", "--receiver", "recorder")
    assert (refused.exit_code, file.read_text()) == (2, "mine")
    assert "is there already and stays as it is" in refused.stderr
    monkeypatch.setattr(Path, "exists", lambda _: False)  # somebody writes it just now
    refused = run("--platform", "local", "--receiver", "recorder")
    assert (refused.exit_code, file.read_text()) == (3, "mine")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--platform", "ekz", "--receiver", "http"], "given: 'ekz'; did you mean eks?"),
        (["--platform", "unbuilt", "--receiver", "http"], "--platform: is not built yet; given: 'unbuilt'"),
        (["--platform", "local"], "--receiver: missing"),
        (["--receiver", "http"], "--platform: missing"),
        (["--platform", "local", "--receiver", "unbuilt"], "--receiver: is not built yet"),
        (["--platform", "eks", "--receiver", "http"], "audit:platform.region: missing"),
        (["--platform", "k3s", "--receiver", "http", "--kubeconfig=kubeconfig"], "a host is USER@ADDRESS"),
        (["--platform", "talos", "--receiver", "http", "--kubeconfig=kubeconfig"], "addresses with commas between"),
        (["--platform", "local", "--receiver", "http", "--set", "url=x"], "platform.KEY=VALUE or receiver.KEY=VALUE"),
        (["--platform", "local", "--receiver", "recorder", "--set", "platform.port=1"], "did you mean ports?"),
        (
            [
                "--platform",
                "kubeadm",
                "--receiver",
                "recorder",
                "--set",
                "platform.hosts=ops@",
                "--kubeconfig=kubeconfig",
            ],
            "a host is USER@ADDRESS",
        ),
        (["--stack", "a/b", "--platform", "local", "--receiver", "recorder"], "given: 'a/b'"),
        (["--project", "nowhere"], "has no Pulumi.yaml"),
        (["--kubeconfig", "nowhere"], "No such file"),
    ],
)
def test_bad_input_is_said_and_nothing_is_written(arguments: list[str], said: str, project: Path) -> None:
    refused = run(*arguments)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert said in refused.stderr
    assert not list(project.glob("stacks/*"))


def test_a_cluster_of_a_kind_that_is_not_built_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "PLATFORMS", {**PLATFORMS, "kind": None})
    (project / "kubeconfig").write_text(
        "current-context: kind-dev\ncontexts: [{name: kind-dev, context: {cluster: kind-dev}}]\n"
    )
    refused = run("--kubeconfig", "kubeconfig", "--receiver", "recorder")
    assert refused.exit_code == 2
    assert "platform kind: its context is kind-dev" in refused.stderr
    assert "--platform: kind is not built yet; allowed: local, kubeadm, " in refused.stderr


def test_at_a_terminal_what_is_missing_is_asked_for_until_it_fits(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "_terminal", lambda: True)
    made = run(typed="\nkubeadn\nkubeadm\nops@\nops@10.0.0.11\nhttp\nsiem.example.com\nhttps://siem.example.com\n")
    assert "did you mean kubeadm?" in made.stderr
    assert "a host is USER@ADDRESS" in made.stderr
    assert "the receiver's URL is needed" in made.stderr
    assert made.exit_code == 2, "the proof of delivery needs a kubeconfig"
    made = run("--kubeconfig", "kubeconfig", "--receiver", "http", "--json", typed="https://siem.example.com\n")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout.partition("\n")[2])["platform"] == "eks"
