"""`HostedClusterAudit`: the audit webhook of a HostedCluster of HyperShift."""

from collections.abc import Mapping
from types import MappingProxyType

from k8s_audit.control_plane.change import sha256
from k8s_audit.control_plane.durations import seconds
from k8s_audit.errors import HostError
from k8s_audit.platforms.hypershift.change import HostedAudit, Live, live
from k8s_audit.platforms.hypershift.rollout import KIND
from k8s_audit.platforms.management.change import HalfDoneError, ObjectChange, ObjectPlace
from k8s_audit.platforms.management.cluster import ManagementCluster
from k8s_audit.provider.resource import Context, PartialError, Read, ResourceInputs, Values


class HostedClusterAuditInputs(ResourceInputs):
    """See `k8s_audit.HostedClusterAudit`."""

    kubeconfig: str
    namespace: str
    cluster: str
    webhook: str
    profile: str = ""
    adopt: bool = False
    rollout_timeout: str = "1h"


class HostedClusterAuditResource:
    """The webhook of a HostedCluster, and what its API servers record; HyperShift restarts them."""

    name = "HostedClusterAudit"
    inputs = HostedClusterAuditInputs
    outputs: Mapping[str, str] = MappingProxyType({"pending": "boolean", "intact": "boolean", "digest": "string"})
    secrets = frozenset({"webhook"})
    replaces = frozenset({"namespace", "cluster"})

    def preview(self, inputs: HostedClusterAuditInputs, old: Values | None) -> Values:
        """A plain preview asks no cluster."""
        return {"intact": True, "pending": False}

    def notice(self, news: Values, old: Values | None) -> str:
        """What is restarted; what is in the object is read by `up`, and by `k8s-audit doctor`."""
        told = "HyperShift restarts the API servers of Kubernetes, OpenShift and OAuth"
        if old:
            return told
        return (
            "HostedCluster not read: a preview asks no management cluster; `k8s-audit doctor --stack STACK` reads it and tells what `up`"
            f" would do. {told}"
        )

    def create(self, context: Context, name: str, inputs: HostedClusterAuditInputs) -> tuple[str, Values]:
        """Turn auditing on."""
        id = f"{inputs.namespace}/{inputs.cluster}"
        wanted = HostedAudit(inputs.webhook, inputs.profile, inputs.adopt)
        try:
            found = wanted.apply(_change(context, inputs))
        except HalfDoneError as error:
            left = {"pending": True, "intact": True, "digest": _digest(inputs)}
            raise PartialError(str(error), id, inputs.values() | left) from None
        return id, _outputs(inputs, found)

    def read(
        self, context: Context, id: str, inputs: HostedClusterAuditInputs | None, old: Values
    ) -> Read[HostedClusterAuditInputs] | None:
        """What the object has now, and whether all API servers have it."""
        if inputs is None:
            raise HostError("a HostedClusterAudit is not imported; adopt: true takes over what is there")
        found = live(_change(context, inputs), inputs.profile)
        if found is None:
            return None
        here = inputs.model_copy(update={"webhook": found.webhook, "profile": found.profile})
        return Read(here, _outputs(here, found))

    def stale(self, old: Values) -> list[str]:
        """The webhook is another one, or API servers are older than the object."""
        return [*([] if old.get("intact") else ["intact"]), *(["pending"] if old.get("pending") else [])]

    def update(self, context: Context, id: str, inputs: HostedClusterAuditInputs, old: Values) -> Values:
        """Bring it to the inputs."""
        return self.create(context, "", inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Take out what is ours."""
        inputs = HostedClusterAuditInputs.of(old)
        _change(context, inputs).restore()


def _change(context: Context, inputs: HostedClusterAuditInputs) -> ObjectChange:
    place = ObjectPlace(inputs.namespace, inputs.cluster, seconds(inputs.rollout_timeout))
    return ObjectChange(ManagementCluster(inputs.kubeconfig), KIND, place, context.stop, context.say)


def _outputs(inputs: HostedClusterAuditInputs, found: Live) -> Values:
    return inputs.values() | {"pending": found.pending, "intact": found.intact, "digest": _digest(inputs)}


def _digest(inputs: HostedClusterAuditInputs) -> str:
    """Of what the API servers read: when it changes, the delivery is to be proved again."""
    return sha256(inputs.webhook.encode(), inputs.profile.encode())
