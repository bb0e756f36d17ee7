"""`audit:receivers`: who gets the events. One model a kind."""

from typing import Literal, Self

from pydantic import model_validator

from k8s_audit.config.model import ConfigModel, Name, Port

RECORDER_PORT = 19765


class RecorderReceiver(ConfigModel):
    """`kind: recorder`: an HTTP(S) server on this machine that writes one event a line to a file."""

    kind: Literal["recorder"]
    name: Name
    port: Port = RECORDER_PORT
    tls: bool = False
    client_certificate: bool = False
    """Require the API server's client certificate; needs `tls`."""

    @model_validator(mode="after")
    def _certificates_need_tls(self) -> Self:
        if self.client_certificate and not self.tls:
            raise ValueError("clientCertificate needs tls: true")
        return self
