"""Objects of a management cluster: the vendors' CRDs on a real API server judge them, stand-ins of the controllers do what they say."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest

from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.errors import ChangeError, ConflictError, HostError
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.platforms.cluster_api import change as cluster_api
from k8s_audit.platforms.cluster_api import rollout as machines
from k8s_audit.platforms.cluster_api.change import ControlPlaneAudit
from k8s_audit.platforms.cluster_api.control_plane import paths
from k8s_audit.platforms.cluster_api.files import secret_of
from k8s_audit.platforms.hypershift import hosted_cluster
from k8s_audit.platforms.hypershift import rollout as hosted
from k8s_audit.platforms.hypershift.change import HostedAudit
from k8s_audit.platforms.management import waiting
from k8s_audit.platforms.management.change import HalfDoneError, ObjectChange, ObjectPlace
from k8s_audit.platforms.management.cluster import ManagementCluster
from k8s_audit.platforms.management.kind import Kind
from k8s_audit.provider.resource import Context
from k8s_audit.provider.resources.hosted_cluster_audit import HostedClusterAuditInputs, HostedClusterAuditResource
from tests.standins.management_cluster import (
    CONTROL_PLANE,
    NAME,
    NAMESPACE,
    Api,
    ControlPlanes,
    HostedClusters,
    Objects,
    crd,
)
from tests.unit.platforms.cluster_api.test_control_plane import theirs

POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n"
WEBHOOK = "token: canary-4711"
WANTED = AuditFlags().arguments(*paths())
AUDIT = ControlPlaneAudit(POLICY, WEBHOOK, WANTED)
Make = Callable[..., ObjectChange]


@pytest.fixture(scope="module")
def api(cluster: LocalCluster) -> Api:
    return Api(str(cluster.kubeconfig))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def change(cluster: LocalCluster, said: list[str], monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setattr(waiting, "POLL", 0.05)

    def make(kind: Kind, timeout: float = 30, stop: Event | None = None) -> ObjectChange:
        where = ObjectPlace(NAMESPACE, NAME, timeout)
        return ObjectChange(ManagementCluster(str(cluster.kubeconfig)), kind, where, stop or Event(), said.append)

    return make


@pytest.fixture(scope="module", params=["v1beta1", "v1beta2"])
def control_planes(request: pytest.FixtureRequest, api: Api) -> Iterator[Objects]:
    with crd(api, "kubeadmcontrolplanes.yaml", request.param) as objects:
        yield objects


@pytest.fixture
def control_plane(control_planes: Objects) -> Iterator[ControlPlanes]:
    """One with things of its own, and its controller."""
    version = control_planes.where[1]
    document = theirs(version)
    reference: dict[str, Any] = {"kind": "DockerMachineTemplate", "name": "prod"}
    group = "infrastructure.cluster.x-k8s.io"
    document["spec"]["machineTemplate"] = (
        {"infrastructureRef": {**reference, "apiVersion": f"{group}/v1beta1"}}
        if version == "v1beta1"
        else {"spec": {"infrastructureRef": {**reference, "apiGroup": group}}}
    )
    document["spec"]["kubeadmConfigSpec"]["files"].pop()
    del document["spec"]["kubeadmConfigSpec"]["ntp"]
    control_planes.create(document)
    with ControlPlanes(control_planes) as controller:
        yield controller
    control_planes.api.custom.delete_namespaced_custom_object(
        *control_planes.where, NAMESPACE, control_planes.plural, NAME
    )


def spec_and_notes(document: dict[str, Any]) -> Any:
    return document["spec"], document["metadata"].get("annotations")


def test_machines_are_rolled_a_second_time_nothing_other_texts_roll_again_and_all_is_given_back(
    control_plane: ControlPlanes, change: Make, said: list[str], api: Api
) -> None:
    objects, here = control_plane.objects, change(machines.KIND)
    before = objects.get()
    assert AUDIT.plan(here)[-1] == "replace all 3 control-plane machines, one by one"
    assert objects.get() == before or spec_and_notes(objects.get()) == spec_and_notes(before)
    assert AUDIT.apply(here).machines == 3
    assert control_plane.booted[-1][paths()[1]] == WEBHOOK
    assert len(control_plane.booted) == 3
    assert WEBHOOK not in str(objects.get()) + "".join(said)
    once = objects.get()
    AUDIT.apply(here)
    assert objects.get()["metadata"]["generation"] == once["metadata"]["generation"]
    assert AUDIT.plan(here) == []
    assert cluster_api.live(here, WANTED) == cluster_api.Live(WANTED, POLICY, WEBHOOK, True, 3, False)

    other = ControlPlaneAudit(POLICY, "token: another", WANTED)
    other.apply(here)
    assert control_plane.booted[-1][paths()[1]] == "token: another"
    assert api.secrets(NAMESPACE) == [secret_of(objects.get())], "the one before is gone"
    here.restore()
    assert spec_and_notes(objects.get()) == spec_and_notes(before)
    assert paths()[1] not in control_plane.booted[-1]
    assert api.secrets(NAMESPACE) == []
    here.restore()


def test_a_rollout_that_fails_is_put_back_and_tells_the_conditions_of_first_and_of_later_changes(
    control_plane: ControlPlanes, change: Make, api: Api
) -> None:
    objects, before = control_plane.objects, control_plane.objects.get()
    control_plane.fault, control_plane.for_good = "kube-apiserver: CrashLoopBackOff", False
    with pytest.raises(ChangeError, match=r"did not get there within 4 s .*: 1 of 3 machines") as failed:
        AUDIT.apply(change(machines.KIND, timeout=4))
    assert "MachinesReady is False (NotReady: * Machine prod-x: APIServerPodHealthy: kube-apiserver: Cr" in str(
        failed.value
    )
    assert "KubeadmControlPlane clusters/prod is as it was before" in str(failed.value)
    assert spec_and_notes(objects.get()) == spec_and_notes(before)
    assert api.secrets(NAMESPACE) == []

    control_plane.fault = ""
    AUDIT.apply(change(machines.KIND))
    after = objects.get()
    control_plane.fault, control_plane.for_good = "kube-apiserver: CrashLoopBackOff", True
    with pytest.raises(ChangeError, match=r"gave up: (.|\n)*is as it was before"):
        ControlPlaneAudit("worse", WEBHOOK, WANTED).apply(change(machines.KIND))
    assert spec_and_notes(objects.get()) == spec_and_notes(after)
    assert api.secrets(NAMESPACE) == [secret_of(after)]


def test_a_stop_goes_back_around_what_somebody_changed_meanwhile_or_the_next_one_goes_on(
    control_plane: ControlPlanes, change: Make, api: Api
) -> None:
    objects, before, stop = control_plane.objects, control_plane.objects.get(), Event()

    def scaling(replicas: int, stop: Event) -> Callable[[str], None]:
        def scale(line: str) -> None:
            if "machines are as it says" in line:
                objects.change(lambda document: document["spec"].update(replicas=replicas))
                stop.set()

        return scale

    control_plane.fault, control_plane.for_good = "image cannot be pulled", False
    here = change(machines.KIND, stop=stop)
    here.say = scaling(5, stop)
    stopped = r"stopped while .* was under way: (.|\n)*is as it was before, but for what somebody changed meanwhile"
    with pytest.raises(ChangeError, match=stopped):
        AUDIT.apply(here)
    before["spec"]["replicas"] = 5
    assert spec_and_notes(objects.get()) == spec_and_notes(before)
    assert api.secrets(NAMESPACE) == []

    control_plane.fault = ""
    AUDIT.apply(change(machines.KIND))
    again, other = Event(), ControlPlaneAudit(POLICY, "token: another", WANTED)
    here = change(machines.KIND, stop=again)
    here.say = scaling(3, again)
    control_plane.fault = "image cannot be pulled"
    with pytest.raises(HalfDoneError, match="could not be put back: somebody changed its spec meanwhile"):
        other.apply(here)
    assert len(api.secrets(NAMESPACE)) == 2, "old machines have one, new machines shall have the other"
    control_plane.fault = ""
    other.apply(change(machines.KIND))
    assert api.secrets(NAMESPACE) == [secret_of(objects.get())]
    change(machines.KIND).restore()
    before["spec"]["replicas"] = 3
    assert spec_and_notes(objects.get()) == spec_and_notes(before)


def test_an_object_that_is_not_there_another_cluster_and_what_the_crd_refuses_are_told(
    control_plane: ControlPlanes, change: Make, api: Api
) -> None:
    here = change(machines.KIND)
    here.place = ObjectPlace(NAMESPACE, "another", 1)
    with pytest.raises(HostError, match="has no KubeadmControlPlane clusters/another"):
        AUDIT.plan(here)
    assert cluster_api.live(here, WANTED) is None
    with pytest.raises(HostError, match=r"serves no HostedCluster .*: is it the management cluster"):
        HostedAudit("w").plan(change(hosted.KIND))
    if control_plane.objects.where[1] == "v1beta2":
        empty = ControlPlaneAudit(POLICY, WEBHOOK, WANTED | {"audit-log-format": "x" * 2000})
        with pytest.raises(HostError, match=r"answers 422: .*extraArgs.*Too long"):
            empty.apply(change(machines.KIND))
        assert api.secrets(NAMESPACE) == []


@pytest.fixture
def hosted_cluster_there(api: Api) -> Iterator[HostedClusters]:
    with crd(api, "hostedclusters.yaml", "v1beta1") as objects:
        objects.create(
            {
                "apiVersion": "hypershift.openshift.io/v1beta1",
                "kind": "HostedCluster",
                "metadata": {"namespace": NAMESPACE, "name": NAME},
                "spec": {
                    "release": {"image": "quay.io/openshift-release-dev/ocp-release:4.18.1-x86_64"},
                    "pullSecret": {"name": "pull"},
                    "sshKey": {},
                    "platform": {"type": "None"},
                    "networking": {"networkType": "OVNKubernetes", "clusterNetwork": [{"cidr": "10.132.0.0/14"}]},
                    "services": [
                        {"service": name, "servicePublishingStrategy": {"type": "Route"}}
                        for name in ("APIServer", "OAuthServer", "Konnectivity", "Ignition")
                    ],
                    "etcd": {
                        "managementType": "Managed",
                        "managed": {"storage": {"type": "PersistentVolume", "persistentVolume": {"size": "8Gi"}}},
                    },
                },
            }
        )
        with HostedClusters(objects) as controller:
            yield controller


def test_a_hosted_cluster_gets_its_webhook_keeps_it_through_a_fault_and_gives_all_back(
    hosted_cluster_there: HostedClusters, change: Make, api: Api, cluster: LocalCluster
) -> None:
    objects, here = hosted_cluster_there.objects, change(hosted.KIND)
    before = objects.get()
    first = HostedAudit("a webhook", "Default")
    assert first.plan(here)[-1] == "HyperShift restarts the API servers of Kubernetes, OpenShift and OAuth"
    first.apply(here)
    after = objects.get()
    name = hosted_cluster.secret_of(after)
    assert after["spec"]["configuration"]["apiServer"]["audit"]["profile"] == "Default"
    assert api.secret(CONTROL_PLANE, name) == {hosted_cluster.KEY: "a webhook"}
    first.apply(here)
    assert objects.get()["metadata"]["generation"] == after["metadata"]["generation"]

    hosted_cluster_there.fault = "kube-apiserver deployment has 3 unavailable replicas"
    with pytest.raises(ChangeError, match=r"0 available.*\n  Degraded is True .*3 unavailable replicas"):
        HostedAudit("another", "AllRequestBodies").apply(change(hosted.KIND, timeout=4))
    assert spec_and_notes(objects.get()) == spec_and_notes(after)
    hosted_cluster_there.fault = ""
    HostedAudit("another", "Default").apply(here)
    assert api.secrets(NAMESPACE) == [hosted_cluster.secret_of(objects.get())] == api.secrets(CONTROL_PLANE)
    objects.change(lambda one: one["spec"]["configuration"]["apiServer"]["audit"].update(profile="None"))
    with pytest.raises(ConflictError, match="record nothing"):
        HostedAudit("another").apply(here)
    objects.change(lambda one: one["spec"]["configuration"]["apiServer"]["audit"].update(profile="Default"))
    resource, context = HostedClusterAuditResource(), Context(Event(), here.say)
    wanted = HostedClusterAuditInputs(
        kubeconfig=str(cluster.kubeconfig), namespace=NAMESPACE, cluster=NAME, webhook="another", profile="Default"
    )
    id, outputs = resource.create(context, "prod", wanted)
    found = resource.read(context, id, wanted, outputs)
    assert found
    assert (found.inputs, resource.stale(found.outputs)) == (wanted, [])
    api.core.delete_namespaced_secret(hosted_cluster.secret_of(objects.get()), NAMESPACE)
    drifted = resource.read(context, id, wanted, outputs)
    assert drifted
    assert drifted.inputs.webhook == ""
    assert resource.update(context, id, wanted, outputs) == outputs
    objects.change(lambda one: one["metadata"].pop("annotations"))
    lost = resource.read(context, id, wanted, outputs)
    assert lost
    assert resource.stale(lost.outputs) == ["intact"]
    resource.update(context, id, wanted, outputs)
    resource.delete(context, id, outputs)
    left = objects.get()
    assert left["spec"].pop("configuration") == {"apiServer": {"audit": {"profile": "Default"}}}, "whose, nobody knows"
    assert spec_and_notes(left) == spec_and_notes(before)
    assert api.secrets(NAMESPACE) == api.secrets(CONTROL_PLANE) == []
