"""The embedded control plane as a stack: its whole life, and its ways out of trouble."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.project import Project, free_ports


@pytest.fixture
def local(new_project: Callable[..., Project]) -> Project:
    etcd, etcd_peer, api_server, recorder = free_ports(4)
    return new_project(f"""\
config:
  audit:cluster: {{name: cluster-1}}
  audit:platform: {{kind: local, ports: {{etcd: {etcd}, etcdPeer: {etcd_peer}, apiServer: {api_server}}}}}
  audit:receivers: [{{kind: recorder, name: recorder, port: {recorder}}}]
  audit:delivery: {{maxWait: 100ms, checkTimeout: 10s}}
""")


def started_by(project: Project) -> list[psutil.Process]:
    """The processes that know of a file of the stack's."""
    folder = str(project.folder / ".local")
    return [
        p for p in psutil.process_iter(["name", "cmdline"]) if any(folder in part for part in p.info["cmdline"] or [])
    ]


def cut_the_power(project: Project, *others: psutil.Process) -> None:
    for process in [*others, *started_by(project)]:
        try:
            process.kill()
            process.wait(10)
        except psutil.NoSuchProcess:
            continue


def test_a_port_that_is_taken_is_named_and_up_verify_reboot_up_and_down_leave_nothing(local: Project) -> None:
    assert "8 to create" in local.run("preview").stdout.replace("+ ", "")
    assert not started_by(local)
    assert not (local.folder / ".local" / "cluster-1").exists(), "a preview makes nothing"

    port = int(local.stack_file.read_text().partition("apiServer: ")[2].partition("}")[0])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        failed = local.up(check=False)
    assert failed.returncode
    assert f"port {port} on 127.0.0.1 is taken by " in failed.stdout
    assert "or set another port in audit:platform.ports.apiServer" in failed.stdout
    assert not {"kube-apiserver", "etcd"} & {p.info["name"] for p in started_by(local)}

    local.up("--refresh")
    (check,) = local.outputs()["deliveryChecks"]
    events = Path(local.outputs()["events"])
    assert check["auditID"] in events.read_text()
    local.run("preview", "--refresh", "--expect-no-changes")

    proved = local.command("verify", "--stack", "cluster-1", "--json")
    assert proved.returncode == 0
    (proof,) = json.loads(proved.stdout)
    assert proof.keys() == check.keys()
    assert proof["auditID"] != check["auditID"]
    assert proof["auditID"] in events.read_text()
    beat = local.folder / "beat.prom"
    said = local.command("verify", "--stack", "cluster-1", "--textfile", str(beat))
    assert 'k8s_audit_delivery_proved_timestamp_seconds{stack="cluster-1",api_server="https://' in beat.read_text()
    assert said.stdout.startswith("proved: event ")
    healthy = local.command("doctor", "--stack", "cluster-1")
    assert healthy.returncode == 0
    assert "nothing to do" in healthy.stdout

    cut_the_power(local)
    last = beat.read_text()
    unproved = local.command("verify", "--stack", "cluster-1", "--textfile", str(beat))
    assert beat.read_text() == last, "it grows old, which is what is told"
    assert unproved.returncode == 1
    assert "not proved: " in unproved.stderr
    drift = local.run("preview", "--refresh", "--diff").stdout
    assert len(re.findall(r"~ running *: true => false", drift)) == 2, drift
    local.up("--refresh")
    assert local.command("verify", "--stack", "cluster-1").returncode == 0
    local.run("preview", "--refresh", "--expect-no-changes")

    down = local.down()
    assert down.returncode == 0, down.stdout + down.stderr
    assert not started_by(local)
    assert not (local.folder / ".local").exists()
    again = local.down()
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_missing_passphrase_is_said_and_nothing_is_made(local: Project) -> None:
    environment = local.environment()
    del environment["PULUMI_CONFIG_PASSPHRASE"]
    command = ["pulumi", "up", "--yes", "--skip-preview", "--stack", local.stack, "--non-interactive"]
    done = subprocess.run(command, cwd=local.folder, env=environment, capture_output=True, text=True)
    assert done.returncode
    assert "PULUMI_CONFIG_PASSPHRASE" in done.stderr
    assert not (local.folder / ".local").exists()


@pytest.mark.parametrize("way_out", ["up", "down"])
def test_a_stack_that_is_half_up_after_a_power_cut_is_finished_or_taken_back(local: Project, way_out: str) -> None:
    command = ["pulumi", "up", "--yes", "--skip-preview", "--stack", local.stack, "--non-interactive"]
    running = subprocess.Popen(
        command, cwd=local.folder, env=local.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    tree = psutil.Process(running.pid)
    deadline = time.monotonic() + 60
    while "kube-apiserver" not in {p.info["name"] for p in started_by(local)}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    tree.suspend()
    plugins = tree.children(recursive=True)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    cut_the_power(local, *plugins)

    if way_out == "down":
        down = local.down()
        assert down.returncode == 0, down.stdout + down.stderr
        assert not started_by(local)
        assert not (local.folder / ".local").exists()
        return
    locked = local.up("--refresh", check=False)
    assert locked.returncode
    assert "pulumi cancel" in locked.stdout
    local.run("cancel", "--yes")
    local.up("--refresh")
    assert local.command("verify", "--stack", "cluster-1").returncode == 0
    local.run("preview", "--refresh", "--expect-no-changes")
