"""Pure edit of the configuration that a k3d cluster is created with: a volume on each server, and flags of K3s' own API server.

Fields: https://k3d.io/stable/usage/configfile/, https://github.com/k3d-io/k3d/blob/v5.8.3/pkg/config/v1alpha5/schema.json
"""

from collections.abc import Mapping
from typing import Any

from k8s_audit.errors import ConfigError
from k8s_audit.platforms.created.own_file import FILES, KEY, dump, left, listed, load, mapped, named

API_VERSION, KIND = "k3d.io/v1alpha5", "Simple"
SERVERS = "server:*"
FLAG = "--kube-apiserver-arg="
WHERE = "options.k3s."


def merged(text: str, name: str, folder: str, wanted: Mapping[str, str]) -> str:
    """The whole configuration.

    Args:
        text: the user's own; empty: none.
        name: the cluster's.
        folder: on this machine; what nodes mount lies below it.
        wanted: audit flags by name, without dashes.

    Raises:
        ConfigError: the user's own one is none, or cannot be kept beside ours.
    """
    document = load(text, API_VERSION, KIND)
    named(mapped(document, "metadata"), "name", name)
    inside = wanted["audit-policy-file"].rpartition("/")[0]
    volumes = listed(document, "volumes")
    if any(inside in str(one.get("volume")).split(":") for one in volumes):
        raise ConfigError([f"{KEY}: volumes has {inside} already, where ours goes; take it out"])
    volumes.append({"volume": f"{folder}/{FILES}:{inside}:ro", "nodeFilters": [SERVERS]})
    arguments = listed(mapped(mapped(document, "options"), "k3s", "options."), "extraArgs", WHERE)
    added = left(_arguments(arguments), wanted, f"{WHERE}extraArgs")
    arguments.extend({"arg": f"{FLAG}{flag}={value}", "nodeFilters": [SERVERS]} for flag, value in added.items())
    return dump(document)


def ours(text: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """Which flags a cluster created by it gets from us: settings of the log that the user's own file has stay as they are."""
    k3s = (load(text, API_VERSION, KIND).get("options") or {}).get("k3s") or {}
    return left(_arguments(k3s.get("extraArgs") or []), wanted, f"{WHERE}extraArgs")


def _arguments(entries: Any) -> dict[str, str]:
    """The API server's flags among K3s' arguments."""
    flags = [str(one.get("arg")).removeprefix(FLAG) for one in entries if str(one.get("arg")).startswith(FLAG)]
    return {flag.partition("=")[0].lstrip("-"): flag.partition("=")[2] for flag in flags}
