"""`kind: admission-controller`: Sysdig's admission controller, which sees changes as a validating webhook."""

from typing import Literal, Self

from pydantic import Field, model_validator

from k8s_audit.config.model import ConfigModel, Name, Port
from k8s_audit.config.receivers.helm import HelmReceiver, Source
from k8s_audit.config.receivers.model import Takes
from k8s_audit.config.receivers.sysdig import UNSEEN, Authorities, BackendConfig, ProxyUrl, WebhookRule

NOBODY = 65534
"""The group of the pods' files: where tokens have mode 0600, such as on older GKE, others cannot read them."""
PORT = 5000
"""TCP of the webhook's pods."""
NO_PROXY = "kubernetes,10.0.0.0/8"
"""The chart's own default."""


class ProxiesConfig(ConfigModel):
    """Proxies of the webhook (to Sysdig's back end) or of the scanner (to the images' registries)."""

    http_proxy: ProxyUrl | None = None
    https_proxy: ProxyUrl | None = None
    no_proxy: str = NO_PROXY
    """Hosts, addresses and CIDRs without a proxy, with commas between."""
    ca: Authorities | None = None
    """Who signed the certificates of back end and proxies, where that is no public authority."""

    def tls_proxies(self) -> list[str]:
        """The keys of those that are reached by TLS."""
        proxies = {"httpProxy": self.http_proxy, "httpsProxy": self.https_proxy}
        return [key for key, url in proxies.items() if url and url.startswith("https://")]


class WebhookConfig(ProxiesConfig):
    """`webhook`: the pods that take the AdmissionReviews."""

    log_level: Literal["error", "info", "debug", "trace"] = "info"
    fs_group: int = Field(default=NOBODY, ge=1)
    timeout: int = Field(default=5, ge=1, le=30)
    """Seconds that the API server waits for it."""
    port: Port = PORT
    """TCP of its pods; control planes outside the cluster's network need a firewall rule for it."""
    host_network: bool = False
    """Run in the hosts' network, where the control plane cannot reach pods (such as Calico on EKS)."""
    min_available: int = Field(default=1, ge=0)
    """Pods that its PodDisruptionBudget keeps."""


class ScannerConfig(ProxiesConfig):
    """`scanner`: scans images; the vendor calls it deprecated."""

    enabled: bool = False


class AutoscalingConfig(ConfigModel):
    """`autoscaling`: the webhook's HorizontalPodAutoscaler, which needs the metrics API."""

    enabled: bool = True
    min_replicas: int = Field(default=2, ge=1)
    max_replicas: int = Field(default=5, ge=1)
    target_cpu: int = Field(default=80, ge=1, alias="targetCPU")
    """Per cent of what the pods request."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"minReplicas {self.min_replicas} is more than maxReplicas {self.max_replicas}")
        return self


class AdmissionControllerReceiver(HelmReceiver):
    """An admission controller."""

    kind: Literal["admission-controller"]
    namespace: Name = "sysdig-admission-controller"
    install: Literal["admission-controller", "sysdig-deploy"] = "admission-controller"
    """The chart: its own, or the umbrella, which installs agents too unless `values` say otherwise."""
    backend: BackendConfig = BackendConfig()
    existing_secret: Name | None = None
    """A Secret in the namespace with `SECURE_API_TOKEN`, and `AUTH_BEARER_TOKEN` for the scanner; default: one of ours."""
    existing_access_key_secret: Name | None = None
    """For install: sysdig-deploy: a Secret with `access-key`; default: one of ours."""
    k8s_audit_detections: bool = Field(default=True, alias="k8sAuditDetections")
    rules: list[WebhookRule] = Field(default_factory=list)
    """What it sees; default: the chart's, all of seven API groups."""
    verify_ssl: bool = Field(default=True, alias="verifySSL")
    """Verify the certificates of back end and proxies."""
    webhook: WebhookConfig = WebhookConfig()
    scanner: ScannerConfig = ScannerConfig()
    replicas: int | None = Field(default=None, ge=1)
    """Of the webhook, without autoscaling; default: 1."""
    autoscaling: AutoscalingConfig = AutoscalingConfig()
    admit: list[Source] = Field(default_factory=list)
    """CIDRs of the API servers, for a NetworkPolicy; default: none is made."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.replicas is not None and self.autoscaling.enabled:
            raise ValueError("replicas needs autoscaling: {enabled: false}; with it, set autoscaling.minReplicas")
        if self.install != "sysdig-deploy" and self.backend.collector:
            raise ValueError("backend.collector: the admission controller sends to backend.apiEndpoint alone")
        if self.install == "sysdig-deploy" and bool(self.backend.api_endpoint) != bool(self.backend.collector):
            raise ValueError("backend: on premises the umbrella needs both apiEndpoint and collector")
        if self.existing_access_key_secret and self.install != "sysdig-deploy":
            raise ValueError("existingAccessKeySecret is for install: sysdig-deploy")
        if self.rules and not self.k8s_audit_detections:
            raise ValueError("rules need k8sAuditDetections: true")
        if self.workload.digest and self.scanner.enabled:
            raise ValueError("workload.digest: webhook and scanner have an image each; set their digests in values")
        if self.admit and self.webhook.host_network:
            raise ValueError("admit: no NetworkPolicy applies to pods in the hosts' network")
        for part, proxies in (("webhook", self.webhook), ("scanner", self.scanner)):
            for key in proxies.tls_proxies():
                if self.verify_ssl and not proxies.ca:
                    raise ValueError(
                        f"{part}.{key} is reached by TLS, by a certificate of an authority that is not named. Two ways out:"
                        f" the authority's certificate in {part}.ca, or verifySSL: false"
                    )
        return self

    def takes(self) -> Takes:
        """AdmissionReviews."""
        return "reviews"

    def makes_namespace(self) -> bool:
        """Whether the namespace is ours to make; not where a Secret is in it already."""
        return super().makes_namespace() and not (self.existing_secret or self.existing_access_key_secret)

    def secrets(self) -> frozenset[str]:
        """The API token, and for the umbrella's agents the access key."""
        umbrella = self.install == "sysdig-deploy" and not self.existing_access_key_secret
        return frozenset(
            ([] if self.existing_secret else ["secureApiToken"]) + (["sysdigAccessKey"] if umbrella else [])
        )

    def warnings(self) -> list[str]:
        """What it cannot see, and what loses events."""
        found = [
            *super().warnings(),
            UNSEEN,
            "while none of its pods answers, changes are admitted unseen (failurePolicy: Ignore)",
            f"a control plane outside the cluster's network (GKE private clusters, EKS) needs TCP {self.webhook.port} to the nodes",
        ]
        if not self.k8s_audit_detections:
            found.append("k8sAuditDetections: false: it takes nothing at all for audit")
        if not self.autoscaling.enabled and (self.replicas or 1) <= self.webhook.min_available:
            found.append(
                f"its PodDisruptionBudget keeps {self.webhook.min_available} of {self.replicas or 1} pods, so no node with one can be"
                " drained; more replicas, or webhook: {minAvailable: 0}"
            )
        if not self.verify_ssl:
            found.append("verifySSL: false: whoever answers for the back end gets the API token")
        return found
