"""A real control plane that kubeadm made and no stack owns."""

from collections.abc import Callable, Iterator

import pytest

from k8s_audit.local_cluster import LocalCluster, Ports
from tests.project import free_ports


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A control plane that kubeadm made and that is no stack's."""
    made = LocalCluster(tmp_path_factory.mktemp("control-plane") / "cp", Ports(*free_ports(3)))
    try:
        made.create()
        yield made
    finally:
        made.delete()


@pytest.fixture
def kubeadm_stack(control_plane: LocalCluster) -> Callable[..., str]:
    """A stack file for that control plane, with a recorder of its own."""
    port = free_ports(1)[0]

    def make(
        delivery: str = "{maxWait: 100ms}", policy: str = "{profile: detection}", recorder: str = "", host: str = ""
    ) -> str:
        folder = control_plane.folder
        return f"""\
config:
  audit:cluster: {{name: cluster-1, kubeconfig: "{control_plane.kubeconfig}"}}
  audit:platform:
    kind: kubeadm
    hosts:
    - access: local
      name: cp-1
      manifests: {control_plane.manifests}
      apiServer: {control_plane.api_server}
      configFolder: {folder}/etc/k8s-audit
      stateFolder: {folder}/var/k8s-audit
      logs: {folder}/logs/kube-apiserver.log
      restartTimeout: 30s
{host}
  audit:receivers:
  - {{kind: recorder, name: recorder, port: {port}{recorder}}}
  audit:policy: {policy}
  audit:delivery: {delivery.replace("{", "{log: {path: " + str(folder) + "/audit-log/audit.log}, ", 1)}
"""

    return make
