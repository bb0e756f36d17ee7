"""A stack's whole configuration, judged at once: the same judge for the engine's values and for a file's text."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.forwarder_kinds import FORWARDERS, BentoForwarder, ForwarderKind, NoForwarder
from k8s_audit.config.model import ConfigModel, Name
from k8s_audit.config.platforms.local import LocalPlatform
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.policy import PolicyConfig
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.config.registry import DELIVERIES, FORMER, PLATFORMS, RECEIVERS, SECRETS
from k8s_audit.config.ssh import PRIVATE_KEY
from k8s_audit.config.streams import stream_faults, streams
from k8s_audit.control_plane.versions import OLDEST, TLS_SERVER_NAME, lacking, minor
from k8s_audit.errors import ConfigError
from k8s_audit.faults import faults_of, nearest, shown, spelled

PROJECT = "audit"
"""The Pulumi project's name, and so the namespace of its keys."""
KEYS = ("cluster", "platform", "receivers", "policy", "delivery", "forwarder")
Model = TypeVar("Model", bound=ConfigModel)
OPTIONAL = ("policy", "delivery")
CODE_POINTS = 256 * 1024
"""Characters of one value; far more than a stack needs, and no parser stumbles over it."""
DEPTH = 64
"""Levels of one value; far more than a stack needs, and nothing that looks at it recursively fails."""
PUBLIC = re.compile(r"""((?:[^'"]|(['"]).\2)*).*""", re.DOTALL)
"""What a YAML parser says up to the first words that it quotes; a single quoted character is its own."""


class Cluster(ConfigModel):
    """`audit:cluster`."""

    name: Name
    kubeconfig: str | None = None
    """Path of a kubeconfig that may create ConfigMaps and read /metrics: for the proof of delivery."""


@dataclass(frozen=True)
class Stack:
    """A configuration without faults."""

    cluster: Cluster
    platform: PlatformConfig
    receivers: list[ReceiverConfig]
    policy: PolicyConfig
    delivery: DeliveryConfig
    forwarder: ForwarderKind = field(default_factory=BentoForwarder)
    """Of no account but where events leave by a stream."""
    secrets: frozenset[str] = frozenset()
    """Its secret keys that are set."""

    @property
    def streams(self) -> bool:
        """Whether events leave the cluster by a cloud's stream."""
        return streams(self.platform)

    @property
    def takes_events(self) -> bool:
        """Whether a receiver takes audit events; else all of them judge AdmissionReviews."""
        return any(receiver.takes() == "events" for receiver in self.receivers)

    def proof_timeout(self) -> str:
        """How long the proof of delivery waits for API servers that send events themselves."""
        return self.delivery.check_timeout or self.platform.proof_timeout

    def warnings(self) -> list[str]:
        """What a preview says about it."""
        receivers = [f"receiver {one.name}: {text}" for one in self.receivers for text in one.warnings()]
        return [*self.platform.warnings(), *receivers]


