"""`audit:forwarder`: what brings events from a cloud's stream to the receiver, one model a kind.

`bento` is ours and the default, `sysdig` the cloud's forwarder of the seed, `none` leaves it to the forwarder of another stack. Only clouds whose
events leave by a stream know this key.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from k8s_audit.config.forwarder import NAMESPACE, ForwarderConfig
from k8s_audit.config.model import ConfigModel, Duration, Name
from k8s_audit.config.receivers.helm import WorkloadConfig

Glob = Annotated[str, StringConstraints(pattern="^[!-~]+$", max_length=253)]
"""Such as `system:*`, `get`, `pods/log`, `kube-*`: `*` is any text, `?` any character."""


class FilterConfig(ConfigModel):
    """One of `filters`: an event that fits all that is given goes no further; the marked ones of a proof of delivery do."""

    users: list[Glob] = Field(default_factory=list)
    verbs: list[Glob] = Field(default_factory=list)
    resources: list[Glob] = Field(default_factory=list)
    """As audit policies write them, subresources by `/`: `pods/log`."""
    namespaces: list[Glob] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_narrow(self) -> Self:
        if not (self.users or self.verbs or self.resources or self.namespaces):
            raise ValueError("a filter without users, verbs, resources or namespaces would drop every event")
        return self


class BentoForwarder(ForwarderConfig):
    """Ours: pods of Bento, at least once, in seconds."""

    hints: ClassVar[dict[str, str]] = {
        "identity": "the platform says how the pods prove who they are: its own key identity",
    }
    kind: Literal["bento"] = "bento"
    filters: list[FilterConfig] = Field(default_factory=list)
    """What is not sent on."""

    def pods(self) -> dict[str, Any]:
        """What the component of the pods takes as its settings."""
        return self.model_dump(by_alias=True, exclude_unset=True, exclude={"kind", "filters"})


class SysdigForwarder(ConfigModel):
    """The seed's: the cloud's forwarder by Sysdig, for those who run it today."""

    kind: Literal["sysdig"]
    namespace: Name = NAMESPACE
    create_namespace: bool = True
    """Make the namespace, and remove it on `destroy`; false: it is there already and stays."""
    workload: WorkloadConfig = WorkloadConfig()
    poll_interval: Duration | None = None
    """How often it asks the cloud; default: the seed's."""


class NoForwarder(ConfigModel):
    """None here: another stack's reads the stream, of this cluster too."""

    kind: Literal["none"]


ForwarderKind = BentoForwarder | SysdigForwarder | NoForwarder
FORWARDERS: dict[str, type[ConfigModel]] = {
    "bento": BentoForwarder,
    "sysdig": SysdigForwarder,
    "none": NoForwarder,
}
