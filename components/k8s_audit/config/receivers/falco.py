"""`kind: falco`: Falco with its k8saudit plugin alone, by its own chart; no driver, no system calls."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from ruamel.yaml import YAML

from k8s_audit.config.model import ConfigModel, Name, Port, Size
from k8s_audit.config.receivers.helm import HelmReceiver, Source

PORT = 9765
BODY_LIMIT, EVENT_LIMIT = 12 * 2**20, 256 * 2**10
"""Bytes: the plugin's own webhookMaxBatchSize and maxEventSize
(https://github.com/falcosecurity/plugins/blob/main/plugins/k8saudit/pkg/k8saudit/config.go)."""
MOST = 900_000
"""Bytes of all rules; a ConfigMap takes 1 MiB."""


def _rules(text: str) -> str:
    try:
        found = YAML(typ="safe", pure=True).load(text)
    except Exception as error:  # a tag that does not fit its value lets out what comes
        raise ValueError(f"no YAML ({type(error).__name__})") from None
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise ValueError("rules are a YAML list of rules, macros and lists")
    return text


def _rules_file(path: str) -> str:
    try:
        _rules(Path(path).expanduser().read_text("utf-8"))
    except (OSError, RuntimeError) as error:
        raise ValueError(f"the file cannot be read: {getattr(error, 'strerror', error)}") from None
    return path


Rules = Annotated[str, AfterValidator(_rules)]
RulesFile = Annotated[str, AfterValidator(_rules_file)]
Reference = Annotated[str, Field(pattern=r"^[\w.-]+(:\d+)?(/[\w.-]+)+[:@][\w.:-]+$")]
FileName = Annotated[str, Field(pattern=r"^[\w-][\w.-]{0,200}\.ya?ml$")]


class SidekickConfig(ConfigModel):
    """`sidekick`: falcosidekick, which passes Falco's alerts on."""

    existing_secret: Name | None = None
    """A Secret in the namespace with its settings as environment variables, such as `SLACK_WEBHOOKURL`."""
    replicas: int = Field(default=2, ge=1)


class ArtifactsConfig(ConfigModel):
    """`artifacts`: plugins and rules that falcoctl fetches when a pod starts."""

    install: bool = True
    """False: the image has the plugins already; Falco's own rules are not fetched then."""
    rules: bool = True
    """Falco's own rules for audit events."""
    refs: list[Reference] = Field(default_factory=list)
    """All of them by their whole references, as of a mirror: plugins k8saudit and json, and the rules; default: the chart's."""


class FalcoReceiver(HelmReceiver):
    """Falco."""

    kind: Literal["falco"]
    namespace: Name = "falco"
    port: Port = PORT
    """TCP, of its Service and its pods."""
    tls: bool = False
    """HTTPS, with a certificate of ours that its Service's name has."""
    body_limit: Size = BODY_LIMIT
    event_limit: Size = EVENT_LIMIT
    rules: dict[FileName, Rules] = Field(default_factory=dict)
    """Rules of one's own: file name → YAML. They lie in a ConfigMap."""
    rules_files: list[RulesFile] = Field(default_factory=list)
    """Paths of such files; a relative one counts from the project's folder."""
    artifacts: ArtifactsConfig = ArtifactsConfig()
    sidekick: SidekickConfig | None = None
    replicas: int = Field(default=1, ge=1)
    admit: list[Source] = Field(default_factory=list)
    """CIDRs of the API servers, for a NetworkPolicy; default: none is made."""

    @model_validator(mode="after")
    def _rules_are_there_once(self) -> Self:
        names = [*self.rules, *(Path(path).name for path in self.rules_files)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rules and rulesFiles: {', '.join(twice)} is there twice")
        if not names and not (self.artifacts.rules and self.artifacts.install):
            raise ValueError("without artifacts.rules there are none at all: give rules or rulesFiles")
        if sum(len(text.encode()) for text in self.all_rules().values()) > MOST:
            raise ValueError(f"rules: all together have more than {MOST} bytes, which a ConfigMap does not take")
        if self.port == 8765:
            raise ValueError("port: 8765 is Falco's own health server's")
        return self

    def all_rules(self) -> dict[str, str]:
        """The rules of one's own by file name."""
        read: dict[str, Any] = {
            Path(path).name: Path(path).expanduser().read_text("utf-8") for path in self.rules_files
        }
        return self.rules | read

    def warnings(self) -> list[str]:
        """What loses events, or shows them."""
        found = super().warnings()
        if not self.tls:
            found.append("tls: false: events travel through the cluster's network in clear text")
        found.append(
            "Falco answers before it reads a batch: it drops an event of more than eventLimit, and what it has not read when its"
            " pod ends is lost"
        )
        return found
