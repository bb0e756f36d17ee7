"""What all configuration models share, and the types of single values."""

import re
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from k8s_audit.control_plane.durations import seconds

LONGEST = (2**63 - 1) / 10**9
"""Seconds of the longest Go duration (https://pkg.go.dev/time#Duration); also all that a thread can wait."""


class ConfigModel(BaseModel):
    """A part of a stack's file: camelCase keys, no unknown ones, no value of another type that is bent to fit."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, alias_generator=to_camel, defer_build=True
    )
    hints: ClassVar[dict[str, str]] = {}
    """What a message says about an unknown key that people try."""


def _duration(text: str) -> str:
    if seconds(text) <= 0:
        raise ValueError("a duration is longer than nothing, such as 500ms, 5s or 1m30s")
    if seconds(text) > LONGEST:
        raise ValueError("a duration is at most 292 years")
    return text


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", text, re.ASCII):
        raise ValueError("a name has up to 63 lower-case letters, digits and dashes, no dash first or last")
    return text


def _size(given: Any) -> Any:
    """Bytes of a text such as `12MiB`; anything else as it is, for the type to judge."""
    if not isinstance(given, str):
        return given
    size = re.fullmatch(r"(\d{1,9})(KiB|MiB)", given, re.ASCII)
    if size is None:
        raise ValueError("a size is a number of bytes, or a text such as 256KiB or 12MiB")
    return int(size[1]) * {"KiB": 2**10, "MiB": 2**20}[size[2]]


def _log_path(path: str) -> str:
    return path if path == "-" else _absolute(path)


def _absolute(path: str) -> str:
    if not path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise ValueError("an absolute path is needed, without ..")
    return path.rstrip("/") or "/"


Duration = Annotated[str, AfterValidator(_duration)]
"""A Go duration, such as `500ms`, `5s`, `1m30s` (https://pkg.go.dev/time#ParseDuration)."""
Size = Annotated[int, BeforeValidator(_size), Field(ge=1024, le=2**31 - 1)]
"""Bytes: a number, or a text such as `256KiB` or `12MiB`."""
Port = Annotated[int, Field(ge=1024, le=65535)]
"""A TCP port that needs no root."""
Name = Annotated[str, AfterValidator(_name)]
"""A DNS label, as Kubernetes names are (RFC 1123)."""
AbsolutePath = Annotated[str, AfterValidator(_absolute)]
"""A path on a host."""
LogPath = Annotated[str, AfterValidator(_log_path)]
"""A path on a host, or `-`: the container's output."""
