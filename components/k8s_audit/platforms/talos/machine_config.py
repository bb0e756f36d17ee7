"""Pure edits of a Talos machine configuration: the audit policy, webhook flags, the webhook file and its mount.

Order, other documents and all that is not ours survive; of comments only those that stand right after a policy that is replaced do not. Which document has
what: `documents.py`. Fields: https://www.talos.dev/v1.11/reference/configuration/v1alpha1/config/. The flags that Talos sets by itself, and that `extraArgs` may set anew:
https://github.com/siderolabs/talos/blob/main/internal/app/machined/pkg/controllers/k8s/control_plane_static_pod.go
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarint import OctalInt
from ruamel.yaml.scalarstring import LiteralScalarString

from k8s_audit.errors import ConflictError
from k8s_audit.faults import spelled
from k8s_audit.platforms.talos.documents import (
    FOLDER,
    MOUNTED_WEBHOOK,
    WEBHOOK,
    WEBHOOK_FLAG,
    Documents,
    dump,
    load,
    made,
)

READABLE = OctalInt(0o444)
"""The API server runs as UID 65534, the file is root's."""
USUAL_POLICY = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}
"""What `talosctl gen config` writes, and Talos itself takes where there is none."""
OF_TALOS = ("audit-policy-file", "audit-log-")
"""Flags that Talos sets well by itself: it renders the policy, and mounts a folder for the log."""


@dataclass(frozen=True)
class Setup:
    """What a node shall have.

    Args:
        policy: the audit policy's text.
        webhook: the webhook kubeconfig's text.
        arguments: flags of the API server by name, without dashes.
        adopt: take over a policy that is there already.
    """

    policy: str
    webhook: str = field(repr=False)
    arguments: Mapping[str, str]
    adopt: bool = False


@dataclass(frozen=True)
class Live:
    """What a node's configuration has of ours: the flags of the webhook, the policy, the webhook file, and whether it is mounted."""

    arguments: dict[str, str]
    policy: Any
    webhook: str = field(repr=False)
    mounted: bool


def turn_on(text: str, setup: Setup, before: str = "") -> tuple[str, str]:
    """Turn auditing on.

    Args:
        text: the machine configuration, all of its documents.
        setup: what it shall have.
        before: what an earlier call returned; empty: this is the first.

    Returns:
        the configuration, and what was there before us.

    Raises:
        ConflictError: it has another webhook or policy.
        HostError: it is none of a control-plane node, or of a layout that is not known.
    """
    documents = load(text)
    known, mine = _known(documents, setup, before)
    policy, here = _parsed(setup.policy), _plain(documents.policy())
    if not mine and here not in (None, USUAL_POLICY, policy) and not setup.adopt:
        raise ConflictError(
            f"{documents.policy_place} is there already, and is not Talos' own; audit:platform.adopt: true takes it over (destroy puts it"
            " back), or remove it"
        )
    server = documents.server()
    arguments, wanted = made(server, "extraArgs"), documents.placed(setup.arguments)
    for name, value in wanted.items():
        if name in arguments and str(arguments[name]) != value and name not in known["arguments"]:
            raise ConflictError(
                f"{documents.server_place}.extraArgs already has {name}: {spelled(str(arguments[name]))}, and we would set {spelled(value)}; remove it"
            )
    for name in [name for name in known["arguments"] if name in arguments and name not in wanted]:
        del arguments[name]
    ours = [name for name in wanted if name in known["arguments"] or name not in arguments]
    arguments.update(wanted)
    if here != policy:
        documents.set_policy(policy)
    if documents.own_server is None:
        volumes = _listed(server, "extraVolumes")
        if not any(volume.get("mountPath") == FOLDER for volume in volumes):
            volumes.append({"hostPath": FOLDER, "mountPath": FOLDER, "readonly": True})
    files = _listed(made(documents.main, "machine"), "files")
    for other in {WEBHOOK, MOUNTED_WEBHOOK} - {documents.webhook}:
        _drop(files, "path", other)
    _put(files, documents.webhook, setup.webhook)
    return dump(documents), json.dumps({"policy": known["policy"], "arguments": sorted(ours)}, sort_keys=True)


