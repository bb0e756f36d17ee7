"""Stands in for Cluster API's controllers of a KubeadmControlPlane and of its Machines, whose CRDs are the vendor's own on a real API server.

The control plane's, as controlplane/kubeadm/internal/controllers/{controller,update,scale}.go of v1.13.6: while a machine is being deleted
(`HasDeletingMachine`), or one that stays has no node, it does nothing; else it makes a new machine where there are fewer than
`replicas` + `maxSurge`, and deletes one that is older than the object where there are not, one without a node first. Its own pre-terminate
hook is on each machine, since v1.8; `etcd_last=False` is one before. The Machine's, as internal/controllers/machine/machine_controller.go
(`reconcileDelete`): a machine with a node and a pre-drain hook waits; all else goes at once. No etcd, no drain, no infrastructure, no webhook.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.standins.management_cluster import NAME, NAMESPACE, Api, ControlPlanes, Document, Objects, crd, digest

PRE_DRAIN = "pre-drain.delete.hook.machine.cluster.x-k8s.io"
CLEANUP = "pre-terminate.delete.hook.machine.cluster.x-k8s.io/kcp-cleanup"
FINALIZER = "machine.cluster.x-k8s.io"
MADE_OF = "stand-in/made-of"
"""What of the object a machine was made of."""


class MachineControlPlanes(ControlPlanes):
    """Both controllers.

    Args:
        objects: KubeadmControlPlanes.
        machines: Machines.
        boot: see ControlPlanes.
        joined: is told of each node that is there, and of each that is gone.
        etcd_last: whether it is 1.8 or newer.
    """

    def __init__(
        self,
        objects: Objects,
        machines: Objects,
        boot: Callable[[Document, dict[str, str]], None] = lambda *_: None,
        joined: Callable[[str, bool], None] = lambda *_: None,
        etcd_last: bool = True,
    ) -> None:
        super().__init__(objects, boot)
        self.machines, self.joined, self.etcd_last = machines, joined, etcd_last
        self.numbers = itertools.count(len(self.all()))
        self.happened: list[str] = []
        """Each machine that was made, is deleted, or is gone, in order."""

    def start(self) -> None:
        """With the machines that are there already."""
        document = self.objects.get()
        if not self.all():
            for _ in range(document["spec"]["replicas"]):
                self._make(document, node=True)
        self.look(document)
        self.happened.clear()
        super().start()

    def all(self) -> list[Document]:
        """The oldest first."""
        where = (*self.machines.where, NAMESPACE, self.machines.plural)
        found = self.objects.api.custom.list_namespaced_custom_object(*where)["items"]
        return sorted(found, key=lambda one: one["metadata"]["name"])

    def patch(self, name: str, annotations: dict[str, str | None], **metadata: Any) -> None:
        """What anybody does with a machine's metadata."""
        where = (*self.machines.where, NAMESPACE, self.machines.plural, name)
        body = {"metadata": {"annotations": annotations, **metadata}}
        self.objects.api.custom.patch_namespaced_custom_object(*where, body)

    def hooked(self) -> list[str]:
        """The machines that have a pre-drain hook."""
        return [one["metadata"]["name"] for one in self.all() if _hooks(one)]

    def look(self, document: Document) -> None:
        for machine in self.all():
            if machine["metadata"].get("deletionTimestamp"):
                self._go(machine)
        machines, here = self.all(), digest(document["spec"])
        old = [one for one in machines if one["metadata"]["annotations"][MADE_OF] != here]
        unwell = [one for one in machines if not _node(one)]
        for machine in machines:
            self._judge(machine, machine not in old)
        wrong = self.fault if unwell else ""
        counts = {"there": len(machines), "updated": len(machines) - len(old), "ready": len(machines) - len(unwell)}
        self._tell(document["metadata"]["generation"], **counts, wrong=wrong)
        if any(one["metadata"].get("deletionTimestamp") for one in machines):
            return
        wanted, surge = document["spec"]["replicas"], _surge(document) if old else 0
        if len(machines) < wanted + surge and not unwell:
            files = self._files(document)
            if files is None:
                return
            self._make(document, node=not self.fault, files=files)
        elif old and len(machines) >= wanted + surge:
            victim = next((one for one in old if one in unwell), old[0])
            if not [one for one in unwell if one is not victim]:
                self._remove(victim["metadata"]["name"])

    def _make(self, document: Document, node: bool, files: dict[str, str] | None = None) -> None:
        name = f"{NAME}-{next(self.numbers)}"
        if node and files is not None:
            self.boot(document, files)
            self.booted.append(files)
        v1beta1 = self.machines.where[1] == "v1beta1"
        group = "infrastructure.cluster.x-k8s.io"
        annotations = {MADE_OF: digest(document["spec"])} | ({CLEANUP: ""} if self.etcd_last else {})
        owner = {key: document[key] for key in ("apiVersion", "kind")} | {"name": NAME, "controller": True}
        self.machines.create(
            {
                "apiVersion": "/".join(self.machines.where),
                "kind": "Machine",
                "metadata": {
                    "namespace": NAMESPACE,
                    "name": name,
                    "labels": {"cluster.x-k8s.io/cluster-name": "prod", "cluster.x-k8s.io/control-plane": ""},
                    "annotations": annotations,
                    "finalizers": [FINALIZER],
                    "ownerReferences": [owner | {"uid": document["metadata"]["uid"]}],
                },
                "spec": {
                    "clusterName": "prod",
                    "bootstrap": {"dataSecretName": name},
                    "infrastructureRef": {"kind": "DockerMachine", "name": name}
                    | ({"apiVersion": f"{group}/v1beta1"} if v1beta1 else {"apiGroup": group}),
                },
            }
        )
        if node:
            self.joined(f"node-{name}", True)
            reference = {"name": f"node-{name}"} | ({"kind": "Node"} if v1beta1 else {})
            self.machines.tell({"nodeRef": reference}, NAMESPACE, name)
        self.happened.append(f"{name} is made")

    def _remove(self, name: str) -> None:
        where = (*self.machines.where, NAMESPACE, self.machines.plural, name)
        self.happened.append(f"{name} is deleted")  # before anybody can see it
        self.objects.api.custom.delete_namespaced_custom_object(*where)

    def _go(self, machine: Document) -> None:
        name = machine["metadata"]["name"]
        if _node(machine) and _hooks(machine):
            return
        self.patch(name, {CLEANUP: None}, finalizers=None)
        self.joined(f"node-{name}", False)
        self.happened.append(f"{name} is gone")

    def _judge(self, machine: Document, good: bool) -> None:
        """reconcileMachineUpToDateCondition of controller.go."""
        status = machine.get("status") or {}
        told = (status if self.machines.where[1] == "v1beta2" else status.get("v1beta2") or {}).get("conditions") or []
        if good == any(one["status"] == "True" for one in told) and told:
            return
        condition = {"type": "UpToDate", "status": str(good), "reason": "UpToDate" if good else "NotUpToDate"}
        conditions = {"conditions": [condition | {"message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
        said = conditions if self.machines.where[1] == "v1beta2" else {"v1beta2": conditions}
        self.machines.tell(said, NAMESPACE, machine["metadata"]["name"])


@contextmanager
def machine_crd(api: Api, version: str) -> Iterator[Objects]:
    """The vendor's CRD of Machines; none of them keeps it from going."""
    from kubernetes.client.exceptions import ApiException

    with crd(api, "machines.yaml", version) as objects:
        try:
            yield objects
        finally:
            where = (*objects.where, NAMESPACE, objects.plural)
            for one in api.custom.list_namespaced_custom_object(*where)["items"]:
                name = one["metadata"]["name"]
                with suppress(ApiException):
                    api.custom.patch_namespaced_custom_object(*where, name, {"metadata": {"finalizers": None}})
                    api.custom.delete_namespaced_custom_object(*where, name)


def _surge(document: Document) -> int:
    spec = document["spec"]
    strategy = spec.get("rolloutStrategy") or (spec.get("rollout") or {}).get("strategy") or {}
    return int((strategy.get("rollingUpdate") or {}).get("maxSurge", 1))


def _node(machine: Document) -> str:
    return str(((machine.get("status") or {}).get("nodeRef") or {}).get("name", ""))


def _hooks(machine: Document) -> list[str]:
    return [key for key in machine["metadata"].get("annotations") or {} if key.startswith(PRE_DRAIN)]
