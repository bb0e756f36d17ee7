"""An API server of OpenShift 3.11's control plane, which a kubelet runs in a container: its master-config.yaml is what is edited, and a restart of the
container brings it into force. MiniShift's is of the same kind.

The process does not tell its audit settings; it reads them when it starts, so that one which started after the file was put there has them. Kubernetes
1.11 has no /readyz, which came with 1.16: https://kubernetes.io/docs/reference/using-api/health-checks/
"""

import contextlib
import posixpath
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol

from k8s_audit.control_plane import health, master_config
from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.control_plane.host import Credentials, Host, Process
from k8s_audit.control_plane.journal import Record
from k8s_audit.control_plane.local_host import LOG_LINES
from k8s_audit.control_plane.service_file import ServiceFile
from k8s_audit.control_plane.static_pod import log_folder
from k8s_audit.control_plane.undo_note import undo_file
from k8s_audit.control_plane.versions import OLDEST, takes_policy
from k8s_audit.errors import HostError

INSIDE = "/etc/origin/master"
"""Where an API server usually has the folder of its configuration in its container:
https://github.com/openshift/openshift-ansible/blob/release-3.11/roles/openshift_control_plane/files/apiserver.yaml"""
LABEL = "io.kubernetes.container.name=api"
"""Of the API server's container."""
RUNTIMES = (("docker", "-l", "--filter", f"label={LABEL}"), ("crictl", "--label", LABEL))
"""What shows its container, and how that is found; the newest comes first."""
CA_KEYS = (("oauthConfig", "masterCA"), ("serviceAccountConfig", "masterCA"), ("servingInfo", "clientCA"))
"""What verifies the API server's own certificate; the last is the authority that signs both where nobody has replaced it."""


class Edits(Protocol):
    """What of a master-config.yaml the audit flags are; see `edit.Server` for what each does."""

    def audit_arguments(self, text: bytes) -> dict[str, str]:
        """The audit flags by name."""

    def turn_on(self, base: bytes, wanted: Mapping[str, str], digest: str, adopt: bool) -> Edit:
        """Turn auditing on."""

    def turn_off(self, text: bytes, ours: Ours) -> bytes:
        """Take out what is ours."""

    def reformat(self, text: bytes) -> bytes:
        """The same file as we would write it."""

    def has(self, text: bytes) -> bool:
        """Whether all of ours but the flags is there."""


@dataclass(frozen=True)
class MasterPlace:
    """Where its things are.

    Args:
        file: its master-config.yaml on the host.
        inside: the same in its container.
        api_server: its own URL.
        state_folder: what the host remembers of us.
        program: of its process.
        words: arguments that, with that of `inside`, tell that process from others of the program.
        restart: the command that restarts it, for the note.
    """

    file: str
    inside: str
    api_server: str
    state_folder: str
    program: str
    words: tuple[str, ...]
    restart: str

    @property
    def command(self) -> tuple[str, ...]:
        """The arguments of its process that are known."""
        return (*self.words, f"--config={self.inside}")

    def outside(self, path: str) -> str:
        """Where a path that the API server sees lies on the host; all but its configuration's folder is mounted as it is."""
        below = posixpath.relpath(path, posixpath.dirname(self.inside))
        return path if below.startswith("..") else posixpath.join(posixpath.dirname(self.file), below)


