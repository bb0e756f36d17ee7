"""kubeadm itself judges the configuration that we edit, and renders an API server's manifest of it."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from k8s_audit import kubernetes_yaml
from k8s_audit.control_plane import static_pod
from k8s_audit.control_plane.kubeadm_config import turn_on
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.platforms.cluster_api.change import ControlPlaneAudit
from k8s_audit.platforms.kubeadm_render import manifest_patch
from k8s_audit.platforms.kubespray.inventory import Inventory
from tests.standins.kubespray import api_server
from tests.unit.platforms.cluster_api.test_control_plane import theirs

WANTED = AuditFlags().arguments("/etc/kubernetes/k8s-audit/policy.yaml", "/etc/kubernetes/k8s-audit/webhook.yaml")
LOCAL = "apiVersion: kubeadm.k8s.io/{}\nkind: InitConfiguration\nlocalAPIEndpoint: {{advertiseAddress: 192.0.2.10}}\n"


def kubeadm(folder: Path, *arguments: str) -> str:
    variables = {"PATH": os.environ["PATH"], "KUBEADM_INIT_DRYRUN_DIR": str(folder)}
    done = subprocess.run(["kubeadm", *arguments], env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def stored(folder: Path, version: str) -> str:
    """A ClusterConfiguration as kubeadm stores it."""
    defaults = kubeadm(folder, "config", "print", "init-defaults")
    text = next(part for part in defaults.split("---\n") if "kind: ClusterConfiguration" in part)
    if version == "v1beta4":
        return text
    gone = ("caCertificateValidityPeriod", "certificateValidityPeriod", "encryptionAlgorithm", "proxy")
    kept = [line for line in text.splitlines() if not line.startswith(gone)]
    return "\n".join(kept).replace("v1beta4", version) + "\n"


@pytest.mark.parametrize("version", ["v1beta3", "v1beta4"])
def test_kubeadm_takes_our_edit_and_renders_our_flags_and_mounts(version: str, tmp_path: Path) -> None:
    edit = turn_on(stored(tmp_path, version), WANTED)
    file = tmp_path / "kubeadm.yaml"
    file.write_text(f"{edit.text}---\n{LOCAL.format(version)}")
    kubeadm(tmp_path, "config", "validate", "--config", str(file))
    kubeadm(tmp_path, "init", "phase", "control-plane", "apiserver", "--dry-run", "--config", str(file))
    manifest = (tmp_path / "kube-apiserver.yaml").read_bytes()
    assert static_pod.audit_arguments(manifest) == WANTED
    ours = static_pod.turn_on(manifest, WANTED, "digest")
    assert ours.ours.volumes == (), "both folders are mounted already, as we mount them"
    assert static_pod.host_path(manifest, WANTED["audit-log-path"]) == WANTED["audit-log-path"]


@pytest.mark.parametrize("version", ["v1beta3", "v1beta4"])
def test_kubeadm_takes_what_kubespray_makes_of_our_variables_and_nothing_of_ours_is_missing_then(
    version: str, tmp_path: Path
) -> None:
    inventory = Inventory(str(tmp_path), "k8s_cluster")
    inventory.file.parent.mkdir(parents=True)
    inventory.apply(WANTED)
    made = yaml.safe_load(stored(tmp_path, version)) | {"apiServer": api_server([inventory.file], version)}
    file = tmp_path / "kubeadm.yaml"
    file.write_text(f"{kubernetes_yaml.dump(made)}---\n{LOCAL.format(version)}")
    kubeadm(tmp_path, "config", "validate", "--config", str(file))
    kubeadm(tmp_path, "init", "phase", "control-plane", "apiserver", "--dry-run", "--config", str(file))
    manifest = (tmp_path / "kube-apiserver.yaml").read_bytes()
    assert static_pod.audit_arguments(manifest) == WANTED
    ours = static_pod.turn_on(manifest, WANTED, "digest").ours
    assert (ours.arguments, ours.volumes) == ((), ())


def test_kubeadm_takes_our_patch_of_a_manifest(tmp_path: Path) -> None:
    file, patches = tmp_path / "kubeadm.yaml", tmp_path / "patches"
    local = f"{LOCAL.format('v1beta4')}patches: {{directory: {patches}}}\n"
    file.write_text(f"{stored(tmp_path, 'v1beta4')}---\n{local}")
    patches.mkdir()
    (patches / "kube-apiserver0+json.yaml").write_text(manifest_patch(WANTED))
    kubeadm(tmp_path, "init", "phase", "control-plane", "apiserver", "--dry-run", "--config", str(file))
    manifest = (tmp_path / "kube-apiserver.yaml").read_bytes()
    assert static_pod.audit_arguments(manifest) == WANTED
    assert static_pod.turn_on(manifest, WANTED, "digest").ours.volumes == ()


@pytest.mark.parametrize(("version", "writes"), [("v1beta1", "v1beta3"), ("v1beta2", "v1beta4")])
def test_kubeadm_takes_what_a_kubeadm_control_plane_says(version: str, writes: str, tmp_path: Path) -> None:
    """Cluster API writes its `clusterConfiguration` as kubeadm's own, of the version that this kubeadm reads."""
    edited = ControlPlaneAudit("policy", "webhook", WANTED).edit("prod")(theirs(version))
    head = {"apiVersion": f"kubeadm.k8s.io/{writes}", "kind": "ClusterConfiguration", "kubernetesVersion": "v1.34.4"}
    text = kubernetes_yaml.dump(head | edited["spec"]["kubeadmConfigSpec"]["clusterConfiguration"])
    file = tmp_path / "kubeadm.yaml"
    file.write_text(f"{text}---\n{LOCAL.format(writes)}")
    kubeadm(tmp_path, "config", "validate", "--config", str(file))
    kubeadm(tmp_path, "init", "phase", "control-plane", "apiserver", "--dry-run", "--config", str(file))
    manifest = (tmp_path / "kube-apiserver.yaml").read_bytes()
    assert static_pod.audit_arguments(manifest) == WANTED
    assert static_pod.turn_on(manifest, WANTED, "digest").ours.volumes == ()
