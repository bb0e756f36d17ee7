"""The user's own configuration of a cluster as YAML, comments and order kept, and what of its audit flags stays."""

from collections.abc import Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from k8s_audit.control_plane.static_pod import LOG_FLAGS
from k8s_audit.errors import ConfigError
from k8s_audit.faults import spelled

KEY = "audit:platform.config"
FILES = "files"
"""The folder below `folder` that nodes mount; the configuration lies beside it, where they do not see it."""


def load(text: str, api_version: str, kind: str) -> Any:
    """A configuration.

    Args:
        text: YAML; empty: there is none, and a bare one is made.
        api_version: the one that is known.
        kind: likewise.

    Raises:
        ConfigError: it is none of that kind.
    """
    try:
        document = _yaml().load(text or f"kind: {kind}\napiVersion: {api_version}\n")
    except (YAMLError, ValueError) as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError([f"{KEY}: no YAML{where}"]) from None
    found = (document.get("apiVersion"), document.get("kind")) if isinstance(document, dict) else (None, None)
    if found != (api_version, kind):
        raise ConfigError([f"{KEY}: apiVersion {found[0]}, kind {found[1]}; allowed: {api_version}, {kind}"])
    return document


def dump(document: Any) -> str:
    """As text."""
    out = StringIO()
    _yaml().dump(document, out)
    return out.getvalue()


def listed(document: Any, key: str, where: str = "") -> list[Any]:
    """A list of mappings in it, made where it is missing.

    Raises:
        ConfigError: something else is there.
    """
    if not document.get(key):
        document[key] = []
    found = document[key]
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ConfigError([f"{KEY}: {where}{key} is no list of mappings"])
    return found


def mapped(document: Any, key: str, where: str = "") -> Any:
    """A mapping in it, made where it is missing.

    Raises:
        ConfigError: something else is there.
    """
    if not document.get(key):
        document[key] = {}
    if not isinstance(document[key], dict):
        raise ConfigError([f"{KEY}: {where}{key} is no mapping"])
    return document[key]


def left(here: Mapping[str, str], wanted: Mapping[str, str], where: str) -> dict[str, str]:
    """Our flags beside those that the user's own file sets: settings of the log stay the user's.

    Args:
        here: the user's.
        wanted: ours.
        where: in the file.

    Raises:
        ConfigError: another flag has another value there.
    """
    faults = [
        f"{KEY}: {where} sets {name}: {spelled(here[name])}, and we would set {spelled(value)}; take it out"
        for name, value in wanted.items()
        if name in here and here[name] != value and not name.startswith(LOG_FLAGS)
    ]
    if faults:
        raise ConfigError(faults)
    return {name: value for name, value in wanted.items() if name not in here}


def named(document: Any, key: str, name: str) -> None:
    """Set a cluster's name.

    Raises:
        ConfigError: it has another one.
    """
    if document.get(key) not in (None, name):
        raise ConfigError([f"{KEY}: {key} is {spelled(document[key])}, and audit:platform.clusterName {spelled(name)}"])
    document[key] = name


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 65536
    return yaml
