"""What all receivers share that a Helm chart installs: where the chart comes from, where its pods run, further values.

Which values a chart knows is not judged here: that needs the chart itself (`receivers/helm/values.py`).
"""

import re
from ipaddress import ip_network
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from k8s_audit.config.model import ConfigModel, Name
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.faults import CREDENTIAL, nearest, shown

FORWARDER = "forwarder"
KONNECTIVITY = "konnectivity"
"""https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/"""
TOLERATION = ("key", "operator", "value", "effect", "tolerationSeconds")
"""https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#scheduling"""


def _repository(url: str) -> str:
    if "@" in url:
        why = "a URL with a credential would lie in the state in plain text; use `helm registry login`"
        raise PydanticCustomError(CREDENTIAL, why)
    if not re.fullmatch(r"(https?|oci)://[^\s?#]+", url):
        raise ValueError("a repository's URL begins with https://, http:// or oci://, and has no query")
    return url.rstrip("/")


def _source(text: str) -> str:
    if text in (KONNECTIVITY, FORWARDER):
        return text
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(
            f"a CIDR without host bits is needed, such as 10.0.0.11/32, or {KONNECTIVITY}, or {FORWARDER}"
        ) from None
    if "/" not in text:
        raise ValueError(f"a CIDR has its length, such as {text}/{ip_network(text).prefixlen}")
    return text


def _version(text: str) -> str:
    if not re.fullmatch(r"v?\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?", text, re.ASCII):
        raise ValueError("one exact version is needed, such as 1.49.4")
    return text


def _registry(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+(:\d+)?(/[\w.-]+)*", text, re.ASCII):
        raise ValueError("a registry is host, host:port or host/path, without https://")
    return text


def _digest(text: str) -> str:
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise ValueError("a digest is sha256: and 64 hexadecimal digits")
    return text


def _toleration(given: dict[str, Any]) -> dict[str, Any]:
    for key in given:
        if key not in TOLERATION:
            raise ValueError(f"{key}: unknown key of a toleration; {nearest(key, list(TOLERATION))}")
    if given.get("operator", "Equal") not in ("Equal", "Exists"):
        raise ValueError(f"operator: allowed: Equal, Exists; given: {shown(given['operator'])}")
    if given.get("effect", "") not in ("", "NoSchedule", "PreferNoSchedule", "NoExecute"):
        raise ValueError(f"effect: allowed: NoSchedule, PreferNoSchedule, NoExecute; given: {shown(given['effect'])}")
    return given


Source = Annotated[str, AfterValidator(_source)]
"""Who may reach a receiver's port: the CIDR of an API server, or `konnectivity`, through whose agents a cloud's API server comes, or
`forwarder`: the pods that bring events from a cloud's stream."""


class ChartConfig(ConfigModel):
    """`chart`: where a receiver's chart comes from; default: its publisher's repository, at the pinned version."""

    repository: Annotated[str, AfterValidator(_repository)] | None = None
    """A mirror: https://, http:// or oci://; the chart lies below it under its own name."""
    path: str | None = None
    """A folder or a .tgz on this machine; a relative one counts from the project's folder."""
    version: Annotated[str, AfterValidator(_version)] | None = None
    """Default: the version that this package is tested with."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.repository and self.path:
            raise ValueError("repository and path exclude each other")
        return self


class WorkloadConfig(ConfigModel):
    """`workload`: where its images come from, and on which nodes its pods run."""

    registry: Annotated[str, AfterValidator(_registry)] | None = None
    """A mirror of the images' registry, such as `registry.example.com/mirror`."""
    digest: Annotated[str, AfterValidator(_digest)] | None = None
    """Of the receiver's image; stands in for its tag."""
    pull_secrets: list[Name] = Field(default_factory=list)
    """Names of Secrets in the receiver's namespace."""
    tolerations: list[Annotated[dict[str, Any], AfterValidator(_toleration)]] = Field(default_factory=list)
    """As a pod spells them."""
    node_selector: dict[str, str] = Field(default_factory=dict)
    priority_class: Name | None = None


class HelmReceiver(ReceiverConfig):
    """A receiver that a Helm chart installs. A kind's model adds the typed keys of its chart."""

    in_cluster: ClassVar[bool] = True
    namespace: Name
    chart: ChartConfig = ChartConfig()
    workload: WorkloadConfig = WorkloadConfig()
    values: dict[str, Any] = Field(default_factory=dict)
    """The chart's own values, for what has no typed key; one that a typed key sets too is an error."""
    adopt: bool = False
    """Take over the release of this name that is there already, and bring it to this configuration; `destroy` uninstalls it."""
    create_namespace: bool = True
    """Make the namespace, and remove it on `destroy`; false: it is there already and stays, as with `adopt`."""
    wait: bool = True
    """Wait until the receiver's pods are ready, and take a failed installation back."""

    def makes_namespace(self) -> bool:
        """Whether the namespace is this stack's."""
        return self.create_namespace and not self.adopt

    def warnings(self) -> list[str]:
        """What taking over means."""
        if not self.adopt:
            return []
        return [
            f"adopt: release {self.namespace}/{self.name} becomes this stack's, and `destroy` uninstalls it; a credential that lies in its"
            " present values in plain text passes through the state: rotate it afterwards"
        ]
