"""Three stacks, three real control planes at once: brought up by the example program, resumed after a failure, told by `status`."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from examples.rollout import main
from tests.project import CHECKOUT, Project, free_ports

STACKS = ("canary", "prod-1", "prod-2")


def stack_file(ports: list[int]) -> str:
    etcd, etcd_peer, api_server, recorder = ports
    return f"""\
config:
  audit:cluster: {{name: cluster-1}}
  audit:platform: {{kind: local, ports: {{etcd: {etcd}, etcdPeer: {etcd_peer}, apiServer: {api_server}}}}}
  audit:receivers: [{{kind: recorder, name: recorder, port: {recorder}}}]
  audit:delivery: {{maxWait: 100ms, checkTimeout: 20s}}
"""


def rollout(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHECKOUT / "examples" / "rollout.py"), *arguments],
        cwd=project.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
    )


def test_a_rollout_stops_at_the_first_that_fails_goes_on_where_it_was_and_status_tells(
    new_project: Callable[..., Project],
) -> None:
    project = new_project(stack_file(free_ports(4)), "a fleet")
    ports = {name: free_ports(4) for name in STACKS}
    for name in (*STACKS, "later"):
        replace(project, stack=name).write(stack_file(ports.get(name) or free_ports(4)))
    try:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", ports["prod-2"][2]))
            taken.listen()
            first = rollout(project, "--wave", ",".join(STACKS), "--wave", "later", "--parallel", "3")
        assert first.returncode == 1, first.stdout + first.stderr
        assert first.stdout.splitlines()[:3] == [f"{name}: began" for name in STACKS], "three at once"
        assert f"port {ports['prod-2'][2]} on 127.0.0.1 is taken by " in first.stderr
        table = first.stdout.partition("STACK ")[2]
        for name, outcome in zip((*STACKS, "later"), ("proved", "proved", "failed", "not begun"), strict=True):
            assert f" {outcome} " in next(line for line in table.splitlines() if line.startswith(f"{name} ")), table

        told = project.command("status", *STACKS, "later", "--json")
        assert told.returncode == 1, told.stderr
        states = {each["stack"]: each for each in json.loads(told.stdout)}
        assert [states[name]["state"] for name in ("canary", "prod-1", "later")] == ["up", "up", "never up"]
        assert states["prod-2"]["state"] in ("not proved", "pending", "never up")
        proof = states["canary"]["proofs"][0]
        assert proof["auditID"] in (project.folder / ".local" / "canary" / "receivers" / "recorder.jsonl").read_text()
        assert proof["at"]
        assert states["canary"]["policy"]["deployed"] == [states["canary"]["policy"]["digest"]]

        second = rollout(project, "--wave", ",".join(STACKS))
        assert second.returncode == 0, second.stdout + second.stderr
        assert "canary: done before\nprod-1: done before\n" in second.stdout
        assert "prod-2: proved, 1 of 1 API servers" in second.stdout
        assert "canary: began" not in second.stdout
        assert project.command("status", *STACKS).returncode == 0
    finally:
        shutil.rmtree(
            project.folder / "state"
        )  # what runs is ended and removed; that a state is destroyed is tested elsewhere
        for name in STACKS:
            down = replace(project, stack=name).down()
            assert down.returncode == 0, down.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--wave", "canary,nothing"], "nothing: --stack: nothing has no file"),
        (["--wave", "canary", "--wave", "canary"], "canary is there twice"),
        (["--wave", " , "], "a stack's name is needed"),
        (["--wave", "canary", "--parallel", "0"], "invalid choice"),
        ([], "required: --wave"),
    ],
)
def test_bad_input_of_a_rollout_is_said_before_anything_begins(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.canary.yaml").write_text(stack_file([21001, 21002, 21003, 21004]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["rollout.py", *arguments])
    try:
        code = main()
    except SystemExit as ended:  # argparse's
        code = int(str(ended.code))
    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert said in printed.err
