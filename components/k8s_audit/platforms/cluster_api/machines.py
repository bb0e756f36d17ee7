"""The machines of a KubeadmControlPlane, and the hook of ours by which Cluster API waits before it drains one that it deletes.

The hook: https://github.com/kubernetes-sigs/cluster-api/blob/v1.13.6/docs/proposals/20200602-machine-deletion-phase-hooks.md. While a machine is
being deleted, the control plane's controller makes and deletes no other one (`HasDeletingMachine` in `preflightChecks`):
https://github.com/kubernetes-sigs/cluster-api/blob/v1.13.6/controlplane/kubeadm/internal/controllers/scale.go
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from k8s_audit.errors import ForbiddenError, HostError
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.cluster_api import control_plane
from k8s_audit.platforms.management.cluster import ManagementCluster, Resource

MACHINE = Resource("Machine", "cluster.x-k8s.io", "machines", ("v1beta2", "v1beta1"))
CONTROL_PLANE = "cluster.x-k8s.io/control-plane"
"""The label of machines that are part of a control plane."""
HOOK = "pre-drain.delete.hook.machine.cluster.x-k8s.io/k8s-audit"
CLEANUP = "pre-terminate.delete.hook.machine.cluster.x-k8s.io/kcp-cleanup"
"""The controller's own hook, since Cluster API 1.8: with it a machine's etcd member goes last; before, it went first of all, and a machine
that waits to be drained would have had an API server without etcd:
https://github.com/kubernetes-sigs/cluster-api/blob/v1.8.0/controlplane/kubeadm/internal/controllers/controller.go,
https://github.com/kubernetes-sigs/cluster-api/blob/v1.7.0/controlplane/kubeadm/internal/controllers/scale.go"""


@dataclass(frozen=True)
class Machine:
    """One machine.

    Args:
        name: its own.
        node: of the cluster; empty: it has not joined yet.
        going: whether it is being deleted.
        hooked: whether it has our hook.
        etcd_last: whether its etcd member goes after it was drained.
        behind: whether its controller says that it is older than the object.
    """

    name: str
    node: str
    going: bool
    hooked: bool
    etcd_last: bool
    behind: bool


class Machines:
    """Those of one control plane.

    Args:
        cluster: the management cluster.
        namespace: the KubeadmControlPlane's.
        owner: its name.
    """

    def __init__(self, cluster: ManagementCluster, namespace: str, owner: str) -> None:
        """Nothing is asked yet."""
        self.cluster, self.namespace, self.owner = cluster, namespace, owner

    def all(self) -> list[Machine]:
        """Each of them, by name.

        Raises:
            HostError: the cluster cannot be asked, or refuses.
        """
        found = self.cluster.select(MACHINE, self.namespace, CONTROL_PLANE)
        ours = sorted((one for one in found if self._owned(one)), key=lambda one: str(one["metadata"]["name"]))
        return [_machine(one) for one in ours]

    def hooked(self) -> list[Machine]:
        """Those that have our hook; none, where the kubeconfig may not list machines, for then it put none on.

        Raises:
            HostError: the cluster cannot be asked.
        """
        try:
            return [one for one in self.all() if one.hooked]
        except ForbiddenError:
            return []

    def hold(self, machines: Iterable[Machine]) -> None:
        """Put our hook on.

        Raises:
            HostError: the cluster refuses.
        """
        for machine in machines:
            self.cluster.annotate(MACHINE, self.namespace, machine.name, {HOOK: self.owner})

    def release(self, machines: Iterable[Machine]) -> None:
        """Take our hook off, of each that it can be taken off.

        Raises:
            HostError: the cluster refuses; the text has the command that does it.
        """
        failed, why = [], ""
        for machine in machines:
            try:
                self.cluster.annotate(MACHINE, self.namespace, machine.name, {HOOK: None})
            except HostError as error:
                failed.append(machine.name)
                why = str(error)
        if failed:
            command = f"kubectl -n {self.namespace} annotate machines.cluster.x-k8s.io {' '.join(failed)} {HOOK}-"
            raise HostError(f"machines that Cluster API does not delete while they have our hook: {command}\n{why}")

    def _owned(self, document: Document) -> bool:
        """As the controller tells its own ones, which `clusterctl move` gives other uids."""
        kind = control_plane.RESOURCE.kind
        owners = document["metadata"].get("ownerReferences") or []
        return any((one.get("kind"), one.get("name")) == (kind, self.owner) for one in owners)


def left(names: Sequence[str]) -> str:
    """What is said of machines that have our hook.

    Args:
        names: of them; at least one.
    """
    return (
        f"our hook is on {', '.join(names)}, so Cluster API does not delete them: an `up` is under way, or it ended before its time, and the"
        " next `up` or `destroy` takes it off"
    )


def _machine(document: Document) -> Machine:
    metadata, status = document["metadata"], document.get("status") or {}
    annotations = metadata.get("annotations") or {}
    conditions = [*(status.get("conditions") or []), *((status.get("v1beta2") or {}).get("conditions") or [])]
    return Machine(
        name=str(metadata["name"]),
        node=str((status.get("nodeRef") or {}).get("name", "")),
        going=bool(metadata.get("deletionTimestamp")),
        hooked=HOOK in annotations,
        etcd_last=CLEANUP in annotations,
        behind=any((one.get("type"), one.get("status")) == ("UpToDate", "False") for one in conditions),
    )
