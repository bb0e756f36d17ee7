"""Pure edits of a KubeadmControlPlane: two files out of a Secret, the API server's audit flags, two mounts.

All that is not ours survives, in its order. `extraArgs` is a map in v1beta1 and a list of `{name, value}` in v1beta2:
https://github.com/kubernetes-sigs/cluster-api/blob/v1.13.6/api/bootstrap/kubeadm/v1beta2/kubeadm_types.go. A file's own `content` may have
10240 characters, fewer than a policy may need, so both texts are in the Secret.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from k8s_audit.control_plane.static_pod import CONFIG_VOLUME, LOG_FLAGS, LOG_VOLUME, STDOUT
from k8s_audit.errors import ConflictError
from k8s_audit.platforms.management.change import is_ours
from k8s_audit.platforms.management.cluster import Document, Resource
from k8s_audit.platforms.management.record import Record, at, forget, part, record_of, remember, without_empty

RESOURCE = Resource(
    "KubeadmControlPlane", "controlplane.cluster.x-k8s.io", "kubeadmcontrolplanes", ("v1beta2", "v1beta1")
)
FOLDER = "/etc/kubernetes/k8s-audit"
POLICY, WEBHOOK = "policy.yaml", "webhook.yaml"
"""Names of our files, and their keys in the Secret."""
OWNER, PERMISSIONS = "root:root", "0600"
FILES = "kubeadmConfigSpec.files"
API_SERVER = "kubeadmConfigSpec.clusterConfiguration.apiServer"
ARGUMENTS, VOLUMES = f"{API_SERVER}.extraArgs", f"{API_SERVER}.extraVolumes"
LISTED = frozenset({"v1beta2"})
"""Versions where flags are a list."""


@dataclass(frozen=True)
class Setup:
    """What a control plane shall have.

    Args:
        secret: the name of the Secret that has the files.
        arguments: audit flags by name, without dashes.
        adopt: take over flags that are there with other values.
    """

    secret: str
    arguments: Mapping[str, str]
    adopt: bool = False


def paths(folder: str = FOLDER) -> tuple[str, str]:
    """Where policy and webhook file lie on a machine."""
    return posixpath.join(folder, POLICY), posixpath.join(folder, WEBHOOK)


def turn_on(document: Document, setup: Setup) -> Document:
    """Turn auditing on in an object, in place; one that has all of it stays equal.

    Args:
        document: as the API server has it.
        setup: what it shall have.

    Raises:
        ConflictError: a flag has another value, a file of somebody else's lies where ours shall, or the log would lie where nothing can be
            written. Flags of the log are no conflict: they stay as they are.
        HostError: what it remembers of us is not of this version.
    """
    record = _claimed(document)
    before = secret_of(document)
    if before and before != setup.secret:
        record.former = before
    for name in [*record.added, *record.replaced]:
        if name not in setup.arguments:
            _give_back(document, record, name)
    here = arguments(document)
    for name, value in setup.arguments.items():
        if here.get(name) == value:
            continue
        if name in here and not record.owns(name) and not setup.adopt:
            if name.startswith(LOG_FLAGS):
                continue
            raise ConflictError(_conflict(document, name, here[name], value))
        record.claim(name, here, value)
        _set(document, name, value, record)
    _mount_all(document, record, setup)
    for path in (setup.arguments["audit-policy-file"], setup.arguments["audit-webhook-config-file"]):
        _place(document, path, setup.secret, record)
    _drop_files(document, keep={setup.arguments["audit-policy-file"], setup.arguments["audit-webhook-config-file"]})
    remember(document, record)
    return document


def turn_off(document: Document) -> Document:
    """Take out what is ours, and nothing else, in place; an object without anything of ours stays equal."""
    record = _claimed(document)
    for name in [*record.added, *record.replaced]:
        _give_back(document, record, name)
    _drop_files(document, keep=set())
    volumes = at(document, VOLUMES) or []
    volumes[:] = [volume for volume in volumes if volume.get("name") not in record.volumes]
    without_empty(document, record.made)
    forget(document)
    return document


def arguments(document: Document) -> dict[str, str]:
    """The flags of its API server, by name."""
    found = at(document, ARGUMENTS) or {}
    if isinstance(found, Mapping):
        return {str(name): str(value) for name, value in found.items()}
    return {str(one["name"]): str(one.get("value", "")) for one in found}


def secret_of(document: Document) -> str:
    """The Secret of ours that its files come from; empty: none."""
    return next((_source(file)["name"] for file in _files(document) if _is_ours(document, file)), "")


def former_of(document: Document) -> str:
    """The Secret of ours before this one."""
    return record_of(document).former


def intact(document: Document, wanted: Mapping[str, str]) -> bool:
    """Whether files and mounts of ours are as they should, whatever the flags' values are.

    Args:
        document: the object.
        wanted: the flags.
    """
    ours = {file["path"] for file in _files(document) if _is_ours(document, file)}
    named = {volume.get("name") for volume in at(document, VOLUMES) or []}
    record = record_of(document)
    return (
        ours == {wanted.get("audit-policy-file"), wanted.get("audit-webhook-config-file")}
        and bool(record.set or record.volumes)
        and set(record.volumes) <= named
    )


def actions(before: Document, after: Document) -> list[str]:
    """What an edit does, in words."""
    old, new = arguments(before), arguments(after)
    told = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            told.append(f"remove apiServer.extraArgs {name}: {old[name]}")
        elif old.get(name) != new[name]:
            was = f" (was {old[name]})" if name in old else ""
            told.append(f"set apiServer.extraArgs {name}: {new[name]}{was}")
    for what, path, key in (("apiServer.extraVolumes", VOLUMES, "name"), ("file", FILES, "path")):
        here = {str(one.get(key)): one for one in at(before, path) or []}
        there = {str(one.get(key)): one for one in at(after, path) or []}
        told += [f"remove {what} {name}" for name in here if name not in there]
        told += [f"add {what} {name}{_from(one)}" for name, one in there.items() if name not in here]
        told += [f"change {what} {name}{_from(one)}" for name, one in there.items() if here.get(name, one) != one]
    return told


def _claimed(document: Document) -> Record:
    """What it remembers; flags that name files of ours are ours even where the annotation was lost."""
    record = record_of(document)
    ours = {file.get("path") for file in _files(document) if _is_ours(document, file)}
    here = arguments(document)
    for name in ("audit-policy-file", "audit-webhook-config-file"):
        if here.get(name) in ours and not record.owns(name):
            record.added.append(name)
            record.set[name] = here[name]
    return record


def _give_back(document: Document, record: Record, name: str) -> None:
    """Take a flag of ours out, or put back what it had; one that somebody gave another value since stays."""
    here, ours = arguments(document).get(name), record.set.get(name)
    before = record.drop(name)
    if here != ours:
        return
    found = at(document, ARGUMENTS)
    if before is not None:
        _set(document, name, before, record)
    elif isinstance(found, list):
        found[:] = [one for one in found if one.get("name") != name]
    elif found:
        del found[name]


def _set(document: Document, name: str, value: str, record: Record) -> None:
    listed = document["apiVersion"].rpartition("/")[2] in LISTED
    found = part(document, ARGUMENTS, [] if listed else {}, record)
    if isinstance(found, list):
        there = next((one for one in found if one.get("name") == name), None)
        if there is None:
            found.append({"name": name, "value": value})
        else:
            there["value"] = value
    else:
        found[name] = value


def _mount_all(document: Document, record: Record, setup: Setup) -> None:
    folder = posixpath.dirname(setup.arguments["audit-policy-file"])
    log = arguments(document).get("audit-log-path", STDOUT)
    wanted = {CONFIG_VOLUME: folder}
    if log != STDOUT:
        if posixpath.dirname(log) == folder:
            raise ConflictError(
                f"audit-log-path {log} lies in the folder of the policy, which is mounted read-only; set audit:delivery.log.path to a"
                " folder of its own"
            )
        wanted[LOG_VOLUME] = posixpath.dirname(log)
    volumes = part(document, VOLUMES, [], record)
    gone = [name for name in record.volumes if name not in wanted]
    volumes[:] = [volume for volume in volumes if volume.get("name") not in gone]
    record.volumes = [name for name in record.volumes if name not in gone]
    for name, path in wanted.items():
        volume: dict[str, Any] = {"name": name, "hostPath": path, "mountPath": path, "pathType": "DirectoryOrCreate"}
        volume |= {"readOnly": True} if name == CONFIG_VOLUME else {}
        _mount(volumes, volume, record)
    without_empty(document, [path for path in record.made if path == VOLUMES])


def _mount(volumes: list[Any], volume: dict[str, Any], record: Record) -> None:
    """Mount a folder at its own path, unless it, or one above it, is."""
    name, path = volume["name"], volume["mountPath"]
    for index, one in enumerate(volumes):
        if one.get("name") == name and name in record.volumes:
            volumes[index] = one if one | volume == one else volume
            return
        if f"{path}/".startswith(f"{posixpath.normpath(str(one.get('mountPath')))}/"):
            return
        if one.get("name") == name:
            raise ConflictError(
                f"apiServer.extraVolumes already has a volume {name}, which is not ours: {one.get('mountPath')}; give it another name"
            )
    volumes.append(volume)
    record.volumes.append(name)


def _place(document: Document, path: str, secret: str, record: Record) -> None:
    """Bring a file to what it shall be."""
    key = WEBHOOK if path.endswith(WEBHOOK) else POLICY
    wanted = {
        "path": path,
        "owner": OWNER,
        "permissions": PERMISSIONS,
        "contentFrom": {"secret": {"name": secret, "key": key}},
    }
    files = part(document, FILES, [], record)
    for index, file in enumerate(files):
        if file.get("path") != path:
            continue
        if not _is_ours(document, file):
            raise ConflictError(
                f"kubeadmConfigSpec.files already writes {path}; set audit:platform.folder to another folder"
            )
        files[index] = file if file | wanted == file else wanted
        return
    files.append(wanted)


def _drop_files(document: Document, keep: set[str]) -> None:
    files = at(document, FILES)
    if files:
        files[:] = [file for file in files if not _is_ours(document, file) or file.get("path") in keep]


def _files(document: Document) -> list[Any]:
    return at(document, FILES) or []


def _source(file: Mapping[str, Any]) -> Any:
    return (file.get("contentFrom") or {}).get("secret") or {}


def _is_ours(document: Document, file: Mapping[str, Any]) -> bool:
    return is_ours(_source(file).get("name"), document["metadata"]["name"])


def _from(entry: Mapping[str, Any]) -> str:
    source = _source(entry)
    return f" out of Secret {source['name']}" if source else ""


def _conflict(document: Document, name: str, here: str, wanted: str) -> str:
    return (
        f"KubeadmControlPlane {document['metadata']['name']} already has apiServer.extraArgs {name}: {here}, and we would set {wanted}."
        " Ways out: audit:platform.adopt: true takes over what is there (destroy puts it back); or remove the flag; the relay, which will"
        " feed both as receivers, is not built yet"
    )
