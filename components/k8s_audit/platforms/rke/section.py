"""The block `services.kube-api` in the text of a `cluster.yml`: cut out, and put back; not a byte outside it changes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from k8s_audit.errors import HostError

SERVICES, KUBE_API = "services", "kube-api"
INDENT = 2
SHAPES: Mapping[str, type] = MappingProxyType(
    {
        "nodes": list,
        SERVICES: dict,
        f"{SERVICES}.{KUBE_API}": dict,
        f"{SERVICES}.{KUBE_API}.audit_log": dict,
        f"{SERVICES}.{KUBE_API}.audit_log.configuration": dict,
        f"{SERVICES}.{KUBE_API}.extra_args": dict,
        f"{SERVICES}.{KUBE_API}.extra_binds": list,
        f"{SERVICES}.{KUBE_API}.extra_env": list,
    }
)
"""What we read and edit, each after what it lies in: https://github.com/rancher/rke/blob/v1.6.3/types/rke_types.go"""


@dataclass(frozen=True)
class Section:
    """A text in three parts.

    Args:
        before: up to and with the line `kube-api:`, which is added where it is missing.
        block: what lies below it, without its indent; empty: nothing.
        after: the rest.
        indent: of the block.
    """

    before: str
    block: str
    after: str
    indent: int

    def with_block(self, block: str) -> str:
        """The whole text with another block."""
        return self.before + _indented(block, self.indent) + self.after


def cut(text: str) -> Section:
    """Find the block.

    Raises:
        HostError: the text is no cluster.yml of RKE, or has the block on one line.
    """
    document = read(text)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    services = document.get(SERVICES)
    if not services:
        if SERVICES in document:
            at = _line(document, SERVICES)
            lines[at] = re.sub(r"^(services:)[ \t]*[^#\n]*", r"\1 ", lines[at]).rstrip(" \n") + "\n"
        else:
            at = len(lines)
            lines.append(f"{SERVICES}:\n")
        lines.insert(at + 1, f"{' ' * INDENT}{KUBE_API}:\n")
        return Section("".join(lines[: at + 2]), "", "".join(lines[at + 2 :]), 2 * INDENT)
    _in_block_style(services, SERVICES)
    column = min(services.lc.key(key)[1] for key in services)
    if KUBE_API not in services:
        at = _line(document, SERVICES)
        lines.insert(at + 1, f"{' ' * column}{KUBE_API}:\n")
        return Section("".join(lines[: at + 2]), "", "".join(lines[at + 2 :]), column + INDENT)
    at = _line(services, KUBE_API)
    server = services[KUBE_API]
    if not server:
        lines[at] = f"{' ' * column}{KUBE_API}:\n"
        return Section("".join(lines[: at + 1]), "", "".join(lines[at + 1 :]), column + INDENT)
    _in_block_style(server, f"{SERVICES}.{KUBE_API}")
    indent = min(server.lc.key(key)[1] for key in server)
    end = _end(lines, at + 1, column)
    block = "".join(re.sub(rf"^ {{0,{indent}}}", "", line) for line in lines[at + 1 : end])
    return Section("".join(lines[: at + 1]), block, "".join(lines[end:]), indent)


def read(text: str) -> Any:
    """A cluster.yml as a document.

    Raises:
        HostError: it is none.
    """
    try:
        document = YAML().load(text)
    except (YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else type(error).__name__
        raise HostError(f"the cluster file is no YAML: {where}") from None
    if not isinstance(document, dict) or "nodes" not in document:
        kind = f" of kind {document['kind']}" if isinstance(document, dict) and "kind" in document else ""
        raise HostError(f"the cluster file{kind} is no cluster.yml of RKE: it has no list of nodes")
    for path, shape in SHAPES.items():
        place: Any = document
        for key in path.split("."):
            place = (place or {}).get(key)
        if place is not None and not isinstance(place, shape):
            raise HostError(f"the cluster file's {path} is no {'list' if shape is list else 'mapping'}")
    return document


def load_block(block: str) -> tuple[YAML, Any]:
    """A block as a document, and what writes it in the manner in which it is written.

    Raises:
        HostError: it cannot be edited by itself.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 65536
    try:
        document = yaml.load(block)
    except YAMLError:
        raise HostError(
            f"the cluster file's {SERVICES}.{KUBE_API} has an alias of elsewhere; write out what it stands for"
        ) from None
    mapping, dash = _indents(block)
    yaml.indent(mapping=mapping, sequence=max(mapping, dash + 2), offset=dash)
    return yaml, CommentedMap() if document is None else document


def dump_block(yaml: YAML, document: Any) -> str:
    """A block as text; an empty one is none."""
    if not document:
        return ""
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _end(lines: list[str], first: int, column: int) -> int:
    """The line after a block: the first one that is not deeper than its key, or the comments before that one."""
    end = first
    for index in range(first, len(lines)):
        text = lines[index].strip()
        deep = len(lines[index]) - len(lines[index].lstrip(" "))
        if text and deep <= column and not text.startswith("#"):
            break
        if text and deep > column:
            end = index + 1
    return end


def _line(mapping: Any, key: str) -> int:
    return int(mapping.lc.key(key)[0])


def _in_block_style(mapping: Any, path: str) -> None:
    if not isinstance(mapping, CommentedMap) or mapping.fa.flow_style():
        raise HostError(f"the cluster file has {path} on one line, in braces, or not as a mapping; write it as a block")


def _indents(block: str) -> tuple[int, int]:
    """How far a block has its nested keys, and its lists' dashes, to the right of what they belong to; as the first of each."""
    mapping, dash, above = 0, -1, 0
    for line in block.splitlines():
        text = line.lstrip(" ")
        deep = len(line) - len(text)
        if not text or text.startswith("#"):
            continue
        if text.startswith("- "):
            dash = max(deep - above, 0) if dash < 0 else dash
            continue
        mapping = deep if deep and not mapping else mapping
        above = deep
    return mapping or INDENT, max(dash, 0)


def _indented(block: str, indent: int) -> str:
    return "".join(f"{' ' * indent}{line}" if line.strip() else line for line in block.splitlines(keepends=True))
