"""Pure edits of RKE's `cluster.yml`: the audit log with its policy, and flags, mounts and a digest for the webhook.

`audit_log.configuration` stands whole, since RKE sets what is left out to nothing. A changed policy or digest makes RKE start the API
server anew: https://github.com/rancher/rke/blob/v1.6.3/cluster/plan.go, types/rke_types.go
"""

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from k8s_audit.errors import ConflictError, HostError
from k8s_audit.platforms.rke.section import cut, dump_block, load_block, read

LOG_FOLDER = "/var/log/kube-audit"
"""What RKE mounts into the API server by itself."""
LOG_PATH = f"{LOG_FOLDER}/audit-log.json"
FOLDER = "/etc/k8s-audit"
"""Of the webhook file, on each control-plane node; a mount of its own, since RKE's of /etc/kubernetes lies elsewhere on some systems."""
DIGEST = "K8S_AUDIT_CONFIG_SHA256"
LOG: Mapping[str, str] = MappingProxyType(
    {
        "audit-log-path": "path",
        "audit-log-maxage": "max_age",
        "audit-log-maxbackup": "max_backup",
        "audit-log-maxsize": "max_size",
    }
)
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {"path": LOG_PATH, "max_age": 30, "max_backup": 10, "max_size": 100, "format": "json"}
)
"""RKE's own, where there is no configuration."""
POLICY_FILE = "audit-policy-file"
RKES_POLICY = "/etc/kubernetes/audit-policy.yaml"
"""Where RKE writes the policy of the cluster file."""


@dataclass(frozen=True)
class Setup:
    """What a cluster shall have.

    Args:
        policy: the audit policy's text.
        arguments: audit flags by name, without dashes.
        digest: of the webhook file.
        adopt: take over what is there with another value.
    """

    policy: str
    arguments: Mapping[str, str]
    digest: str
    adopt: bool = False


@dataclass(frozen=True)
class Ours:
    """What an edit added: keys of the log, flags, mounts; and the values that it took over, by `log.` or `args.` and the name."""

    added: tuple[str, ...] = ()
    replaced: Mapping[str, Any] = field(default_factory=dict)
    binds: tuple[str, ...] = ()

    def text(self) -> str:
        """As JSON."""
        return json.dumps({"added": self.added, "replaced": self.replaced, "binds": self.binds}, sort_keys=True)

    @classmethod
    def read(cls, text: str) -> "Ours":
        """From JSON.

        Raises:
            HostError: it is none.
        """
        try:
            known = json.loads(text)
            return cls(tuple(known["added"]), dict(known["replaced"]), tuple(known["binds"]))
        except (ValueError, LookupError, TypeError):
            raise HostError("what is remembered of the cluster file is not of this version") from None


@dataclass(frozen=True)
class Edit:
    """A cluster file with auditing turned on, and what of it is ours."""

    text: str
    ours: Ours


@dataclass(frozen=True)
class Node:
    """A control-plane node of the cluster file."""

    address: str
    name: str


def paths(folder: str = FOLDER) -> tuple[str, str]:
    """Where policy and webhook file lie on a node; RKE itself decides on the first."""
    return RKES_POLICY, posixpath.join(folder, "webhook.yaml")


def control_plane(text: str) -> list[Node]:
    """The control-plane nodes of a cluster file.

    Raises:
        HostError: it is none, or has none.
    """
    nodes = [node for node in read(text)["nodes"] or [] if isinstance(node, dict)]
    found = [
        Node(str(node.get("address", "")), str(node.get("hostname_override") or node.get("address", "")))
        for node in nodes
        if "controlplane" in (node.get("role") or [])
    ]
    if not found:
        raise HostError("the cluster file has no node with the role controlplane")
    return found


def audit_arguments(text: str) -> dict[str, str]:
    """The audit flags of a cluster file, by name, those of the log's configuration too."""
    server = (read(text).get("services") or {}).get("kube-api") or {}
    log = (server.get("audit_log") or {}).get("configuration") or {}
    found = {flag: str(log[key]) for flag, key in LOG.items() if key in log}
    arguments = server.get("extra_args") or {}
    return found | {str(name): str(value) for name, value in arguments.items() if str(name).startswith("audit-")}


def policy(text: str) -> Any:
    """The audit policy of a cluster file, as a document; None: it has none."""
    server = (read(text).get("services") or {}).get("kube-api") or {}
    return _plain(((server.get("audit_log") or {}).get("configuration") or {}).get("policy"))


def same_policy(text: str, wanted: str) -> bool:
    """Whether a cluster file has a policy."""
    return bool(policy(text) == YAML(typ="safe", pure=True).load(wanted))


def digest(text: str) -> str:
    """The digest of the webhook file that a cluster file has; empty: none."""
    server = (read(text).get("services") or {}).get("kube-api") or {}
    entries = (str(entry).partition("=") for entry in server.get("extra_env") or [])
    return next((value for name, _, value in entries if name == DIGEST), "")


