"""Pure edits of a file with one argument a line, as MicroK8s keeps for its API server: ours come last, each other line stays as it is.

Format: https://github.com/canonical/microk8s microk8s-resources/default-args/kube-apiserver (quotes, `${SNAP_DATA}`, lines that begin with `#`).
"""

import re
from collections.abc import Mapping

from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.control_plane.static_pod import LOG_FLAGS
from k8s_audit.errors import ConflictError

DIGEST = "# k8s-audit/config-sha256: "
QUOTES = re.compile(r"[\"']")
ENDS_NAME = re.compile(r"[= \t]")


def flags_of(text: bytes) -> dict[str, str]:
    """The flags by name, without dashes; the last one of several counts."""
    lines = (QUOTES.sub("", line).strip() for line in text.decode("utf-8", "replace").splitlines())
    pairs = (ENDS_NAME.split(f"{line}=", maxsplit=1) for line in lines if line.startswith("-"))
    return {name.lstrip("-"): value.removesuffix("=").strip() for name, value in pairs}


def audit_arguments(text: bytes) -> dict[str, str]:
    """The audit flags among them."""
    return {name: value for name, value in flags_of(text).items() if name.startswith("audit-")}


def turn_on(base: bytes, wanted: Mapping[str, str], digest: str, path: str) -> Edit:
    """Turn auditing on.

    Args:
        base: the file without anything of ours.
        wanted: audit flags by name, without dashes.
        digest: of the files that the flags name.
        path: the file's, for messages.

    Raises:
        ConflictError: a flag is there with another value; those of the log backend are no conflict and stay.
    """
    here = audit_arguments(base)
    for name, value in sorted(wanted.items()):
        if name in here and here[name] != value and not name.startswith(LOG_FLAGS):
            raise ConflictError(
                f"{path} already has --{name}={here[name]}, and we would set --{name}={value}. Remove it there; the relay, which"
                " will feed both as receivers, is not built yet"
            )
    added = tuple(f"--{name}={value}" for name, value in sorted(wanted.items()) if name not in here)
    lines = "".join(f"{line}\n" for line in (f"{DIGEST}{digest}", *added))
    return Edit(_whole_lines(base) + lines.encode(), Ours(added, ()))


def turn_off(text: bytes, ours: Ours) -> bytes:
    """Take out what is ours, and nothing else."""
    kept = [
        line for line in text.decode("utf-8", "surrogateescape").splitlines(keepends=True) if not _is_ours(line, ours)
    ]
    return "".join(kept).encode("utf-8", "surrogateescape")


def has_digest(text: bytes) -> bool:
    """Whether our line is there."""
    return DIGEST.encode() in text


def reformat(text: bytes) -> bytes:
    """The same file with its last line ended."""
    return _whole_lines(text)


def _is_ours(line: str, ours: Ours) -> bool:
    return line.startswith(DIGEST) or ENDS_NAME.split(line.strip(), maxsplit=1)[0] in ours.flags


def _whole_lines(text: bytes) -> bytes:
    return text + b"\n" if text and not text.endswith(b"\n") else text
