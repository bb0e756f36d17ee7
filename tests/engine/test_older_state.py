"""A stack whose state an older version of the package made: a preview with this one restarts no API server.

`recorded/kubeadm.json` holds the resources of a real `up` of three hosts over SSH, by the package as it was on 2026-11-26 at 00:07 (before kops, RKE, OpenShift
and Talos), with marks in place of the project's folder and the key; `recorded/kubeadm.yaml` is its stack file.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh

from tests.project import Project

RECORDED = Path(__file__).parent / "recorded"
PEM = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


def recorded(project: Project) -> None:
    """Give a project the recorded state."""
    key = json.dumps(json.dumps(PEM.strip()))[1:-1]
    text = (RECORDED / "kubeadm.json").read_text().replace("@KEY@", key).replace("@FOLDER@", str(project.folder))
    state = json.loads(project.run("stack", "export").stdout)
    state["deployment"]["resources"] = json.loads(text)
    (project.folder / "recorded.json").write_text(json.dumps(state))
    project.run("stack", "import", "--file", "recorded.json")


def test_an_upgrade_of_the_package_restarts_nothing_and_a_change_tells_each_host(
    new_project: Callable[..., Any],
) -> None:
    """No host is there: a preview contacts none."""
    stack = (RECORDED / "kubeadm.yaml").read_text()
    project = new_project(stack)
    project.set_secret("sshPrivateKey", PEM)
    recorded(project)
    try:
        preview = project.run("preview", "--diff").stdout
        assert "11 unchanged" in preview, preview
        assert "update" not in preview.partition("Resources:")[2]
        project.write(stack.replace("maxWait: 100ms", "maxWait: 200ms"))
        project.set_secret("sshPrivateKey", PEM)
        changed = project.run("preview", "--diff").stdout
        told = re.findall(r'audit-webhook-batch-max-wait *: "100ms" => "200ms"', changed)
        assert len(told) == 4, changed
        assert "~ 7 to update" in changed
    finally:
        project.run("stack", "rm", "--yes", "--force", "--preserve-config")
        project.is_down = True
