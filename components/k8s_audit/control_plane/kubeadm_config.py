"""Pure edits of kubeadm's ClusterConfiguration: the API server's audit flags and their mounts, as `kubeadm upgrade` renders
them into the manifests that it writes anew.

Comments, order and all that is not ours survive. Layouts: https://kubernetes.io/docs/reference/config-api/ for v1beta3 and
v1beta4; for older ones cmd/kubeadm/app/apis/kubeadm in each release of https://github.com/kubernetes/kubernetes.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from k8s_audit.control_plane.static_pod import CONFIG_VOLUME, LOG_FLAGS, LOG_VOLUME, STDOUT
from k8s_audit.errors import ConflictError, HostError

GROUP = "kubeadm.k8s.io"


@dataclass(frozen=True)
class Layout:
    """Where a version keeps what.

    Args:
        arguments: the path of the API server's extra flags.
        volumes: the path of its extra mounts.
        listed: the flags are a list of `{name, value}`, not a map.
        writable: a mount is read-only unless it says `writable`; in newer ones it is writable unless it says `readOnly`.
    """

    arguments: tuple[str, ...] = ("apiServer", "extraArgs")
    volumes: tuple[str, ...] = ("apiServer", "extraVolumes")
    listed: bool = False
    writable: bool = False


_ALPHA = Layout(("apiServerExtraArgs",), ("apiServerExtraVolumes",), writable=True)
LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "v1alpha2": _ALPHA,  # Kubernetes 1.11
        "v1alpha3": _ALPHA,
        "v1beta1": Layout(),
        "v1beta2": Layout(),
        "v1beta3": Layout(),
        "v1beta4": Layout(listed=True),
    }
)


@dataclass(frozen=True)
class Ours:
    """What our edit added: flags, names of volumes; and the flags that it took over."""

    arguments: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Edit:
    """A configuration with auditing turned on, and what of it is ours."""

    text: str
    ours: Ours


def audit_arguments(text: str) -> dict[str, str]:
    """The audit flags of a configuration, by name.

    Raises:
        HostError: it is none.
    """
    document, layout = _load(text)
    return {name: value for name, value in _arguments(document, layout) if name.startswith("audit-")}


def turn_on(text: str, wanted: Mapping[str, str], adopt: bool = False) -> Edit:
    """Turn auditing on.

    Args:
        text: what is there now, without anything of ours.
        wanted: audit flags by name, without dashes.
        adopt: take over flags that are there with other values, instead of refusing.

    Raises:
        ConflictError: a flag is there with another value; those of the log backend are none and stay as they are.
        HostError: this is no ClusterConfiguration of a version that we know.
    """
    document, layout = _load(text)
    here = dict(_arguments(document, layout))
    missing: dict[str, str] = {}
    for name, value in sorted(wanted.items()):
        if name not in here or (adopt and here[name] != value):
            missing[name] = value
        elif here[name] != value and not name.startswith(LOG_FLAGS):
            raise ConflictError(
                f"kubeadm's own configuration already has {name}: {here[name]}, and we would set {value}. Ways out: `adopt: true`"
                " on a host takes over what is there (destroy puts it back); or `persist: false` leaves it as it is"
            )
    replaced = {name: here[name] for name in missing if name in here}
    _drop_arguments(document, layout, missing)
    if missing:
        _add_arguments(document, layout, missing)
    log = (here | missing).get("audit-log-path", STDOUT)
    volumes = _mount(document, layout, CONFIG_VOLUME, posixpath.dirname(wanted["audit-policy-file"]), read_only=True)
    if log != STDOUT:
        volumes += _mount(document, layout, LOG_VOLUME, posixpath.dirname(log), read_only=False)
    ours = Ours(missing, tuple(volumes), replaced)
    return Edit(_dump(document) if missing or volumes else text, ours)


def turn_off(text: str, ours: Ours) -> str:
    """Take out what is ours, and nothing else; a configuration without anything of ours comes back as it is."""
    document, layout = _load(text)
    here = {name for name, _ in _arguments(document, layout)}
    named = {str(volume.get("name")) for volume in _at(document, layout.volumes) or []}
    if not here & ours.arguments.keys() and not named & set(ours.volumes):
        return text
    _drop_arguments(document, layout, ours.arguments)
    if ours.replaced:
        _add_arguments(document, layout, ours.replaced)
    volumes = _at(document, layout.volumes)
    for index in reversed([i for i, volume in enumerate(volumes or []) if volume.get("name") in ours.volumes]):
        del volumes[index]
    for path in (layout.arguments, layout.volumes):
        _drop_empty(document, path)
    return _dump(document)


def has_volumes(text: str, ours: Ours) -> bool:
    """Whether our mounts are there; flags are compared one by one elsewhere."""
    document, layout = _load(text)
    return set(ours.volumes) <= {str(volume.get("name")) for volume in _at(document, layout.volumes) or []}


def reformat(text: str) -> str:
    """The same configuration as we would write it, to compare two by content, comments included."""
    return _dump(_load(text)[0])


def _arguments(document: Any, layout: Layout) -> Iterator[tuple[str, str]]:
    found = _at(document, layout.arguments) or []
    if layout.listed:
        yield from ((str(entry["name"]), str(entry.get("value", ""))) for entry in found)
    else:
        yield from ((str(name), str(value)) for name, value in dict(found).items())


def _drop_arguments(document: Any, layout: Layout, names: Mapping[str, str]) -> None:
    found = _at(document, layout.arguments)
    if not found:
        return
    if layout.listed:
        for index in reversed([i for i, entry in enumerate(found) if entry["name"] in names]):
            del found[index]
    else:
        for name in [name for name in found if name in names]:
            del found[name]


def _add_arguments(document: Any, layout: Layout, arguments: Mapping[str, str]) -> None:
    found = _made(document, layout.arguments, CommentedSeq if layout.listed else CommentedMap)
    if layout.listed:
        found.extend(CommentedMap({"name": name, "value": value}) for name, value in arguments.items())
    else:
        found.update(arguments)


def _mount(document: Any, layout: Layout, name: str, folder: str, *, read_only: bool) -> list[str]:
    """Mount a folder at its own path, unless it is; return the volume's name if it is new."""
    for volume in _at(document, layout.volumes) or []:
        if posixpath.normpath(str(volume.get("mountPath"))) == posixpath.normpath(folder):
            return []
        if volume.get("name") == name:
            raise ConflictError(f"kubeadm's own configuration already has a volume {name}, which is not ours")
    volume = CommentedMap({"name": name, "hostPath": folder, "mountPath": folder, "pathType": "DirectoryOrCreate"})
    if layout.writable and not read_only:
        volume["writable"] = True
    if not layout.writable and read_only:
        volume["readOnly"] = True
    _made(document, layout.volumes, CommentedSeq).append(volume)
    return [name]


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = (document or {}).get(key)
    return document