def load_stack(values: Mapping[str, str], secrets: Collection[str] = ()) -> Stack:
    """Judge a stack's configuration.

    Args:
        values: as the engine hands them to a program: full keys, structured values as JSON text.
        secrets: the full keys whose values are secret.

    Raises:
        ConfigError: with all faults at once; a secret's value is in none of them.
    """
    faults: list[str] = []
    own = {key.removeprefix(f"{PROJECT}:"): text for key, text in values.items() if key.startswith(f"{PROJECT}:")}
    secret = {key.removeprefix(f"{PROJECT}:") for key in secrets}
    for key in sorted(own.keys() - set(KEYS) - set(SECRETS)):
        faults.append(f"audit:{spelled(key)}: unknown key; {nearest(key, [*KEYS, *SECRETS])}")
    parts: dict[str, Any] = {}
    for key in KEYS:
        if key in own and key in secret:
            faults.append(f"audit:{key}: is secret as a whole; only these are secret: {', '.join(SECRETS)}")
        elif key in own:
            _parse(key, own[key], parts, faults)
        elif key in ("cluster", "platform"):
            faults.append(f"audit:{key}: missing")
    cluster = _model(Cluster, "cluster", parts, faults)
    platform = _kind(PLATFORMS, "audit:platform", parts["platform"], faults) if "platform" in parts else None
    forwarder = _forwarder(parts, platform, faults)
    receivers = _receivers(parts, isinstance(forwarder, NoForwarder), faults)
    faults += _secrets(own.keys() & set(SECRETS), secret, platform, receivers)
    if platform:
        faults += platform.secret_faults({key: own[key] for key in platform.secrets() & secret if own.get(key)})
    for receiver in receivers or []:
        faults += receiver.secret_faults({key: own[key] for key in receiver.secrets() & secret if own.get(key)})
    policy = _model(PolicyConfig, "policy", parts, faults)
    delivery = _delivery(parts, faults)
    if platform and platform.fixed_policy and "policy" in parts:
        why = platform.policy_reason or f"the maker of a cluster of kind {platform.kind} alone decides its policy"
        faults.append(f"audit:policy: {why}; take it out")
    elif policy:
        try:
            policy.load()
        except ConfigError as error:
            faults += error.faults
    faults += _combinations(cluster, platform, receivers or [])
    if platform and (version := getattr(platform, "kubernetes_version", None)):
        faults += _version_faults(version, delivery, receivers or [])
    if delivery and platform and receivers:
        faults += _delivery_faults(delivery, platform, receivers)
    if cluster and platform and forwarder and receivers is not None and streams(platform):
        faults += stream_faults(platform, forwarder, receivers, bool(cluster.kubeconfig), "forwarder" in parts)
    if faults or not (cluster and platform and receivers is not None and policy and delivery and forwarder):
        raise ConfigError(list(dict.fromkeys(faults)))
    return Stack(cluster, platform, receivers, policy, delivery, forwarder, frozenset(own.keys() & secret))


def read_stack_file(text: str) -> tuple[dict[str, str], set[str]]:
    """The values and secret keys of a stack file, as the engine would hand them on; a secret's value is left out.

    Raises:
        ConfigError: the text is no stack file.
    """
    document = _document(text)
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        given = f"the keys {shown(list(document))}" if isinstance(document, dict) else type(document).__name__
        raise ConfigError([f"a mapping with the key config, itself a mapping, is needed; given: {given}"])
    return _values(config)


def imports_environments(text: str) -> bool:
    """Whether a stack file takes values from environments of Pulumi ESC, which are not in it."""
    document = _document(text)
    return isinstance(document, dict) and bool(document.get("environment"))


def read_project_file(text: str) -> tuple[dict[str, str], set[str]]:
    """The same of a Pulumi.yaml: what the engine takes where a stack's own file has not the key; it merges nothing.

    https://www.pulumi.com/docs/iac/concepts/config/#project-level-configuration

    Raises:
        ConfigError: the text is none, or a value in it is none.
    """
    document = _document(text)
    config = document.get("config") if isinstance(document, dict) else None
    entries = config if isinstance(config, dict) else {}
    return _values({name: value for name, entry in entries.items() for value in _default(entry)})


@lru_cache(maxsize=8)
def _document(text: str) -> Any:
    """As data, which nobody changes; kept, since a command asks twice of a stack's file, and for each stack of Pulumi.yaml."""
    try:
        return YAML(typ="safe", pure=True).load(text)
    except Exception as error:  # where a tag does not fit its value, ruamel.yaml lets out what comes, such as KeyError
        raise ConfigError([f"no YAML: {_why(error)}"]) from None


def _default(entry: Any) -> list[Any]:
    """The value of an entry; none where it only declares a type."""
    if not isinstance(entry, dict):
        return [entry]
    return [entry[key] for key in ("value", "default") if key in entry][:1]


