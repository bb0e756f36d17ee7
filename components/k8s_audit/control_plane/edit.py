"""What the transaction needs to know of how an API server is started: the file that says its arguments, what an edit of it is,
and how that comes into force. Two kinds are there: a static pod's manifest, and the configuration of a service.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from k8s_audit.control_plane.journal import Record


@dataclass(frozen=True)
class Ours:
    """What our edit added to a file: whole arguments, names of volumes; and the arguments that it took over."""

    arguments: tuple[str, ...]
    volumes: tuple[str, ...]
    replaced: tuple[str, ...] = ()

    @property
    def flags(self) -> set[str]:
        """The names of our arguments, with dashes: they are ours whatever value somebody gave them since."""
        return {argument.partition("=")[0] for argument in self.arguments}


@dataclass(frozen=True)
class Edit:
    """The file with auditing turned on, and what of it is ours."""

    manifest: bytes
    ours: Ours


class Server(Protocol):
    """An API server of one host. What reads or changes the host raises HostError where that refuses."""

    @property
    def path(self) -> str:
        """The file that an edit changes."""

    def read(self) -> bytes | None:
        """The file as it is now; None if there is no API server of this kind."""

    def current(self) -> bytes:
        """The same.

        Raises:
            HostError: there is no API server of this kind.
        """

    def check(self, current: bytes, policy: str) -> None:
        """Everything that can be checked before anything changes.

        Raises:
            HostError: the API server is not ready, or would not take the policy or the change.
        """

    def audit_arguments(self, text: bytes) -> dict[str, str]:
        """The audit flags that its API server has with such a file, by name."""

    def turn_on(self, base: bytes, wanted: Mapping[str, str], digest: str, adopt: bool) -> Edit:
        """Such a file with auditing turned on.

        Args:
            base: the file without anything of ours.
            wanted: audit flags by name, without dashes.
            digest: of the files that the flags name; another one makes another file.
            adopt: take over flags that are there with other values, instead of refusing.

        Raises:
            ConflictError: something is there that we may not overwrite.
        """

    def turn_off(self, text: bytes, ours: Ours) -> bytes:
        """Such a file without what is ours, whatever else somebody has changed in it since."""

    def reformat(self, text: bytes) -> bytes:
        """Such a file as we would write it, to compare two by content, comments included."""

    def has(self, text: bytes, ours: Ours) -> bool:
        """Whether all of ours but the flags, which are compared one by one elsewhere, is in such a file."""

    def folders(self, text: bytes) -> list[str]:
        """Folders that must be there before such a file is."""

    def put(self, text: bytes) -> None:
        """Put such a file in its place in one step, and have the API server started with it."""

    def in_force(self) -> bool:
        """Whether the API server was told to start with the file that is there; False: a `put` was cut off before that."""

    def running(self, text: bytes) -> list[tuple[int, float]]:
        """The API server's processes, each by its pid and start."""

    def wait(self, text: bytes, not_these: Collection[tuple[int, float]], timeout: float, stop: Event) -> None:
        """Wait until it runs with such a file and is ready.

        Args:
            text: the file.
            not_these: processes that do not count.
            timeout: seconds.
            stop: ends the wait at once.

        Raises:
            ChangeError: it did not come, or kept crashing, or `stop` was set.
        """

    def log(self) -> list[str]:
        """The last lines that it logged; empty if they can't be had."""

    def undo_note(self, record: "Record", state_folder: str) -> str:
        """How to go back by hand."""
