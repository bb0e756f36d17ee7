"""What the current context of a kubeconfig tells of its cluster, without a credential; no cluster is asked.

https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from k8s_audit.errors import ConfigError


@dataclass(frozen=True)
class Context:
    """The current context.

    Args:
        name: its own.
        cluster: of its cluster's entry.
        user: of its user's entry.
        server: the API server's URL.
        tls_server_name: what the server's certificate must name, where that is not the URL's host.
        provider: what made the entry, where its extensions say so.
        command: the exec plugin and its arguments; or `auth-provider` and its name.
        variables: the exec plugin's environment.
        others: how many contexts the file has beside it.
    """

    name: str = ""
    cluster: str = ""
    user: str = ""
    server: str = ""
    tls_server_name: str = ""
    provider: str = ""
    command: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    others: int = 0


def read_context(file: Path) -> Context:
    """The current context of a kubeconfig.

    Raises:
        ConfigError: it cannot be read, is none, or has no current context; nothing of its text is in the message.
    """
    try:
        document = yaml.load(file.expanduser().read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, RuntimeError) as error:  # RuntimeError: the ~ of nobody's home
        raise ConfigError([f"--kubeconfig: {file}: {getattr(error, 'strerror', error)}"]) from None
    except (ValueError, yaml.YAMLError):
        raise ConfigError([f"--kubeconfig: {file}: no YAML; a kubeconfig is needed"]) from None
    if not isinstance(document, dict) or not document.get("contexts"):
        raise ConfigError([f"--kubeconfig: {file}: no kubeconfig with a context; look: kubectl config get-contexts"])
    name = str(document.get("current-context") or "")
    context = _named(document, "contexts", name, "context")
    if not context:
        mend = f"kubectl --kubeconfig {file} config use-context NAME"
        raise ConfigError([f"--kubeconfig: {file}: has no current context; set it with {mend}"])
    cluster = _named(document, "clusters", context.get("cluster"), "cluster")
    user = _named(document, "users", context.get("user"), "user")
    plugin, provider = _mapping(user.get("exec")), _mapping(user.get("auth-provider"))
    command = (plugin.get("command"), *_items(plugin.get("args"))) if plugin else ()
    extensions = [_mapping(_mapping(entry).get("extension")) for entry in _items(cluster.get("extensions"))]
    return Context(
        name=name,
        cluster=str(context.get("cluster") or ""),
        user=str(context.get("user") or ""),
        server=str(cluster.get("server") or ""),
        tls_server_name=str(cluster.get("tls-server-name") or ""),
        provider=next((str(each["provider"]) for each in extensions if "provider" in each), ""),
        command=tuple(map(str, command)) or (("auth-provider", str(provider.get("name"))) if provider else ()),
        variables={str(each.get("name")): str(each.get("value")) for each in map(_mapping, _items(plugin.get("env")))},
        others=len(document["contexts"]) - 1,
    )


def _named(document: Mapping[str, Any], section: str, name: object, key: str) -> dict[str, Any]:
    entries = document.get(section)
    found = [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
    return next((_mapping(each.get(key)) for each in found if each.get("name") == name), {})


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
