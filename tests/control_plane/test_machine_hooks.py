"""A control plane's machines one at a time: the vendor's CRDs on a real API server, stand-ins of Cluster API's controllers, and of the proof."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

from k8s_audit.errors import ChangeError, DeliveryError, ForbiddenError, HostError
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.platforms.cluster_api.each_machine import TOO_OLD, EachMachine, Proof, planned
from k8s_audit.platforms.cluster_api.machines import HOOK, Machine, Machines
from k8s_audit.platforms.cluster_api.rollout import KIND
from k8s_audit.platforms.management import waiting
from k8s_audit.platforms.management.beside import Beside
from k8s_audit.platforms.management.change import HalfDoneError, ObjectChange, ObjectPlace
from k8s_audit.platforms.management.cluster import ManagementCluster
from k8s_audit.provider.resource import Context
from k8s_audit.provider.resources.kubeadm_control_plane_audit import (
    KubeadmControlPlaneAuditInputs,
    KubeadmControlPlaneAuditResource,
)
from tests.control_plane.test_management_objects import AUDIT, spec_and_notes
from tests.standins.machines import CLEANUP, MachineControlPlanes, machine_crd
from tests.standins.management_cluster import NAME, NAMESPACE, Api, Objects, crd
from tests.unit.platforms.cluster_api.test_control_plane import theirs


class Killed(BaseException):
    """`kill -9` of the provider."""


class Management:
    """A management cluster with one control plane, and what a change of it is made of."""

    def __init__(self, kubeconfig: str, objects: Objects, machines: Objects) -> None:
        self.kubeconfig, self.objects, self.kinds = kubeconfig, objects, machines
        self.said: list[str] = []
        self.controller = MachineControlPlanes(objects, machines)
        self.proved: list[str] = []
        self.mute: set[str] = set()
        """Nodes whose API server delivers nothing."""
        self.stop = Event()

    @property
    def machines(self) -> Machines:
        return Machines(ManagementCluster(self.kubeconfig), NAMESPACE, NAME)

    def prove(self, machines: Sequence[Machine]) -> None:
        for node in [one.node for one in machines]:
            if node in self.mute:
                raise DeliveryError(f"{node}: event did not arrive")
            if node not in self.proved:
                self.proved.append(node)
                self.controller.happened.append(f"{node} is proved")

    def each(self, proof: bool = True) -> EachMachine:
        return EachMachine(self.machines, Proof(lambda: None, self.prove) if proof else None, self.said.append)

    def change(self, beside: Beside | None = None) -> ObjectChange:
        where, cluster = ObjectPlace(NAMESPACE, NAME, 20), ManagementCluster(self.kubeconfig)
        return ObjectChange(cluster, KIND, where, self.stop, self.said.append, beside or self.each().beside())

    def killed(self) -> None:
        """An `up` that is killed as the first old machine waits for the proof."""

        def look(done: bool) -> None:
            if any(one.going for one in self.machines.all()):
                raise Killed

        there = [one.name for one in self.machines.all()]
        with pytest.raises(Killed):
            AUDIT.apply(self.change(Beside(self.each().begin, look)))
        assert self.controller.hooked() == there


@pytest.fixture(scope="module", params=["v1beta2"])
def kinds(request: pytest.FixtureRequest, cluster: LocalCluster) -> Iterator[tuple[Objects, Objects]]:
    api = Api(str(cluster.kubeconfig))
    with crd(api, "kubeadmcontrolplanes.yaml", request.param) as objects, machine_crd(api, request.param) as machines:
        yield objects, machines


@contextmanager
def managed(cluster: LocalCluster, kinds: tuple[Objects, Objects], **more: Any) -> Iterator[Management]:
    objects, machines = kinds
    document = theirs(objects.where[1])
    group = "infrastructure.cluster.x-k8s.io"
    reference: dict[str, Any] = {"kind": "DockerMachineTemplate", "name": "prod"}
    document["spec"]["machineTemplate"] = (
        {"infrastructureRef": {**reference, "apiVersion": f"{group}/v1beta1"}}
        if objects.where[1] == "v1beta1"
        else {"spec": {"infrastructureRef": {**reference, "apiGroup": group}}}
    )
    document["spec"]["kubeadmConfigSpec"]["files"].pop()
    del document["spec"]["kubeadmConfigSpec"]["ntp"]
    document["spec"] |= more
    objects.create(document)
    made = Management(str(cluster.kubeconfig), objects, machines)
    try:
        yield made
    finally:
        objects.api.custom.delete_namespaced_custom_object(*objects.where, NAMESPACE, objects.plural, NAME)
        for secret in objects.api.secrets(NAMESPACE):
            objects.api.core.delete_namespaced_secret(secret, NAMESPACE)
        for machine in made.controller.all():
            name = machine["metadata"]["name"]
            made.controller.patch(name, {}, finalizers=None)
            if not machine["metadata"].get("deletionTimestamp"):
                where = (*machines.where, NAMESPACE, machines.plural, name)
                objects.api.custom.delete_namespaced_custom_object(*where)


@pytest.fixture
def management(
    cluster: LocalCluster, kinds: tuple[Objects, Objects], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Management]:
    monkeypatch.setattr(waiting, "POLL", 0.05)
    with managed(cluster, kinds) as made, made.controller:
        yield made


def order(*pairs: tuple[int, int]) -> list[str]:
    """What happens where each old machine goes once the new one is proved."""
    return [
        line
        for old, new in pairs
        for line in (
            f"prod-{new} is made",
            f"prod-{old} is deleted",
            f"node-prod-{new} is proved",
            f"prod-{old} is gone",
        )
    ]


@pytest.mark.parametrize("kinds", ["v1beta1", "v1beta2"], indirect=True)
def test_each_new_machine_is_proved_before_the_next_old_one_goes_and_no_hook_stays(management: Management) -> None:
    AUDIT.apply(management.change())
    assert management.controller.happened == order((0, 3), (1, 4), (2, 5))
    assert management.controller.hooked() == []
    management.controller.happened.clear()
    AUDIT.apply(management.change())
    management.change().restore()
    assert not [line for line in management.controller.happened if "proved" in line], "a way back is not proved"
    assert management.controller.hooked() == []


def test_a_machine_that_delivers_nothing_takes_all_back_and_no_hook_stays(management: Management) -> None:
    before = management.objects.get()
    management.mute.add("node-prod-4")
    with pytest.raises(ChangeError, match=r"node-prod-4: event did not arrive(.|\n)*is as it was before") as failed:
        AUDIT.apply(management.change())
    said = "not proved, before prod-1 was drained: prod-3 (node node-prod-3), prod-4 (node node-prod-4)."
    assert said in str(failed.value)
    assert spec_and_notes(management.objects.get()) == spec_and_notes(before)
    assert management.controller.happened[:7] == [*order((0, 3)), *order((1, 4))[:2], "prod-1 is gone"]
    assert "prod-3 is deleted" in management.controller.happened, "the way back, not prod-2, which is as it shall be"
    assert "prod-2 is deleted" not in management.controller.happened
    assert management.controller.hooked() == management.objects.api.secrets(NAMESPACE) == []

    management.mute.clear()
    management.stop.set()
    with pytest.raises(ChangeError, match=r"stopped while (.|\n)*is as it was before"):
        AUDIT.apply(management.change())
    assert management.controller.hooked() == []


def test_after_a_kill_the_next_up_goes_on_proving_or_a_destroy_takes_the_hooks_off(management: Management) -> None:
    management.killed()
    said: list[str] = []
    plan = planned(management.machines, True, management.objects.get(), AUDIT.edit(NAME), said.append)
    assert plan == ["hold each old machine until the delivery of the new one's API server is proved"]
    assert "our hook is on prod-0, prod-1, prod-2, so Cluster API does not delete them" in said[0]
    AUDIT.apply(management.change())
    assert management.controller.happened == order((0, 3), (1, 4), (2, 5))
    management.change().restore()

    management.controller.happened.clear()
    management.killed()
    management.change().restore()
    assert management.controller.hooked() == []
    assert not [line for line in management.controller.happened if "proved" in line]


def test_a_hook_of_no_roll_is_told_and_taken_off_and_a_resumed_roll_that_is_not_proved_goes_on_by_itself(
    management: Management,
) -> None:
    management.controller.patch("prod-1", {HOOK: NAME})
    resource, context = KubeadmControlPlaneAuditResource(), Context(Event(), management.said.append)
    inputs = KubeadmControlPlaneAuditInputs(
        kubeconfig=management.kubeconfig,
        namespace=NAMESPACE,
        control_plane=NAME,
        policy=AUDIT.policy,
        webhook=AUDIT.webhook,
        arguments=dict(AUDIT.arguments),
        rollout_timeout="20s",
    )
    found = resource.read(context, "id", inputs, {})
    assert found
    assert resource.stale(found.outputs | {"intact": True}) == ["held"], "and a state from before has none"
    assert "our hook is on prod-1, so Cluster API does not delete them" in management.said[-1]
    resource.update(context, "id", inputs, found.outputs)
    assert management.controller.hooked() == [], "it would have kept this roll, which nobody proves, from going on"

    management.change().restore()
    management.killed()
    management.mute.add("node-prod-9")
    with pytest.raises(HalfDoneError, match=r"did not arrive(.|\n)*Cluster API goes on, and `destroy` takes it out"):
        AUDIT.apply(management.change())
    assert management.controller.hooked() == []


def test_without_a_surge_the_first_goes_at_once_and_each_later_one_is_proved(
    cluster: LocalCluster, kinds: tuple[Objects, Objects], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "POLL", 0.05)
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0}}
    with managed(cluster, kinds, rollout={"strategy": surge}) as management, management.controller as controller:
        AUDIT.apply(management.change())
        assert controller.happened == [
            "prod-0 is deleted",
            "prod-0 is gone",
            "prod-3 is made",
            "prod-1 is deleted",
            "node-prod-3 is proved",
            "prod-1 is gone",
            "prod-4 is made",
            "prod-2 is deleted",
            "node-prod-4 is proved",
            "prod-2 is gone",
            "prod-5 is made",
            "node-prod-5 is proved",
        ]


def test_before_1_8_no_machine_is_held_for_its_etcd_member_would_be_gone(management: Management) -> None:
    for number in range(3):
        management.controller.patch(f"prod-{number}", {CLEANUP: None})
    AUDIT.apply(management.change())
    assert management.proved == []
    assert TOO_OLD in management.said


def test_rights_that_lack_are_told_before_anything_is_changed(management: Management) -> None:
    def forbidden(*_: object) -> Any:
        raise ForbiddenError("the management cluster answers 403: machines.cluster.x-k8s.io is forbidden")

    def nowhere() -> None:
        raise HostError("the cluster, asked for its API servers' pods in kube-system, answers 403")

    before = management.objects.get()
    for right, proof, calls in (
        ("list and patch machines in cluster.x-k8s.io", lambda: None, ("select",)),
        ("list and patch machines in cluster.x-k8s.io", lambda: None, ("annotate",)),
        ("list pods in kube-system", nowhere, ()),
    ):
        cluster = ManagementCluster(management.kubeconfig)
        for call in calls:
            setattr(cluster, call, forbidden)
        machines = Machines(cluster, NAMESPACE, NAME)
        each = EachMachine(machines, Proof(proof, management.prove), management.said.append)
        with pytest.raises(HostError, match=rf"403(.|\n)*needs to {right}.*Nothing was changed"):
            AUDIT.apply(management.change(each.beside()))
        assert management.objects.get()["metadata"]["generation"] == before["metadata"]["generation"]
    assert management.controller.hooked() == management.objects.api.secrets(NAMESPACE) == []
