"""kind itself reads the configuration that we render, mounts what it says and patches kubeadm's; kubeadm renders an API server's manifest."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_audit.control_plane import static_pod
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.platforms.created.kind_config import merged, ours
from tests.standins.docker import Docker

FOLDER = "/etc/kubernetes/k8s-audit"
WANTED = AuditFlags().arguments(f"{FOLDER}/policy-1.yaml", f"{FOLDER}/webhook-1.yaml")
THEIRS = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: lab
nodes:
- role: control-plane   # the first
  kubeadmConfigPatches:
  - |
    kind: InitConfiguration
    nodeRegistration: {taints: []}
- role: control-plane
- role: worker
kubeadmConfigPatches:
- |
  kind: ClusterConfiguration
  apiServer:
    extraArgs: {event-ttl: 3h, audit-log-maxage: "7"}
    extraVolumes: [{name: theirs, hostPath: /srv/theirs, mountPath: /srv/theirs}]
"""


def created(folder: Path, text: str, kubernetes: str) -> Docker:
    """What kind makes of a configuration, up to where kubeadm would run."""
    docker = Docker.made(folder / "docker", kubernetes)
    file = folder / "kind.yaml"
    file.write_text(text)
    command = ["kind", "create", "cluster", "--config", str(file), "--retain"]
    done = subprocess.run(command, env=os.environ | docker.variables(), capture_output=True, text=True)
    assert "failed to init node with kubeadm" in done.stderr, done.stderr
    return docker


@pytest.mark.parametrize(("kubernetes", "version"), [("v1.34.4", "v1beta3"), ("v1.36.0", "v1beta4")])
def test_kind_takes_ours_beside_theirs_and_kubeadm_renders_it(kubernetes: str, version: str, tmp_path: Path) -> None:
    docker = created(tmp_path, merged(THEIRS, "lab", "/home/ops/lab", WANTED), kubernetes)
    mount = f"--volume=/home/ops/lab/files:{FOLDER}:ro"
    nodes = ("lab-control-plane", "lab-control-plane2", "lab-worker")
    assert [mount in docker.run(node) for node in nodes] == [True, True, False]
    text = docker.file("lab-control-plane", "/kind/kubeadm.conf")
    assert f"kubeadm.k8s.io/{version}" in text
    file = tmp_path / "kubeadm.conf"
    file.write_text(text.replace(kubernetes, "v1.34.4"))  # the kubeadm of the tests knows no newer one
    kubeadm(tmp_path, "config", "validate", "--config", str(file))
    manifest = kubeadm_manifest(tmp_path, file)
    theirs = {"audit-log-maxage": "7"}
    assert static_pod.audit_arguments(manifest) == WANTED | theirs
    assert ours(THEIRS, WANTED) == {name: value for name, value in WANTED.items() if name not in theirs}
    pod = yaml.safe_load(manifest)
    assert "--event-ttl=3h" in pod["spec"]["containers"][0]["command"]
    mounts = {one["mountPath"]: one.get("readOnly", False) for one in pod["spec"]["containers"][0]["volumeMounts"]}
    assert (mounts["/srv/theirs"], mounts[FOLDER], mounts["/var/log/kubernetes/audit"]) == (False, True, False)


def kubeadm(folder: Path, *arguments: str) -> None:
    variables = {"PATH": os.environ["PATH"], "KUBEADM_INIT_DRYRUN_DIR": str(folder)}
    done = subprocess.run(["kubeadm", *arguments], env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def kubeadm_manifest(folder: Path, file: Path) -> bytes:
    """What kubeadm makes of a configuration for the API server's static pod."""
    kubeadm(folder, "init", "phase", "control-plane", "apiserver", "--dry-run", "--config", str(file))
    return (folder / "kube-apiserver.yaml").read_bytes()


def test_without_one_of_theirs_it_is_a_cluster_of_one_node(tmp_path: Path) -> None:
    document: dict[str, Any] = yaml.safe_load(merged("", "kind", "/srv/kind", WANTED))
    assert [node["role"] for node in document["nodes"]] == ["control-plane"]
    docker = created(tmp_path, merged("", "kind", "/srv/kind", WANTED), "v1.36.0")
    assert f"--volume=/srv/kind/files:{FOLDER}:ro" in docker.run("kind-control-plane")
