import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.local_cluster.kubelet import end_recorded, read_manifests, recorded
from k8s_audit.local_cluster.process import Identity


def manifest(name: str, script: str) -> str:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}
    return json.dumps(pod | {"spec": {"containers": [{"name": "c", "command": ["sh", "-c", script]}]}})


class Runner:
    """A real runner over a folder; its pods are small shell scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "manifests").mkdir(parents=True)
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "k8s_audit.local_cluster.kubelet", "--folder", str(self.folder)]
        self.process = subprocess.Popen(command)

    def put(self, file: str, content: str) -> None:
        staged = self.folder / "staged"
        staged.write_text(content)
        staged.rename(self.folder / "manifests" / file)

    def pods(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "kubelet.json").read_text())["pods"]
        except FileNotFoundError:
            return {}
        return found

    def wait_for(self, name: str, condition: Callable[[dict[str, Any]], bool], seconds: float = 20) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while not (name in self.pods() and condition(self.pods()[name])):
            assert time.monotonic() < deadline, self.pods()
            time.sleep(0.05)
        found: dict[str, Any] = self.pods()[name]
        return found

    def running(self, name: str) -> Identity:
        identity = Identity.from_record(self.wait_for(name, lambda pod: pod["state"] == "running"))
        assert identity
        return identity

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text()


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    made = Runner(tmp_path / "a folder")
    yield made
    made.process.terminate()
    made.process.wait(30)
    end_recorded(made.folder)


def test_it_starts_restarts_on_change_and_ends_what_is_removed(runner: Runner) -> None:
    runner.put("p.yaml", manifest("p", "echo one; exec sleep 60"))
    first = runner.running("p")
    runner.put("p.yaml", manifest("p", "echo two; exec sleep 60"))
    runner.wait_for("p", lambda pod: pod["pid"] not in (None, first.pid))
    assert not first.running
    second = runner.running("p")
    (runner.folder / "manifests" / "p.yaml").unlink()
    deadline = time.monotonic() + 10
    while runner.pods() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not second.running
    log = runner.log("p")
    assert log.count("kubelet: start 1 of p from p.yaml") == 2
    assert log.index("one") < log.index("stopped: p.yaml has changed") < log.index("two")


def test_a_file_that_is_only_touched_restarts_nothing(runner: Runner) -> None:
    runner.put("p.yaml", manifest("p", "exec sleep 60"))
    first = runner.running("p")
    runner.put("p.yaml", manifest("p", "exec sleep 60"))
    time.sleep(0.6)
    assert runner.running("p") == first


def test_every_file_without_a_dot_first_is_read_a_backup_too(tmp_path: Path) -> None:
    for name in ("a.yaml", "a.yaml.bak", ".a.yaml.swp", "README"):
        (tmp_path / name).write_text(name)
    (tmp_path / "folder").mkdir()
    assert sorted(read_manifests(tmp_path)) == ["README", "a.yaml", "a.yaml.bak"]
    assert read_manifests(tmp_path / "none") == {}


def test_a_second_file_with_the_same_pod_waits_until_the_first_is_gone(runner: Runner) -> None:
    runner.put("p.yaml", manifest("p", "exec sleep 60"))
    runner.running("p")
    runner.put("p.yaml.bak", manifest("p", "exec sleep 61"))
    other = runner.wait_for("p from p.yaml.bak", lambda pod: pod["state"] == "refused")
    assert other["message"] == "p.yaml.bak: the pod p runs from another file"
    (runner.folder / "manifests" / "p.yaml").unlink()
    runner.wait_for("p", lambda pod: pod["file"] == "p.yaml.bak" and pod["state"] == "running")


def test_a_crash_backs_off_and_a_change_starts_afresh(runner: Runner) -> None:
    runner.put("p.yaml", manifest("p", "exit 3"))
    began = time.monotonic()
    runner.wait_for("p", lambda pod: pod["restarts"] == 3)
    assert time.monotonic() - began >= 1 + 2
    assert runner.pods()["p"]["message"].startswith("p ended with 3; starts again in ")
    runner.put("p.yaml", manifest("p", "exec sleep 60"))
    assert runner.running("p").running
    assert runner.pods()["p"]["restarts"] == 0


def test_one_that_ignores_sigterm_is_killed_after_the_grace_period_with_its_children(runner: Runner) -> None:
    runner.put("p.yaml", manifest("p", "trap '' TERM; sleep 61 & echo child $!; while :; do sleep 1; done"))
    stubborn = runner.running("p")
    deadline = time.monotonic() + 5
    while "child" not in runner.log("p") and time.monotonic() < deadline:
        time.sleep(0.05)
    child = Identity.of(int(runner.log("p").split("child ")[1].split()[0]))
    assert child
    (runner.folder / "manifests" / "p.yaml").unlink()
    deadline = time.monotonic() + 10
    while (stubborn.running or child.running) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not stubborn.running
    assert not child.running
    assert "did not end within 5 s and was killed" in runner.log("p")


def test_a_program_that_is_missing_is_refused_and_the_others_run(runner: Runner) -> None:
    runner.put("p.yaml", manifest("p", "").replace('"sh"', '"no-such-program"'))
    runner.put("q.yaml", manifest("q", "exec sleep 60"))
    assert runner.running("q").running
    refused = runner.wait_for("p", lambda pod: pod["state"] == "refused")
    assert refused["message"] == "there is no program no-such-program on the PATH"


def test_a_new_runner_ends_what_a_killed_one_left_and_starts_it_again(runner: Runner) -> None:
    runner.put("p.yaml", manifest("p", "exec sleep 60"))
    orphan = runner.running("p")
    runner.process.kill()
    runner.process.wait()
    assert orphan.running
    runner.start()
    again = runner.wait_for("p", lambda pod: pod["pid"] != orphan.pid and pod["state"] == "running")
    assert not orphan.running
    assert again["pid"]


def test_a_second_runner_on_the_same_folder_ends_at_once(runner: Runner) -> None:
    runner.put("p.yaml", manifest("p", "exec sleep 60"))
    first = runner.running("p")
    command = [sys.executable, "-m", "k8s_audit.local_cluster.kubelet", "--folder", str(runner.folder)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert "another runner works in" in second.stderr
    assert runner.running("p") == first


def test_sigterm_ends_the_runner_and_its_pods_and_sighup_does_not(runner: Runner) -> None:
    runner.put("p.yaml", manifest("p", "exec sleep 60"))
    pod = runner.running("p")
    runner.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert pod.running
    runner.process.terminate()
    assert runner.process.wait(20) == 0
    assert not pod.running
    assert not (runner.folder / "kubelet.json").exists()


def test_a_recorded_pid_that_another_process_has_now_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as bystander:
        record = {"pid": bystander.pid, "startTime": "another boot/1"}
        (tmp_path / "kubelet.json").write_text(json.dumps({"pods": {"p": record}}))
        assert recorded(tmp_path) == {}
        end_recorded(tmp_path)
        assert bystander.poll() is None
        os.kill(bystander.pid, signal.SIGKILL)
