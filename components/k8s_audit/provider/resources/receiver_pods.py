"""`ReceiverPods`: the check that a Service would reach a receiver that is in the cluster already."""

from collections.abc import Mapping
from types import MappingProxyType

from k8s_audit.errors import ReceiverError
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values
from k8s_audit.receivers.pods import matching, pods_in


class ReceiverPodsInputs(ResourceInputs):
    """See `k8s_audit.ReceiverPods`."""

    kubeconfig: str
    namespace: str
    selector: dict[str, str]
    port: int


class ReceiverPodsResource:
    """Looks for the pods that a receiver's Service would reach, and fails if there are none. Makes nothing."""

    name = "ReceiverPods"
    inputs = ReceiverPodsInputs
    outputs: Mapping[str, str] = MappingProxyType({"pods": "integer"})
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: ReceiverPodsInputs, old: Values | None) -> Values:
        """`up` looks."""
        return {"pods": old["pods"]} if old and "pods" in old else {}

    def notice(self, news: Values, old: Values | None) -> str:
        """A preview does not ask the cluster, as the docs say."""
        return ""

    def create(self, context: Context, name: str, inputs: ReceiverPodsInputs) -> tuple[str, Values]:
        """Look."""
        pods = pods_in(inputs.kubeconfig, inputs.namespace)
        found = matching(pods, inputs.namespace, inputs.selector, inputs.port)
        return name, inputs.values() | {"pods": len(found)}

    def read(
        self, context: Context, id: str, inputs: ReceiverPodsInputs | None, old: Values
    ) -> Read[ReceiverPodsInputs] | None:
        """How many there are now."""
        if inputs is None:
            raise ReceiverError("a ReceiverPods is not imported; `up` looks by itself")
        there = pods_in(inputs.kubeconfig, inputs.namespace)
        found = [pod for pod in there if inputs.selector.items() <= pod.labels.items()]
        return Read(inputs, inputs.values() | {"pods": len(found)})

    def stale(self, old: Values) -> list[str]:
        """They are gone: the next `up` says so."""
        return [] if old.get("pods") else ["pods"]

    def update(self, context: Context, id: str, inputs: ReceiverPodsInputs, old: Values) -> Values:
        """Look again."""
        return self.create(context, id, inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """It made nothing."""
