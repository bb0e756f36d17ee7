"""A control-plane host that is this machine."""

import contextlib
import glob
import os
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from k8s_audit.control_plane.host import POD_LOGS, READYZ, Answer, Credentials, Output, Post, Process
from k8s_audit.errors import HostError

LOG_LINES = 15
READYZ_TIMEOUT = 5.0
"""Seconds."""
RUN_TIMEOUT = 60.0
"""Seconds for one program; none of ours waits for anything."""


class LocalHost:
    """This machine as a control-plane host.

    Args:
        name: how messages call it.
        logs: a glob of the API server's log files; the newest is read when it fails.
    """

    def __init__(self, name: str = "localhost", logs: str = POD_LOGS) -> None:
        """Nothing is touched yet."""
        self.name = name
        self.logs = logs

    def read(self, path: str) -> bytes | None:
        """See Host."""
        with self._named(path):
            try:
                return Path(path).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def write(self, path: str, content: bytes, mode: int = 0o600) -> None:
        """See Host."""
        with self._named(path):
            self._move_in(path, content, os.path.dirname(path), mode)

    def replace(self, path: str, content: bytes, staging: str) -> None:
        """See Host."""
        with self._named(path):
            was = os.stat(path)
            self._move_in(path, content, staging, was.st_mode & 0o7777, (was.st_uid, was.st_gid))

    def remove(self, path: str) -> None:
        """See Host."""
        with self._named(path):
            Path(path).unlink(missing_ok=True)

    def missing_folders(self, path: str) -> list[str]:
        """See Host."""
        with self._named(path):
            return [str(folder) for folder in [*reversed(Path(path).parents), Path(path)] if not folder.is_dir()]

    def make_folder(self, path: str, mode: int = 0o700) -> None:
        """See Host."""
        with self._named(path):
            for folder in self.missing_folders(path):
                os.mkdir(folder, mode)

    def remove_folder(self, path: str) -> None:
        """See Host."""
        with contextlib.suppress(OSError):
            os.rmdir(path)

    def same_filesystem(self, one: str, other: str) -> bool:
        """See Host."""
        with self._named(one):
            return _device(one) == _device(other)

    def processes(self, program: str) -> list[Process]:
        """See Host."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.name() != program[:15] and process.name() != program:
                    continue
                arguments = tuple(process.cmdline())
                if arguments and os.path.basename(arguments[0]) == program and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(Process(process.pid, process.create_time(), arguments))
        return found

    def run(self, *command: str) -> Output:
        """See Host."""
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=RUN_TIMEOUT)
        except OSError as error:
            raise HostError(f"host {self.name}: {command[0]}: {error.strerror or error}") from None
        except subprocess.TimeoutExpired:
            raise HostError(f"host {self.name}: {command[0]} did not end within {RUN_TIMEOUT:.0f} s") from None
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return Output(done.returncode, done.stdout.decode("utf-8", "replace"), said)

    def readyz(self, url: str, credentials: Credentials, path: str = READYZ) -> int:
        """See Host."""
        import httpx

        with self._named(credentials.ca):
            context = ssl.create_default_context(cafile=credentials.ca)
            if credentials.certificate and credentials.key and os.access(credentials.key, os.R_OK):
                context.load_cert_chain(credentials.certificate, credentials.key)
        try:
            return httpx.get(f"{url}{path}", verify=context, timeout=READYZ_TIMEOUT, trust_env=False).status_code
        except httpx.HTTPError:
            return 0

    def post(self, post: Post) -> Answer:
        """See Host."""
        from k8s_audit.control_plane import http_post

        return http_post.post(post)

    def api_server_log(self) -> list[str]:
        """See Host."""
        with contextlib.suppress(OSError):
            newest = max(glob.glob(self.logs), key=os.path.getmtime, default=None)
            if newest:
                return Path(newest).read_text("utf-8", "replace").splitlines()[-LOG_LINES:]
        return []

    def _move_in(
        self, path: str, content: bytes, staging: str, mode: int, owner: tuple[int, int] | None = None
    ) -> None:
        handle, temporary = tempfile.mkstemp(prefix=".k8s-audit-", dir=staging)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(handle, mode)
                if owner and owner != (os.geteuid(), os.getegid()):
                    os.fchown(handle, *owner)
                os.fsync(handle)
            os.rename(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def _named(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise HostError(f"host {self.name}: {path}: {error.strerror or error}") from None


def _device(path: str) -> int:
    folder = Path(path)
    while not folder.exists():
        folder = folder.parent
    return folder.stat().st_dev
