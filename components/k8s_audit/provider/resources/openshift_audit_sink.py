"""`OpenshiftAuditSink`: audit events of OpenShift 4.2 to 4.5 by an AuditSink, and the API servers' arguments that it needs."""

from collections.abc import Mapping
from types import MappingProxyType

from k8s_audit.config.platforms.openshift_sink import STAGES
from k8s_audit.control_plane.change import sha256
from k8s_audit.control_plane.durations import seconds
from k8s_audit.errors import HostError
from k8s_audit.platforms.management.change import HalfDoneError
from k8s_audit.platforms.openshift_sink.arguments import OURS
from k8s_audit.platforms.openshift_sink.change import Live, SinkChange
from k8s_audit.platforms.openshift_sink.cluster import SinkCluster
from k8s_audit.platforms.openshift_sink.sink import BURST, QPS, Sink, sink_of
from k8s_audit.provider.resource import Context, PartialError, Read, ResourceInputs, Values

ID = "kubeapiservers/cluster"


class OpenshiftAuditSinkInputs(ResourceInputs):
    """See `k8s_audit.OpenshiftAuditSink`."""

    kubeconfig: str
    sink: str
    url: str
    ca: str = ""
    level: str = "Metadata"
    stages: list[str] = [*STAGES]  # noqa: RUF012 - pydantic copies it
    qps: int = QPS
    burst: int = BURST
    timeout: str = "1h"

    def wanted(self) -> Sink:
        """The AuditSink."""
        return Sink(self.sink, self.url, self.ca, self.level, self.stages, self.qps, self.burst)


class OpenshiftAuditSinkResource:
    """Three arguments of OpenShift's API servers, awaited on each of them, and an AuditSink; destroy takes both out."""

    name = "OpenshiftAuditSink"
    inputs = OpenshiftAuditSinkInputs
    outputs: Mapping[str, str] = MappingProxyType(
        {"record": "string", "pending": "boolean", "intact": "boolean", "digest": "string"}
    )
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: OpenshiftAuditSinkInputs, old: Values | None) -> Values:
        """A plain preview asks no cluster."""
        return {"pending": False, "intact": True}

    def notice(self, news: Values, old: Values | None) -> str:
        """What is merged where, and what it takes; what is there is read by `up`, and by `k8s-audit doctor`."""
        if old and old.get("intact"):
            return ""
        merged = ", ".join(f"{flag}: [{ours}]" for flag, ours in OURS.items())
        return (
            "cluster not read: a preview asks none; `k8s-audit doctor --stack STACK` reads it and tells what `up` would do. KubeAPIServer"
            f" `cluster` gets in spec.unsupportedConfigOverrides.apiServerArguments {merged}, each after what is there; OpenShift's operator then"
            " restarts kube-apiserver on one control-plane node after the other, which may take 20 minutes or more, and says Upgradeable=False"
        )

    def create(self, context: Context, name: str, inputs: OpenshiftAuditSinkInputs) -> tuple[str, Values]:
        """Bring the cluster to it, and wait."""
        return ID, self._applied(context, inputs, "")

    def read(
        self, context: Context, id: str, inputs: OpenshiftAuditSinkInputs | None, old: Values
    ) -> Read[OpenshiftAuditSinkInputs] | None:
        """What is there now."""
        if inputs is None:
            raise HostError("an OpenshiftAuditSink is not imported; `up` makes one beside those that are there")
        found = _change(context, inputs, old).live(inputs.sink)
        if found is None:
            return None
        here = found.sink or Sink(inputs.sink, "", level="None")
        shown = inputs if here == sink_of(inputs.wanted().document()) else _inputs(inputs, here)
        return Read(shown, _outputs(shown, found))

    def stale(self, old: Values) -> list[str]:
        """The arguments are not there, or not yet at all API servers."""
        return [*([] if old.get("intact") else ["intact"]), *(["pending"] if old.get("pending") else [])]

    def update(self, context: Context, id: str, inputs: OpenshiftAuditSinkInputs, old: Values) -> Values:
        """Bring it to the inputs; another AuditSink restarts nothing, and the one of the old name goes last."""
        outputs = self._applied(context, inputs, str(old.get("record") or ""))
        if old["sink"] != inputs.sink:
            _change(context, inputs, old).discard(old["sink"])
        return outputs

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Take out what is ours, and wait."""
        inputs = OpenshiftAuditSinkInputs.of(old)
        _change(context, inputs, old).restore(inputs.sink)

    def _applied(self, context: Context, inputs: OpenshiftAuditSinkInputs, remembered: str) -> Values:
        try:
            found = _change(context, inputs, {"record": remembered}).apply(inputs.wanted())
        except HalfDoneError as error:
            left = Live(None, True, True, remembered)
            raise PartialError(str(error), ID, _outputs(inputs, left)) from None
        return _outputs(inputs, found)


def _change(context: Context, inputs: OpenshiftAuditSinkInputs, old: Values) -> SinkChange:
    record = str(old.get("record") or "")
    return SinkChange(SinkCluster(inputs.kubeconfig), seconds(inputs.timeout), context.stop, context.say, record)


def _inputs(inputs: OpenshiftAuditSinkInputs, sink: Sink) -> OpenshiftAuditSinkInputs:
    fields = ("url", "ca", "level", "qps", "burst")
    found = {name: getattr(sink, name) for name in fields} | {"stages": list(sink.stages)}
    return inputs.model_copy(update=found)


def _outputs(inputs: OpenshiftAuditSinkInputs, found: Live) -> Values:
    sink = inputs.wanted()
    digest = sha256(repr(sink).encode())
    return inputs.values() | {
        "record": found.record,
        "pending": found.pending,
        "intact": found.intact,
        "digest": digest,
    }
