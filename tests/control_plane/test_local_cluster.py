import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pytest

from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import ToolError
from k8s_audit.local_cluster import LocalCluster, Ports
from k8s_audit.local_cluster.process import Identity
from k8s_audit.receivers.recorder import Recorder
from tests.project import free_ports

READY_SECONDS = 30
"""Generous for a busy machine; three to seven are usual."""
POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n"


def kubelet_status(cluster: LocalCluster) -> dict[str, Any]:
    status: dict[str, Any] = json.loads((cluster.folder / "kubelet.json").read_text())
    return status


def pod(cluster: LocalCluster) -> dict[str, Any]:
    found: dict[str, Any] = kubelet_status(cluster)["pods"].get("kube-apiserver", {})
    return found


def wait_for(condition: Callable[[], object], seconds: float = READY_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


def replace(cluster: LocalCluster, content: str) -> None:
    """As production does it: one move, staged outside the manifests folder."""
    staged = cluster.folder / "staged"
    staged.write_text(content)
    staged.rename(cluster.manifests / "kube-apiserver.yaml")


def with_flags(manifest: str, *flags: str) -> str:
    lines = "".join(f"    - {flag}\n" for flag in flags)
    return manifest.replace("    - kube-apiserver\n", f"    - kube-apiserver\n{lines}")


def with_mount(manifest: str, inside: str, outside: Path, kind: str, read_only: bool) -> str:
    name = f"v{manifest.count('mountPath')}"
    mount = f"    - mountPath: {inside}\n      name: {name}\n      readOnly: {str(read_only).lower()}\n"
    volume = f"  - hostPath:\n      path: {outside}\n      type: {kind}\n    name: {name}\n"
    return manifest.replace("    volumeMounts:\n", f"    volumeMounts:\n{mount}").replace(
        "  volumes:\n", f"  volumes:\n{volume}"
    )


@pytest.fixture
def manifest(cluster: LocalCluster) -> Iterator[str]:
    """The API server's manifest, which the test may replace; kubeadm's own is put back."""
    before = (cluster.manifests / "kube-apiserver.yaml").read_text()
    yield before
    replace(cluster, before)
    cluster.create()


def processes_below(folder: Path) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            arguments = process.cmdline()
        except psutil.Error:
            continue
        if any(str(folder) in argument for argument in arguments):
            found.append(" ".join(arguments))
    return found


def test_it_is_ready_within_seconds_and_kubectls_kubeconfig_works(tmp_path: Path, new_ports: Ports) -> None:
    own = LocalCluster(tmp_path / "with a space", new_ports, "prod-like")
    try:
        began = time.monotonic()
        status = own.create()
        took = time.monotonic() - began
        print(f"ready in {took:.1f} s")
        assert took < READY_SECONDS
        assert status.ready
        assert status.running
        kubectl = ["kubectl", f"--kubeconfig={status.kubeconfig}"]
        assert subprocess.check_output([*kubectl, "get", "--raw", "/readyz"]) == b"ok"
        subprocess.run([*kubectl, "create", "configmap", "real"], check=True)
        assert f"server: {own.api_server}" in own.kubeconfig.read_text()
        assert "prod-like" in own.kubeconfig.read_text()
        assert "    - kube-apiserver\n" in (own.manifests / "kube-apiserver.yaml").read_text()
        assert sorted(path.name for path in own.manifests.iterdir()) == ["etcd.yaml", "kube-apiserver.yaml"]
        beside = own.folder / "receivers"
        beside.mkdir()
        own.delete()
        assert processes_below(own.folder) == []
        assert list(own.folder.iterdir()) == [beside], "another room's files stay"
        assert own.read() is None
        own.delete()
    finally:
        own.delete()


def test_a_second_create_changes_nothing(cluster: LocalCluster) -> None:
    def everything() -> dict[str, tuple[bytes, int]]:
        files = [*cluster.manifests.iterdir(), *(cluster.folder / "pki").rglob("*.*"), cluster.kubeconfig]
        files.append(cluster.folder / "kubelet.json")
        return {str(file): (file.read_bytes(), file.stat().st_mtime_ns) for file in files if file.is_file()}

    before = everything()
    status = cluster.read()
    assert cluster.create() == status
    assert everything() == before


def test_an_edited_manifest_survives_a_create_and_gives_a_new_process_with_the_new_arguments(
    cluster: LocalCluster, manifest: str
) -> None:
    before = pod(cluster)["pid"]
    edited = with_flags(manifest, "--goaway-chance=0.001") + "# a comment of the user's\n"
    replace(cluster, edited)
    wait_for(lambda: pod(cluster).get("pid") not in (None, before))
    status = cluster.create()
    assert "--goaway-chance=0.001" in psutil.Process(status.pids["kube-apiserver"]).cmdline()
    assert status.pids["etcd"] == kubelet_status(cluster)["pods"]["etcd"]["pid"]
    assert (cluster.manifests / "kube-apiserver.yaml").read_text() == edited


def test_a_mounted_path_is_mapped_and_the_audit_log_is_written_on_the_host(
    cluster: LocalCluster, manifest: str, tmp_path: Path
) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY)
    log = tmp_path / "to be made" / "log"
    edited = with_mount(manifest, "/etc/kubernetes/k8s-audit", tmp_path, "Directory", read_only=True)
    edited = with_mount(edited, "/var/log/kubernetes/audit", log, "DirectoryOrCreate", read_only=False)
    flags = ("--audit-policy-file=/etc/kubernetes/k8s-audit/policy.yaml",)
    replace(cluster, with_flags(edited, *flags, "--audit-log-path=/var/log/kubernetes/audit/audit.log"))
    wait_for(lambda: (log / "audit.log").exists() and '"auditID"' in (log / "audit.log").read_text())


