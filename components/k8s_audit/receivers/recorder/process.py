"""The recorder as a process of its own that outlives the command: create, read, delete, and how it is reached."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from k8s_audit.errors import ToolError
from k8s_audit.local_cluster.ports import LOOPBACK, refuse_taken
from k8s_audit.local_cluster.process import (
    Identity,
    last_lines,
    lock,
    read_json,
    start_detached,
    try_lock,
    write_json,
)
from k8s_audit.receivers.endpoint import BODY_LIMIT, ReceiverEndpoint
from k8s_audit.receivers.recorder.server import PATH, Settings

PORT = 19765
START_TIMEOUT = 20.0
"""Seconds; it usually listens within one."""
GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""
POLL = 0.05
"""Seconds."""


@dataclass(frozen=True)
class RecorderStatus:
    """What is there now.

    Args:
        running: whether its process runs.
        url: where it takes events.
        events: the file that they are written to.
        pid: of the process; None if it does not run.
    """

    running: bool
    url: str
    events: str
    pid: int | None


class Recorder:
    """One recorder in one folder.

    Args:
        folder: where its files lie, all of them beginning with the name.
        name: the receiver's in the stack: letters, digits and dashes.
        port: TCP, on 127.0.0.1.
        tls: serve HTTPS with an authority of its own.
        client_certificate: require one of that authority; needs `tls`.
        port_key: the key of the stack's configuration that sets the port, for messages.
        body_limit: bytes of the largest body that is taken.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "recorder",
        port: int = PORT,
        tls: bool = False,
        client_certificate: bool = False,
        port_key: str | None = None,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        """Nothing is touched yet."""
        if client_certificate and not tls:
            raise ToolError(f"recorder {name}: a client certificate can be required only with tls")
        self.folder, self.name, self.port = folder.absolute(), name, port
        self.tls, self.client_certificate = tls, client_certificate
        self.port_key = port_key or f"audit:receivers[{name}].port"
        self.body_limit = body_limit
        self.url = f"{'https' if tls else 'http'}://{LOOPBACK}:{port}{PATH}"
        self.events = self.folder / f"{name}.jsonl"
        self._record, self._config = self.folder / f"{name}.json", self.folder / f"{name}.config.json"
        self._log, self._pki = self.folder / f"{name}.log", self.folder / f"{name}.tls"
        self._lock, self._server_lock = self.folder / f".{name}.create.lock", self.folder / f".{name}.lock"

    def create(self) -> RecorderStatus:
        """Start it unless it runs with these very settings; return once it listens.

        Raises:
            ToolError: the port is taken, or it ended at once.
        """
        with _folder_errors(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with lock(self._lock):
                settings = asdict(self._settings())
                if self.tls and not self._pki.is_dir():
                    from k8s_audit.receivers.recorder import certificates

                    certificates.make(self._pki)
                    self._end()  # it would go on with certificates that nobody has
                if self._running() is None or read_json(self._config) != settings:
                    self._end()
                    refuse_taken({self.port_key: self.port})
                    write_json(self._config, settings)
                    self._start()
                return self._status()

    def read(self) -> RecorderStatus | None:
        """What is there now; None if it was never made."""
        return self._status() if self._config.exists() else None

    def delete(self) -> None:
        """End its process and remove its files, but for the events and their index; nothing there is fine.

        Raises:
            ToolError: the process could not be ended; then no file is removed.
        """
        if not self.folder.is_dir():
            return
        with _folder_errors(self.folder), lock(self._lock):
            self._end()
            for file in (self._record, self._config, self._log, self._server_lock, self._lock):
                file.unlink(missing_ok=True)
            if self._pki.is_dir():
                shutil.rmtree(self._pki)

    def endpoint(self) -> ReceiverEndpoint:
        """How it is reached.

        Raises:
            ToolError: it serves HTTPS and its certificates are not made yet.
        """
        with _folder_errors(self.folder):
            return ReceiverEndpoint(
                name=self.name,
                url=self.url,
                ca=(self._pki / "ca.crt").read_text() if self.tls else None,
                client_certificate=(self._pki / "client.crt").read_text() if self.client_certificate else None,
                client_key=(self._pki / "client.key").read_text() if self.client_certificate else None,
                body_limit=self.body_limit,
            )

    def _settings(self) -> Settings:
        return Settings(
            folder=str(self.folder),
            name=self.name,
            port=self.port,
            body_limit=self.body_limit,
            certificate=str(self._pki / "server.crt") if self.tls else None,
            key=str(self._pki / "server.key") if self.tls else None,
            client_ca=str(self._pki / "ca.crt") if self.client_certificate else None,
        )

    def _status(self) -> RecorderStatus:
        running = self._running()
        return RecorderStatus(running is not None, self.url, str(self.events), running.pid if running else None)

    def _running(self) -> Identity | None:
        identity = Identity.from_record(read_json(self._record))
        return identity if identity and identity.running else None

    def _start(self) -> None:
        arguments = ["--config", str(self._config)]
        started = start_detached("k8s_audit.receivers.recorder.server", arguments, self._log, self.folder)
        deadline = time.monotonic() + START_TIMEOUT
        while started and started.running and time.monotonic() < deadline:
            if self._running() == started:
                return
            time.sleep(POLL)
        if started:
            started.end(GRACE)
        raise ToolError("\n".join([f"the recorder {self.name} did not start:", *last_lines(self._log)]))

    def _end(self) -> None:
        """End the recorded process, and wait for one that has just been started and is not recorded yet."""
        deadline = time.monotonic() + START_TIMEOUT
        while (free := try_lock(self._server_lock)) is None:
            if running := self._running():
                running.end(GRACE)
            elif time.monotonic() > deadline:
                raise ToolError(f"a process that is not recorded holds {self._server_lock}; end it by hand")
            time.sleep(POLL)
        free.close()


@contextlib.contextmanager
def _folder_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ToolError(f"recorder in {folder}: {error.filename or folder}: {error.strerror or error}") from None
