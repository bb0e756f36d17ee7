"""A control-plane host that is reached over SSH, with nothing installed there: sh, coreutils or busybox, and curl."""

import re
import secrets
from typing import NoReturn

from k8s_audit.control_plane import curl_post
from k8s_audit.control_plane import ssh_scripts as scripts
from k8s_audit.control_plane.host import POD_LOGS, READYZ, Answer, Credentials, Output, Post, Process
from k8s_audit.control_plane.http_post import TEXT
from k8s_audit.control_plane.local_host import LOG_LINES, READYZ_TIMEOUT
from k8s_audit.control_plane.ssh_access import SshAccess
from k8s_audit.control_plane.ssh_connection import Done, connection
from k8s_audit.errors import HostError

TICKS = 100
"""Of a second, in /proc/PID/stat: the kernel's own unit towards programs, whatever its clock (proc_pid_stat(5))."""
NAME = 15
"""Characters of a program's name that the kernel keeps."""
GONE = ("No such file or directory", "Not a directory")
"""As each system's C library says it."""
OCTAL = re.compile(r"\\([0-7]{3})")
"""How the kernel writes a space in a path (proc_pid_mountinfo(5))."""
CURL_NO_AUTHORITY, CURL_NO_CERTIFICATE = 77, 58


class SshHost:
    """A host over SSH. Each call is one script; a connection that is cut comes back by itself, or the call says so.

    Args:
        access: the way to it.
        logs: a glob of the API server's log files there.
    """

    def __init__(self, access: SshAccess, logs: str = POD_LOGS) -> None:
        """Nothing is connected yet."""
        self.name = access.name
        self.access = access
        self.logs = logs

    def read(self, path: str) -> bytes | None:
        """See Host."""
        done = self._try(scripts.READ, path)
        if done.status and done.error.endswith(GONE):
            return None
        return self._well(done, path).output

    def write(self, path: str, content: bytes, mode: int = 0o600) -> None:
        """See Host."""
        self._well(self._try(scripts.WRITE, path, f"{mode:o}", str(len(content)), content=content), path)

    def replace(self, path: str, content: bytes, staging: str) -> None:
        """See Host."""
        self._well(self._try(scripts.REPLACE, path, staging, str(len(content)), content=content), path)

    def remove(self, path: str) -> None:
        """See Host."""
        self._well(self._try(scripts.REMOVE, path), path)

    def missing_folders(self, path: str) -> list[str]:
        """See Host."""
        folders = _with_parents(path)
        numbers = self._well(self._try(scripts.MISSING, *folders), path).output.split()
        return [folders[int(number)] for number in numbers]

    def make_folder(self, path: str, mode: int = 0o700) -> None:
        """See Host."""
        self._well(self._try(scripts.MAKE, f"{mode:o}", *_with_parents(path)), path)

    def remove_folder(self, path: str) -> None:
        """See Host."""
        self._well(self._try(scripts.REMOVE_FOLDER, path), path)

    def same_filesystem(self, one: str, other: str) -> bool:
        """See Host."""
        output = self._well(self._try(scripts.PLACES, one, other), one).output.decode("utf-8", "surrogateescape")
        device, path, other_device, other_path, *mounts = output.splitlines()
        return device == other_device and mount_of(path, mounts) == mount_of(other_path, mounts)

    def processes(self, program: str) -> list[Process]:
        """See Host; `started` counts from the boot, since the wall clock may be set."""
        separator = _separator()
        done = self._well(self._try(scripts.PROCESSES, program[:NAME], separator), "/proc")
        return [
            process
            for text in done.output.split(f"{separator}\n".encode())[1:]
            if (process := process_of(text)) and process.arguments[0].rpartition("/")[2] == program
        ]

    def run(self, *command: str) -> Output:
        """See Host."""
        done = self._try(scripts.RUN, *command)
        if done.status == scripts.NO_PROGRAM:
            raise HostError(f"host {self.name}: {command[0]} is not there")
        return Output(done.status, done.output.decode("utf-8", "replace"), done.error)

    def readyz(self, url: str, credentials: Credentials, path: str = READYZ) -> int:
        """See Host."""
        paths = (credentials.ca, credentials.certificate or "", credentials.key or "")
        done = self._try(scripts.READYZ, f"{url}{path}", f"{READYZ_TIMEOUT:.0f}", *paths)
        if done.status in (scripts.NO_PROGRAM, CURL_NO_AUTHORITY, CURL_NO_CERTIFICATE):
            self._fail(done, credentials.ca)
        return int(done.output or b"0") if not done.status else 0

    def post(self, post: Post) -> Answer:
        """See Host."""
        separator = _separator()
        done = self._try(scripts.POST, separator, str(TEXT), content=curl_post.given(post, separator))
        return curl_post.answer_of(self._well(done, "POST").output, separator)

    def api_server_log(self) -> list[str]:
        """See Host."""
        try:
            done = self._try(scripts.LOG, self.logs, str(LOG_LINES))
        except HostError:
            return []
        return done.output.decode("utf-8", "replace").splitlines()[-LOG_LINES:]

    def _try(self, script: str, *arguments: str, content: bytes = b"") -> Done:
        return connection(self.access).run(scripts.PRELUDE + script, arguments, content)

    def _well(self, done: Done, path: str) -> Done:
        if done.status:
            self._fail(done, path)
        return done

    def _fail(self, done: Done, path: str) -> NoReturn:
        if done.status == scripts.CUT_INPUT:
            why = "the content did not arrive whole; nothing was changed"
        elif done.status == scripts.OTHER_FILESYSTEM:
            why = "the staging folder is on another filesystem"
        elif done.status == scripts.NO_PROGRAM:
            why = f"a program is missing there ({done.error}); sh, coreutils or busybox, and curl are needed"
        else:
            why = done.error.rpartition(": ")[2] or f"exit status {done.status}"
        if "ermission denied" in why and not self.access.sudo:
            why += f" to {self.access.server.user}; set sudo: true"
        raise HostError(f"host {self.name}: {path}: {why}")


def process_of(text: bytes) -> Process | None:
    """A process of its /proc/PID/stat and /proc/PID/cmdline; None for one that has ended."""
    stat, _, command = text.partition(b"\n")
    pid, _, rest = stat.partition(b" ")
    fields = rest.rpartition(b")")[2].split()
    arguments = tuple(part.decode("utf-8", "surrogateescape") for part in command.split(b"\0")[:-1])
    if not arguments or not fields or fields[0] == b"Z":
        return None
    return Process(int(pid), int(fields[19]) / TICKS, arguments)


def mount_of(path: str, mounts: list[str]) -> str:
    """The mount that a path lies in, by its number in /proc/PID/mountinfo; the last one mounted at a place counts."""
    best, found = "", ""
    for line in mounts:
        number, _, _, _, point, *_ = line.split(" ")
        point = OCTAL.sub(lambda escaped: chr(int(escaped[1], 8)), point)
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, found = point, number
    return found


def _with_parents(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[: number + 1]) for number in range(len(parts))]


def _separator() -> str:
    return f"k8s-audit-{secrets.token_hex(8)}"
