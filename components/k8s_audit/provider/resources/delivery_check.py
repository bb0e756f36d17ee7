"""`DeliveryCheck`: the proof that a marked request's event reaches the receiver."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field

from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.each_api_server import prove_all
from k8s_audit.delivery.forwarder.proof import prove_forwarded
from k8s_audit.delivery.proof import Proof
from k8s_audit.errors import DeliveryError
from k8s_audit.provider.resource import BESIDE, Context, Read, ResourceInputs, Values, untouched
from k8s_audit.receivers.endpoint import AUDIT_ID, FORWARDED, ReceiverEndpoint, endpoint_of


class DeliveryCheckInputs(ResourceInputs):
    """See `k8s_audit.DeliveryCheck`."""

    api_servers: list[str]
    kubeconfig: str
    receiver: str
    url: str
    """Of the receiver, as an API server reaches it."""
    ca: str = ""
    """PEM of the authority that signed the receiver's certificate."""
    client_certificate: str = ""
    """PEM; for a receiver that asks for one."""
    client_key: str = ""
    """PEM of its key; a secret."""
    token: str = ""
    """A bearer token; a secret."""
    username: str = ""
    """For HTTP basic authentication."""
    password: str = ""
    """The same; a secret."""
    tls_server_name: str = ""
    """The name in the receiver's certificate, where the URL has another one."""
    proof: str = AUDIT_ID
    """`auditID`: the receiver tells of the event; `accepted`: the API server's counters do; `forwarded`: the forwarder's log does."""
    forwarder: str = ""
    api_server_pods: str = Field(default="", json_schema_extra=BESIDE)
    """The label of the API servers' pods in kube-system: each is found behind the kubeconfig's server; empty: the one that answers."""
    timeout: str = "30s"
    triggers: list[str] = []  # noqa: RUF012 - pydantic copies it
    remaining: list[str] = Field(default=[], json_schema_extra=BESIDE)

    def endpoint(self) -> ReceiverEndpoint:
        """The receiver."""
        texts = ("ca", "client_certificate", "client_key", "token", "username", "password", "tls_server_name", "proof")
        return endpoint_of({"name": self.receiver, "url": self.url} | {key: getattr(self, key) for key in texts})


class DeliveryCheckResource:
    """Makes a marked, harmless request at each API server and waits until the receiver has accepted its event."""

    name = "DeliveryCheck"
    inputs = DeliveryCheckInputs
    outputs: Mapping[str, str] = MappingProxyType({"checks": "array"})
    secrets = frozenset({"clientKey", "token", "password"})
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: DeliveryCheckInputs, old: Values | None) -> Values:
        """The proof is made by `up`."""
        return {}

    def notice(self, news: Values, old: Values | None) -> str:
        """Whether an event arrives is for `up` to prove, as the docs say."""
        return ""

    def create(self, context: Context, name: str, inputs: DeliveryCheckInputs) -> tuple[str, Values]:
        """Prove it."""
        try:
            checks = [proof.as_output() for proof in _proofs(context, inputs)]
        except DeliveryError as error:
            raise DeliveryError(f"{error}{untouched(inputs.remaining)}") from None
        return f"{name}-check", inputs.values() | {"checks": checks}

    def read(
        self, context: Context, id: str, inputs: DeliveryCheckInputs | None, old: Values
    ) -> Read[DeliveryCheckInputs] | None:
        """The proof that was made; `k8s-audit verify` makes another one."""
        if inputs is None:
            raise DeliveryError("a DeliveryCheck is not imported; `up` makes one")
        return Read(inputs, old)

    def stale(self, old: Values) -> list[str]:
        """A proof does not go off."""
        return []

    def update(self, context: Context, id: str, inputs: DeliveryCheckInputs, old: Values) -> Values:
        """Prove it again."""
        return self.create(context, id, inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """It left nothing behind."""


def _proofs(context: Context, inputs: DeliveryCheckInputs) -> list[Proof]:
    timeout = seconds(inputs.timeout)
    if inputs.proof == FORWARDED:
        return [prove_forwarded(inputs.kubeconfig, inputs.receiver, inputs.forwarder, timeout, context.stop)]
    urls, pods = [url or None for url in inputs.api_servers], inputs.api_server_pods
    return prove_all(urls, pods, inputs.kubeconfig, inputs.endpoint(), timeout, context.stop, context.say)
