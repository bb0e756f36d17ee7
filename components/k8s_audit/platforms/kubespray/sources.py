"""The variables of an inventory as Ansible finds them, one by one, unmerged: who sets what, and where.

Which files it reads: https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html#organizing-host-and-group-variables and
`find_vars_files` in lib/ansible/parsing/dataloader.py: all in a group's folder, without hidden ones and those that end in `~`, by name;
a file of the group's name beside that folder is not read. What is not known: which host is in which group, extra variables
(`-e`), and variables beside playbooks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k8s_audit.errors import HostError
from k8s_audit.platforms.kubespray import variables

ENDINGS = (".yml", ".yaml", ".json")
VAULT = "$ANSIBLE_VAULT"
NAMES = re.compile(rf"(?<![\w#])({'|'.join((*variables.OURS, *variables.SWITCHES))})\b")
LARGEST = 2**20
"""Bytes of an inventory file that is looked into."""


class Unread:
    """The value of a variable that is named where no value can be told."""


@dataclass(frozen=True)
class Setting:
    """A variable of ours or of Kubespray's own auditing that somebody sets.

    Args:
        file: where.
        name: which.
        value: to what; Unread: it is named there.
    """

    file: Path
    name: str
    value: Any


def settings(folder: Path, ours: Path) -> Iterator[Setting]:
    """All in an inventory.

    Args:
        folder: the inventory.
        ours: the file that is left out, as is one that we wrote for another group.

    Raises:
        HostError: a file cannot be read.
    """
    for path in _variable_files(folder):
        text = _text(path)
        if path == ours or (path.name == ours.name and text.startswith(variables.MARK)):
            continue
        named = _named(text)
        if named and not text.startswith(VAULT):
            found = variables.load(text)
            for name in named:
                if found is None or name in found:
                    yield Setting(path, name, Unread() if found is None else found[name])
    for path in sorted(folder.iterdir()):
        if path.is_file() and _is_read(path) and path.stat().st_size <= LARGEST:
            text = _text(path)
            yield from (Setting(path, name, _switch(text, name)) for name in _named(text))


def encrypted(folder: Path) -> list[Path]:
    """Files of variables that nobody can look into."""
    return [path for path in _variable_files(folder) if _text(path).startswith(VAULT)]


def _variable_files(folder: Path) -> Iterator[Path]:
    for kind in ("group_vars", "host_vars"):
        top = folder / kind
        for path in sorted(top.iterdir()) if top.is_dir() else ():
            if path.is_dir():
                yield from _within(path)
            elif _is_read(path) and not (path.suffix in ENDINGS and path.with_suffix("").is_dir()):
                yield path


def _within(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.suffix and _is_read(path):
            yield from _within(path)
        elif path.is_file() and _is_read(path) and (not path.suffix or path.suffix in ENDINGS):
            yield path


def _is_read(path: Path) -> bool:
    return not path.name.startswith(".") and not path.name.endswith("~")


def _named(text: str) -> list[str]:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith(("#", ";")))
    return sorted({name for line in lines for name in NAMES.findall(line)})


def _switch(text: str, name: str) -> Any:
    """The value of a switch in an inventory file, be it INI or YAML; what else is there is not read."""
    found = re.search(rf"""^[^#;]*\b{name}\b["']?\s*[:=]\s*["']?(\w+)""", text, re.MULTILINE)
    return found[1] if found and name in variables.SWITCHES else Unread()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError as error:
        raise HostError(f"{path} cannot be read: {error.strerror}") from None
