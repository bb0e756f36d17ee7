"""The configuration files of RKE2 and K3s: how they are merged, and pure edits of one of them.

`config.yaml` comes first, then each `config.yaml.d/*.yaml` by name; a key's last value counts, and `key+` adds to it
(https://docs.rke2.io/install/configuration, https://docs.k3s.io/installation/configuration). Drop-ins and `key+` came in the course of 1.21,
so that they are used from 1.22 on.
"""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.control_plane.settings_yaml import HEADER, dump, load, with_digest

ARGUMENTS = "kube-apiserver-arg"
POLICY = "audit-policy-file"
"""RKE2's own key. Where it names no file, and under `profile: cis`, RKE2 makes one that records nothing."""
ENVIRONMENT = "kube-apiserver-extra-env"
"""RKE2's: another value makes another pod, where else only a file's content would have changed."""
VARIABLE = "K8S_AUDIT_CONFIG_SHA256"
SUFFIXES = (".yaml", ".yml")

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
        for written, value in load(content, path).items():
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
            for key in load(content, other):
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
    document = load(base, "")
    arguments = dict(missing)
    plus = "+" if drop_in else ""
    if own_keys and POLICY in arguments:
        document[POLICY] = arguments.pop(POLICY)
    _add(document, ARGUMENTS + plus, [f"{name}={value}" for name, value in sorted(arguments.items())])
    if own_keys:
        _add(document, ENVIRONMENT + plus, [f"{VARIABLE}={digest}"])
    text = (b"" if base else HEADER.encode()) + dump(document, base)
    return Edit(
        with_digest(text, digest), Ours(tuple(f"--{name}={value}" for name, value in sorted(missing.items())), ())
    )


def turn_off(text: bytes, ours: Ours) -> bytes:
    """Take out what is ours; empty if nothing is left."""
    document = load(text, "")
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
    return dump(document, text)


def reformat(text: bytes) -> bytes:
    """The same file as we would write it."""
    return dump(load(text, ""), text)


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
