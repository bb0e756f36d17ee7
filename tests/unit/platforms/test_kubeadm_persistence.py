"""Keeping kubeadm's own configuration in step, on a ConfigMap in memory; the engine's tests do it on a real API server."""

from dataclasses import replace

import pytest

from k8s_audit.control_plane.kubeadm_config import audit_arguments
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.platforms.kubeadm_cluster import KubeadmCluster, Stored
from k8s_audit.platforms.kubeadm_persistence import Persistence

WANTED = AuditFlags().arguments("/etc/kubernetes/k8s-audit/policy.yaml", "/etc/kubernetes/k8s-audit/webhook.yaml")
TEXT = """\
apiServer: {}  # of ours
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
kubernetesVersion: v1.30.2
"""
UPGRADED = """\
apiServer:
  extraArgs:
{arguments}
  extraVolumes:
  - hostPath: /etc/kubernetes/k8s-audit
    mountPath: /etc/kubernetes/k8s-audit
    name: k8s-audit-config
    pathType: DirectoryOrCreate
    readOnly: true
  - hostPath: /var/log/kubernetes/audit
    mountPath: /var/log/kubernetes/audit
    name: k8s-audit-log
    pathType: DirectoryOrCreate
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.31.0
"""


class Memory(KubeadmCluster):
    def __init__(self, text: str | None) -> None:
        super().__init__("nowhere")
        self.stored = Stored("ClusterConfiguration", text, None, "1") if text is not None else None
        self.writes = 0

    def read(self) -> Stored | None:
        return self.stored

    def write(self, stored: Stored, text: str, record: str | None) -> None:
        assert stored == self.stored
        self.stored = replace(stored, text=text, record=record, version=stored.version + "1")
        self.writes += 1

    @property
    def text(self) -> str:
        assert self.stored
        return self.stored.text


@pytest.fixture
def cluster() -> Memory:
    return Memory(TEXT)


def test_a_second_time_nothing_is_written_and_all_of_it_goes_back(cluster: Memory) -> None:
    first = Persistence(cluster).apply(WANTED, False)
    assert first
    assert first.arguments == WANTED
    assert Persistence(cluster, first.record).apply(WANTED, False) == first
    assert cluster.writes == 1
    Persistence(cluster).restore()
    assert cluster.text == TEXT
    assert cluster.stored
    assert cluster.stored.record is None


def test_a_run_that_was_killed_before_the_state_knew_is_no_loss(cluster: Memory) -> None:
    Persistence(cluster).apply(WANTED, False)
    Persistence(cluster).apply(dict(WANTED) | {"audit-webhook-batch-max-wait": "5s"}, False)
    assert audit_arguments(cluster.text)["audit-webhook-batch-max-wait"] == "5s"
    Persistence(cluster).restore()
    assert cluster.text == TEXT


def test_after_an_upgrade_only_ours_goes_and_until_then_nothing_is_written(cluster: Memory) -> None:
    """kubeadm writes another version, no comments, and none of our annotation."""
    live = Persistence(cluster).apply(WANTED, False)
    assert live
    assert cluster.stored
    arguments = "\n".join(f"  - name: {name}\n    value: '{value}'" for name, value in sorted(WANTED.items()))
    cluster.stored = replace(cluster.stored, text=UPGRADED.format(arguments=arguments), record=None)
    after = Persistence(cluster, live.record).read()
    assert after
    assert (after.arguments, after.intact, after.record) == (WANTED, True, live.record)
    Persistence(cluster, live.record).restore()
    lines = [line for line in cluster.text.splitlines() if line]
    assert lines == ["apiServer: {}", *UPGRADED.splitlines()[-3:]]


def test_without_a_configuration_of_kubeadm_nothing_is_kept() -> None:
    nothing = Memory(None)
    assert Persistence(nothing).apply(WANTED, False) is None
    Persistence(nothing).restore()
    assert nothing.writes == 0
