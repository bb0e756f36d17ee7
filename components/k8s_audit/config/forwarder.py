"""What a stack's file may say of a forwarder: where its pods run, how many, who may reach them and whom they may reach.

What it forwards is not said here: the pipeline is made of the platform's and the receiver's settings.
"""

import re
from ipaddress import ip_network
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from k8s_audit.config.model import ConfigModel, Name
from k8s_audit.config.receivers.helm import WorkloadConfig

LEAST_MEMORY = 256
"""MiB. Bento 1.20 takes 104 before its first event."""
HTTPS = 443
NAMESPACE, SERVICE_ACCOUNT = "k8s-audit", "k8s-audit-forwarder"
NAME = "k8s-audit-forwarder"
"""Of a stack's forwarder; the commands find its pods by it."""
ANYWHERE = ("0.0.0.0/0", "::/0")


def _memory(text: str) -> str:
    found = re.fullmatch(r"(\d{1,6})(Mi|Gi)", text, re.ASCII)
    if found is None:
        raise ValueError("memory is a whole number of Mi or Gi, such as 512Mi")
    if int(found[1]) * (1024 if found[2] == "Gi" else 1) < LEAST_MEMORY:
        raise ValueError(f"at least {LEAST_MEMORY}Mi is needed")
    return text


def _cpu(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,4}m?", text, re.ASCII):
        raise ValueError("cpu is a number of cores or of thousandths of one, such as 2 or 500m")
    return text


def _cidr(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError("a CIDR is needed, such as 10.0.0.0/16 or fd00::/64") from None
    if "/" not in text:
        raise ValueError(f"a CIDR has its length, such as {text}/32")
    return text


Memory = Annotated[str, AfterValidator(_memory)]
Cpu = Annotated[str, AfterValidator(_cpu)]
Cidr = Annotated[str, AfterValidator(_cidr)]
TcpPort = Annotated[int, Field(ge=1, le=65535)]
Replicas = Annotated[int, Field(ge=1, le=100)]


class Destination(ConfigModel):
    """Whom the forwarder may call: addresses, or the pods of a namespace."""

    cidr: Cidr | None = None
    namespace: Name | None = None
    """Of the cluster. The address of a Service is none of a pod's: for a receiver in the cluster, name its namespace."""
    ports: list[TcpPort] = Field(min_length=1)
    """TCP; of pods, where they listen, not their Service's."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.cidr is None) == (self.namespace is None):
            raise ValueError("a destination has either cidr or namespace")
        return self


def _anywhere() -> list[Destination]:
    return [Destination(cidr=cidr, ports=[HTTPS]) for cidr in ANYWHERE]


class NetworkConfig(ConfigModel):
    """`network`: the NetworkPolicy of its pods."""

    enabled: bool = True
    receivers: list[Destination] = Field(default_factory=list)
    """Where the receiver is; default: told from the receiver of the stack."""
    cloud: list[Destination] = Field(default_factory=_anywhere)
    """Where the cloud's API is; default: TCP 443 of any address. An Event Hub needs 9093."""
    metrics_from: dict[str, str] = Field(default_factory=lambda: {"kubernetes.io/metadata.name": "monitoring"})
    """Labels of the namespaces that may read the metrics; empty: nobody may."""


class AutoscalingConfig(ConfigModel):
    """`autoscaling`: a HorizontalPodAutoscaler on CPU; needs the metrics API."""

    min_replicas: Replicas = 2
    max_replicas: Replicas = 6
    target_cpu: Annotated[int, Field(alias="targetCPU", ge=10, le=100)] = 70
    """Percent of `cpu`."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.max_replicas < self.min_replicas:
            raise ValueError("maxReplicas is less than minReplicas")
        return self


class KedaConfig(ConfigModel):
    """`keda`: a ScaledObject, for scaling on what waits in the stream; needs KEDA in the cluster (https://keda.sh)."""

    min_replicas: Replicas = 2
    max_replicas: Replicas = 6
    triggers: list[dict[str, Any]] = Field(min_length=1)
    """As KEDA spells them; credentials belong into a TriggerAuthentication that `authenticationRef` names."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.max_replicas < self.min_replicas:
            raise ValueError("maxReplicas is less than minReplicas")
        for index, trigger in enumerate(self.triggers):
            if not isinstance(trigger.get("type"), str) or not isinstance(trigger.get("metadata"), dict):
                raise ValueError(f"triggers[{index}]: a trigger has type and metadata")
        return self


class MonitoringConfig(ConfigModel):
    """`monitoring`: what Prometheus and Grafana in the cluster are told."""

    pod_monitor: bool = False
    """A PodMonitor; needs the Prometheus operator."""
    rules: bool = False
    """The alerts as a PrometheusRule; needs the Prometheus operator."""
    dashboard: bool = False
    """The dashboard in a ConfigMap with the label `grafana_dashboard`."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Of PodMonitor and PrometheusRule, by which a Prometheus picks its own, such as `release: prometheus`."""


class ForwarderConfig(ConfigModel):
    """`forwarder`: the pods that bring events from a cloud's stream to a receiver."""

    namespace: Name = NAMESPACE
    create_namespace: bool = True
    """Make the namespace, and remove it on `destroy`; false: it is there already and stays."""
    service_account: Name = SERVICE_ACCOUNT
    workload: WorkloadConfig = WorkloadConfig()
    replicas: Replicas = 2
    """Without `autoscaling` and `keda`."""
    cpu: Cpu = "500m"
    """Requested. The engine runs on as many cores, at least one; more is no use to it."""
    memory: Memory = "512Mi"
    """Requested and the limit."""
    autoscaling: AutoscalingConfig | None = None
    keda: KedaConfig | None = None
    network: NetworkConfig = NetworkConfig()
    monitoring: MonitoringConfig = MonitoringConfig()
    wait: bool = True
    """Wait until its pods read the stream."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.autoscaling and self.keda:
            raise ValueError("autoscaling and keda exclude each other")
        if "replicas" in self.model_fields_set and (self.autoscaling or self.keda):
            raise ValueError("replicas is of no account with autoscaling or keda: leave it out")
        return self
