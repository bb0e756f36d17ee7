"""`AdmissionCheck`: the proof that a marked request is reviewed by a receiver's admission webhooks."""

from collections.abc import Mapping
from types import MappingProxyType

from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.admission_proof import prove_admission
from k8s_audit.errors import DeliveryError
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values


class AdmissionCheckInputs(ResourceInputs):
    """See `k8s_audit.AdmissionCheck`."""

    api_servers: list[str]
    kubeconfig: str
    receiver: str
    webhooks: list[str]
    timeout: str = "30s"
    triggers: list[str] = []  # noqa: RUF012 - pydantic copies it


class AdmissionCheckResource:
    """Makes a marked, harmless request at each API server and waits until the receiver's webhooks have reviewed it."""

    name = "AdmissionCheck"
    inputs = AdmissionCheckInputs
    outputs: Mapping[str, str] = MappingProxyType({"checks": "array"})
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: AdmissionCheckInputs, old: Values | None) -> Values:
        """The proof is made by `up`."""
        return {}

    def notice(self, news: Values, old: Values | None) -> str:
        """Whether a review arrives is for `up` to prove, as the docs say."""
        return ""

    def create(self, context: Context, name: str, inputs: AdmissionCheckInputs) -> tuple[str, Values]:
        """Prove it."""
        timeout = seconds(inputs.timeout)
        proofs = [
            prove_admission(server or None, inputs.kubeconfig, inputs.receiver, webhook, timeout, context.stop)
            for server in inputs.api_servers
            for webhook in inputs.webhooks
        ]
        return f"{name}-check", inputs.values() | {"checks": [proof.as_output() for proof in proofs]}

    def read(
        self, context: Context, id: str, inputs: AdmissionCheckInputs | None, old: Values
    ) -> Read[AdmissionCheckInputs] | None:
        """The proof that was made; `k8s-audit verify` makes another one."""
        if inputs is None:
            raise DeliveryError("an AdmissionCheck is not imported; `up` makes one")
        return Read(inputs, old)

    def stale(self, old: Values) -> list[str]:
        """A proof does not go off."""
        return []

    def update(self, context: Context, id: str, inputs: AdmissionCheckInputs, old: Values) -> Values:
        """Prove it again."""
        return self.create(context, id, inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """It left nothing behind."""