def _values(config: Mapping[Any, Any]) -> tuple[dict[str, str], set[str]]:
    values: dict[str, str] = {}
    secrets: set[str] = set()
    faults: list[str] = []
    for name, value in config.items():
        key = name if isinstance(name, str) else shown(name)
        key = key if ":" in key else f"{PROJECT}:{key}"
        if not isinstance(name, str) or key.count(":") > 1:
            faults.append(f"{spelled(key)}: no key; given: {shown(name)}; allowed: <namespace>:<name>")
        elif excess := _excess(value):
            faults.append(f"{spelled(key)}: {excess}")
        elif _holds_secret(value):
            secrets.add(key)
            values[key] = ""
        else:
            try:
                values[key] = _text(value)
            except (TypeError, ValueError) as error:
                faults.append(f"{spelled(key)}: no JSON can be made of it: {error}")
    if faults:
        raise ConfigError(faults)
    return values, secrets


def _why(error: Exception) -> str:
    """What is wrong with a YAML text and where, without a word of the text: a secret may stand there."""
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    if not isinstance(error, MarkedYAMLError) or mark is None:
        return f"a character that may not stand there, or a value that its tag does not fit ({type(error).__name__})"
    problem = str(error.problem)
    said = PUBLIC.sub(r"\1", problem, count=1)
    return f"line {mark.line + 1}, column {mark.column + 1}: {said}{'…' if said != problem else ''}"


def _excess(value: Any) -> str:
    """Why a value is too much to judge: nested too deep or, by YAML's aliases, far larger than its text; or nothing."""
    pending = [(value, 1)]
    size = 0
    while pending:
        part, depth = pending.pop()
        size += len(part) if isinstance(part, str) else 1
        if depth > DEPTH:
            return f"is nested too deep; allowed: {DEPTH} levels"
        if size + len(pending) > CODE_POINTS:
            return f"is too large; allowed: {CODE_POINTS} characters"
        pending += [(child, depth + 1) for child in _children(part)]
    return ""


def _holds_secret(value: Any) -> bool:
    """Whether any part of it is encrypted; the engine, too, then calls the whole key secret."""
    return (isinstance(value, dict) and "secure" in value) or any(map(_holds_secret, _children(value)))


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """A value as the engine hands it on."""
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, bool | dict | list | set) else str(value)


def _secrets(
    present: set[str], secret: set[str], platform: PlatformConfig | None, receivers: list[ReceiverConfig] | None
) -> list[str]:
    """Faults of the keys that hold secrets: one in plain text, one that nobody uses, one that is missing."""
    faults = [
        f"audit:{key}: must be secret; set it with `pulumi config set --secret {key}` and change the one in the file"
        for key in sorted(present - secret)
    ]
    if receivers is not None:
        needed = {key: receiver.name for receiver in receivers for key in receiver.secrets()}
        used = needed.keys() | (platform.secrets() if platform else {PRIVATE_KEY})
        faults += [f"audit:{key}: nothing in this stack uses it" for key in sorted(present & secret - used)]
        faults += [
            f"audit:{key}: missing; receiver {needed[key]} needs it: `pulumi config set --secret {key}`"
            for key in sorted(needed.keys() - present)
        ]
    return faults


def _parse(key: str, text: str, parts: dict[str, Any], faults: list[str]) -> None:
    if len(text) > CODE_POINTS:
        faults.append(f"audit:{key}: has {len(text)} characters; allowed: {CODE_POINTS}")
        return
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    if excess := _excess(value):
        faults.append(f"audit:{key}: {excess}")
    else:
        parts[key] = value


def _model(model: type[Model], key: str, parts: Mapping[str, Any], faults: list[str]) -> Model | None:
    return _validate(model, f"audit:{key}", parts.get(key, {}), faults) if key in parts or key in OPTIONAL else None


