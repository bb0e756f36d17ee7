"""`kind: recorder`: an HTTP(S) server on this machine that writes one event a line to a file."""

from typing import Literal, Self

from pydantic import model_validator

from k8s_audit.config.model import Port
from k8s_audit.config.receivers.model import ReceiverConfig

RECORDER_PORT = 19765


class RecorderReceiver(ReceiverConfig):
    """A recorder."""

    kind: Literal["recorder"]
    port: Port = RECORDER_PORT
    tls: bool = False
    client_certificate: bool = False
    """Require the API server's client certificate; needs `tls`."""

    @model_validator(mode="after")
    def _certificates_need_tls(self) -> Self:
        if self.client_certificate and not self.tls:
            raise ValueError("clientCertificate needs tls: true")
        return self

    def ports(self) -> dict[str, int]:
        """Its own."""
        return {"port": self.port}
