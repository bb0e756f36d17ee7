"""Pure edits of one section of OpenShift 3.11's master-config.yaml: its keys are set and taken out, and no byte outside the section changes but for
one line of ours at the end.

Which section, and what its keys mean for auditing: `audit_config.py` (OpenShift), `api_server_arguments.py` (MiniShift). The file's own types:
https://github.com/openshift/api/blob/master/legacyconfig/v1/types.go
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import ScalarString

from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.control_plane.settings_yaml import OF_OURS, dump, load, with_digest
from k8s_audit.errors import HostError

NAME = "master-config.yaml"
BEFORE_COMMENT = re.compile(rb"[ \t]+#")
Section = tuple[str, ...]
"""The keys that lead to a mapping."""


def value_at(text: bytes, section: Section) -> Any:
    """What stands there; None if nothing does.

    Raises:
        HostError: the file is no mapping, or something in the way is none.
    """
    found: Any = load(text, NAME)
    for index, key in enumerate(section):
        if found is None:
            return None
        if not isinstance(found, dict):
            raise HostError(f"{NAME}: {'.'.join(section[:index])} is no mapping")
        found = found.get(key)
    return found


def mapping_at(text: bytes, section: Section) -> dict[str, Any]:
    """The mapping that stands there; empty if there is none.

    Raises:
        HostError: it is something else.
    """
    found = value_at(text, section)
    if found is not None and not isinstance(found, dict):
        raise HostError(f"{NAME}: {'.'.join(section)} is no mapping")
    return found or {}


def turn_on(base: bytes, section: Section, values: Mapping[str, Any], gone: Collection[str], digest: str) -> Edit:
    """The file with keys of the section set.

    Args:
        base: the file without anything of ours.
        section: where.
        values: the new values; those before are remembered.
        gone: keys that must not be there beside them; remembered likewise.
        digest: of the files that the values name.
    """
    mapping_at(base, section)
    head, body, tail = _parts(_whole_lines(base), section[0])
    document = load(body, NAME)
    inner = document
    for key in section:
        if inner.get(key) is None:
            inner[key] = CommentedMap()
        inner = inner[key]
    replaced = {key: inner[key] for key in (*gone, *values) if key in inner}
    for key in gone:
        inner.pop(key, None)
    for position, (key, value) in enumerate(values.items()):
        if key in inner:
            inner[key] = _quoted(value, inner[key])
        else:
            inner.insert(position, key, value)  # a comment after the last key stays there
    ours = Ours(tuple(_spelled(key, value) for key, value in values.items()), (), _all_spelled(replaced))
    return Edit(with_digest(head + dump(document, body) + tail, digest), ours)


def turn_off(text: bytes, section: Section, ours: Ours) -> bytes:
    """Take out what is ours, whatever value it has now, and put back what it replaced."""
    clean = _without_digest(text)
    if not mapping_at(clean, section):
        return clean
    head, body, tail = _parts(_whole_lines(clean), section[0])
    document = load(body, NAME)
    before = dict(map(_read, ours.replaced))
    around, inner = [], document
    for key in section:
        around.append((inner, key))
        inner = inner[key]
    for key in ours.flags:
        if key in inner and key not in before:
            del inner[key]
    for key, value in before.items():
        inner[key] = _quoted(value, inner.get(key))
    for outer, key in reversed(around):
        if not outer[key]:
            del outer[key]
    return head + dump(document, body) + tail


def reformat(text: bytes, section: Section) -> bytes:
    """The same file as we would write it, to compare two; a comment moves with the end of the value before it."""
    clean = _whole_lines(_without_digest(text))
    head, body, tail = _parts(clean, section[0])
    return head + BEFORE_COMMENT.sub(b" #", dump(load(body, NAME), body)) + tail


def _parts(text: bytes, key: str) -> tuple[bytes, bytes, bytes]:
    """What comes before a top-level key with its value, that itself, and what comes after it; all of it where keys share lines."""
    document = load(text, NAME)
    lines = text.splitlines(keepends=True)
    if not hasattr(document, "lc") or document.fa.flow_style():
        return b"", text, b""
    starts = sorted(document.lc.key(each)[0] for each in document)
    if key not in document:
        return text, b"", b""
    start = document.lc.key(key)[0]
    end = next((number for number in starts if number > start), len(lines))
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith((b"#", b"---", b"..."))):
        end -= 1
    return b"".join(lines[:start]), b"".join(lines[start:end]), b"".join(lines[end:])


def _without_digest(text: bytes) -> bytes:
    return OF_OURS.sub("", text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _whole_lines(text: bytes) -> bytes:
    return text + b"\n" if text and not text.endswith(b"\n") else text


def _quoted(value: Any, before: Any) -> Any:
    """A value in the quotes of the one before."""
    return type(before)(value) if isinstance(before, ScalarString) and isinstance(value, str) else value


def _spelled(key: str, value: Any) -> str:
    return f"{key}={json.dumps(value)}"


def _all_spelled(values: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_spelled(key, value) for key, value in values.items())


def _read(spelled: str) -> tuple[str, Any]:
    key, _, value = spelled.partition("=")
    return key, json.loads(value)
