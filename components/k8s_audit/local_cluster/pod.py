"""A static pod as plain data, and what its container would be given: arguments, environment, mounted paths.

There is no container here: a mounted path in an argument is replaced by the host's path, and what a container would
refuse is refused. Not looked into: paths inside files that the arguments name.
"""

import os
import stat
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from k8s_audit.errors import ToolError

NO_PATHS = frozenset({"etcd-prefix"})
"""Flags whose values look like an absolute path and are none:
https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/"""
WRITES = frozenset({"audit-log-path", "cert-dir", "data-dir", "log-dir", "log-file", "wal-dir"})
"""Flags of kube-apiserver and etcd below whose path the program writes:
the page above, and https://etcd.io/docs/v3.6/op-guide/configuration/"""
LISTS = frozenset({"tls-sni-cert-key"})
"""Flags that take several paths, with commas between."""


class ManifestError(ToolError):
    """A file in the manifests folder that is no pod; the kubelet ignores such a file and ends the pod it was."""


class RefusedError(ToolError):
    """A pod whose container would not start, or could not read or write what its flags name."""


def _empty(value: Any) -> Any:
    return [] if value is None else value


class _Data(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, defer_build=True)


class _Variable(_Data):
    name: str
    value: str = ""


class VolumeMount(_Data):
    """Where a volume is seen in the container."""

    name: str
    mount_path: str = Field(alias="mountPath", pattern="^/")
    read_only: bool = Field(default=False, alias="readOnly")
    sub_path: str = Field(default="", alias="subPath")


class _HostPath(_Data):
    path: str = Field(pattern="^/")
    type: str | None = None


class _Volume(_Data):
    name: str
    host_path: _HostPath | None = Field(default=None, alias="hostPath")


class _Container(_Data):
    name: str
    command: list[str] = Field(min_length=1)
    args: Annotated[list[str], BeforeValidator(_empty)] = []
    env: Annotated[list[_Variable], BeforeValidator(_empty)] = []
    mounts: Annotated[list[VolumeMount], BeforeValidator(_empty)] = Field(default=[], alias="volumeMounts")


class _Spec(_Data):
    containers: list[_Container] = Field(min_length=1, max_length=1)
    volumes: Annotated[list[_Volume], BeforeValidator(_empty)] = []


class _Metadata(_Data):
    name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")


class Pod(_Data):
    """A pod of one container, the fields that are read of it:
    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
    """

    api_version: Literal["v1"] = Field(alias="apiVersion")
    kind: Literal["Pod"]
    metadata: _Metadata
    spec: _Spec

    @property
    def name(self) -> str:
        """The pod's name."""
        return self.metadata.name

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the manifest sets."""
        return {variable.name: variable.value for variable in self.spec.containers[0].env}


def parse(manifest: bytes) -> Pod:
    """Read a manifest.

    Raises:
        ManifestError: it is no YAML, or no pod that can run here.
    """
    try:
        return Pod.model_validate(YAML(typ="safe", pure=True).load(BytesIO(manifest)))
    except YAMLError as error:
        raise ManifestError(f"no YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'document'}: {e['msg']}" for e in error.errors())
        raise ManifestError(f"no pod: {faults}") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"no YAML: {error}") from None


@dataclass(frozen=True)
class Mount:
    """A path of the container and the path of the host behind it."""

    inside: str
    outside: str
    read_only: bool = False

    def translate(self, path: str) -> str | None:
        """The host's path for one of the container; None if it lies elsewhere."""
        path = os.path.normpath(path)
        if self.inside == self.outside and path == self.inside:
            return path
        if path == self.inside:
            return self.outside
        prefix = self.inside.rstrip("/") + "/"
        return os.path.join(self.outside, path[len(prefix) :]) if path.startswith(prefix) else None


def mounts(pod: Pod) -> list[Mount]:
    """The pod's mounts, the longest path first; folders and files that are to be created are.

    Raises:
        RefusedError: a volume is unknown or no hostPath, or its path is not of the type that the manifest says.
    """
    volumes = {volume.name: volume for volume in pod.spec.volumes}
    found = []
    for mount in pod.spec.containers[0].mounts:
        volume = volumes.get(mount.name)
        if volume is None:
            raise RefusedError(f"volumeMount {mount.mount_path}: there is no volume {mount.name!r}")
        if volume.host_path is None:
            raise RefusedError(f"volume {volume.name!r}: only a hostPath can be mounted here")
        _make(volume.host_path.path, volume.host_path.type or "")
        outside = os.path.normpath(os.path.join(volume.host_path.path, mount.sub_path))
        found.append(Mount(os.path.normpath(mount.mount_path), outside, mount.read_only))
    return sorted(found, key=lambda mount: -len(mount.inside))


_KINDS = {
    "Directory": (stat.S_ISDIR, "directory"),
    "DirectoryOrCreate": (stat.S_ISDIR, "directory"),
    "File": (stat.S_ISREG, "file"),
    "FileOrCreate": (stat.S_ISREG, "file"),
    "Socket": (stat.S_ISSOCK, "socket"),
    "CharDevice": (stat.S_ISCHR, "character device"),
    "BlockDevice": (stat.S_ISBLK, "block device"),
}


def _make(path: str, kind: str) -> None:
    """Check a hostPath and create what may be: https://kubernetes.io/docs/concepts/storage/volumes/#hostpath-volume-types"""
    try:
        if not os.path.exists(path):
            if kind in ("", "DirectoryOrCreate"):
                os.makedirs(path, 0o755)
            elif kind == "FileOrCreate":
                Path(path).touch(0o644)
        if not kind:
            return
        if kind not in _KINDS:
            raise RefusedError(f"hostPath {path}: unknown type {kind!r}; allowed: {', '.join(_KINDS)}")
        matches, noun = _KINDS[kind]
        if not os.path.exists(path):
            raise RefusedError(f"hostPath {path} of type {kind} does not exist")
        if not matches(os.stat(path).st_mode):
            raise RefusedError(f"hostPath {path} of type {kind} is not a {noun}")
    except OSError as error:
        raise RefusedError(f"hostPath {path}: {error.strerror}") from None


def arguments(pod: Pod, mounted: list[Mount]) -> list[str]:
    """The container's command and arguments as they run on the host; the program itself stays as it is.

    Raises:
        RefusedError: a flag names a path that no mount covers, or writes below a read-only mount.
    """
    container = pod.spec.containers[0]
    given = [*container.command, *container.args]
    result = given[:1]
    for before, argument in pairwise(given):
        flag, equals, value = argument.partition("=")
        if argument.startswith("-") and equals:
            result.append(f"{flag}={_value(flag, value, mounted)}")
        elif argument.startswith("/"):
            result.append(_value(before if before.startswith("-") else "argument", argument, mounted))
        else:
            result.append(argument)
    return result


def _value(flag: str, value: str, mounted: list[Mount]) -> str:
    name = flag.lstrip("-")
    if name in LISTS:
        return ",".join(_path(flag, name, part, mounted) for part in value.split(","))
    return _path(flag, name, value, mounted)


def _path(flag: str, name: str, value: str, mounted: list[Mount]) -> str:
    if not value.startswith("/") or value.startswith("/dev/") or name in NO_PATHS:
        return value
    for mount in mounted:
        outside = mount.translate(value)
        if outside is None:
            continue
        if mount.read_only and name in WRITES:
            raise RefusedError(f"{flag}={value} would be written under {mount.inside}, a read-only mount")
        return value if mount.inside == mount.outside else outside
    raise RefusedError(f"{flag}={value}: no volumeMount covers this path")