def _validate(model: type[Model], path: str, value: Any, faults: list[str]) -> Model | None:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults += faults_of(error, model, path)
    except RecursionError:
        faults.append(f"{path}: is nested too deep")
    return None


def _kind(registry: Mapping[str, type[ConfigModel] | None], path: str, value: Any, faults: list[str]) -> Any:
    """Judge a value by the model that its `kind` picks."""
    built = [kind for kind, model in registry.items() if model]
    if not isinstance(value, dict):
        faults.append(f"{path}: a mapping with the key kind is needed; given: {shown(value)}")
        return None
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in registry:
        if registry is PLATFORMS and str(kind) in FORMER:
            today = FORMER[str(kind)]
            state = "" if registry[today] else f", which is not built yet; allowed: {', '.join(built)}"
            faults.append(f"{path}.kind: {kind} is what enable-k8s-audit.sh calls it; today's kind is {today}{state}")
            return None
        what = "missing" if "kind" not in value else f"unknown; given: {shown(kind)}"
        faults.append(f"{path}.kind: {what}; {nearest(str(kind), built)}")
        return None
    model = registry[kind]
    if model is None:
        faults.append(f"{path}.kind: {kind} is not built yet; allowed: {', '.join(built)}")
        return None
    return _validate(model, path, value, faults)


def _forwarder(parts: Mapping[str, Any], platform: PlatformConfig | None, faults: list[str]) -> ForwarderKind | None:
    """What brings events from the stream on: a mapping, or its kind alone."""
    value = parts.get("forwarder", {})
    if "forwarder" in parts and platform and not streams(platform):
        faults.append(
            f"audit:forwarder: the API servers of a cluster of kind {platform.kind} send events themselves; a forwarder reads"
            " a cloud's stream; take it out"
        )
        return None
    if isinstance(value, str):
        value = {"kind": value}
    if isinstance(value, dict) and "kind" not in value:
        value = value | {"kind": "bento"}
    found: ForwarderKind | None = _kind(FORWARDERS, "audit:forwarder", value, faults)
    return found


def _receivers(parts: Mapping[str, Any], may_be_none: bool, faults: list[str]) -> list[ReceiverConfig] | None:
    if "receivers" not in parts:
        if not may_be_none:
            faults.append("audit:receivers: missing")
        return [] if may_be_none else None
    value = parts["receivers"]
    if value == [] and may_be_none:
        return []
    if not isinstance(value, list) or not value:
        faults.append(f"audit:receivers: a list with at least one receiver is needed; given: {shown(value)}")
        return None
    found = [_kind(RECEIVERS, f"audit:receivers[{index}]", entry, faults) for index, entry in enumerate(value)]
    return found if all(found) else None


def _delivery(parts: Mapping[str, Any], faults: list[str]) -> DeliveryConfig | None:
    value = parts.get("delivery", {})
    kind = value.get("kind") if isinstance(value, dict) else None
    if isinstance(kind, str) and not DELIVERIES.get(kind, True):
        built = [name for name, is_built in DELIVERIES.items() if is_built]
        faults.append(f"audit:delivery.kind: {kind} is not built yet; allowed: {', '.join(built)}")
        return None
    return _model(DeliveryConfig, "delivery", parts, faults)


def _combinations(
    cluster: Cluster | None, platform: PlatformConfig | None, receivers: list[ReceiverConfig]
) -> list[str]:
    """What only shows when several parts are looked at together."""
    faults: list[str] = []
    ports: dict[int, str] = {}
    if isinstance(platform, LocalPlatform):
        if cluster and cluster.kubeconfig:
            faults.append("audit:cluster.kubeconfig: the local platform makes its own; take it out")
        named = platform.ports.model_dump(by_alias=True)
        for name, port in named.items():
            _claim(ports, port, f"audit:platform.ports.{name}", faults)
    if platform and platform.needs_kubeconfig and cluster and not cluster.kubeconfig:
        faults.append("audit:cluster.kubeconfig: missing; the proof of delivery asks each API server with it")
    faults += platform.faults() if platform else []
    for index, receiver in enumerate(receivers):
        for key, port in receiver.ports().items():
            _claim(ports, port, f"audit:receivers[{index}].{key}", faults)
    return faults + _receiver_combinations(cluster, platform, receivers)


