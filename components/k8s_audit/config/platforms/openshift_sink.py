"""`kind: openshift-4.2`: OpenShift 4.2 to 4.5, whose API servers send their events to an AuditSink."""

import re
from collections.abc import Sequence
from typing import ClassVar, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.model import Duration
from k8s_audit.config.platforms.management import ObjectName
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.platforms.openshift import Version, minor_of
from k8s_audit.config.receivers.http import HttpReceiver
from k8s_audit.config.receivers.model import ReceiverConfig

OLDEST, NEWEST = (4, 2), (4, 5)
"""Kubernetes 1.14 to 1.18; AuditSink went with 1.19: https://github.com/kubernetes/kubernetes/pull/91502"""
PORT_SINCE = (4, 3)
"""Of an AuditSink's `service`: Kubernetes 1.15, https://github.com/kubernetes/kubernetes/pull/74855"""
INSIDE = (".svc", ".cluster.local")
SERVICE = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)\.svc")
"""The name of a Service in the cluster, which API servers cannot resolve: it is told by an AuditSink's `service`."""
HTTPS = 443
SERVICE_PATH = re.compile(r"(/[a-z0-9]([-a-z0-9.]*[a-z0-9])?)*/?")
"""Of an AuditSink's `service`: its steps are DNS subdomains, so k8s_audit is none,
https://github.com/kubernetes/kubernetes/blob/release-1.16/staging/src/k8s.io/apiserver/pkg/util/webhook/validation.go"""
PROOF = "ResponseComplete"
"""The stage of the event that proves delivery."""
Stage = Literal["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]
STAGES: tuple[Stage, ...] = ("ResponseStarted", "ResponseComplete", "Panic")
"""All but RequestReceived, which tells nothing that a later one does not."""


class OpenshiftSinkPlatform(PlatformConfig):
    """A cluster of OpenShift 4.2 to 4.5: one level for all requests, and a receiver that asks for no credentials."""

    needs_kubeconfig: ClassVar[bool] = True
    fixed_policy: ClassVar[bool] = True
    policy_reason: ClassVar[str] = (
        "an AuditSink has one level and stages for all requests, audit:platform.level and stages, and no rules"
    )
    proof_timeout: ClassVar[str] = "2m"
    """An AuditSink's batches wait up to 30 s, and no setting changes that."""
    kind: Literal["openshift-4.2"]
    version: Version | None = None
    """Of OpenShift, such as `4.3`; `up` reads it in any case."""
    level: Literal["Metadata", "Request", "RequestResponse"] = "Metadata"
    """Of each and every request."""
    stages: list[Stage] = Field(default_factory=lambda: list(STAGES))
    """Of which an event is sent."""
    sink: ObjectName = "k8s-audit"
    """The AuditSink's name; several stand side by side."""
    roll_timeout: Duration = "1h"
    """How long all API servers may take to restart."""

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """See PlatformConfig: an AuditSink has `throttle`, and nothing else."""
        found = [
            f"audit:delivery.{key}: an AuditSink has no field for it; allowed: throttle, checkTimeout"
            for key in delivery.of_api_servers()
            if key != "throttle"
        ]
        if delivery.throttle.enabled is False:
            found.append(
                "audit:delivery.throttle.enabled: an AuditSink is always limited; raise qps and burst, or take it out"
            )
        if delivery.throttle.qps is not None and not delivery.throttle.qps.is_integer():
            found.append(f"audit:delivery.throttle.qps: {delivery.throttle.qps:g}; an AuditSink takes whole numbers")
        return found

    def receiver_faults(self, receivers: Sequence[ReceiverConfig]) -> list[str]:
        """See PlatformConfig: what an AuditSink has no field for."""
        faults = []
        for index, receiver in enumerate(receivers):
            key = f"audit:receivers[{index}]"
            if receiver.takes() != "events":
                continue
            if receiver.kind == "recorder":
                faults.append(
                    f"{key}: a recorder listens on this machine alone, which OpenShift's API servers do not reach"
                )
            elif isinstance(receiver, HttpReceiver):
                faults += [f"{key}.{fault}" for fault in self._of_http(receiver)]
            elif receiver.kind != "sysdig-agent" and getattr(receiver, "tls", True):
                faults.append(
                    f"{key}: kind {receiver.kind} is reached by an address and another name in its certificate, and an AuditSink has no"
                    " field for that name; use kind http with its ca and the URL https://SERVICE.NAMESPACE.svc:PORT/PATH"
                )
        return faults

    def _of_http(self, receiver: HttpReceiver) -> list[str]:
        unfit = {
            "authorization": receiver.authorization != "none",
            "clientCertificate": receiver.client_pem(),
            "tlsServerName": receiver.tls_server_name,
        }
        faults = [
            f"{name}: an AuditSink has no field for it; what a receiver shall know callers by can stand in the URL's path alone"
            for name, given in unfit.items()
            if given
        ]
        url = urlsplit(receiver.url)
        if (url.hostname or "").endswith(INSIDE) and (why := self._of_service(url)):
            faults.append(f"url: {why}")
        return faults

    def _of_service(self, url: SplitResult) -> str:
        """What is wrong with a URL that names a Service; empty: nothing."""
        if url.scheme != "https" or not SERVICE.fullmatch(url.hostname or ""):
            return "an AuditSink knows a Service by https://NAME.NAMESPACE.svc:PORT/PATH alone; else use its ClusterIP"
        if not SERVICE_PATH.fullmatch(url.path):
            return (
                f"path {url.path}; at a Service's name an AuditSink takes lower-case letters, digits, dashes and dots between slashes alone;"
                " else use its ClusterIP"
            )
        if not url.port:
            return "its port is missing; the API servers' counters, by which delivery is proved, name it, 443 too"
        given = minor_of(self.version or "")
        if given and given < PORT_SINCE and url.port != HTTPS:
            return f"port {url.port}; API servers of OpenShift {self.version} send to a Service's port {HTTPS} alone"
        return ""

    def faults(self) -> list[str]:
        """See PlatformConfig."""
        found = []
        if self.version and (given := minor_of(self.version)) and not OLDEST <= given <= NEWEST:
            other = "for 4.6 and newer the kind is openshift" if given > NEWEST else "4.1 and older are not built"
            found.append(f"audit:platform.version: {self.version}; this kind is for 4.2 to 4.5; {other}")
        if PROOF not in self.stages:
            found.append(
                f"audit:platform.stages: {PROOF} must be among them: the proof of delivery waits for its event"
            )
        if len(set(self.stages)) < len(self.stages):
            found.append("audit:platform.stages: one stands there more than once")
        return found

    def warnings(self) -> list[str]:
        """See PlatformConfig."""
        if self.level == "Metadata":
            told = "level Metadata records no body, so rules that look into a pod's or a role's spec see nothing"
        else:
            told = f"level {self.level} is that of all requests, so the bodies of Secrets and tokens go to the receiver, too"
        return [
            f"openshift-4.2: {told}",
            "openshift-4.2: the arguments are unsupportedConfigOverrides, with which the operator says Upgradeable=False: the cluster is not"
            " upgraded until `destroy`. OpenShift 4.2 to 4.5 get no security fixes any more; kind openshift is for 4.6 and newer",
            "openshift-4.2: an AuditSink cuts nothing, so a batch of 400 events that is larger than the receiver takes is lost",
        ]
