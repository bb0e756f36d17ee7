"""`kill -9` of the CLI, of the plugin and of both, after each step of the journal."""

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from k8s_audit.control_plane.journal import Step
from k8s_audit.local_cluster import LocalCluster

MORTAL = Path(__file__).with_name("mortal_plugin.py")
APPLY = (Step.PREPARED, Step.FILES_WRITTEN, Step.MANIFEST_MOVED, Step.APPLIED)
RESTORE = (Step.RESTORING, Step.RESTORED)
VICTIMS = ("cli", "plugin", "both")


def test_the_steps_are_all_there_are() -> None:
    assert set(APPLY) | set(RESTORE) == set(Step)


@pytest.fixture
def mortal(new_project: Callable[..., Any], kubeadm_stack: Callable[..., str]) -> Any:
    """A project whose plugin can be killed."""
    project = new_project(kubeadm_stack())
    folder = project.folder / "mortal"
    folder.mkdir()
    plugin = folder / "pulumi-resource-k8s-audit"
    plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{MORTAL}" "$@"\n')
    plugin.chmod(0o755)
    file = project.folder / "Pulumi.yaml"
    file.write_text(file.read_text().replace("path: ./components", "path: ./mortal"))
    return project


def kill(project: Any, step: Step, whom: str, run: Callable[[], Any]) -> None:
    """Run a command that is killed at a step, and wait until its plugin is gone too."""
    once = project.folder / f"killed-{step}-{whom}-{time.monotonic_ns()}"
    with project.given(MORTAL_STEP=step, MORTAL_WHOM=whom, MORTAL_ONCE=str(once)):
        done = run()
    assert once.exists(), done.stdout
    assert done.returncode != 0, done.stdout
    deadline = time.monotonic() + 60
    while psutil.pid_exists(int(once.read_text())):
        assert time.monotonic() < deadline, "the plugin outlives the engine"
        time.sleep(0.1)
    project.run("cancel", "--yes", check=False)


def ready(cluster: LocalCluster) -> bool:
    """Whether the API server is healthy, or becomes so by itself while its kubelet restarts it."""
    return cluster.create().ready


@pytest.mark.parametrize(
    ("whom", "first"), list(zip(VICTIMS, (Step.MANIFEST_MOVED, Step.PREPARED, Step.APPLIED), strict=True))
)
def test_kills_after_each_step_leave_a_healthy_api_server_and_the_next_run_succeeds(
    whom: str, first: Step, mortal: Any, kubeadm_stack: Callable[..., str], cluster: LocalCluster
) -> None:
    """One step is met by a create, another one for each victim, the others by updates; a cut-off destroy by an `up` too."""
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_bytes()

    kill(mortal, first, whom, lambda: mortal.up(check=False))
    assert ready(cluster), first
    mortal.up("--refresh")
    for number, step in enumerate(step for step in APPLY if step != first):
        wait = f"{200 + number}ms"
        mortal.write(kubeadm_stack(delivery=f"{{maxWait: {wait}}}"))
        kill(mortal, step, whom, lambda: mortal.up(check=False))
        assert ready(cluster), step
        mortal.up("--refresh")
        assert f"--audit-webhook-batch-max-wait={wait}" in manifest.read_text()
    mortal.run("preview", "--refresh", "--expect-no-changes")

    for step, next_run in zip(RESTORE, (lambda: mortal.up("--refresh"), mortal.destroy), strict=True):
        kill(mortal, step, whom, lambda: mortal.destroy(check=False))
        assert ready(cluster), step
        next_run()
        assert (b"--audit-policy-file" in manifest.read_bytes()) == (step == Step.RESTORING)
    assert manifest.read_bytes() == before
    assert not (cluster.folder / "state").exists()


def test_a_plain_interrupt_goes_back_and_is_recorded(mortal: Any, cluster: LocalCluster) -> None:
    """SIGINT to the CLI, as by Ctrl-C, while the API server restarts."""
    import os
    import signal
    import subprocess

    before = (cluster.manifests / "kube-apiserver.yaml").read_bytes()
    running = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--stack", mortal.stack, "--non-interactive"],
        cwd=mortal.folder,
        env=mortal.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while (cluster.manifests / "kube-apiserver.yaml").read_bytes() == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGINT)
    text = running.communicate(timeout=60)[0]
    assert running.returncode != 0
    assert re.search("stopped while waiting for kube-apiserver; the host is as it was before", text), text
    assert (cluster.manifests / "kube-apiserver.yaml").read_bytes() == before
    assert ready(cluster)
    mortal.up()
