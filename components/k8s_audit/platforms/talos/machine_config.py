"""Pure edits of a Talos machine configuration: the audit policy, webhook flags, the webhook file and its mount.

Order, other documents and all that is not ours survive; of comments only those that stand right after a policy that is replaced do not. Fields:
https://www.talos.dev/v1.11/reference/configuration/v1alpha1/config/. The flags that Talos sets by itself, and that `extraArgs` may set anew:
https://github.com/siderolabs/talos/blob/main/internal/app/machined/pkg/controllers/k8s/control_plane_static_pod.go
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarint import OctalInt
from ruamel.yaml.scalarstring import LiteralScalarString

from k8s_audit.errors import ConflictError, HostError
from k8s_audit.faults import spelled

FOLDER = "/var/lib/k8s-audit"
"""Talos writes files of the user's below /var alone."""
WEBHOOK = f"{FOLDER}/webhook.yaml"
READABLE = OctalInt(0o444)
"""The API server runs as UID 65534, the file is root's."""
LATER = ("KubeAuditPolicyConfig", "KubeAPIServerConfig")
"""Documents of Talos 1.14 that stand for parts of what is edited here."""
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
    documents, main = _load(text)
    server = _made(_made(main, "cluster"), "apiServer")
    known, mine = _known(main, setup, before)
    arguments, wanted = _made(server, "extraArgs"), dict(setup.arguments)
    for name, value in wanted.items():
        if name in arguments and str(arguments[name]) != value and name not in known["arguments"]:
            raise ConflictError(
                f"cluster.apiServer.extraArgs already has {name}: {spelled(arguments[name])}, and we would set {spelled(value)}; remove it"
            )
    policy = _parsed(setup.policy)
    here = _plain(server.get("auditPolicy"))
    if not mine and here not in (None, USUAL_POLICY, policy) and not setup.adopt:
        raise ConflictError(
            "cluster.apiServer.auditPolicy is there already, and is not Talos' own; audit:platform.adopt: true takes it over (destroy puts it"
            " back), or remove it"
        )
    for name in [name for name in known["arguments"] if name in arguments and name not in wanted]:
        del arguments[name]
    ours = [name for name in wanted if name in known["arguments"] or name not in arguments]
    arguments.update(wanted)
    if here != policy:
        server["auditPolicy"] = policy
    volumes = _listed(server, "extraVolumes")
    if not any(volume.get("mountPath") == FOLDER for volume in volumes):
        volumes.append({"hostPath": FOLDER, "mountPath": FOLDER, "readonly": True})
    _put(_listed(_made(main, "machine"), "files"), setup.webhook)
    return _dump(documents), json.dumps({"policy": known["policy"], "arguments": sorted(ours)}, sort_keys=True)


def turn_off(text: str, setup: Setup, before: str) -> str:
    """Take out what is ours, and nothing else; what somebody gave another value since stays.

    Args:
        text: the machine configuration, all of its documents.
        setup: what was set.
        before: what `turn_on` returned.

    Raises:
        HostError: it is none of a control-plane node, or of a layout that is not known.
    """
    documents, main = _load(text)
    known = json.loads(before)
    server = _made(_made(main, "cluster"), "apiServer")
    arguments = _made(server, "extraArgs")
    for name in known["arguments"]:
        if str(arguments.get(name)) == setup.arguments.get(name):
            del arguments[name]
    if _plain(server.get("auditPolicy")) == _parsed(setup.policy):
        server["auditPolicy"] = known["policy"]
        if known["policy"] is None:
            del server["auditPolicy"]
    if "audit-webhook-config-file" not in arguments:
        _drop(_listed(server, "extraVolumes"), "mountPath", FOLDER)
        _drop(_listed(_made(main, "machine"), "files"), "path", WEBHOOK)
    for parent, key in ((server, "extraArgs"), (server, "extraVolumes"), (main["machine"], "files")):
        if key in parent and not parent[key]:
            del parent[key]
    return _dump(documents)


def live(text: str) -> Live:
    """What a configuration has now.

    Raises:
        HostError: it is none of a control-plane node, or of a layout that is not known.
    """
    _, main = _load(text)
    server = (main.get("cluster") or {}).get("apiServer") or {}
    arguments = {str(name): str(value) for name, value in (server.get("extraArgs") or {}).items()}
    files = {str(one.get("path")): str(one.get("content", "")) for one in (main["machine"].get("files") or [])}
    mounts = [volume.get("mountPath") for volume in server.get("extraVolumes") or []]
    return Live(arguments, _plain(server.get("auditPolicy")), files.get(WEBHOOK, ""), FOLDER in mounts)


def files_of(text: str) -> Any:
    """The files that Talos writes when a node boots, and then alone."""
    _, main = _load(text)
    return _plain(main["machine"].get("files") or [])


def same_policy(policy: Any, text: str) -> bool:
    """Whether a policy as data is that of a text."""
    return bool(policy == _parsed(text))


def _known(main: Any, setup: Setup, before: str) -> tuple[dict[str, Any], bool]:
    """What was there before us, and whether we were there already: an `up` that was killed has left our file, and nothing else to tell."""
    if before:
        return json.loads(before), True
    if any(one.get("path") == WEBHOOK for one in main["machine"].get("files") or []):
        return {"policy": USUAL_POLICY, "arguments": sorted(setup.arguments)}, True
    server = (main.get("cluster") or {}).get("apiServer") or {}
    return {"policy": _plain(server.get("auditPolicy")), "arguments": []}, False


def _put(files: Any, content: str) -> None:
    wanted = {"content": LiteralScalarString(content), "permissions": READABLE, "path": WEBHOOK, "op": "create"}
    for one in files:
        if one.get("path") == WEBHOOK:
            if _plain(one) != _plain(wanted):
                one.update(wanted)
            return
    files.append(wanted)


def _drop(entries: Any, key: str, value: str) -> None:
    for index in reversed([index for index, entry in enumerate(entries) if entry.get(key) == value]):
        del entries[index]


def _made(parent: Any, key: str) -> Any:
    if not parent.get(key):
        parent[key] = {}
    return parent[key]


def _listed(parent: Any, key: str) -> Any:
    if not parent.get(key):
        parent[key] = []
    return parent[key]


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 65536
    yaml.indent(mapping=4, sequence=6, offset=4)  # as Talos writes it
    return yaml


def _load(text: str) -> tuple[list[Any], Any]:
    try:
        documents = [one for one in _yaml().load_all(text) if one is not None]
    except (YAMLError, ValueError) as error:
        raise HostError(f"the machine configuration is no YAML: {type(error).__name__}") from None
    kinds = [str(one.get("kind")) for one in documents if isinstance(one, dict) and one.get("kind")]
    if later := [kind for kind in kinds if kind in LATER]:
        raise HostError(
            f"the machine configuration has a document {later[0]}, of Talos 1.14, which is not known yet; write what it says under"
            " cluster.apiServer instead"
        )
    main = next((one for one in documents if isinstance(one, dict) and "machine" in one and "kind" not in one), None)
    if main is None:
        raise HostError("the machine configuration has no document with `machine`")
    if main["machine"].get("type") not in ("controlplane", "init"):
        raise HostError(f"it is a node of type {main['machine'].get('type')}, and has no API server")
    return documents, main


def _dump(documents: list[Any]) -> str:
    out = StringIO()
    yaml = _yaml()
    for number, document in enumerate(documents):
        if number:
            out.write("---\n")
        yaml.dump(document, out)
    return out.getvalue()
