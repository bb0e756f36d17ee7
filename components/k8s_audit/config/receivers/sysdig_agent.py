"""`kind: sysdig-agent`: the audit server in the Sysdig agent: one that is there already, or one that a chart installs."""

from typing import Literal, Self

from pydantic import Field, model_validator

from k8s_audit.config.model import Name
from k8s_audit.config.receivers.helm import HelmReceiver
from k8s_audit.config.receivers.sysdig import Authorities, BackendConfig, TcpPort

AUDIT_PORT = 7765
OF_A_CHART = (
    "create_namespace",
    "chart",
    "workload",
    "values",
    "adopt",
    "backend",
    "existing_secret",
    "verify_ssl",
    "ca",
)
OF_A_SERVICE = ("service", "selector")


class SysdigAgentReceiver(HelmReceiver):
    """A Sysdig agent."""

    kind: Literal["sysdig-agent"]
    namespace: Name = "sysdig-agent"
    install: Literal["none", "agent", "sysdig-deploy"] = "none"
    """`none`: the agent is there already, and only its Service is made."""
    service: Name = "sysdig-agent"
    """The Service that is made in front of an agent that is there already."""
    selector: dict[str, str] = Field(default_factory=lambda: {"app": "sysdig-agent"}, min_length=1)
    """Labels of the pods of an agent that is there already."""
    port: TcpPort = AUDIT_PORT
    """Of the agent's audit server (`security.k8s_audit_server_port` of its dragent.yaml)."""
    backend: BackendConfig = BackendConfig()
    existing_secret: Name | None = None
    """A Secret in the namespace with the key `access-key`; default: one of ours, from `audit:sysdigAccessKey`."""
    verify_ssl: bool = Field(default=True, alias="verifySSL")
    """Verify the collector's certificate."""
    ca: Authorities | None = None
    """Who signed the collector's certificate, where that is no public authority."""

    @model_validator(mode="after")
    def _only_what_is_used(self) -> Self:
        unused = OF_A_CHART if self.install == "none" else OF_A_SERVICE
        why = "only a Service is made" if self.install == "none" else "the chart makes its own Service"
        given = [type(self).model_fields[key].alias or key for key in unused if key in self.model_fields_set]
        if given:
            raise ValueError(f"{', '.join(given)}: not used with install: {self.install}, where {why}")
        if self.backend.api_endpoint and not self.backend.collector:
            raise ValueError("backend.collector is missing: on premises the agent sends to the collector")
        if self.install == "sysdig-deploy" and self.backend.collector and not self.backend.api_endpoint:
            raise ValueError("backend.apiEndpoint is missing: on premises the umbrella's other parts ask it")
        return self

    def makes_namespace(self) -> bool:
        """Whether the namespace is ours to make; not where a Secret is in it already."""
        return super().makes_namespace() and not self.existing_secret

    def secrets(self) -> frozenset[str]:
        """The access key, unless an agent or a Secret is there already."""
        return frozenset() if self.install == "none" or self.existing_secret else frozenset({"sysdigAccessKey"})
