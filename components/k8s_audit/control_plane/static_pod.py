"""Pure edits of the API server's static-pod manifest: audit flags, their mounts, and one annotation.

Comments, order and all that is not ours survive. What we add is listed in `Ours`, so that it can be taken out again
from a manifest that somebody else has changed since. Flags:
https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.errors import ConflictError, HostError

CONTAINER = "kube-apiserver"
ANNOTATION = "k8s-audit/config-sha256"
"""Changes with the files' content, so that the kubelet restarts the pod when only they change."""
CONFIG_VOLUME = "k8s-audit-config"
LOG_VOLUME = "k8s-audit-log"
STDOUT = "-"
LOG_FLAGS = "audit-log-"


def arguments_of(manifest: bytes) -> list[str]:
    """The API server's arguments, without the program's own name.

    Raises:
        HostError: this is no API server manifest.
    """
    return list(_arguments(manifest))


@lru_cache(maxsize=8)
def _arguments(manifest: bytes) -> tuple[str, ...]:
    """Kept, since a wait asks for the same manifest's four times a second, and YAML with comments takes long to read."""
    container = _container(_load(manifest))
    return tuple(str(part) for part in [*container.get("command", []), *container.get("args", [])])[1:]


def flag(arguments: list[str], name: str) -> str | None:
    """The value of `--name=value`; the last one counts, as for the API server."""
    values = [argument.partition("=")[2] for argument in arguments if argument.partition("=")[0] == f"--{name}"]
    return values[-1] if values else None


def audit_arguments(manifest: bytes) -> dict[str, str]:
    """The audit flags of a manifest, by name."""
    pairs = (argument.partition("=") for argument in arguments_of(manifest))
    return {name.removeprefix("--"): value for name, _, value in pairs if name.startswith("--audit-")}


def log_folder(arguments: Mapping[str, str]) -> list[str]:
    """The folder of the audit log, by the audit flags; none where it goes to the container's output, or nowhere."""
    path = arguments.get("audit-log-path", STDOUT)
    return [] if path == STDOUT else [posixpath.dirname(path)]


def image_version(manifest: bytes) -> tuple[int, int] | None:
    """Major and minor version by the image's tag; None if that is no version."""
    found = re.search(r":v(\d+)\.(\d+)\.\d+", str(_container(_load(manifest)).get("image", "")))
    return (int(found[1]), int(found[2])) if found else None


def turn_on(manifest: bytes, wanted: Mapping[str, str], digest: str, adopt: bool = False) -> Edit:
    """Turn auditing on.

    Args:
        manifest: what is there now, without anything of ours.
        wanted: audit flags by name, without dashes.
        digest: of the files that the flags name.
        adopt: take over flags that are there with other values, instead of refusing.

    Raises:
        ConflictError: a flag is there with another value, or a mount forbids what we need. Existing flags of the
            log backend are no conflict: they stay as they are.
        HostError: this is no API server manifest.
    """
    document = _load(manifest)
    container = _container(document)
    here = audit_arguments(manifest)
    missing = {}
    for name, value in sorted(wanted.items()):  # a map has no order on its way through the engine
        if name not in here or (adopt and here[name] != value):
            missing[name] = value
        elif here[name] != value and not name.startswith(LOG_FLAGS):
            raise ConflictError(
                f"kube-apiserver already has --{name}={here[name]}, and we would set --{name}={value}. "
                "Ways out: `adopt: true` on the host takes over what is there (destroy puts it back); or remove the flag; "
                "the relay, which will feed both as receivers, is not built yet"
            )
    replaced = _drop_arguments(container, {f"--{name}" for name in missing}) if adopt else []
    added = [f"--{name}={value}" for name, value in missing.items()]
    container.setdefault("args" if "args" in container else "command", []).extend(added)
    final = here | missing
    volumes = _mount(document, container, CONFIG_VOLUME, posixpath.dirname(wanted["audit-policy-file"]), read_only=True)
    log_path = final.get("audit-log-path", STDOUT)
    if log_path != STDOUT:
        volumes += _mount(document, container, LOG_VOLUME, posixpath.dirname(log_path), read_only=False)
    document["metadata"].setdefault("annotations", {})[ANNOTATION] = digest
    return Edit(_dump(document), Ours(tuple(added), tuple(volumes), tuple(replaced)))


def has(manifest: bytes, ours: Ours) -> bool:
    """Whether the volumes, mounts and the annotation of ours are all there; flags are compared one by one elsewhere."""
    document = _load(manifest)
    mounted = {mount["name"] for mount in _container(document).get("volumeMounts", [])}
    volumes = {volume["name"] for volume in document["spec"].get("volumes", [])}
    annotated = ANNOTATION in document["metadata"].get("annotations", {})
    return annotated and set(ours.volumes) <= mounted & volumes


def host_path(manifest: bytes, path: str) -> str | None:
    """Where a path of the API server's container lies on the host; None if no hostPath is mounted there."""
    document = _load(manifest)
    covering = [m for m in _container(document).get("volumeMounts", []) if path and _within(path, str(m["mountPath"]))]
    nearest = max(covering, key=lambda mount: len(str(mount["mountPath"]).rstrip("/")), default=None)
    if nearest is None:
        return None
    return _outside(document, nearest, path)


