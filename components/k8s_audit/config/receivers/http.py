"""`kind: http`: any HTTP(S) URL that takes EventLists as an API server sends them."""

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from k8s_audit.config.certificates import fits, judge_certificates, read_pem
from k8s_audit.config.model import Size
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.faults import CREDENTIAL
from k8s_audit.receivers.endpoint import ACCEPTED, BODY_LIMIT, EVENT_LIMIT, ReceiverEndpoint

CLIENT_KEY, TOKEN, PASSWORD = "receiverClientKey", "receiverToken", "receiverPassword"


def _url(text: str) -> str:
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise PydanticCustomError(CREDENTIAL, "credentials in a URL lie open; use authorization and its secret key")
    try:
        url = urlsplit(text)
        fine = url.scheme in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        fine = False
    if not fine or not text.isprintable() or " " in text:
        raise ValueError("the receiver's URL is needed: http:// or https://, its host, port and path")
    if url.query or url.fragment or text.endswith(("?", "#")):
        raise ValueError("an API server drops a URL's query and fragment; put what they say into the path")
    return text


def _certificates(pem: str) -> str:
    judge_certificates(pem)
    return pem


def _file(path: str) -> str:
    judge_certificates(read_pem(path))
    return path


Certificates = Annotated[str, AfterValidator(_certificates)]
"""PEM of one or more certificates, each of them valid now."""
CertificateFile = Annotated[str, AfterValidator(_file)]
"""The path of such a PEM file; `~` is the user's home, a relative one starts at the folder of Pulumi.yaml."""


class HttpReceiver(ReceiverConfig):
    """A URL."""

    hints: ClassVar[dict[str, str]] = {
        "headers": "a webhook kubeconfig can't set headers; authorization sets the one of that name",
        "token": "a token is a secret: authorization: bearer, and `pulumi config set --secret receiverToken`",
        "password": "a password is a secret: authorization: basic, and `pulumi config set --secret receiverPassword`",
        "clientKey": "a key is a secret: `pulumi config set --secret receiverClientKey`",
    }
    kind: Literal["http"]
    url: Annotated[str, AfterValidator(_url)]
    ca: Certificates | None = None
    ca_file: CertificateFile | None = None
    client_certificate: Certificates | None = None
    client_certificate_file: CertificateFile | None = None
    tls_server_name: str | None = Field(default=None, min_length=1, max_length=253)
    """The name that its certificate must have, where that is not the URL's."""
    authorization: Literal["none", "bearer", "basic"] = "none"
    username: str | None = Field(default=None, min_length=1, max_length=256, pattern="^[^:\\n\\r]+$")
    body_limit: Size = BODY_LIMIT
    """Bytes of the largest body that it takes."""
    event_limit: Size = EVENT_LIMIT
    """Bytes of the largest event that it takes."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for one, other in (("ca", "ca_file"), ("client_certificate", "client_certificate_file")):
            if getattr(self, one) and getattr(self, other):
                alias = type(self).model_fields
                raise ValueError(
                    f"{alias[one].alias} and {alias[other].alias} are two ways to say one thing; take one out"
                )
        if (self.authorization == "basic") != bool(self.username):
            raise ValueError("username and authorization: basic belong together")
        if self.url.startswith("http://"):
            if self.authorization != "none" or self.client_pem():
                raise ValueError("credentials need https://; to http:// an API server sends none, without a word")
            if self.ca_pem() or self.tls_server_name:
                raise ValueError("ca and tlsServerName need https://")
        return self

    def ca_pem(self) -> str | None:
        """PEM of the authorities that may have signed its certificate; None: the host's own."""
        return read_pem(self.ca_file) if self.ca_file else self.ca

    def client_pem(self) -> str | None:
        """PEM with which the API server presents itself."""
        return read_pem(self.client_certificate_file) if self.client_certificate_file else self.client_certificate

    def secrets(self) -> frozenset[str]:
        """The client certificate's key, the token or the password."""
        used = {CLIENT_KEY: self.client_pem(), TOKEN: self.authorization == "bearer", PASSWORD: self.username}
        return frozenset(key for key, use in used.items() if use)

    def secret_faults(self, known: Mapping[str, str]) -> list[str]:
        """A key that is not the certificate's; a token or password that no header can hold."""
        faults = []
        certificate, key = self.client_pem(), known.get(CLIENT_KEY)
        if certificate and key:
            fit = fits(certificate, key)
            if fit is None:
                faults.append(f"audit:{CLIENT_KEY}: no private key in PEM without a passphrase")
            elif not fit:
                faults.append(f"audit:{CLIENT_KEY}: does not fit the client certificate of receiver {self.name}")
        for name in (TOKEN, PASSWORD):
            value = known.get(name, "")
            if value != value.strip() or not value.isprintable():
                faults.append(f"audit:{name}: begins or ends with white space, or has what does not print")
        return faults

    def warnings(self) -> list[str]:
        """Events in clear text."""
        if self.url.startswith("http://") and urlsplit(self.url).hostname not in ("127.0.0.1", "localhost", "::1"):
            return ["http:// sends the events in clear text, and to whoever answers there; use https://"]
        return []

    def endpoint(self, secret: Callable[[str], str]) -> ReceiverEndpoint:
        """How it is reached.

        Args:
            secret: the value of one of the stack's secret keys.
        """
        value = {key: secret(key) for key in self.secrets()}
        return ReceiverEndpoint(
            name=self.name,
            url=self.url,
            ca=self.ca_pem(),
            client_certificate=self.client_pem(),
            client_key=value.get(CLIENT_KEY),
            token=value.get(TOKEN),
            username=self.username,
            password=value.get(PASSWORD),
            tls_server_name=self.tls_server_name,
            body_limit=self.body_limit,
            event_limit=self.event_limit,
            proof=ACCEPTED,
        )