def test_events_of_the_real_api_server_reach_the_recorder_over_tls_with_a_client_certificate(
    cluster: LocalCluster, manifest: str, tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path / "receivers", port=free_ports(1)[0], tls=True, client_certificate=True)
    try:
        recorder.create()
        folder = tmp_path / "k8s-audit"
        folder.mkdir()
        (folder / "policy.yaml").write_text(POLICY)
        (folder / "webhook.yaml").write_text(render_webhook(recorder.endpoint()))
        edited = with_mount(manifest, str(folder), folder, "Directory", read_only=True)
        flags = (f"--audit-policy-file={folder}/policy.yaml", f"--audit-webhook-config-file={folder}/webhook.yaml")
        replace(cluster, with_flags(edited, *flags, "--audit-webhook-batch-max-wait=1s"))
        kubeconfig = cluster.create().kubeconfig
        command = ["kubectl", f"--kubeconfig={kubeconfig}", "create", "configmap", "marked", "--dry-run=server"]
        subprocess.run(command, check=True)
        wait_for(lambda: '"name":"marked"' in recorder.events.read_text() if recorder.events.exists() else False)
        assert all(json.loads(line)["auditID"] for line in recorder.events.read_text().splitlines())
    finally:
        recorder.delete()


def test_a_log_under_a_read_only_mount_is_refused_with_that_reason(
    cluster: LocalCluster, manifest: str, tmp_path: Path
) -> None:
    edited = with_mount(manifest, "/var/lib/k8s_audit", tmp_path, "Directory", read_only=True)
    replace(cluster, with_flags(edited, "--audit-log-path=/var/lib/k8s_audit/k8s_audit_events.log"))
    wait_for(lambda: pod(cluster).get("state") == "refused")
    reason = (
        "--audit-log-path=/var/lib/k8s_audit/k8s_audit_events.log would be written under /var/lib/k8s_audit,"
        " a read-only mount"
    )
    assert pod(cluster)["message"] == reason
    assert reason in (cluster.folder / "logs" / "kube-apiserver.log").read_text()
    status = cluster.read()
    assert status is not None
    assert not status.ready
    assert not status.running
    with pytest.raises(ToolError, match="a read-only mount"):
        cluster.create()


def test_a_path_that_no_mount_covers_is_refused_though_the_file_is_there(
    cluster: LocalCluster, manifest: str, tmp_path: Path
) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY)
    replace(cluster, with_flags(manifest, f"--audit-policy-file={tmp_path}/policy.yaml"))
    wait_for(lambda: pod(cluster).get("state") == "refused")
    assert pod(cluster)["message"] == f"--audit-policy-file={tmp_path}/policy.yaml: no volumeMount covers this path"


