"""The configuration files of RKE2 and K3s: how they are merged, and pure edits of one of them.

`config.yaml` comes first, then each `config.yaml.d/*.yaml` by name; a key's last value counts, and `key+` adds to it
(https://docs.rke2.io/install/configuration, https://docs.k3s.io/installation/configuration). Drop-ins and `key+` came in the course of 1.21,
so that they are used from 1.22 on.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.errors import HostError

ARGUMENTS = "kube-apiserver-arg"
POLICY = "audit-policy-file"
"""RKE2's own key. Where it names no file, and under `profile: cis`, RKE2 makes one that records nothing."""
ENVIRONMENT = "kube-apiserver-extra-env"
"""RKE2's: another value makes another pod, where else only a file's content would have changed."""
VARIABLE = "K8S_AUDIT_CONFIG_SHA256"
SUFFIXES = (".yaml", ".yml")
HEADER = "# Written by k8s-audit, which takes it back; see UNDO.md in its state folder.\n"
DIGEST = "# k8s-audit/config-sha256: "
OF_OURS = re.compile(rf"^(?:{re.escape(HEADER.strip())}|{re.escape(DIGEST)}\w+(?:-again)?)\n?", re.MULTILINE)
INDENTED = re.compile(r"^( +)- ", re.MULTILINE)

Files = Sequence[tuple[str, bytes]]
"""Paths and contents, in the order in which they count."""


@dataclass(frozen=True)
class Setting:
    """One value, and the file or command line that it comes from."""

    value: str
    source: str


def drop_ins(names: Iterable[str]) -> list[str]:
    """Of a folder's names those that are read, in order."""
    return sorted((name for name in names if name.lower().endswith(SUFFIXES)), key=lambda name: name.encode())


def merged(files: Files) -> dict[str, list[Setting]]:
    """All values of each key.

    Raises:
        HostError: a file is no mapping.
    """
    found: dict[str, list[Setting]] = {}
    for path, content in files:
        for written, value in _load(content, path).items():
            key = str(written).removesuffix("+")
            values = [Setting(_text(each), path) for each in (value if isinstance(value, list) else [value])]
            found[key] = found.get(key, []) + values if str(written).endswith("+") else values
    return found


def of_command_line(arguments: Sequence[str], source: str) -> dict[str, list[Setting]]:
    """The same of a command line, whose values come after those of the files."""
    found: dict[str, list[Setting]] = {}
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).strip("'\"").partition("=")
        if not name.startswith("-"):
            continue
        if not equals and rest and not rest[0].startswith("-"):
            value = rest.pop(0).strip("'\"")
        found.setdefault(name.lstrip("-"), []).append(Setting(value, source))
    return found


def audit_settings(values: Mapping[str, list[Setting]], own_policy: bool) -> dict[str, Setting]:
    """The API server's audit flags of all values, by name; the last one of several counts.

    Args:
        values: of each key.
        own_policy: there is RKE2's own key for the policy.
    """
    own = values.get(POLICY, [])[-1:] if own_policy else []
    found = {POLICY: own[0]} if own else {}
    for given in values.get(ARGUMENTS, []):
        name, _, value = given.value.removeprefix("--").partition("=")
        if name.rstrip("+-").startswith("audit-"):
            found[name.rstrip("+-")] = Setting(value, given.source)
    return found


def dropped_by(files: Files, path: str, keys: Sequence[str]) -> Setting | None:
    """The first file after `path` that sets one of the keys anew, which ours would be dropped by: the key, and that file."""
    behind = False
    for other, content in files:
        if behind:
            for key in _load(content, other):
                if key in keys:
                    return Setting(str(key), other)
        behind = behind or other == path
    return None


def turn_on(base: bytes, missing: Mapping[str, str], digest: str, *, drop_in: bool, own_keys: bool) -> Edit:
    """One of the files with audit flags added.

    Args:
        base: its content without us; empty: it is not there.
        missing: audit flags by name, without dashes.
        digest: of the files that the flags name.
        drop_in: add to what other files say, by `key+`; else what this file says is all there is.
        own_keys: RKE2's own keys for the policy and the pod's environment can be used.
    """
    document = _load(base, "")
    arguments = dict(missing)
    plus = "+" if drop_in else ""
    if own_keys and POLICY in arguments:
        document[POLICY] = arguments.pop(POLICY)
    _add(document, ARGUMENTS + plus, [f"{name}={value}" for name, value in sorted(arguments.items())])
    if own_keys:
        _add(document, ENVIRONMENT + plus, [f"{VARIABLE}={digest}"])
    text = (b"" if base else HEADER.encode()) + _dump(document, base) + f"{DIGEST}{digest}\n".encode()
    return Edit(text, Ours(tuple(f"--{name}={value}" for name, value in sorted(missing.items())), ()))


def turn_off(text: bytes, ours: Ours) -> bytes:
    """Take out what is ours; empty if nothing is left."""
    document = _load(text, "")
    added = {argument.removeprefix("--") for argument in ours.arguments}
    names = {flag.removeprefix("--") for flag in ours.flags}
    if f"{POLICY}={document.get(POLICY)}" in added:
        del document[POLICY]
    for key in (ARGUMENTS, ARGUMENTS + "+", ENVIRONMENT, ENVIRONMENT + "+"):
        entries = document.get(key)
        if isinstance(entries, list):
            mine = {VARIABLE} if key.startswith(ENVIRONMENT) else names
            for index in reversed([i for i, each in enumerate(entries) if _name(each) in mine]):
                del entries[index]
            if not entries:
                del document[key]
    return _dump(document, text)


def has_digest(text: bytes) -> bool:
    """Whether our line is there."""
    return DIGEST.encode() in text


def reformat(text: bytes) -> bytes:
    """The same file as we would write it."""
    return _dump(_load(text, ""), text)


def drop_in_path(config_file: str, name: str) -> str:
    """The path of a drop-in."""
    return posixpath.join(f"{config_file}.d", name)


def _name(entry: Any) -> str:
    return str(entry).removeprefix("--").partition("=")[0]


def _add(document: Any, key: str, entries: list[str]) -> None:
    there = document.get(key, [])
    if not isinstance(there, list):
        there = [there]
    there.extend(entries)
    if there:
        document[key] = there


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _yaml(like: bytes) -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 65536
    indented = INDENTED.search(like.decode("utf-8", "replace"))
    if indented:
        yaml.indent(sequence=len(indented[1]) + 2, offset=len(indented[1]))
    return yaml


def _load(content: bytes, path: str) -> Any:
    try:
        text = OF_OURS.sub("", content.decode())
        document = _yaml(content).load(text) if text.strip() else None
    except (YAMLError, ValueError) as error:  # what it says quotes the file, which may hold the cluster's token
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        where = f": line {mark.line + 1}" if mark else ""
        raise HostError(f"{path or 'a configuration file'} is not YAML{where}") from None
    if document is None:
        return CommentedMap()
    if not isinstance(document, dict):
        raise HostError(f"{path or 'a configuration file'} is no mapping of settings")
    return document


def _dump(document: Any, like: bytes) -> bytes:
    if not document:
        return b""
    out = BytesIO()
    _yaml(like).dump(document, out)
    return out.getvalue()
