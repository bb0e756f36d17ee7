"""The AuditSink as data: made of a receiver's URL, and read back.

Its fields, defaults and what is judged of them, as of Kubernetes 1.16:
https://github.com/kubernetes/kubernetes/tree/release-1.16/pkg/apis/auditregistration. Validation wants a URL with a host, without user, query
and fragment; its scheme may be http, whatever the field's comment says.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from k8s_audit.config.delivery import ThrottleConfig
from k8s_audit.config.platforms.openshift_sink import HTTPS, SERVICE, STAGES

Document = dict[str, Any]
API_VERSION, KIND = "auditregistration.k8s.io/v1alpha1", "AuditSink"
LABEL, MANAGER = "app.kubernetes.io/managed-by", "k8s-audit"
QPS, BURST = 10, 15
"""The API server's own defaults."""


@dataclass(frozen=True)
class Sink:
    """What an AuditSink says.

    Args:
        name: its own.
        url: of the receiver; one of a Service is `https://NAME.NAMESPACE.svc:PORT/PATH`.
        ca: PEM of the authority of its certificate; empty: the API servers' own.
        level: for each and every request.
        stages: of which an event is sent.
        qps: batches a second.
        burst: batches at once.
    """

    name: str
    url: str
    ca: str = ""
    level: str = "Metadata"
    stages: Sequence[str] = field(default_factory=lambda: list(STAGES))
    qps: int = QPS
    burst: int = BURST

    def document(self) -> Document:
        """As the API takes it."""
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": self.name, "labels": {LABEL: MANAGER}},
            "spec": {
                "policy": {"level": self.level, "stages": list(self.stages)},
                "webhook": {
                    "throttle": {"qps": self.qps, "burst": self.burst},
                    "clientConfig": _client_config(self.url, self.ca),
                },
            },
        }


def limits(throttle: ThrottleConfig) -> tuple[int, int]:
    """Batches a second and at once."""
    return int(throttle.qps or QPS), throttle.burst or BURST


def same(there: Document | None, wanted: Sink) -> bool:
    """Whether an AuditSink that is there says what is wanted; the API server may have filled in defaults."""
    return there is not None and sink_of(there) == sink_of(wanted.document())


def sink_of(document: Document) -> Sink:
    """What an AuditSink says; what it lacks is empty."""
    spec = document.get("spec") or {}
    policy, webhook = spec.get("policy") or {}, spec.get("webhook") or {}
    throttle, client = webhook.get("throttle") or {}, webhook.get("clientConfig") or {}
    return Sink(
        name=document["metadata"]["name"],
        url=_url_of(client),
        ca=_ca_of(client),
        level=str(policy.get("level") or "None"),
        stages=list(policy.get("stages") or []),
        qps=int(throttle.get("qps") or QPS),
        burst=int(throttle.get("burst") or BURST),
    )


def is_ours(document: Document) -> bool:
    """Whether an AuditSink is one of ours."""
    return (document["metadata"].get("labels") or {}).get(LABEL) == MANAGER


def _client_config(url: str, ca: str) -> Document:
    parts = urlsplit(url)
    service = SERVICE.fullmatch(parts.hostname or "")
    found: Document = {"url": url}
    if service and parts.scheme == "https":
        place: Document = {"namespace": service[2], "name": service[1], "path": parts.path or "/"}
        port = {} if (parts.port or HTTPS) == HTTPS else {"port": parts.port}
        found = {"service": place | port}
    return found | ({"caBundle": base64.b64encode(ca.encode()).decode()} if ca else {})


def _url_of(client: Document) -> str:
    service = client.get("service")
    if not service:
        return str(client.get("url") or "")
    host = f"{service['name']}.{service['namespace']}.svc"
    return f"https://{host}:{service.get('port') or HTTPS}{service.get('path') or '/'}"


def _ca_of(client: Document) -> str:
    try:
        return base64.b64decode(client.get("caBundle") or "").decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