def turn_on(text: str, setup: Setup) -> Edit:
    """Turn auditing on.

    Args:
        text: what is there now, without anything of ours.
        setup: what it shall have.

    Raises:
        ConflictError: a policy, a webhook or another flag is there with another value; settings of the log are no conflict and stay.
        HostError: this is no cluster.yml of RKE, or one that cannot be edited.
    """
    section = cut(text)
    yaml, server = load_block(section.block)
    added: list[str] = []
    replaced: dict[str, Any] = {}
    arguments = server.get("extra_args") or {}
    if POLICY_FILE in arguments:
        _claim(setup, f"extra_args.{POLICY_FILE}", arguments[POLICY_FILE], "audit_log.configuration.policy")
        replaced[f"args.{POLICY_FILE}"] = _plain(arguments.pop(POLICY_FILE))
    log = _made(server, "audit_log", CommentedMap)
    configuration = _made(log, "configuration", CommentedMap)
    wanted = dict(DEFAULTS) | {
        key: _number(setup.arguments[flag]) for flag, key in LOG.items() if flag in setup.arguments
    }
    wanted |= {"policy": YAML(typ="safe", pure=True).load(setup.policy)}
    for key, value in {"enabled": True, **wanted}.items():
        place = log if key == "enabled" else configuration
        if key not in place:
            added.append(f"log.{key}")
        elif _plain(place[key]) == value or (key in DEFAULTS and not setup.adopt):
            continue
        else:
            _claim(
                setup,
                f"audit_log…{key}",
                place[key] if key == "enabled" else "another one",
                value if key == "enabled" else "ours",
            )
            replaced[f"log.{key}"] = _plain(place[key])
        place[key] = value
    flags = _made(server, "extra_args", CommentedMap)
    for name, value in sorted(setup.arguments.items()):
        if name in LOG or name == POLICY_FILE or str(flags.get(name)) == value:
            continue
        if name in flags:
            _claim(setup, f"extra_args.{name}", flags[name], value)
            replaced[f"args.{name}"] = _plain(flags[name])
        else:
            added.append(f"args.{name}")
        flags[name] = value
    binds = _mounts(server, setup, str(configuration["path"]))
    _set_digest(server, setup.digest)
    _drop_empty(server)
    return Edit(section.with_block(dump_block(yaml, server)), Ours(tuple(added), replaced, tuple(binds)))


def turn_off(text: str, ours: Ours) -> str:
    """Take out what is ours, and nothing else; a file without anything of ours comes back as it is."""
    section = cut(text)
    yaml, server = load_block(section.block)
    before = dump_block(yaml, server)
    log = server.get("audit_log") or {}
    places = {"log": log.get("configuration") or {}, "args": server.get("extra_args") or {}}
    for name in (*ours.added, *ours.replaced):
        kind, _, key = name.partition(".")
        place = log if name == "log.enabled" else places[kind]
        if name in ours.replaced:
            if kind == "args" and "extra_args" not in server:
                place = places["args"] = _made(server, "extra_args", CommentedMap)
            place[key] = ours.replaced[name]
        else:
            place.pop(key, None)
    for bind in ours.binds:
        if bind in (server.get("extra_binds") or []):
            server["extra_binds"].remove(bind)
    _set_digest(server, "")
    _drop_empty(server)
    after = dump_block(yaml, server)
    return text if after == before else section.with_block(after)


def _mounts(server: Any, setup: Setup, log: str) -> list[str]:
    """Mount the folders that RKE does not mount by itself; return what was added."""
    webhook = posixpath.dirname(setup.arguments["audit-webhook-config-file"])
    folders = {f"{webhook}:{webhook}:ro": webhook}
    if posixpath.dirname(log) != LOG_FOLDER and log != "-":
        folders[f"{posixpath.dirname(log)}:{posixpath.dirname(log)}"] = posixpath.dirname(log)
    binds = _made(server, "extra_binds", CommentedSeq)
    mounted = {str(bind).split(":")[1] for bind in binds if ":" in str(bind)}
    missing = [bind for bind, folder in folders.items() if folder not in mounted]
    binds.extend(missing)
    return missing


def _set_digest(server: Any, value: str) -> None:
    entries = _made(server, "extra_env", CommentedSeq)
    for index in reversed([i for i, entry in enumerate(entries) if str(entry).startswith(f"{DIGEST}=")]):
        del entries[index]
    if value:
        entries.append(f"{DIGEST}={value}")


def _claim(setup: Setup, key: str, here: Any, wanted: Any) -> None:
    if not setup.adopt:
        raise ConflictError(
            f"the cluster file already has services.kube-api.{key}: {here}, and we would set {wanted}. Ways out: audit:platform.adopt:"
            " true takes over what is there (destroy puts it back); or take it out; the relay, which will feed two receivers, is not"
            " built yet"
        )


def _drop_empty(server: Any) -> None:
    log = server.get("audit_log")
    if log is not None and "configuration" in log and not log["configuration"]:
        del log["configuration"]
    for key in ("audit_log", "extra_args", "extra_binds", "extra_env"):
        if key in server and not server[key]:
            del server[key]


def _made(parent: Any, key: str, kind: type[Any]) -> Any:
    if not parent.get(key):
        parent[key] = kind()
    return parent[key]


def _number(text: str) -> Any:
    return int(text) if text.isdigit() else text


def _plain(value: Any) -> Any:
    """Without ruamel's own types."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, str) else value
