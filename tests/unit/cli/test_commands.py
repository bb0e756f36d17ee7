"""Exit codes and messages of the command, without a cluster; with one: tests/engine/test_local_stack.py."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from k8s_audit.cli import api_token, verify
from k8s_audit.cli.app import app
from k8s_audit.config import places
from tests.standins.certificates import Authority
from tests.standins.sysdig_backend import GOOD, POWERLESS, SysdigBackend

STACK = """\
config:
  audit:cluster: {name: cluster-1}
  audit:platform: {kind: local}
  audit:receivers: [{kind: recorder, name: recorder}]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.cluster-1.yaml").write_text(STACK)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_a_scenario_is_refused_where_events_leave_by_a_stream(project: Path) -> None:
    (project / "stacks" / "Pulumi.cluster-1.yaml").write_text(
        "config:\n  audit:cluster: {name: c, kubeconfig: nowhere}\n  audit:platform: {kind: eks, region: eu-west-1}\n"
        "  audit:receivers: [{kind: falco, name: falco}]\n"
    )
    refused = run("verify", "--stack", "cluster-1", "--scenario", "configmap")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--scenario: events of kind eks leave by a stream" in refused.stderr


def test_policy_show_prints_yaml_alone() -> None:
    shown = run("policy", "show", "--profile", "seed")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert YAML(typ="safe").load(shown.stdout)["kind"] == "Policy"
    assert run("policy", "show").stdout == run("policy", "show", "--profile", "detection").stdout


