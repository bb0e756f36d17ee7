"""What the transaction needs of a control-plane host, and nothing more. `local_host.py` is the first of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from k8s_audit.errors import HostError

POD_LOGS = "/var/log/pods/kube-system_kube-apiserver-*/kube-apiserver/*.log"
"""Where a kubelet keeps the log of an API server's pod:
https://kubernetes.io/docs/concepts/cluster-administration/logging/#log-location-node"""

READYZ = "/readyz"


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


@dataclass(frozen=True)
class Post:
    """One HTTP POST, as a process on the host makes it; certificates and key are PEM texts."""

    url: str
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca: str | None = None
    client_certificate: str | None = None
    client_key: str | None = field(default=None, repr=False)
    server_name: str | None = None


@dataclass(frozen=True)
class Answer:
    """What was answered: the HTTP status, where a redirect leads, and the first characters of the body."""

    status: int
    location: str
    text: str


@dataclass(frozen=True)
class Output:
    """What a program said: its exit status, its standard output, and the end of its error output."""

    status: int
    text: str
    error: str = ""


class Silence(Enum):
    """Why a POST got no answer."""

    NO_NAME = "its name cannot be resolved"
    REFUSED = "the connection is refused"
    TIMEOUT = "nothing answers in time"
    NO_ROUTE = "there is no way to it"
    UNKNOWN_AUTHORITY = "its certificate is signed by an unknown authority"
    OTHER_NAME = "its certificate is for another name"
    EXPIRED = "its certificate is out of its time"
    CLIENT_CERTIFICATE = "it refuses the client certificate, or misses one"
    NO_TLS = "it does not speak TLS"
    BROKEN = "it closes the connection"


class NoAnswerError(HostError):
    """A POST from the host got no answer."""

    def __init__(self, silence: Silence, detail: str = "") -> None:
        """Name the reason.

        Args:
            silence: its kind.
            detail: what the system or the TLS library says; nothing of what was sent.
        """
        super().__init__(f"{silence.value}{detail and f' ({detail})'}")
        self.silence, self.detail = silence, detail


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

    def run(self, *command: str) -> Output:
        """Run a program of the host to its end, without a shell. No secret is among its arguments; it may run twice.

        Raises:
            HostError: it is not there, or does not end.
        """

    def readyz(self, url: str, credentials: Credentials, path: str = READYZ) -> int:
        """The HTTP status of GET `url`/readyz, or another path that tells the health; 0 if nothing answers."""

    def post(self, post: Post) -> Answer:
        """Make a POST from the host, through no proxy, and follow no redirect.

        Raises:
            NoAnswerError: it got no answer.
        """

    def api_server_log(self) -> list[str]:
        """The last lines that the API server logged; empty if they can't be had."""