def _receiver_combinations(
    cluster: Cluster | None, platform: PlatformConfig | None, receivers: list[ReceiverConfig]
) -> list[str]:
    """Faults of the receivers together, and of a receiver on this platform."""
    faults: list[str] = []
    events = [receiver.name for receiver in receivers if receiver.takes() == "events"]
    if len(events) > 1:
        faults.append(
            f"audit:receivers: {', '.join(events)} take audit events; "
            + (
                "a forwarder takes one receiver"
                if streams(platform)
                else "an API server's webhook takes one receiver, and the relay is not built yet"
            )
        )
    names: dict[str, int] = {}
    for index, receiver in enumerate(receivers):
        if receiver.name in names:
            faults.append(f"audit:receivers[{index}].name: {receiver.name} is receivers[{names[receiver.name]}]'s too")
        names.setdefault(receiver.name, index)
        if receiver.in_cluster and isinstance(platform, LocalPlatform):
            faults.append(
                f"audit:receivers[{index}]: a receiver of kind {receiver.kind} runs in the cluster, and the local platform has no node;"
                " allowed there: recorder, http"
            )
        elif receiver.in_cluster and cluster and not cluster.kubeconfig:
            faults.append(
                f"audit:cluster.kubeconfig: missing; receiver {receiver.name} is placed in the cluster with it"
            )
    faults += platform.receiver_faults(receivers) if platform else []
    return list(dict.fromkeys(faults))


def _delivery_faults(delivery: DeliveryConfig, platform: PlatformConfig, receivers: list[ReceiverConfig]) -> list[str]:
    """A kind that does not fit platform and receivers; flags of an API server that is not ours to set."""
    events = any(receiver.takes() == "events" for receiver in receivers)
    unfit = platform.delivery_faults(delivery) if events else []
    allowed = platform.ways() if events else ("admission",)
    if delivery.kind and delivery.kind not in allowed:
        takers = ", ".join(f"{receiver.name} takes {receiver.takes()}" for receiver in receivers)
        return [
            f"audit:delivery.kind: {delivery.kind} does not fit: {takers}, platform {platform.kind}; allowed:"
            f" {', '.join(allowed)}, or leave it out",
            *unfit,
        ]
    if (delivery.kind or allowed[0]) != "stream":
        return unfit
    return [
        f"audit:delivery.{key}: is for API servers that send events themselves; a stream has no such setting"
        for key in delivery.of_api_servers()
    ]


def _version_faults(text: str, delivery: DeliveryConfig | None, receivers: list[ReceiverConfig]) -> list[str]:
    """What API servers of an old version lack."""
    version = minor(text)
    if version < OLDEST:
        return [
            f"audit:platform.kubernetesVersion: {text}; 1.{OLDEST[1]} is the oldest whose API server has what is needed"
        ]
    flags = delivery.flags().arguments("policy", "webhook") if delivery else {}
    faults = [f"audit:delivery: {fault}" for fault in lacking(version, flags)]
    named = [index for index, receiver in enumerate(receivers) if getattr(receiver, "tls_server_name", None)]
    if version < TLS_SERVER_NAME:
        faults += [
            f"audit:receivers[{index}].tlsServerName: kube-apiserver {text} knows none, it came with 1.{TLS_SERVER_NAME[1]}; use a"
            " name that is in the receiver's certificate"
            for index in named
        ]
    return faults


def _claim(ports: dict[int, str], port: int, key: str, faults: list[str]) -> None:
    if port in ports:
        faults.append(f"{key}: {port} is already {ports[port]}; each needs a port of its own")
    ports.setdefault(port, key)
