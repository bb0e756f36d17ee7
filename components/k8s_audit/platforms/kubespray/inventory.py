"""Our file among the variables of an inventory: what is in its way, writing it, taking it away. Nobody else's file is ever changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k8s_audit.errors import ConflictError, HostError
from k8s_audit.faults import spelled
from k8s_audit.platforms.kubespray import sources, variables
from k8s_audit.platforms.kubespray.sources import Setting, Unread
from k8s_audit.platforms.kubespray.variables import ARGUMENTS, OURS, SWITCHES
from k8s_audit.whole_file import write_whole

NAME = "k8s-audit.yml"
MODE = 0o644
"""Nothing in it is secret."""
KEY = "audit:platform.inventory"
FILES = ("audit-policy-file", "audit-webhook-config-file")
"""Flags that name a file; without it an API server does not start."""


@dataclass(frozen=True)
class Look:
    """What is there, and what shall be.

    Args:
        found: the text of our file; None: there is none.
        wanted: the text that it shall have; empty: no file, the user's own variables have all of it.
        arguments: the audit flags that a run of Kubespray would set today.
        faults: what is in the way.
        encrypted: files that cannot be looked into.
    """

    found: str | None
    wanted: str
    arguments: dict[str, str]
    faults: list[str]
    encrypted: list[Path]

    @property
    def intact(self) -> bool:
        """Whether a run of Kubespray would keep all of ours."""
        return not self.faults and (self.found or "") == self.wanted

    def told(self) -> list[str]:
        """What `up` would do, in words, and what it cannot know."""
        told = ["nothing to do"] if (self.found or "") == self.wanted else []
        if not told:
            told = ["write it" if self.found is None else "take it away" if not self.wanted else "write it anew"]
        return [*told, *(f"{path} is encrypted, so what it sets is not known" for path in self.encrypted)]


class Inventory:
    """One inventory of Kubespray's.

    Args:
        folder: its absolute path.
        group: whose variables ours stand among.
    """

    def __init__(self, folder: str, group: str) -> None:
        """Nothing is read yet."""
        self.folder = Path(folder)
        self.file = self.folder / "group_vars" / group / NAME

    def look(self, arguments: Mapping[str, str]) -> Look:
        """Read it.

        Args:
            arguments: audit flags that hosts have, by name, without dashes.

        Raises:
            HostError: a file cannot be read.
        """
        if fault := self._misplaced():
            return Look(None, variables.text(variables.values(arguments)), {}, [fault], [])
        found, theirs = self._read(), list(sources.settings(self.folder, self.file))
        own = [one for one in theirs if one.name in OURS and not self._is_covered(one)]
        wanted = variables.values(_with_log(own, arguments))
        faults = [*_switched(theirs), *_foreign(self.file, found), *_overruling(own, wanted)]
        if names := variables.unfit(arguments):
            faults.append(f"{KEY}: the template of Kubespray would read {', '.join(names)} otherwise; set other paths")
        needed = {name: value for name, value in wanted.items() if name not in {one.name for one in own}}
        live = dict(arguments)
        if ARGUMENTS in needed:
            here = ((variables.load(found) if found else None) or {}).get(ARGUMENTS)
            live = {str(k): str(v) for k, v in here.items()} if isinstance(here, dict) else {}
        return Look(found, variables.text(needed), live, faults, sources.encrypted(self.folder))

    def apply(self, arguments: Mapping[str, str]) -> Look:
        """Bring our file there; a second time nothing is written.

        Raises:
            ConflictError: something is in the way; nothing was written.
            HostError: a file cannot be read or written.
        """
        look = self.look(arguments)
        if look.faults:
            raise ConflictError("\n".join(look.faults))
        if not look.intact:
            self._put(look.wanted)
        return self.look(arguments)

    def restore(self, arguments: Mapping[str, str]) -> None:
        """Take our file away; nothing there is fine.

        Raises:
            HostError: variables of the user's name our files on the nodes, or stand in our file; nothing was changed.
        """
        if self._misplaced():
            return
        for one in sources.settings(self.folder, self.file):
            value = one.value if one.name == ARGUMENTS and isinstance(one.value, dict) else {}
            if left := [flag for flag in FILES if flag in value and value[flag] == arguments.get(flag)]:
                raise HostError(
                    f"{one.file} sets {', '.join(left)} in {ARGUMENTS} still: destroy takes these files from the nodes, and after the next run"
                    " of Kubespray no API server would start. Take our lines out there first; nothing was changed"
                )
        self.remove()

    def remove(self) -> None:
        """Take our file away, whatever the user's own variables say; one that is not ours any more stays.

        Raises:
            HostError: variables of the user's stand in it.
        """
        found = self._read()
        if found is None or not found.startswith(variables.MARK):
            return
        if faults := _foreign(self.file, found):
            raise HostError(faults[0])
        self._put("")

    def _misplaced(self) -> str:
        if self.file.parent.is_dir():
            return ""
        return (
            f"{KEY}: {self.file.parent} is no folder. It is where Ansible reads the variables of group {self.file.parent.name}, as Kubespray's own"
            " sample has it; is the inventory another folder, or audit:platform.group another name? Where they lie in a file of that"
            " name, move it into a folder first: Ansible reads one of the two"
        )

    def _is_covered(self, one: Setting) -> bool:
        """Whether it is an empty value for all groups, before which ours comes anyway."""
        top = one.file.relative_to(self.folder).parts[:2]
        return not one.value and top[0] == "group_vars" and top[-1].partition(".")[0] == "all"

    def _read(self) -> str | None:
        try:
            return self.file.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise HostError(f"{self.file} cannot be read: {getattr(error, 'strerror', None) or 'no UTF-8'}") from None

    def _put(self, text: str) -> None:
        try:
            if text:
                write_whole(self.file, text, MODE)
            else:
                self.file.unlink(missing_ok=True)
        except OSError as error:
            raise HostError(f"{self.file} cannot be written: {error.strerror}") from None


def _with_log(own: list[Setting], arguments: Mapping[str, str]) -> dict[str, str]:
    wanted = dict(arguments)
    for one in own:
        if one.name == ARGUMENTS:
            wanted = variables.beside(one.value, wanted)
    return wanted


def _switched(theirs: list[Setting]) -> list[str]:
    return [
        f"{KEY}: {one.file} sets {one.name}{_value(one)}: Kubespray's own auditing, beside which there is no place for another. Ways out:"
        f" `{one.name}: false` there, and `adopt: true` at each host that audits by it already (ours takes its place); or take this"
        " stack out and leave auditing to Kubespray"
        for one in theirs
        if one.name in SWITCHES and (isinstance(one.value, Unread) or not variables.is_off(one.value))
    ]


def _overruling(own: list[Setting], wanted: Mapping[str, Any]) -> list[str]:
    faults = []
    for one in own:
        if isinstance(one.value, Unread):
            why = "in a file whose values are not read here"
            ways = f"set it in a YAML file of {one.file.parent.name if _of_variables(one) else 'group_vars'} that can be read"
        elif lacking := variables.lacks(one.name, one.value, wanted[one.name]):
            why = f"which lacks {', '.join(lacking)}"
            ways = "add them there (`k8s-audit render` prints the lines), and `up` leaves this variable to you"
        else:
            continue
        faults.append(
            f"{KEY}: {one.file} sets {one.name}, {why}; Ansible takes one of two values and merges nothing. Ways out: {ways}; or take it"
            " out there; or audit:platform.persist: false keeps neither the inventory nor kubeadm's own configuration in step"
        )
    return faults


def _foreign(file: Path, found: str | None) -> list[str]:
    if found is None:
        return []
    if not found.startswith(variables.MARK):
        return [f"{KEY}: {file} is there and not ours; give it another name"]
    names = [str(name) for name in variables.load(found) or {} if name not in OURS]
    return [f"{KEY}: {file} sets {', '.join(names)}, too; move that into a file of your own"] if names else []


def _of_variables(one: Setting) -> bool:
    return any(part in ("group_vars", "host_vars") for part in one.file.parts)


def _value(one: Setting) -> str:
    if isinstance(one.value, Unread):
        return ""
    return f": {str(one.value).lower() if isinstance(one.value, bool) else spelled(str(one.value))}"
