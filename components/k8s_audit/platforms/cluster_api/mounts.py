"""The API server's mounts in a KubeadmControlPlane: a folder with our files, read-only, and the log's, writable."""

import posixpath
from typing import Any

from k8s_audit.control_plane.static_pod import CONFIG_VOLUME, LOG_VOLUME, STDOUT
from k8s_audit.errors import ConflictError
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.management.record import Record, at, part, without_empty

VOLUMES = "kubeadmConfigSpec.clusterConfiguration.apiServer.extraVolumes"


def mount_folders(document: Document, folder: str, log: str, record: Record) -> None:
    """Mount what the flags name.

    Args:
        document: the object, changed in place.
        folder: of our files.
        log: the log's path, or `-`.
        record: where it is noted.

    Raises:
        ConflictError: the log lies in the folder of our files, or a mount of somebody else's has our name.
    """
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
        host, here = (posixpath.normpath(str(one.get(key))) for key in ("hostPath", "mountPath"))
        fits = host == here and (not one.get("readOnly") or volume.get("readOnly"))
        if fits and f"{path}/".startswith(f"{here}/"):
            return
        if here == path or one.get("name") == name:
            raise ConflictError(
                f"apiServer.extraVolumes already has {one.get('name')}, which mounts {host} at {here}"
                f"{', read-only' if one.get('readOnly') else ''}, and we would mount {path} as {name}; give it another name and place, or set"
                " audit:platform.folder and audit:delivery.log.path to other ones"
            )
    volumes.append(volume)
    record.volumes.append(name)


def unmount_folders(document: Document, record: Record) -> None:
    """Take our mounts out."""
    volumes = at(document, VOLUMES) or []
    volumes[:] = [volume for volume in volumes if volume.get("name") not in record.volumes]


def mounted(document: Document) -> set[str]:
    """The names of all mounts."""
    return {str(volume.get("name")) for volume in at(document, VOLUMES) or []}