def test_a_profile_that_there_is_not_is_bad_input() -> None:
    shown = run("policy", "show", "--profile", "detect")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "given: 'detect'; allowed: detection, seed, metadata, full" in shown.stderr


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n", 0, ""),
        (
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Request}]\n",
            1,
            "secrets",
        ),
        (
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata, verb: [get]}]\n",
            2,
            "did you mean verbs?",
        ),
        ("rules: [", 2, "not YAML"),
        ("\ud800", 2, "policy.yaml"),
    ],
)
def test_policy_lint_tells_clean_from_findings_from_what_is_no_policy(
    text: str, code: int, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    linted = run("policy", "lint", str(file))
    assert linted.exit_code == code
    assert said in linted.output
    if code < 2:
        findings = json.loads(run("policy", "lint", str(file), "--json").stdout)
        assert [f"{file}: {finding}" for finding in findings] == linted.stdout.splitlines()


def test_a_policy_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    assert run("policy", "lint", str(tmp_path / "nothing")).exit_code == 2


@pytest.mark.parametrize("command", ["verify", "doctor"])
def test_a_stack_that_there_is_not_is_bad_input_that_names_those_there_are(command: str, project: Path) -> None:
    refused = run(command, "--stack", "cluster-2")
    assert refused.exit_code == 2
    assert "--stack: cluster-2 has no file stacks/Pulumi.cluster-2.yaml; allowed: cluster-1" in refused.stderr


@pytest.mark.parametrize("command", ["verify", "doctor"])
def test_a_faulty_stack_file_is_bad_input_with_all_faults(command: str, project: Path) -> None:
    (project / "stacks" / "Pulumi.cluster-1.yaml").write_text("config: {audit:platform: {kind: lokal}}\n")
    refused = run(command, "--stack", "cluster-1")
    assert refused.exit_code == 2
    assert "did you mean local?" in refused.stderr
    assert "audit:receivers: missing" in refused.stderr


def test_verify_of_a_stack_that_is_not_up_is_not_proved_and_says_what_is_missing(project: Path) -> None:
    refused = run("verify", "--stack", "cluster-1", "--json")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert f"{project}/.local/cluster-1/admin.conf" in refused.stderr


def test_doctor_of_a_stack_that_is_not_up_says_what_is_in_the_way(project: Path) -> None:
    told = run("doctor", "--stack", "cluster-1")
    assert told.exit_code in (1, 3)
    assert "kube-apiserver.yaml" in told.output


def test_doctor_takes_another_project(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir("/")
    assert run("doctor", "--stack", "nothing").exit_code == 2
    assert "kube-apiserver.yaml" in run("doctor", "--stack", "cluster-1", "--project", str(project)).output


def test_a_scenario_that_there_is_not_names_the_nearest_one(project: Path) -> None:
    refused = run("verify", "--stack", "cluster-1", "--scenario", "privileged-pods")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--scenario: unknown; given: 'privileged-pods'; did you mean privileged-pod? allowed: " in refused.stderr


def test_a_scenario_of_a_stack_that_is_not_up_fails_with_what_is_missing(project: Path) -> None:
    refused = run("verify", "--stack", "cluster-1", "--scenario", "all")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert f"{project}/.local/cluster-1/admin.conf" in refused.stderr


def test_a_chart_of_the_event_generator_that_is_not_there_is_bad_input(project: Path) -> None:
    refused = run("verify", "--stack", "cluster-1", "--scenario", "event-generator", "--chart", "nowhere")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--chart.path: nowhere is not there" in refused.stderr
    refused = run("verify", "--stack", "cluster-1", "--scenario", "all", "--chart", "nowhere")
    assert refused.exit_code == 2
    assert "are for --scenario event-generator" in refused.stderr


ADMISSION = """\
config:
  audit:cluster: {name: cluster-1, kubeconfig: admin.conf}
  audit:platform: {kind: kubeadm, hosts: [{access: local, apiServer: "https://10.0.0.11:6443", manifests: /nowhere}]}
  audit:receivers:
    - {kind: recorder, name: recorder}
    - {kind: admission-controller, name: sysdig}
  audit:secureApiToken: {secure: v1:a:b}
"""


def test_doctor_tries_the_token_of_a_receiver_that_needs_one(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The back end is a stand-in; that its address is a port of this machine is the test's doing."""
    (project / "stacks" / "Pulumi.cluster-1.yaml").write_text(ADMISSION)
    monkeypatch.delenv("SECURE_API_TOKEN", raising=False)
    untried = run("doctor", "--stack", "cluster-1").stdout
    assert "not tried: audit:secureApiToken cannot be decrypted" in untried
    assert "set SECURE_API_TOKEN, or --token-file FILE" in untried
    authority = Authority()
    with SysdigBackend(authority.pair("127.0.0.1"), tmp_path) as backend:
        monkeypatch.setattr(api_token, "api_url", lambda _: backend.url)
        monkeypatch.setattr(api_token, "authorities", lambda _: authority.certificate)
        monkeypatch.setattr(places, "hosts", lambda *_: [])
        monkeypatch.setenv("SECURE_API_TOKEN", POWERLESS)
        told = run("doctor", "--stack", "cluster-1")
        assert told.exit_code == 1
        assert "in the way: " in told.stdout
        assert "lacks the permission Policies | Runtime Policies = Read" in told.stdout
        assert POWERLESS not in told.output
        (tmp_path / "token").write_text(GOOD)
        told = run("doctor", "--stack", "cluster-1", "--token-file", str(tmp_path / "token"))
        assert told.exit_code == 0
        assert f"{backend.url} knows the token" in told.stdout
        (tmp_path / "token").write_text("")
        refused = run("doctor", "--stack", "cluster-1", "--token-file", str(tmp_path / "token"))
        assert refused.exit_code == 2


def test_doctor_tells_its_findings_as_json_and_looks_at_a_log_that_is_given(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no cluster here: what is read of it is said to be unknown."""
    refused = run("doctor", "--stack", "cluster-1", "--log", "nowhere")
    assert refused.exit_code == 2
    assert "--log: is looked at for receivers in the cluster, and this stack has none" in refused.stderr
    (project / "stacks" / "Pulumi.cluster-1.yaml").write_text(ADMISSION)
    monkeypatch.delenv("SECURE_API_TOKEN", raising=False)
    monkeypatch.setattr(places, "hosts", lambda *_: [])
    told = run("doctor", "--stack", "cluster-1", "--json")
    assert told.exit_code == 0, told.output
    token, receiver = json.loads(told.stdout)
    assert token["subject"] == "receiver sysdig: the Sysdig Secure API token"
    assert receiver["subject"].startswith("receiver sysdig in namespace sysdig-admission-controller")
    assert any("not known, its pods' logs: kubeconfig" in line for line in receiver["said"])
    assert (receiver["wrong"], receiver["inTheWay"], receiver["unreadable"]) == (False, [], None)
    log = tmp_path / "pod.log"
    log.write_text("open /var/run/secrets/kubernetes.io/serviceaccount/token:permission denied\n")
    told = run("doctor", "--stack", "cluster-1", "--log", str(log))
    assert told.exit_code == 1
    assert "  wrong: its service account's token cannot be read: " in told.stdout
    assert "    mend: webhook: {fsGroup: 65534}" in told.stdout
    refused = run("doctor", "--stack", "cluster-1", "--log", "nowhere")
    assert refused.exit_code == 2
    assert "--log: nowhere: No such file or directory" in refused.stderr


def test_verify_says_after_its_proofs_whether_a_runtime_policy_would_show_the_events(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no API server here: what is tried is what stands after the proofs."""
    (project / "stacks" / "Pulumi.cluster-1.yaml").write_text(ADMISSION)
    authority = Authority()
    with SysdigBackend(authority.pair("127.0.0.1"), tmp_path) as backend:
        monkeypatch.setattr(verify, "_prove", lambda *_: [])
        monkeypatch.setattr(api_token, "api_url", lambda _: backend.url)
        monkeypatch.setattr(api_token, "authorities", lambda _: authority.certificate)
        monkeypatch.setenv("SECURE_API_TOKEN", GOOD)
        told = run("verify", "--stack", "cluster-1")
        assert told.exit_code == 0
        assert f"{backend.url} knows the token" in told.stdout
        assert run("verify", "--stack", "cluster-1", "--json").stdout.strip() == "[]"