def _made(document: Any, path: tuple[str, ...], kind: type[Any]) -> Any:
    """What lies at a path, made where it is missing or empty; an empty `{}` becomes a block, as all else is one."""
    for depth, key in enumerate(path):
        last = depth == len(path) - 1
        if not document.get(key):
            document[key] = kind() if last else CommentedMap()
        document = document[key]
    return document


def _drop_empty(document: Any, path: tuple[str, ...]) -> None:
    parent = _at(document, path[:-1]) if path[:-1] else document
    if parent and path[-1] in parent and not parent[path[-1]]:
        del parent[path[-1]]


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 65536
    return yaml


def _load(text: str) -> tuple[Any, Layout]:
    try:
        document = _yaml().load(text)
    except (YAMLError, ValueError) as error:
        raise HostError(f"kubeadm's own configuration is not YAML: {' '.join(str(error).split())}") from None
    version = document.get("apiVersion") if isinstance(document, dict) else None
    group, _, name = str(version).partition("/")
    if group != GROUP or name not in LAYOUTS:
        known = ", ".join(f"{GROUP}/{known}" for known in LAYOUTS)
        raise HostError(
            f"kubeadm's own configuration has apiVersion {version}; known: {known}. `persist: false` leaves it as it is"
        )
    return document, LAYOUTS[name]


def _dump(document: Any) -> str:
    out = StringIO()
    _yaml().dump(document, out)
    return out.getvalue()
