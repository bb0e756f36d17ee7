"""What docs/operations.md says of a state that is lost, and of a cluster that is gone, by the real engine and a real API server."""

from collections.abc import Callable
from typing import Any

from k8s_audit.control_plane import health
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.local_cluster import LocalCluster
from tests.engine.test_older_state import PEM, RECORDED, recorded


def started(cluster: LocalCluster) -> set[tuple[int, float]]:
    """The API server's processes."""
    manifest = (cluster.manifests / "kube-apiserver.yaml").read_bytes()
    return {process.identity for process in health.running(LocalHost("cp-1"), manifest)}


def test_a_lost_state_is_made_anew_without_a_restart_and_all_is_given_back(
    new_project: Callable[..., Any], kubeadm_stack: Callable[..., str], cluster: LocalCluster
) -> None:
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_bytes()
    project = new_project(kubeadm_stack())
    project.up()
    audited, running = manifest.read_bytes(), started(cluster)
    assert audited != before
    assert len(running) == 1

    project.run("stack", "rm", "--yes", "--force", "--preserve-config")
    project.run("stack", "init")
    project.up()
    assert (manifest.read_bytes(), started(cluster)) == (audited, running)
    assert len(project.outputs()["deliveryChecks"]) == 1
    project.destroy()
    assert manifest.read_bytes() == before


def test_a_cluster_that_is_gone_fails_destroy_and_is_forgotten_by_force_alone(
    new_project: Callable[..., Any],
) -> None:
    """The recorded state of a cluster of which nothing is there, not even its kubeconfig."""
    project = new_project((RECORDED / "kubeadm.yaml").read_text())
    project.set_secret("sshPrivateKey", PEM)
    recorded(project)
    try:
        failed = project.destroy(check=False)
        assert failed.returncode != 0
        assert "/etc/kubernetes/admin.conf cannot be used" in failed.stdout
        kept = project.run("stack", "export").stdout
        assert "StaticPodAudit" in kept, "nothing that may still be there is forgotten by itself"
    finally:
        project.run("stack", "rm", "--yes", "--force", "--preserve-config")
        project.is_down = True
