"""`MetricsApi`: the check that a cluster can scale a receiver by its CPU."""

from collections.abc import Mapping
from types import MappingProxyType

from k8s_audit.errors import ReceiverError
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values
from k8s_audit.receivers.metrics_api import require, served


class MetricsApiInputs(ResourceInputs):
    """See `k8s_audit.MetricsApi`."""

    kubeconfig: str


class MetricsApiResource:
    """Fails if the cluster serves no metrics API, which a HorizontalPodAutoscaler needs. Makes nothing."""

    name = "MetricsApi"
    inputs = MetricsApiInputs
    outputs: Mapping[str, str] = MappingProxyType({"served": "boolean"})
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: MetricsApiInputs, old: Values | None) -> Values:
        """`up` fails unless it is."""
        return {"served": True}

    def notice(self, news: Values, old: Values | None) -> str:
        """A preview does not ask the cluster, as the docs say."""
        return ""

    def create(self, context: Context, name: str, inputs: MetricsApiInputs) -> tuple[str, Values]:
        """Ask."""
        require(inputs.kubeconfig)
        return name, inputs.values() | {"served": True}

    def read(
        self, context: Context, id: str, inputs: MetricsApiInputs | None, old: Values
    ) -> Read[MetricsApiInputs] | None:
        """Whether it is served now."""
        if inputs is None:
            raise ReceiverError("a MetricsApi is not imported; `up` asks by itself")
        return Read(inputs, inputs.values() | {"served": served(inputs.kubeconfig)})

    def stale(self, old: Values) -> list[str]:
        """It is gone: the next `up` says so."""
        return [] if old.get("served") else ["served"]

    def update(self, context: Context, id: str, inputs: MetricsApiInputs, old: Values) -> Values:
        """Ask again."""
        return self.create(context, id, inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """It made nothing."""
