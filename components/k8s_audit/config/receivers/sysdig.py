"""What the models of the Sysdig receivers are made of: back end, authorities, proxies, rules of a validating webhook.

Source: the charts at https://github.com/sysdiglabs/charts, pinned in `receivers/helm/versions.py`.
"""

import datetime
import re
from itertools import product
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from k8s_audit.config.model import ConfigModel
from k8s_audit.faults import CREDENTIAL, nearest

IBM = "au-syd br-sao ca-mon ca-tor eu-de eu-gb in-che in-mum jp-osa jp-tok us-east us-south".split()
REGIONS = (
    *"us1 us2 us3 us4 au1 eu1 eu2 in1 jp1 me2".split(),
    *map("-".join, product(IBM, ("monitor", "secure", "private-monitor", "private-secure"))),
)
"""https://github.com/sysdiglabs/charts/blob/main/charts/common/templates/_regions.tpl"""
CUSTOM = "custom"
"""What the charts call the region of an installation on premises."""
OPERATIONS = ("CREATE", "UPDATE", "DELETE", "CONNECT", "*")
"""https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules"""
UNSEEN = (
    "it takes AdmissionReviews, no audit events: it cannot see get, list and watch, source IP and user agent, or calls that"
    " were denied, and no auditID leads back to the API server's log"
)


def _region(text: str) -> str:
    if text not in REGIONS:
        raise ValueError(f"no region of the charts; {nearest(text, list(REGIONS[:10]))}, or IBM's such as eu-de-secure")
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", text, re.ASCII):
        raise ValueError("a host name is needed, without https:// and without a path")
    return text


def _proxy(url: str) -> str:
    if "@" in url:
        why = "a proxy's password would lie in the pods' specification in plain text; take a proxy without one"
        raise PydanticCustomError(CREDENTIAL, why)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("a proxy's URL is http://host:port or https://host:port")
    return url


def _operation(text: str) -> str:
    if text not in OPERATIONS:
        raise ValueError(f"an admission webhook cannot see it; {nearest(text.upper(), list(OPERATIONS))}")
    return text


def _authorities(pem: str) -> str:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise ValueError("certificates in PEM are needed, each from its BEGIN to its END line") from None
    for certificate in found:
        if certificate.not_valid_after_utc < datetime.datetime.now(datetime.UTC):
            subject, end = certificate.subject.rfc4514_string(), certificate.not_valid_after_utc
            raise ValueError(f"the certificate of {subject} has expired on {end:%Y-%m-%d}")
    return pem


Host = Annotated[str, AfterValidator(_host)]
ProxyUrl = Annotated[str, AfterValidator(_proxy)]
Authorities = Annotated[str, AfterValidator(_authorities)]
"""Certificates of authorities, in PEM."""
TcpPort = Annotated[int, Field(ge=1, le=65535)]


class CollectorConfig(ConfigModel):
    """`backend.collector`: where an installation on premises takes data."""

    host: Host
    port: TcpPort = 6443


class BackendConfig(ConfigModel):
    """`backend`: the Sysdig installation that the receiver reports to."""

    region: Annotated[str, AfterValidator(_region)] | None = None
    """Default: us1, unless `apiEndpoint` is set."""
    api_endpoint: Host | None = None
    """On premises: the host of its API, without https://."""
    collector: CollectorConfig | None = None
    """On premises: where agent and shield send."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.region and (self.api_endpoint or self.collector):
            raise ValueError(
                "region is for Sysdig's own installations, apiEndpoint and collector for one on premises; take one"
            )
        return self

    def name(self) -> str:
        """The region as the charts call it."""
        return self.region or (CUSTOM if self.api_endpoint or self.collector else REGIONS[0])


class WebhookRule(ConfigModel):
    """One rule of a validating webhook. API groups are scoped: what is in no group listed here is not seen."""

    api_groups: list[str] = Field(min_length=1)
    api_versions: list[str] = Field(default_factory=lambda: ["*"], min_length=1)
    operations: list[Annotated[str, AfterValidator(_operation)]] = Field(default_factory=lambda: ["*"], min_length=1)
    resources: list[str] = Field(min_length=1)
    scope: Literal["*", "Cluster", "Namespaced"] = "*"


def rules_of(rules: list[WebhookRule]) -> list[dict[str, Any]]:
    """The rules as a ValidatingWebhookConfiguration spells them."""
    return [rule.model_dump(by_alias=True) for rule in rules]
