"""What a stack of kind openshift-4.2 writes, as text: the API servers' arguments, then the AuditSink."""

from k8s_audit import kubernetes_yaml
from k8s_audit.platforms.openshift_sink.arguments import OURS
from k8s_audit.platforms.openshift_sink.place import sink_for
from k8s_audit.rendering.model import CLUSTER, Rendered, Wanted


def render(wanted: Wanted) -> list[Rendered]:
    """The override, which is to be merged with the lists that OpenShift observes, and the AuditSink, which is taken once it is rolled."""
    sink = sink_for(wanted.stack, wanted.endpoint)
    settings = {
        "apiVersion": "operator.openshift.io/v1",
        "kind": "KubeAPIServer",
        "metadata": {"name": "cluster"},
        "spec": {"unsupportedConfigOverrides": {"apiServerArguments": {flag: [ours] for flag, ours in OURS.items()}}},
    }
    lists = "each list after what spec.observedConfig has there"
    return [
        Rendered(CLUSTER, f"KubeAPIServer cluster, {lists}", kubernetes_yaml.dump(settings), "merge"),
        Rendered(CLUSTER, f"AuditSink {sink.name}", kubernetes_yaml.dump(sink.document())),
    ]
