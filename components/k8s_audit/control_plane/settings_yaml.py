"""A service's settings in a YAML file: read and written with its comments, order and quotes, and with one line of ours that tells a digest.

What the settings are, and what of them is ours, its users know.
"""

import re
from io import BytesIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.representer import RoundTripRepresenter

from k8s_audit.errors import HostError

HEADER = "# Written by k8s-audit, which takes it back; see UNDO.md in its state folder.\n"
"""Begins a file that was not there before us."""
DIGEST = "# k8s-audit/config-sha256: "
"""Ends a file: it changes with the files that the settings name, which a service reads at its start alone."""
OF_OURS = re.compile(rf"^(?:{re.escape(HEADER.strip())}|{re.escape(DIGEST)}\w+(?:-again)?)\n?", re.MULTILINE)
BETWEEN = r":[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*"
"""After a key whose value begins on a later line."""
NESTED = re.compile(rf"^[^\s#-][^\n]*?{BETWEEN}( +)[^\s#-]", re.MULTILINE)
NULL = re.compile(r": null[ \t]*$", re.MULTILINE)
LISTED = re.compile(rf"^( *)[^\s#-][^\n]*?{BETWEEN}( *)- ", re.MULTILINE)


class NullRepresenter(RoundTripRepresenter):
    """Writes nothing as `null`, where the file does; by itself the library leaves it out."""


NullRepresenter.add_representer(
    type(None), lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null")
)


def load(content: bytes, path: str) -> Any:
    """The settings, without our lines; empty for an empty file.

    Args:
        content: the file's.
        path: its path, for messages.

    Raises:
        HostError: it is no mapping.
    """
    try:
        text = OF_OURS.sub("", content.decode())
        document = _yaml(content).load(text) if text.strip() else None
    except (YAMLError, ValueError) as error:  # what it says quotes the file, which may hold a secret
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        where = f": line {mark.line + 1}" if mark else ""
        raise HostError(f"{path or 'a configuration file'} is not YAML{where}") from None
    if document is None:
        return CommentedMap()
    if not isinstance(document, dict):
        raise HostError(f"{path or 'a configuration file'} is no mapping of settings")
    return document


def dump(document: Any, like: bytes) -> bytes:
    """The settings as text; empty where there is none.

    Args:
        document: as `load` returned it.
        like: a text whose indentation is kept.
    """
    if not document:
        return b""
    out = BytesIO()
    _yaml(like).dump(document, out)
    return out.getvalue()


def with_digest(text: bytes, digest: str) -> bytes:
    """A text with our line at its end."""
    return text + f"{DIGEST}{digest}\n".encode()


def has_digest(text: bytes) -> bool:
    """Whether our line is there."""
    return DIGEST.encode() in text


def _yaml(like: bytes) -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 65536
    text = like.decode("utf-8", "replace")
    if NULL.search(text):
        yaml.Representer = NullRepresenter
    nested, listed = NESTED.search(text), LISTED.search(text)
    offset = max(len(listed[2]) - len(listed[1]), 0) if listed else 0
    yaml.indent(mapping=len(nested[1]) if nested else 2, sequence=offset + 2, offset=offset)
    return yaml
