"""What the models of Sysdig's two shields share: today's chart `shield`, and `cluster-shield`, its cluster part alone."""

from typing import Literal, Self

from pydantic import Field, model_validator

from k8s_audit.config.model import Name, Port
from k8s_audit.config.receivers.helm import HelmReceiver, Source
from k8s_audit.config.receivers.model import Takes
from k8s_audit.config.receivers.sysdig import UNSEEN, Authorities, BackendConfig, WebhookRule

AUDIT_PORT = 6443


class ShieldReceiver(HelmReceiver):
    """A shield. A kind's model adds `kind`, and which chart installs it."""

    namespace: Name = "sysdig"
    method: Literal["audit_backend", "validating_webhook"] = "audit_backend"
    """`audit_backend`: audit events of the API server, all that the audit policy records. `validating_webhook`: changes."""
    http_port: Port = AUDIT_PORT
    """TCP of its pods and of its Service."""
    timeout: int = Field(default=10, ge=1, le=30)
    """Seconds that the API server waits for the validating webhook."""
    excluded_namespaces: list[Name] = Field(default_factory=list)
    """Of which the validating webhook sees nothing."""
    webhook_rules: list[WebhookRule] = Field(default_factory=list)
    """What the validating webhook sees; default: the chart's, all of seven API groups."""
    backend: BackendConfig = BackendConfig()
    existing_secret: Name | None = None
    """A Secret in the namespace with the key `access-key`; default: one of ours, from `audit:sysdigAccessKey`."""
    verify_ssl: bool = Field(default=True, alias="verifySSL")
    """Verify the back end's certificate."""
    ca: Authorities | None = None
    """Who signed the back end's certificate, where that is no public authority."""
    replicas: int = Field(default=2, ge=1)
    run_mode: Literal["single-process", "multi-process"] = "single-process"
    """`multi-process` needs a privileged container."""
    host_network: bool = False
    """Run in the hosts' network, where the control plane cannot reach pods (such as Calico on EKS)."""
    admit: list[Source] = Field(default_factory=list)
    """CIDRs of the API servers, for a NetworkPolicy; default: none is made."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        of_the_webhook = [
            key
            for key in ("timeout", "excluded_namespaces", "webhook_rules")
            if key in self.model_fields_set and self.method == "audit_backend"
        ]
        if of_the_webhook:
            keys = ", ".join(type(self).model_fields[key].alias or key for key in of_the_webhook)
            raise ValueError(f"{keys}: only for method: validating_webhook; with audit_backend audit:policy chooses")
        if bool(self.backend.api_endpoint) != bool(self.backend.collector):
            raise ValueError("backend: on premises both apiEndpoint and collector are needed")
        if self.admit and self.host_network:
            raise ValueError("admit: no NetworkPolicy applies to pods in the hosts' network")
        return self

    def takes(self) -> Takes:
        """By its method."""
        return "events" if self.method == "audit_backend" else "reviews"

    def makes_namespace(self) -> bool:
        """Whether the namespace is ours to make; not where a Secret is in it already."""
        return super().makes_namespace() and not self.existing_secret

    def secrets(self) -> frozenset[str]:
        """The access key, unless a Secret is there already."""
        return frozenset() if self.existing_secret else frozenset({"sysdigAccessKey"})

    def warnings(self) -> list[str]:
        """What the emulated method cannot see, and what is risky."""
        found = super().warnings()
        if self.takes() == "reviews":
            found += [UNSEEN + "; method: audit_backend sees them"]
            found += ["while none of its pods answers, changes are admitted unseen (failurePolicy: Ignore)"]
        if self.replicas == 1:
            found += ["its PodDisruptionBudget keeps its only pod, so its node cannot be drained; more replicas"]
        return found
