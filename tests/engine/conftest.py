"""Stack files for a control plane that no stack owns; the stand-in for Pulumi's Kubernetes plugin."""

from collections.abc import Callable, Iterator

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.project import free_ports
from tests.standins.kubernetes_plugin import attached


@pytest.fixture(scope="session")
def kubernetes_plugin() -> Iterator[str]:
    """One stand-in for all stacks: the value of a project's variable PULUMI_DEBUG_PROVIDERS."""
    with attached() as value:
        yield value


@pytest.fixture
def kubeadm_stack(cluster: LocalCluster) -> Callable[..., str]:
    """A stack file for that control plane, with a recorder of its own."""
    port = free_ports(1)[0]

    def make(
        delivery: str = "{maxWait: 100ms}", policy: str = "{profile: detection}", recorder: str = "", host: str = ""
    ) -> str:
        folder = cluster.folder
        return f"""\
config:
  audit:cluster: {{name: cluster-1, kubeconfig: "{cluster.kubeconfig}"}}
  audit:platform:
    kind: kubeadm
    hosts:
    - access: local
      name: cp-1
      manifests: {cluster.manifests}
      apiServer: {cluster.api_server}
      configFolder: {folder}/etc/k8s-audit
      stateFolder: {folder}/state/k8s-audit
      logs: {folder}/logs/kube-apiserver.log
      restartTimeout: 30s
{host}
  audit:receivers:
  - {{kind: recorder, name: recorder, port: {port}{recorder}}}
  audit:policy: {policy}
  audit:delivery: {delivery.replace("{", "{log: {path: " + str(folder) + "/audit-log/audit.log}, ", 1)}
"""

    return make
