"""`k8s-audit status`: exit codes and messages; states of real stacks: tests/engine/test_rollout.py."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from k8s_audit.cli.app import app
from k8s_audit.errors import ToolError
from k8s_audit.fleet.states import States
from tests.unit.fleet.test_status import FILE, check, host, state

PROVED = state(host(), check("recorder"), check("sysdig"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacks").mkdir()
    for name in ("a", "b"):
        (tmp_path / "stacks" / f"Pulumi.{name}.yaml").write_text(FILE)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, states: dict[str, Any], *arguments: str) -> Result:
    def deployment(_: States, name: str) -> Any:
        if isinstance(states[name], Exception):
            raise states[name]
        return states[name]

    monkeypatch.setattr(States, "known", lambda _: set(states))
    monkeypatch.setattr(States, "deployment", deployment)
    return CliRunner().invoke(app, ["status", *arguments])


def test_a_row_a_stack_and_zero_when_all_are_proved(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run(monkeypatch, {"a": PROVED, "b": PROVED})
    assert told.exit_code == 0
    rows = told.stdout.splitlines()
    assert rows[0].split() == "STACK CLUSTER PLATFORM RECEIVERS POLICY DELIVERY STATE LAST PROOF".split()
    assert [row.split()[:3] for row in rows[1:]] == [["a", "cluster-1", "kubeadm"], ["b", "cluster-1", "kubeadm"]]
    assert all(" up " in row and "2026-01-02T03:04:05Z" in row and "after 0.25 s" in row for row in rows[1:])


@pytest.mark.parametrize(
    ("states", "code", "found"),
    [
        ({"a": PROVED}, 1, {"a": "up", "b": "never up"}),
        ({"a": ToolError("no such bucket"), "b": PROVED}, 3, {"a": "unreadable", "b": "up"}),
    ],
)
def test_the_exit_code_says_the_worst(
    states: dict[str, Any], code: int, found: dict[str, str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run(monkeypatch, states, "--json")
    assert told.exit_code == code
    assert {each["stack"]: each["state"] for each in json.loads(told.stdout)} == found


def test_a_faulty_file_is_a_row_with_its_faults(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "stacks" / "Pulumi.b.yaml").write_text("config: {}\n")
    told = run(monkeypatch, {"a": PROVED, "b": PROVED})
    assert told.exit_code == 2
    assert "b: audit:receivers: missing" in told.stdout


def test_stacks_can_be_named_and_one_that_there_is_not_is_bad_input(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [each["stack"] for each in json.loads(run(monkeypatch, {"b": PROVED}, "b", "--json").stdout)] == ["b"]
    refused = run(monkeypatch, {}, "b", "c")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "c: has no stack file; allowed: a, b" in refused.stderr


def test_without_pulumi_one_message_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    told = CliRunner().invoke(app, ["status"])
    assert told.exit_code == 3
    assert told.stderr == "pulumi is not on the PATH; it reads the stacks' states\n"