def test_a_missing_folder_is_refused_until_it_comes(cluster: LocalCluster, manifest: str, tmp_path: Path) -> None:
    missing = tmp_path / "later"
    replace(cluster, with_mount(manifest, "/etc/later", missing, "Directory", read_only=True))
    wait_for(lambda: pod(cluster).get("state") == "refused")
    assert pod(cluster)["message"] == f"hostPath {missing} of type Directory does not exist"
    missing.mkdir()
    wait_for(lambda: pod(cluster).get("state") == "running")


def test_a_manifest_that_is_no_yaml_ends_the_pod_and_the_runner_goes_on(cluster: LocalCluster, manifest: str) -> None:
    replace(cluster, manifest.replace("spec:", "spec: [", 1))
    wait_for(lambda: "kube-apiserver.yaml" in kubelet_status(cluster)["pods"])
    record = kubelet_status(cluster)["pods"]["kube-apiserver.yaml"]
    assert record["state"] == "invalid"
    assert "no YAML" in record["message"]
    status = cluster.read()
    assert status is not None
    assert not status.ready
    assert "etcd" in status.pids
    assert Identity.from_record(kubelet_status(cluster)) is not None


def test_an_api_server_that_crashes_is_started_again_with_back_off_and_create_tells_its_last_lines(
    cluster: LocalCluster, manifest: str
) -> None:
    replace(cluster, with_flags(manifest, "--no-such-flag=1"))
    wait_for(lambda: pod(cluster).get("restarts", 0) >= 3)
    assert "ended with 1; starts again in" in pod(cluster)["message"]
    with pytest.raises(ToolError, match="unknown flag: --no-such-flag"):
        cluster.create()


def test_a_killed_api_server_comes_back_by_itself(cluster: LocalCluster) -> None:
    before = cluster.create().pids["kube-apiserver"]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: pod(cluster)["pid"] not in (None, before))
    assert cluster.create().ready
    assert "was ended by SIGKILL" in (cluster.folder / "logs" / "kube-apiserver.log").read_text()


def test_a_create_after_kill_9_of_the_runner_ends_the_orphans_and_mends(cluster: LocalCluster) -> None:
    before = kubelet_status(cluster)
    orphans = {name: Identity.from_record(record) for name, record in before["pods"].items()}
    os.kill(before["pid"], signal.SIGKILL)
    wait_for(lambda: (status := cluster.read()) and not status.running)
    assert all(orphan and orphan.running for orphan in orphans.values())
    status = cluster.create()
    assert not any(orphan and orphan.running for orphan in orphans.values())
    assert status.ready
    assert kubelet_status(cluster)["pid"] != before["pid"]


def test_after_a_reboot_a_create_starts_everything_again_and_its_data_is_still_there(cluster: LocalCluster) -> None:
    status = kubelet_status(cluster)
    os.kill(status["pid"], signal.SIGKILL)
    for record in status["pods"].values():
        os.kill(record["pid"], signal.SIGKILL)
    # pids that others have got meanwhile
    status |= {"pid": os.getpid()}
    for record in status["pods"].values():
        record["pid"] = os.getpid()
    (cluster.folder / "kubelet.json").write_text(json.dumps(status))
    gone = cluster.read()
    assert gone is not None
    assert not gone.running
    assert gone.pids == {}
    assert cluster.create().ready


def test_nobodys_variables_but_the_manifests_reach_the_api_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_ports: Ports
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "a secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    own = LocalCluster(tmp_path / "own", new_ports)
    try:
        status = own.create()
        for pid in [kubelet_status(own)["pid"], *status.pids.values()]:
            assert not {"PULUMI_CONFIG_PASSPHRASE", "HTTPS_PROXY"} & psutil.Process(pid).environ().keys()
    finally:
        own.delete()
    assert processes_below(own.folder) == []