def turn_off(text: str, setup: Setup, before: str) -> str:
    """Take out what is ours, and nothing else; what somebody gave another value since stays.

    Args:
        text: the machine configuration, all of its documents.
        setup: what was set.
        before: what `turn_on` returned.

    Raises:
        HostError: it is none of a control-plane node, or of a layout that is not known.
    """
    documents = load(text)
    known, wanted = json.loads(before), documents.placed(setup.arguments)
    server = documents.server()
    arguments = made(server, "extraArgs")
    for name in known["arguments"]:
        if str(arguments.get(name)) == wanted.get(name):
            del arguments[name]
    if _plain(documents.policy()) == _parsed(setup.policy):
        documents.set_policy(known["policy"])
    machine = documents.main["machine"]
    if WEBHOOK_FLAG not in arguments:
        _drop(_listed(server, "extraVolumes"), "mountPath", FOLDER)
        _drop(_listed(machine, "files"), "path", documents.webhook)
    for parent, key in ((server, "extraArgs"), (server, "extraVolumes"), (machine, "files")):
        if key in parent and not parent[key]:
            del parent[key]
    return dump(documents)


def live(text: str) -> Live:
    """What a configuration has now; the webhook file's path as where the flags stand in the main document.

    Raises:
        HostError: it is none of a control-plane node, or of a layout that is not known.
    """
    documents = load(text)
    server = documents.own_server or (documents.main.get("cluster") or {}).get("apiServer") or {}
    arguments = {str(name): str(value) for name, value in (server.get("extraArgs") or {}).items()}
    files = {str(one.get("path")): str(one.get("content", "")) for one in documents.main["machine"].get("files") or []}
    mounts = [volume.get("mountPath") for volume in server.get("extraVolumes") or []]
    if arguments.get(WEBHOOK_FLAG) == documents.webhook:
        arguments[WEBHOOK_FLAG] = WEBHOOK
    mounted = documents.own_server is not None or FOLDER in mounts
    return Live(arguments, _plain(documents.policy()), files.get(documents.webhook, ""), mounted)


def arguments_in(text: str, arguments: Mapping[str, str]) -> dict[str, str]:
    """Flags as the API server has them with a configuration, which says where the webhook file is."""
    return load(text).placed(arguments)


def files_of(text: str) -> Any:
    """The files that Talos writes when a node boots, and then alone."""
    return _plain(load(text).main["machine"].get("files") or [])


def same_policy(policy: Any, text: str) -> bool:
    """Whether a policy as data is that of a text."""
    return bool(policy == _parsed(text))


def _known(documents: Documents, setup: Setup, before: str) -> tuple[dict[str, Any], bool]:
    """What was there before us, and whether we were there already: an `up` that was killed has left our file, and nothing else to tell."""
    if before:
        return json.loads(before), True
    files = documents.main["machine"].get("files") or []
    if any(one.get("path") in (WEBHOOK, MOUNTED_WEBHOOK) for one in files):
        return {"policy": USUAL_POLICY, "arguments": sorted(setup.arguments)}, True
    return {"policy": _plain(documents.policy()), "arguments": []}, False


def _put(files: Any, path: str, content: str) -> None:
    wanted = {"content": LiteralScalarString(content), "permissions": READABLE, "path": path, "op": "create"}
    for one in files:
        if one.get("path") == path:
            if _plain(one) != _plain(wanted):
                one.update(wanted)
            return
    files.append(wanted)


def _drop(entries: Any, key: str, value: str) -> None:
    for index in reversed([index for index, entry in enumerate(entries) if entry.get(key) == value]):
        del entries[index]


def _listed(parent: Any, key: str) -> Any:
    if not parent.get(key):
        parent[key] = []
    return parent[key]


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)
