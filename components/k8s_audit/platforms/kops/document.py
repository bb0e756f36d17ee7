"""A kops Cluster as YAML, comments and order kept, and what it remembers of us."""

import json
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import RECORD

GROUPS = ("kops.k8s.io/", "kops/")


def plain(value: Any) -> Any:
    """Without ruamel's own types."""
    if isinstance(value, list):
        return [plain(part) for part in value]
    return str(value) if isinstance(value, str) else value


def record_of(document: Any) -> dict[str, Any]:
    """What of the spec is ours: names of fields that we added, the values of those that we took over, and what we set.

    Raises:
        HostError: it is not of this version.
    """
    text = (document["metadata"].get("annotations") or {}).get(RECORD)
    if not text:
        return {"added": [], "replaced": {}, "set": {}}
    try:
        known = json.loads(text)
        added = [str(key) for key in known["added"]]
        return {"added": added, "replaced": dict(known["replaced"]), "set": dict(known.get("set", {}))}
    except (ValueError, LookupError, TypeError):
        raise HostError(f"the cluster's annotation {RECORD} is not of this version") from None


def made(parent: Any, key: str, kind: type[Any]) -> Any:
    """A part of it, made where it is missing or empty."""
    if not parent.get(key):
        parent[key] = kind()
    return parent[key]


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 65536
    return yaml


def load(text: str) -> Any:
    """A Cluster as kops prints it.

    Raises:
        HostError: it is none.
    """
    try:
        documents = [one for one in _yaml().load_all(text) if one is not None]
    except (YAMLError, ValueError) as error:
        raise HostError(f"what kops prints is no YAML: {type(error).__name__}") from None
    document = documents[0] if len(documents) == 1 else None
    if not isinstance(document, dict) or document.get("kind") != "Cluster":
        raise HostError("what kops prints is no Cluster; is audit:platform.clusterName right?")
    if not str(document.get("apiVersion", "")).startswith(GROUPS) or not isinstance(document.get("spec"), dict):
        raise HostError(
            f"a Cluster of {document.get('apiVersion')} is none of kops'; a HostedCluster, or Cluster API's?"
        )
    return document


def dump(document: Any) -> str:
    """As text."""
    out = StringIO()
    _yaml().dump(document, out)
    return out.getvalue()
