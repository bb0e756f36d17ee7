"""`KubeadmControlPlaneAudit`: audit logging in a KubeadmControlPlane of Cluster API, and on each of its machines."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from k8s_audit.control_plane.change import digest_of
from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.webhook import read_webhook
from k8s_audit.errors import HostError
from k8s_audit.platforms.cluster_api.change import ControlPlaneAudit, Live, live
from k8s_audit.platforms.cluster_api.each_machine import EachMachine, Proof
from k8s_audit.platforms.cluster_api.machines import Machines, left
from k8s_audit.platforms.cluster_api.proving import Api, proof_of
from k8s_audit.platforms.cluster_api.rollout import KIND
from k8s_audit.platforms.management.change import HalfDoneError, ObjectChange, ObjectPlace
from k8s_audit.platforms.management.cluster import ManagementCluster
from k8s_audit.provider.resource import BESIDE, Context, PartialError, Read, ResourceInputs, Values


class KubeadmControlPlaneAuditInputs(ResourceInputs):
    """See `k8s_audit.KubeadmControlPlaneAudit`."""

    kubeconfig: str
    namespace: str
    control_plane: str
    policy: str
    webhook: str
    arguments: dict[str, str]
    adopt: bool = False
    rollout_timeout: str = "1h"
    proof: Literal["", "auditID", "accepted"] = Field(default="", json_schema_extra=BESIDE)
    """How the receiver's proof is made between two machines; empty: none is."""
    proof_timeout: str = Field(default="30s", json_schema_extra=BESIDE)
    api_servers: list[str] = Field(default=[], json_schema_extra=BESIDE)
    cluster_kubeconfig: str = Field(default="", json_schema_extra=BESIDE)

    def machines(self) -> Machines:
        """The control plane's."""
        return Machines(ManagementCluster(self.kubeconfig), self.namespace, self.control_plane)

    def wanted(self) -> ControlPlaneAudit:
        """What the control plane shall have."""
        return ControlPlaneAudit(self.policy, self.webhook, self.arguments, self.adopt)


class KubeadmControlPlaneAuditResource:
    """Audit policy, webhook and flags in a KubeadmControlPlane; Cluster API replaces its machines one by one."""

    name = "KubeadmControlPlaneAudit"
    inputs = KubeadmControlPlaneAuditInputs
    outputs: Mapping[str, str] = MappingProxyType(
        {"machines": "integer", "pending": "boolean", "intact": "boolean", "digest": "string", "held": "strings"}
    )
    secrets = frozenset({"webhook"})
    replaces = frozenset({"namespace", "controlPlane"})

    def preview(self, inputs: KubeadmControlPlaneAuditInputs, old: Values | None) -> Values:
        """A plain preview asks no cluster."""
        known = {"intact": True, "pending": False, "held": []}
        return known | ({"machines": old["machines"]} if old and "machines" in old else {})

    def notice(self, news: Values, old: Values | None) -> str:
        """Which machines are replaced; what is in the object is read by `up`, and by `k8s-audit doctor`."""
        number = (old or {}).get("machines")
        which = f"all {number:g} control-plane machines" if number else "all control-plane machines"
        told = f"Cluster API replaces {which}, one by one"
        if news.get("proof"):
            told += "; each one's delivery is proved before the next, where Cluster API is 1.8 or newer"
        if old:
            return told
        return (
            "KubeadmControlPlane not read: a preview asks no management cluster; `k8s-audit doctor --stack STACK` reads it and tells what"
            f" `up` would do. {told}"
        )

    def create(self, context: Context, name: str, inputs: KubeadmControlPlaneAuditInputs) -> tuple[str, Values]:
        """Turn auditing on."""
        id = f"{inputs.namespace}/{inputs.control_plane}"
        try:
            found = inputs.wanted().apply(_change(context, inputs, _proof(context, inputs)))
        except HalfDoneError as error:
            left = {
                "machines": 0,
                "pending": True,
                "intact": True,
                "digest": digest_of(inputs.policy, inputs.webhook, inputs.arguments),
                "held": [],
            }
            raise PartialError(str(error), id, inputs.values() | left) from None
        return id, _outputs(inputs, found)

    def read(
        self, context: Context, id: str, inputs: KubeadmControlPlaneAuditInputs | None, old: Values
    ) -> Read[KubeadmControlPlaneAuditInputs] | None:
        """What the object has now, and whether all machines are as it says."""
        if inputs is None:
            raise HostError("a KubeadmControlPlaneAudit is not imported; adopt: true takes over what is there")
        found = live(_change(context, inputs), inputs.arguments)
        if found is None:
            return None
        now = {"arguments": found.arguments, "policy": found.policy, "webhook": found.webhook}
        here = inputs.model_copy(update=now)
        held = [one.name for one in inputs.machines().hooked()]
        if held:
            context.say(left(held))
        return Read(here, _outputs(here, found) | {"held": held})

    def stale(self, old: Values) -> list[str]:
        """A file or mount of ours lies elsewhere or is gone, machines are older than the object, or have our hook."""
        here = [] if old.get("intact") else ["intact"]
        return here + [key for key in ("pending", "held") if old.get(key)]

    def update(self, context: Context, id: str, inputs: KubeadmControlPlaneAuditInputs, old: Values) -> Values:
        """Bring it to the inputs."""
        return self.create(context, "", inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Take out what is ours."""
        inputs = KubeadmControlPlaneAuditInputs.of(old)
        _change(context, inputs).restore()


def _change(context: Context, inputs: KubeadmControlPlaneAuditInputs, proof: Proof | None = None) -> ObjectChange:
    place = ObjectPlace(inputs.namespace, inputs.control_plane, seconds(inputs.rollout_timeout))
    machines = inputs.machines()
    each = EachMachine(machines, proof, context.say)
    return ObjectChange(machines.cluster, KIND, place, context.stop, context.say, each.beside())


def _proof(context: Context, inputs: KubeadmControlPlaneAuditInputs) -> Proof | None:
    if not inputs.proof:
        return None
    endpoint, api = read_webhook(inputs.webhook), Api(inputs.cluster_kubeconfig, inputs.api_servers)
    timeout = seconds(inputs.proof_timeout)
    return proof_of(api, replace(endpoint, proof=inputs.proof), timeout, context.stop, context.say)


def _outputs(inputs: KubeadmControlPlaneAuditInputs, found: Live) -> Values:
    told = {
        "machines": found.machines,
        "pending": found.pending,
        "intact": found.intact,
        "digest": digest_of(inputs.policy, inputs.webhook, inputs.arguments),
        "held": [],
    }
    return inputs.values() | told
