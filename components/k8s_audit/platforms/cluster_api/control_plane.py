"""Pure edits of a KubeadmControlPlane: two files out of a Secret, the API server's audit flags, two mounts.

All that is not ours survives, in its order. What was there before is kept in an annotation of the object. What may be changed once it is there:
https://github.com/kubernetes-sigs/cluster-api/blob/v1.13.6/controlplane/kubeadm/internal/webhooks/kubeadmcontrolplane.go
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from k8s_audit.control_plane.static_pod import LOG_FLAGS, STDOUT
from k8s_audit.errors import ConflictError
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.cluster_api.files import (
    FILES,
    POLICY,
    WEBHOOK,
    drop_files,
    our_paths,
    place_file,
    secret_of,
    source_of,
)
from k8s_audit.platforms.cluster_api.flags import arguments, give_back, set_flag
from k8s_audit.platforms.cluster_api.mounts import VOLUMES, mount_folders, mounted, unmount_folders
from k8s_audit.platforms.management.cluster import Resource
from k8s_audit.platforms.management.record import Record, at, forget, record_of, remember, without_empty

RESOURCE = Resource(
    "KubeadmControlPlane", "controlplane.cluster.x-k8s.io", "kubeadmcontrolplanes", ("v1beta2", "v1beta1")
)
FOLDER = "/etc/kubernetes/k8s-audit"


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
            give_back(document, record, name)
    here = arguments(document)
    for name, value in setup.arguments.items():
        if here.get(name) == value:
            continue
        if name in here and not record.owns(name) and not setup.adopt:
            if name.startswith(LOG_FLAGS):
                continue
            raise ConflictError(_conflict(document, name, here[name], value))
        record.claim(name, here, value)
        set_flag(document, name, value, record)
    files = (setup.arguments["audit-policy-file"], setup.arguments["audit-webhook-config-file"])
    mount_folders(document, posixpath.dirname(files[0]), arguments(document).get("audit-log-path", STDOUT), record)
    for path in files:
        place_file(document, path, setup.secret, record)
    drop_files(document, keep=files)
    remember(document, record)
    return document


def turn_off(document: Document) -> Document:
    """Take out what is ours, and nothing else, in place; an object without anything of ours stays equal."""
    record = _claimed(document)
    for name in [*record.added, *record.replaced]:
        give_back(document, record, name)
    drop_files(document)
    unmount_folders(document, record)
    without_empty(document, record.made)
    forget(document)
    return document


def former_of(document: Document) -> str:
    """The Secret of ours before this one."""
    return record_of(document).former


def intact(document: Document, wanted: Mapping[str, str]) -> bool:
    """Whether files and mounts of ours are as they should, whatever the flags' values are.

    Args:
        document: the object.
        wanted: the flags.
    """
    record = record_of(document)
    return (
        our_paths(document) == {wanted.get("audit-policy-file"), wanted.get("audit-webhook-config-file")}
        and bool(record.set or record.volumes)
        and set(record.volumes) <= mounted(document)
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
    ours, here = our_paths(document), arguments(document)
    for name in ("audit-policy-file", "audit-webhook-config-file"):
        if here.get(name) in ours and not record.owns(name):
            record.added.append(name)
            record.set[name] = here[name]
    return record


def _from(entry: Mapping[str, Any]) -> str:
    source = source_of(entry)
    return f" out of Secret {source['name']}" if source else ""


def _conflict(document: Document, name: str, here: str, wanted: str) -> str:
    return (
        f"KubeadmControlPlane {document['metadata']['name']} already has apiServer.extraArgs {name}: {here}, and we would set {wanted}."
        " Ways out: audit:platform.adopt: true takes over what is there (destroy puts it back); or remove the flag; the relay, which will"
        " feed both as receivers, is not built yet"
    )