@pytest.mark.parametrize("phase", ["certs", "kubeconfig", "etcd", "control-plane"])
def test_a_create_that_was_killed_in_a_phase_of_kubeadm_is_completed_by_the_next(
    phase: str, tmp_path: Path, new_ports: Ports
) -> None:
    real = shutil.which("kubeadm")
    broken = tmp_path / "bin" / "kubeadm"
    broken.parent.mkdir()
    broken.write_text(f'#!/bin/sh\n[ "$3" = {phase} ] && kill -9 $PPID && exit 1\nexec "{real}" "$@"\n')
    broken.chmod(0o755)
    own = LocalCluster(tmp_path / "own", new_ports)
    code = "from pathlib import Path; from k8s_audit.local_cluster import *\n"
    code += f"LocalCluster(Path({str(own.folder)!r}), {own.ports!r}).create()"
    path = f"{broken.parent}:{os.environ['PATH']}"
    killed = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PATH": path}, check=False)
    assert killed.returncode == -signal.SIGKILL
    try:
        assert own.create().ready
        assert not list(own.folder.glob(".making-*"))
    finally:
        own.delete()


def test_taken_ports_are_named_with_process_and_key_and_nothing_is_started(tmp_path: Path, new_ports: Ports) -> None:
    ports = new_ports
    own = LocalCluster(tmp_path / "own", ports)
    with (
        socket.create_server(("127.0.0.1", ports.api_server)),
        socket.create_server(("127.0.0.1", ports.etcd)),
        pytest.raises(ToolError) as caught,
    ):
        own.create()
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"port {ports.etcd} on 127.0.0.1 is taken by ")
    assert first.endswith("set another port in audit:platform.ports.etcd")
    assert f"(pid {os.getpid()})" in second
    assert "audit:platform.ports.apiServer" in second
    assert processes_below(own.folder) == []
    own.delete()
    assert not own.folder.exists()


def test_a_port_that_another_cluster_holds_is_refused(cluster: LocalCluster, tmp_path: Path, new_ports: Ports) -> None:
    ports = new_ports
    own = LocalCluster(tmp_path / "own", Ports(ports.etcd, ports.etcd_peer, cluster.ports.api_server))
    with pytest.raises(ToolError, match=rf"port {cluster.ports.api_server} .* taken by kube-apiserver \(pid \d+\)"):
        own.create()


def test_a_missing_tool_is_named_with_its_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="not on the PATH: kubeadm, etcd, kube-apiserver; run `make setup`"):
        LocalCluster(tmp_path / "own").create()
    assert not (tmp_path / "own").exists()


def test_a_create_that_is_told_to_stop_ends_and_the_next_one_succeeds(tmp_path: Path, new_ports: Ports) -> None:
    own = LocalCluster(tmp_path / "own", new_ports)
    stop = Event()
    stop.set()
    try:
        with pytest.raises(ToolError, match="told to stop"):
            own.create(stop)
        assert own.create().ready
    finally:
        own.delete()


def test_other_ports_move_a_cluster_and_its_data_stay(tmp_path: Path, new_ports: Ports) -> None:
    first = LocalCluster(tmp_path / "own", new_ports)
    try:
        kubeconfig = first.create().kubeconfig
        subprocess.run(["kubectl", f"--kubeconfig={kubeconfig}", "create", "configmap", "kept"], check=True)
        second = LocalCluster(tmp_path / "own", Ports(*free_ports(3)))
        status = second.create()
        assert second.api_server in second.kubeconfig.read_text()
        assert f"--secure-port={second.ports.api_server}" in psutil.Process(status.pids["kube-apiserver"]).cmdline()
        subprocess.run(["kubectl", f"--kubeconfig={status.kubeconfig}", "get", "configmap", "kept"], check=True)
        gone = first.read()
        assert gone is not None
        assert not gone.ready
    finally:
        first.delete()


def test_a_folder_that_is_removed_by_hand_takes_its_processes_with_it(tmp_path: Path, new_ports: Ports) -> None:
    own = LocalCluster(tmp_path / "own", new_ports)
    own.create()
    shutil.rmtree(own.folder, ignore_errors=True)
    shutil.rmtree(own.folder, ignore_errors=True)
    wait_for(lambda: processes_below(tmp_path / "own") == [])
