"""Processes that outlive the command that starts them, and the files by which a later command knows them again.

A process is named by its pid together with its start time, never by its name or arguments, so that nothing is ever
ended that was not recorded as started.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from k8s_audit.errors import ToolError

POLL = 0.05
"""Seconds between two looks at a process or a lock."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "LD_LIBRARY_PATH")
"""What a long-lived process inherits; all else stays behind, a stack's passphrase and proxies among it."""


@dataclass(frozen=True)
class Identity:
    """What no other process shares, even if it gets the same pid, or the machine restarts, or its clock is set."""

    pid: int
    start_time: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """The identity of a running process; None if there is none with this pid, or only its zombie."""
        start_time = _start_time(pid)
        return cls(pid, start_time) if start_time else None

    @classmethod
    def from_record(cls, record: Any) -> "Identity | None":
        """The identity that `record()` wrote; None if the record is of another shape."""
        if isinstance(record, dict) and isinstance(record.get("pid"), int) and isinstance(record.get("startTime"), str):
            return cls(record["pid"], record["startTime"])
        return None

    def record(self) -> dict[str, Any]:
        """For a JSON file."""
        return {"pid": self.pid, "startTime": self.start_time}

    @property
    def running(self) -> bool:
        """Whether this very process runs."""
        return _start_time(self.pid) == self.start_time

    def end(self, grace: float) -> bool:
        """End the process, and its whole group where it leads one: SIGTERM, then SIGKILL after `grace` seconds.

        Returns:
            whether it is gone.
        """
        for name, wait in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
            if not self.running:
                return True
            with contextlib.suppress(ProcessLookupError):
                if os.getpgid(self.pid) == self.pid:
                    os.killpg(self.pid, name)
                else:
                    os.kill(self.pid, name)
            deadline = time.monotonic() + wait
            while self.running and time.monotonic() < deadline:
                time.sleep(POLL)
        return not self.running


def _start_time(pid: int) -> str | None:
    """When a process started, as text that stays the same while it runs.

    Linux counts ticks since a boot, which no setting of the clock moves: proc_pid_stat(5), fields 3 and 22.
    """
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            return None if fields[0] in "ZX" else f"{BOOT_ID.read_text().strip()}/{fields[19]}"
        except (OSError, IndexError):
            return None
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.6f}"
    except psutil.Error:
        return None


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a process that we start: the least that it needs, and `extra`."""
    return {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ} | dict(extra or {})


def start_detached(module: str, arguments: list[str], log: Path, folder: Path) -> Identity | None:
    """Start `python -m module arguments` in a session of its own, as a child of init.

    Pulumi ends a plugin's children together with the plugin, so the process must not be one of them.

    Args:
        module: a module of this package.
        arguments: its arguments; every user of the machine can read them, so no secret goes there.
        log: where its output is appended.
        folder: its working directory.

    Returns:
        who it is; None if it ended at once (the log says why).
    """
    package = str(Path(__file__).parents[2])
    # -P: the working directory holds no modules
    command = [sys.executable, "-P", "-m", module, *arguments]
    try:
        started = subprocess.run(
            ["/bin/sh", "-c", 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!', "sh", str(log), *command],
            cwd=folder,
            env=environment({"PYTHONPATH": package}),
            start_new_session=True,
            stdout=subprocess.PIPE,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolError(f"could not start {module}: {error}") from None
    return Identity.of(int(started.stdout))


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all, readable by its owner only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(value, file, indent=1)
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if there is no such file, or it is no JSON object."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def try_lock(path: Path) -> IO[str] | None:
    """Take a lock that ends with the process or with closing the file; None if another holds it."""
    file = open(path, "a")  # noqa: SIM115 - the caller holds it
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


@contextlib.contextmanager
def lock(path: Path, timeout: float = 120.0) -> Iterator[None]:
    """Hold a lock for a while.

    Args:
        path: the lock's file; it stays.
        timeout: seconds to wait for another holder.

    Raises:
        ToolError: another process still holds it.
    """
    deadline = time.monotonic() + timeout
    while (file := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise ToolError(f"another command is still at work in {path.parent}; wait for it or end it, then try again")
        time.sleep(POLL)
    with file:
        yield


def last_lines(log: Path, count: int = 15) -> list[str]:
    """The last lines of a log; none if there is no such file."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 64 * 1024))
            return file.read().decode("utf-8", "replace").splitlines()[-count:]
    except OSError:
        return []
