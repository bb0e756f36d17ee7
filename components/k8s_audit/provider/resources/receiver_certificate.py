"""`ReceiverCertificate`: a certificate for a receiver's Service, and the authority by which an API server knows it."""

import datetime
from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field

from k8s_audit.errors import ReceiverError
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values

LIFETIME = datetime.timedelta(days=3650)
"""As the charts' own certificates."""
RENEWAL = datetime.timedelta(days=365)
"""The first `up` in this time before the end makes a new one."""
MADE = ("ca", "certificate", "key", "notAfter")


class ReceiverCertificateInputs(ResourceInputs):
    """See `k8s_audit.ReceiverCertificate`."""

    names: list[str] = Field(min_length=1)


class ReceiverCertificateResource:
    """A server's certificate for given names, by an authority that signs nothing else. It lies in the state alone."""

    name = "ReceiverCertificate"
    inputs = ReceiverCertificateInputs
    outputs: Mapping[str, str] = MappingProxyType(dict.fromkeys(MADE, "string"))
    secrets = frozenset({"key"})
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: ReceiverCertificateInputs, old: Values | None) -> Values:
        """It is made by `up`, and stays while its names stay."""
        if old and old.get("names") == inputs.names and not self.stale(old):
            return {key: old[key] for key in MADE if key in old}
        return {}

    def notice(self, news: Values, old: Values | None) -> str:
        """A preview says all there is to say."""
        return ""

    def create(self, context: Context, name: str, inputs: ReceiverCertificateInputs) -> tuple[str, Values]:
        """Make it."""
        from k8s_audit.receivers.certificates import SERVER, Authority  # large, and no preview needs it

        authority = Authority(f"k8s-audit {name} CA", LIFETIME)
        certificate, key = authority.issue(inputs.names[0], SERVER, inputs.names)
        made = (authority.certificate.decode(), certificate.decode(), key.decode(), authority.not_after.isoformat())
        return name, inputs.values() | dict(zip(MADE, made, strict=True))

    def read(
        self, context: Context, id: str, inputs: ReceiverCertificateInputs | None, old: Values
    ) -> Read[ReceiverCertificateInputs] | None:
        """It is what it was made as."""
        if inputs is None:
            raise ReceiverError("a ReceiverCertificate is not imported; `up` makes one")
        return Read(inputs, old)

    def stale(self, old: Values) -> list[str]:
        """Its end is near."""
        left = datetime.datetime.fromisoformat(old["notAfter"]) - datetime.datetime.now(datetime.UTC)
        return ["notAfter"] if left < RENEWAL else []

    def update(self, context: Context, id: str, inputs: ReceiverCertificateInputs, old: Values) -> Values:
        """Make another one."""
        return self.create(context, id, inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """It lies nowhere but in the state."""
