"""MicroK8s' API server, a part of its service kubelite: a file of arguments is what is edited, and `snap restart` brings it into force.

The process does not tell the API server's arguments; it reads them from the file when it starts, so that one which started after
the file was put there has them. Source: https://github.com/canonical/microk8s microk8s-resources/wrappers/run-kubelite-with-args
"""

import posixpath
from collections.abc import Collection, Mapping
from threading import Event

from k8s_audit.control_plane import argument_file, health, systemd
from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.control_plane.host import Credentials, Host, Process
from k8s_audit.control_plane.journal import Record
from k8s_audit.control_plane.local_host import LOG_LINES
from k8s_audit.control_plane.service_file import ServiceFile
from k8s_audit.control_plane.static_pod import log_folder
from k8s_audit.control_plane.undo_note import undo_service
from k8s_audit.errors import HostError

DAEMON = "microk8s.daemon-kubelite"
UNIT = f"snap.{DAEMON}"
WORKER = "var/lock/clustered.lock"
"""In the snap's data: the node joined as a worker, and runs no control plane."""


class Microk8sServer:
    """See `edit.Server`.

    Args:
        host: where it runs.
        path: its file of arguments, ARGS/kube-apiserver in the snap's data.
        api_server: its own URL.
        state_folder: what the host remembers of us.
    """

    def __init__(self, host: Host, path: str, api_server: str, state_folder: str) -> None:
        """Nothing is touched yet."""
        self.host, self.path, self.api_server = host, path, api_server
        self.data = posixpath.dirname(posixpath.dirname(path))
        self.file = ServiceFile(host, path, state_folder, self._restart)
        self._before: set[tuple[int, float]] = set()

    def read(self) -> bytes | None:
        """See Server."""
        return self.host.read(self.path)

    def current(self) -> bytes:
        """See Server."""
        text = self.read()
        if text is None or not systemd.unit(self.host, UNIT).there:
            missing = self.path if text is None else f"service {UNIT}"
            raise HostError(
                f"host {self.host.name}: {missing} is not there: no MicroK8s with a control plane, or another argsFile"
            )
        return text

    def check(self, current: bytes, policy: str) -> None:
        """See Server."""
        if self.host.read(posixpath.join(self.data, WORKER)) is not None:
            raise HostError(
                f"host {self.host.name}: it joined as a worker, and has no API server; take it out of the hosts"
            )
        health.check_ready(self.host, self.api_server, self._credentials(current))

    def audit_arguments(self, text: bytes) -> dict[str, str]:
        """See Server."""
        return argument_file.audit_arguments(text)

    def turn_on(self, base: bytes, wanted: Mapping[str, str], digest: str, adopt: bool) -> Edit:
        """See Server; nothing is ever taken over."""
        return argument_file.turn_on(base, wanted, digest, f"host {self.host.name}: {self.path}")

    def turn_off(self, text: bytes, ours: Ours) -> bytes:
        """See Server."""
        return argument_file.turn_off(text, ours)

    def reformat(self, text: bytes) -> bytes:
        """See Server."""
        return argument_file.reformat(text)

    def has(self, text: bytes, ours: Ours) -> bool:
        """See Server."""
        return argument_file.has_digest(text)

    def folders(self, text: bytes) -> list[str]:
        """See Server."""
        return log_folder(self.audit_arguments(text))

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
        credentials, crashes = self._credentials(text), systemd.Crashes(self.host, UNIT)

        def running() -> list[Process]:
            crashes.look(systemd.unit(self.host, UNIT))
            return self._processes()

        health.watch(
            self.host.name,
            running=running,
            new=lambda process: process.identity not in not_these and process.identity not in self._before,
            ready=lambda: health.is_ready(self.host, self.api_server, credentials),
            timeout=timeout,
            stop=stop,
        )

    def log(self) -> list[str]:
        """See Server."""
        return systemd.log(self.host, UNIT, LOG_LINES)

    def undo_note(self, record: Record, state_folder: str) -> str:
        """See Server."""
        return undo_service(record, state_folder, UNIT)

    def _restart(self) -> None:
        self._before = {process.identity for process in self._processes()}
        done = self.host.run("snap", "restart", "--no-wait", DAEMON)
        if done.status:
            raise HostError(f"host {self.host.name}: snap restart {DAEMON}: {done.error or done.status}")

    def _processes(self) -> list[Process]:
        return systemd.processes(systemd.unit(self.host, UNIT))

    def _credentials(self, text: bytes) -> Credentials:
        """The authority, and the certificate with which the API server itself goes to kubelets."""
        flags = argument_file.flags_of(text)
        names = ("client-ca-file", "kubelet-client-certificate", "kubelet-client-key")
        ca, certificate, key = (flags.get(name, "").replace("${SNAP_DATA}", self.data) for name in names)
        if not ca:
            raise HostError(
                f"host {self.host.name}: {self.path} has no --client-ca-file, so its certificate cannot be verified"
            )
        return Credentials(ca, certificate or None, key or None)
