"""What the transaction needs of a control-plane host, and nothing more. `local_host.py` is the first of its kind."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Process:
    """A running process: `pid` and `started` (seconds since the epoch, as the system tells) name it for good."""

    pid: int
    started: float
    arguments: tuple[str, ...]

    @property
    def identity(self) -> tuple[int, float]:
        """What no later process shares, even if it gets the same pid."""
        return (self.pid, self.started)


@dataclass(frozen=True)
class Credentials:
    """Files on the host with which its API server is asked whether it is ready."""

    ca: str
    certificate: str | None = None
    key: str | None = None


class Host(Protocol):
    """A control-plane host. Each method raises HostError, naming the host, when the host refuses."""

    name: str

    def read(self, path: str) -> bytes | None:
        """A file's content; None if there is no such file."""

    def write(self, path: str, content: bytes, mode: int = 0o600) -> None:
        """Write a file whole or not at all: to a hidden neighbour, to the disk, then by a rename."""

    def replace(self, path: str, content: bytes, staging: str) -> None:
        """Swap an existing file in one move from the folder `staging`; mode and owner stay as they were.

        The kubelet runs every file that it finds in the manifests folder, so nothing is ever staged there.
        """

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""

    def missing_folders(self, path: str) -> list[str]:
        """Of a folder and its parents those that are not there, outermost first."""

    def make_folder(self, path: str, mode: int = 0o700) -> None:
        """Make a folder and its parents, where they are not there."""

    def remove_folder(self, path: str) -> None:
        """Remove a folder if it is there and empty."""

    def same_filesystem(self, one: str, other: str) -> bool:
        """Whether a file can be renamed from one folder into the other."""

    def processes(self, program: str) -> list[Process]:
        """The running processes of a program, by its file's name."""

    def readyz(self, url: str, credentials: Credentials) -> int:
        """The HTTP status of GET `url`/readyz; 0 if nothing answers."""

    def api_server_log(self) -> list[str]:
        """The last lines that the API server logged; empty if they can't be had."""