class MasterServer:
    """See `edit.Server`.

    Args:
        host: where it runs.
        place: where its things are.
        edits: what of its configuration the audit flags are.
        restart: has it restarted.
        able: raises HostError where that could not be done.
    """

    def __init__(
        self,
        host: Host,
        place: MasterPlace,
        edits: Edits,
        restart: Callable[[], None],
        able: Callable[[], None],
    ) -> None:
        """Nothing is touched yet."""
        self.host, self.place, self.edits, self.path = host, place, edits, place.file
        self.file = ServiceFile(host, place.file, place.state_folder, self._restart)
        self._have_restarted, self._check_restart = restart, able
        self._before: set[tuple[int, float]] = set()

    def read(self) -> bytes | None:
        """See Server."""
        return self.host.read(self.path)

    def current(self) -> bytes:
        """See Server."""
        text = self.read()
        if text is None:
            raise HostError(
                f"host {self.host.name}: {self.path} is not there: no API server of OpenShift 3.11, or another file"
            )
        return text

    def check(self, current: bytes, policy: str) -> None:
        """See Server."""
        name = self.host.name
        self._check_restart()
        if not self._processes():
            command = " ".join((self.place.program, *self.place.command))
            raise HostError(f"host {name}: no process `{command}` runs; nothing was changed. Mend it first")
        if not self._ready(self._credentials(current)):
            raise HostError(
                f"host {name}: {self.place.api_server}{health.HEALTHZ} does not say ok; nothing was changed. Mend it first"
            )
        if not takes_policy(OLDEST, policy):
            raise HostError(f"host {name}: OpenShift 3.11 wants a policy of audit.k8s.io/v1beta1, and this is another")

    def audit_arguments(self, text: bytes) -> dict[str, str]:
        """See Server."""
        return self.edits.audit_arguments(text)

    def turn_on(self, base: bytes, wanted: Mapping[str, str], digest: str, adopt: bool) -> Edit:
        """See Server."""
        return self.edits.turn_on(base, wanted, digest, adopt)

    def turn_off(self, text: bytes, ours: Ours) -> bytes:
        """See Server."""
        return self.edits.turn_off(text, ours)

    def reformat(self, text: bytes) -> bytes:
        """See Server."""
        return self.edits.reformat(text)

    def has(self, text: bytes, ours: Ours) -> bool:
        """See Server."""
        return self.edits.has(text)

    def folders(self, text: bytes) -> list[str]:
        """See Server."""
        return [self.place.outside(folder) for folder in log_folder(self.audit_arguments(text))]

    def put(self, text: bytes) -> None:
        """See Server."""
        self.file.put(text)

    def in_force(self) -> bool:
        """See Server."""
        return self.file.in_force()

    def running(self, text: bytes) -> list[tuple[int, float]]:
        """See Server."""
        return [process.identity for process in self._processes()]

    def wait(self, text: bytes, not_these: Collection[tuple[int, float]], timeout: float, stop: Event) -> None:
        """See Server."""
        credentials = self._credentials(text)
        health.watch(
            self.host.name,
            running=self._processes,
            new=lambda process: process.identity not in not_these and process.identity not in self._before,
            ready=lambda: self._ready(credentials),
            timeout=timeout,
            stop=stop,
        )

    def log(self) -> list[str]:
        """See Server."""
        return container_log(self.host)

    def undo_note(self, record: Record, state_folder: str) -> str:
        """See Server."""
        return undo_file(record, state_folder, self.place.restart, health.HEALTHZ)

    def _restart(self) -> None:
        self._before = {process.identity for process in self._processes()}
        self._have_restarted()

    def _processes(self) -> list[Process]:
        known = set(self.place.command)
        return [process for process in self.host.processes(self.place.program) if known <= set(process.arguments)]

    def _ready(self, credentials: Credentials) -> bool:
        return self.host.readyz(self.place.api_server, credentials, health.HEALTHZ) == health.OK

    def _credentials(self, text: bytes) -> Credentials:
        """The authority alone: anybody may ask for its health, as OpenShift's own probes do."""
        found: Any = next((path for keys in CA_KEYS if (path := master_config.value_at(text, keys))), None)
        if not found:
            raise HostError(
                f"host {self.host.name}: {self.path} has no {'.'.join(CA_KEYS[-1])}, so its certificate cannot be verified"
            )
        return Credentials(self.place.outside(posixpath.join(posixpath.dirname(self.place.inside), str(found))))


def container_log(host: Host) -> list[str]:
    """The last lines of the API server's container, running or ended, whichever runtime the host has."""
    for program, *listing in RUNTIMES:
        with contextlib.suppress(HostError):  # it is not there
            found = host.run(program, "ps", "-a", "-q", *listing).text.split()
            if found:
                told = host.run(
                    "sh", "-c", 'exec "$@" 2>&1', "log", program, "logs", "--tail", str(LOG_LINES), found[0]
                )
                return told.text.splitlines()[-LOG_LINES:]
    return []
