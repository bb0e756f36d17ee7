"""Pure edits of a kops Cluster's spec: the API server's audit fields, and two files for its control-plane nodes.

All that is not ours survives. What was there before is kept in an annotation of the Cluster, so that ours can be taken out again.
Which folders nodeup mounts into the API server: https://github.com/kubernetes/kops/blob/v1.32.0/nodeup/pkg/model/kube_apiserver.go
"""

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import LiteralScalarString

from k8s_audit.errors import ConflictError
from k8s_audit.kubernetes_api import RECORD
from k8s_audit.platforms.kops.document import dump, load, made, plain, record_of
from k8s_audit.platforms.kops.fields import FIELDS, same, settable, spelled

FOLDER = "/srv/kubernetes/kube-apiserver"
"""The one folder that the API server sees in each version of kops: up to 1.21 it sees all of /srv/kubernetes, from 1.22 to 1.26 this
one alone, from 1.27 on also the policy's."""
POLICY, WEBHOOK = "k8s-audit-policy", "k8s-audit-webhook"
"""Names of our file assets."""
LOG = "auditLog"
"""How the names of the log's fields begin."""


@dataclass(frozen=True)
class Setup:
    """What a cluster shall have.

    Args:
        policy: the audit policy's text.
        webhook: the webhook kubeconfig's text.
        arguments: audit flags by name, without dashes; those without a field are left out.
        roles: of the instance groups that run an API server, as this kops names them.
        adopt: take over fields that are there with other values.
    """

    policy: str
    webhook: str = field(repr=False)
    arguments: Mapping[str, str]
    roles: tuple[str, ...]
    adopt: bool = False


def paths(folder: str = FOLDER) -> tuple[str, str]:
    """Where policy and webhook file lie on a node; kops wants both in one folder."""
    return posixpath.join(folder, f"{POLICY}.yaml"), posixpath.join(folder, f"{WEBHOOK}.yaml")


def turn_on(text: str, setup: Setup) -> str:
    """Turn auditing on in a spec; one that has all of it comes back as it is.

    Args:
        text: the Cluster as kops prints it.
        setup: what it shall have.

    Raises:
        ConflictError: a field is there with another value, or the log would lie where nothing can be written. Fields of the log are
            no conflict: they stay as they are.
        HostError: this is no Cluster of kops.
    """
    document = load(text)
    record = record_of(document)
    api_server = made(document["spec"], "kubeAPIServer", CommentedMap)
    wanted = {FIELDS[name][0]: FIELDS[name][1](value) for name, value in settable(setup.arguments).items()}
    _claim(document["spec"], record)
    changed = _drop(api_server, record, set(wanted))
    added, replaced = list(record["added"]), dict(record["replaced"])
    for key, value in sorted(wanted.items()):
        if key in api_server and same(api_server[key], value):
            continue
        mine = key in added or key in replaced
        if key in api_server and not mine and not setup.adopt:
            if key.startswith(LOG):
                continue
            raise ConflictError(_conflict(key, api_server[key], value))
        if not mine:
            if key in api_server:
                replaced[key] = plain(api_server[key])
            else:
                added.append(key)
        api_server[key] = value
        changed = True
    _judge_log(api_server)
    files = (
        (POLICY, setup.arguments["audit-policy-file"], setup.policy),
        (WEBHOOK, setup.arguments["audit-webhook-config-file"], setup.webhook),
    )
    assets = made(document["spec"], "fileAssets", CommentedSeq)
    for name, path, content in files:
        changed = _place(assets, name, path, content, setup.roles) or changed
    now = {"added": sorted(added), "replaced": replaced, "set": {key: wanted[key] for key in (*added, *replaced)}}
    annotations = made(document["metadata"], "annotations", CommentedMap)
    if changed or annotations.get(RECORD) != _json(now):
        annotations[RECORD] = _json(now)
        return dump(document)
    return text


def turn_off(text: str) -> str:
    """Take out what is ours, and nothing else; a spec without anything of ours comes back as it is."""
    document = load(text)
    spec, annotations = document["spec"], document["metadata"].get("annotations") or {}
    assets = spec.get("fileAssets") or []
    if RECORD not in annotations and not any(asset.get("name") in (POLICY, WEBHOOK) for asset in assets):
        return text
    record = record_of(document)
    api_server = spec.get("kubeAPIServer") or {}
    _claim(spec, record)
    _drop(api_server, record, set())
    for index in reversed([i for i, asset in enumerate(assets) if asset.get("name") in (POLICY, WEBHOOK)]):
        del assets[index]
    annotations.pop(RECORD, None)
    for parent, key in ((spec, "kubeAPIServer"), (spec, "fileAssets"), (document["metadata"], "annotations")):
        if key in parent and not parent[key]:
            del parent[key]
    return dump(document)


def _claim(spec: Any, record: Mapping[str, Any]) -> None:
    """Count fields that name files of ours as ours, should the annotation be lost: without the files no API server would start."""
    api_server = spec.get("kubeAPIServer") or {}
    places = {str(asset.get("name")): asset.get("path") for asset in spec.get("fileAssets") or []}
    for key, name in (("auditPolicyFile", POLICY), ("auditWebhookConfigFile", WEBHOOK)):
        mine = key in record["added"] or key in record["replaced"]
        if key in api_server and not mine and api_server[key] == places.get(name):
            record["added"].append(key)


def _drop(api_server: Any, record: Mapping[str, Any], but: set[str]) -> bool:
    """Take out fields of ours that are not wanted any more, but for those that somebody gave another value since; say whether there was one."""
    gone = [key for key in (*record["added"], *record["replaced"]) if key not in but]
    for key in gone:
        ours = key not in api_server or key not in record["set"] or same(api_server[key], record["set"][key])
        if ours:
            api_server.pop(key, None)
        if key in record["replaced"]:
            before = record["replaced"].pop(key)
            if ours:
                api_server[key] = before
        else:
            record["added"].remove(key)
    return bool(gone)


def _place(assets: Any, name: str, path: str, content: str, roles: tuple[str, ...]) -> bool:
    """Bring a file asset to what it shall be; say whether it was not."""
    wanted = {"name": name, "path": path, "roles": list(roles), "content": content}
    for asset in assets:
        if asset.get("name") == name:
            if {key: plain(value) for key, value in asset.items()} == wanted:
                return False
            asset.clear()
            asset.update(wanted | {"content": LiteralScalarString(content)})
            return True
        if asset.get("path") == path:
            raise ConflictError(
                f"the cluster's fileAsset {asset.get('name')} writes {path} already; set audit:platform.folder to another folder"
            )
    assets.append(CommentedMap(wanted | {"content": LiteralScalarString(content)}))
    return True


def _judge_log(api_server: Mapping[str, Any]) -> None:
    """Refuse a log beside the policy: nodeup would mount that folder twice, or read-only, and no API server would start."""
    path = str(api_server.get("auditLogPath", "-"))
    folders = {posixpath.dirname(str(api_server["auditPolicyFile"])), FOLDER}
    if path != "-" and posixpath.dirname(path) in folders:
        raise ConflictError(
            f"auditLogPath {path} lies in the folder of the policy, or of the API server's own files, which is mounted read-only; set"
            " audit:delivery.log.path to a folder of its own"
        )


def _conflict(key: str, here: Any, wanted: Any) -> str:
    return (
        f"the cluster's spec already has kubeAPIServer.{key}: {spelled(here)}, and we would set {spelled(wanted)}. Ways out:"
        " audit:platform.adopt: true takes over what is there (destroy puts it back); or remove the field; the relay, which will feed"
        " both as receivers, is not built yet"
    )


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, sort_keys=True)
