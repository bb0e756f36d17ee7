"""The workflows for pull requests: checked by actionlint, and every command in them run, on the local stack."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project import CHECKOUT, Project, free_ports

GITHUB = CHECKOUT / ".github" / "workflows"
STACK = """\
config:
  audit:cluster: {{name: cluster-1}}
  audit:platform: {{kind: local, ports: {{etcd: {0}, etcdPeer: {1}, apiServer: {2}}}}}
  audit:receivers: [{{kind: recorder, name: recorder, port: {3}}}]
"""
FORGE = """\
#!/usr/bin/env python3
# a stand-in for GitHub's own command: keeps one pull request's comments in a file
import json, pathlib, os, sys
kept = pathlib.Path("comments.json")
comments = json.loads(kept.read_text()) if kept.exists() else []
if "--method" not in sys.argv:
    print("\\n".join(str(one["id"]) for one in comments if one["body"].startswith(os.environ["marker"])))
    sys.exit()
body = pathlib.Path(sys.argv[-1].removeprefix("body=@")).read_text()
if "PATCH" in sys.argv:
    (old,) = [one for one in comments if sys.argv[4].endswith(f"/issues/comments/{one['id']}")]
    old["body"], old["edited"] = body, True
else:
    assert sys.argv[4].endswith("/issues/7/comments"), sys.argv
    comments.append({"id": 100 + len(comments), "body": body})
kept.write_text(json.dumps(comments))
"""


def workflow(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def script(file: str, job: str, holding: str) -> str:
    """The one script of a job that has these words."""
    steps = workflow(GITHUB / file)["jobs"][job]["steps"]
    (found,) = [step["run"] for step in steps if holding in step.get("run", "")]
    return str(found)


def test_actionlint_finds_nothing() -> None:
    files = [str(file) for file in sorted(GITHUB.glob("*.yaml"))]
    done = subprocess.run(["actionlint", "-shellcheck=", "-pyflakes=", *files], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("file", sorted(GITHUB.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_workflow_has_no_more_rights_than_it_needs(file: Path) -> None:
    content = workflow(file)
    assert "pull_request_target" not in file.read_text()
    assert content["permissions"] == {"contents": "read"}
    for name, job in content["jobs"].items():
        wider = job.get("permissions", {"contents": "read"})
        allowed = {"contents": "read", "id-token": "write"} | ({"pull-requests": "write"} if name == "preview" else {})
        assert wider.items() <= allowed.items()
        uses_secrets = "secrets." in json.dumps(job)
        assert (
            not uses_secrets or "schedule" in content[True] or "head.repo.full_name == github.repository" in job["if"]
        )
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), "an expression in a script can be injected into"
            assert step.get("with", {}).get("persist-credentials") is False or "checkout" not in step.get("uses", "")


def test_gitlab_s_jobs_run_the_same_commands() -> None:
    jobs = workflow(CHECKOUT / ".gitlab" / "audit-jobs.yml")
    ours = {line.strip() for name in (".preview", ".drift") for line in jobs[name]["script"]}
    github = script("preview.yaml", "preview", "summarize") + script("drift.yaml", "drift", "verify")
    for command in ("pulumi preview --json", "k8s-audit summarize", "pulumi preview --refresh", "k8s-audit verify"):
        (line,) = [each for each in ours if command in each]
        assert line.removesuffix(" || code=$?") in github


def test_every_command_of_the_workflows_runs_on_the_local_stack(
    new_project: Callable[..., Project], pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{pack.parent / 'bin'}{os.pathsep}{os.environ['PATH']}")
    stack = STACK.format(*free_ports(4))
    project = new_project(stack)
    folder = project.folder
    (folder / "tools").symlink_to(CHECKOUT / "tools")
    shutil.copytree(pack, folder / "policies")
    forge = folder / "bin" / "gh"
    forge.parent.mkdir()
    forge.write_text(FORGE)
    forge.chmod(0o755)
    for command in ("init -q -b main", "add stacks Pulumi.yaml", "-c user.name=x -c user.email=x commit -qm one"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)
    subprocess.run("git update-ref refs/remotes/origin/main HEAD".split(), cwd=folder, check=True)

    def run(text: str) -> str:
        """As a runner does."""
        output, summary = folder / "output", folder / "summary"
        output.write_text("")
        path = f"{forge.parent}{os.pathsep}{os.environ['PATH']}"
        names = {"STACK": project.stack, "BASE": "main", "COMMENTS": "repos/a/b/issues/7/comments", "REPOSITORY": "a/b"}
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "PATH": path, "CODE": "0"}
        environment = project.environment() | names | files
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", text], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return output.read_text()

    find, look = script("preview.yaml", "touched", "touched"), script("preview.yaml", "preview", "summarize")
    tell = script("preview.yaml", "preview", "gh api")
    assert run(find) == "stacks=[]\n"
    project.write(stack.replace("name: cluster-1", "name: cluster-1b"))
    subprocess.run("git -c user.name=x -c user.email=x commit -qam two".split(), cwd=folder, check=True)
    assert run(find) == 'stacks=["cluster-1"]\n'

    assert run(look) == "code=0\n"
    run(tell)
    (comment,) = json.loads((folder / "comments.json").read_text())
    assert comment["body"].startswith("<!-- k8s-audit: cluster-1 -->")
    assert "auditing is turned on" in comment["body"]
    assert not re.search("❌", comment["body"])
    project.up()
    assert run(look) == "code=0\n"
    run(tell)
    (comment,) = json.loads((folder / "comments.json").read_text())
    assert comment["edited"]
    assert "Nothing changes." in comment["body"]
    run(script("drift.yaml", "drift", "verify"))
    assert run(script("drift.yaml", "stacks", "touched")) == 'stacks=["cluster-1"]\n'
