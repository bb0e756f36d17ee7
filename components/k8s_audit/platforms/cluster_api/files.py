"""Our files in a KubeadmControlPlane, out of a Secret: a file's own `content` may have 10240 characters, fewer than a policy may need.

https://github.com/kubernetes-sigs/cluster-api/blob/v1.13.6/api/bootstrap/kubeadm/v1beta2/kubeadmconfig_types.go
"""

from collections.abc import Collection, Mapping
from typing import Any

from k8s_audit.errors import ConflictError
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.management.own_secret import is_ours
from k8s_audit.platforms.management.record import Record, at, part

FILES = "kubeadmConfigSpec.files"
POLICY, WEBHOOK = "policy.yaml", "webhook.yaml"
"""Names of our files, and their keys in the Secret."""
OWNER, PERMISSIONS = "root:root", "0600"


def secret_of(document: Document) -> str:
    """The Secret of ours that its files come from; empty: none."""
    return next((source_of(file)["name"] for file in _files(document) if _is_ours(document, file)), "")


def our_paths(document: Document) -> set[str]:
    """Where files of ours lie."""
    return {str(file.get("path")) for file in _files(document) if _is_ours(document, file)}


def source_of(file: Mapping[str, Any]) -> Any:
    """The Secret that a file comes from, and its key; empty: none."""
    return (file.get("contentFrom") or {}).get("secret") or {}


def place_file(document: Document, path: str, secret: str, record: Record) -> None:
    """Bring a file to what it shall be.

    Args:
        document: the object, changed in place.
        path: on the machines.
        secret: the name of the one that has its text.
        record: where it is noted.

    Raises:
        ConflictError: somebody else's file lies there.
    """
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


def drop_files(document: Document, keep: Collection[str] = ()) -> None:
    """Take ours out, but for those at some paths."""
    files = at(document, FILES)
    if files:
        files[:] = [file for file in files if not _is_ours(document, file) or file.get("path") in keep]


def _files(document: Document) -> list[Any]:
    return at(document, FILES) or []


def _is_ours(document: Document, file: Mapping[str, Any]) -> bool:
    return is_ours(source_of(file).get("name"), document["metadata"]["name"])