def reformat(manifest: bytes) -> bytes:
    """The same manifest as we would write it, to compare two by content, comments included."""
    return _dump(_load(manifest))


def turn_off(manifest: bytes, ours: Ours) -> bytes:
    """Take out what is ours, and nothing else: for a manifest that somebody has changed since our edit.

    A manifest without anything of ours comes back byte for byte.
    """
    document = _load(manifest)
    container = _container(document)
    here = {flag.partition("=")[0] for flag in arguments_of(manifest)}
    mounted = [mount["name"] for mount in container.get("volumeMounts", [])]
    annotated = ANNOTATION in document["metadata"].get("annotations", {})
    if not annotated and not here & ours.flags and not set(mounted) & set(ours.volumes):
        return manifest
    _drop_arguments(container, ours.flags)
    container["args" if "args" in container else "command"].extend(ours.replaced)
    _drop_named(container.get("volumeMounts", []), ours.volumes)
    _drop_named(document["spec"].get("volumes", []), ours.volumes)
    document["metadata"].get("annotations", {}).pop(ANNOTATION, None)
    return _dump(document)


def _mount(document: Any, container: Any, name: str, folder: str, *, read_only: bool) -> list[str]:
    """Mount a folder at its own path, unless a mount already serves; return the volume's name if it is new."""
    mounts = container.setdefault("volumeMounts", [])
    covering = [m for m in mounts if _within(folder, str(m["mountPath"]))]
    nearest = max(covering, key=lambda mount: len(str(mount["mountPath"]).rstrip("/")), default=None)
    if nearest is not None and posixpath.normpath(nearest["mountPath"]) == posixpath.normpath(folder):
        if not read_only and nearest.get("readOnly", False):
            raise ConflictError(
                f"the audit log cannot be written: {folder} is mounted read-only in kube-apiserver (volume {nearest['name']}); "
                "set audit:delivery.log.path to a folder of its own"
            )
        host_path = _host_path(document, nearest["name"])
        if posixpath.normpath(host_path) != posixpath.normpath(folder):
            raise ConflictError(
                f"{folder} in kube-apiserver is {host_path} of the host (volume {nearest['name']}); set another folder"
            )
        return []
    if nearest is not None and read_only and _outside(document, nearest, folder) == posixpath.normpath(folder):
        return []
    volumes = document["spec"].setdefault("volumes", [])
    if any(volume["name"] == name for volume in volumes):
        raise ConflictError(f"kube-apiserver's manifest already has a volume {name}, which is not ours")
    mounts.append({"mountPath": folder, "name": name, **({"readOnly": True} if read_only else {})})
    volumes.append({"hostPath": {"path": folder, "type": "DirectoryOrCreate"}, "name": name})
    return [name]


def _outside(document: Any, mount: Any, path: str) -> str | None:
    """Where a path below a mount lies on the host; None if it is no hostPath."""
    outside = _host_path(document, mount["name"])
    inside = posixpath.relpath(path, str(mount["mountPath"]))
    return posixpath.normpath(posixpath.join(outside, inside)) if outside.startswith("/") else None


def _within(path: str, folder: str) -> bool:
    return posixpath.commonpath([posixpath.normpath(path), posixpath.normpath(folder)]) == posixpath.normpath(folder)


def _host_path(document: Any, volume: str) -> str:
    for entry in document["spec"].get("volumes", []):
        if entry["name"] == volume:
            return str(entry.get("hostPath", {}).get("path", "(no hostPath)"))
    return "(no volume)"


def _drop_arguments(container: Any, names: set[str]) -> list[str]:
    """Drop flags by name; return the whole arguments that were there."""
    dropped: list[str] = []
    for part in ("command", "args"):
        if part in container:
            for index in reversed([i for i, a in enumerate(container[part]) if str(a).partition("=")[0] in names]):
                dropped.append(str(container[part].pop(index)))
    return dropped[::-1]


def _drop_named(entries: Any, names: tuple[str, ...]) -> None:
    for index in reversed([i for i, entry in enumerate(entries) if entry["name"] in names]):
        del entries[index]


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 65536
    return yaml


def _load(manifest: bytes) -> Any:
    try:
        document = _yaml().load(manifest)
    except (YAMLError, ValueError) as error:
        raise HostError(f"kube-apiserver's manifest is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict) or document.get("kind") != "Pod" or not list(_containers(document)):
        raise HostError(f"kube-apiserver's manifest is no Pod with a container {CONTAINER}")
    return document


def _containers(document: Any) -> Iterator[Any]:
    for container in (document.get("spec") or {}).get("containers") or []:
        if container.get("name") == CONTAINER:
            yield container


def _container(document: Any) -> Any:
    container = next(_containers(document))
    program = [str(part) for part in [*container.get("command", []), *container.get("args", [])]]
    if not program or any(" --" in part for part in program):
        raise HostError(
            "kube-apiserver's manifest has its flags in one string, which no container runtime splits; write one flag an entry of `command`"
        )
    return container


def _dump(document: Any) -> bytes:
    out = BytesIO()
    _yaml().dump(document, out)
    return out.getvalue()
