"""A service of systemd on a host: what it is, its restart, what it logs. Formats: systemctl(1), org.freedesktop.systemd1(5)."""

import re
from dataclasses import dataclass

from k8s_audit.control_plane.health import CRASHES
from k8s_audit.control_plane.host import Host, Process
from k8s_audit.errors import ChangeError, HostError

PROPERTIES = "LoadState,MainPID,ExecMainStartTimestampMonotonic,NRestarts,ExecStart"
ARGUMENTS = re.compile(r"argv\[\]=(.*?) ; ")
MICROSECOND = 1e-6


@dataclass(frozen=True)
class Unit:
    """A service. `started` counts seconds from the boot, `restarts` are those that systemd made by itself since somebody's; `arguments` are
    those of its program, which is the first."""

    there: bool
    pid: int
    started: float
    restarts: int
    arguments: tuple[str, ...]


class Crashes:
    """Whether a service ends again and again. What an earlier start left in systemd's count does not count."""

    def __init__(self, host: Host, name: str) -> None:
        """Nothing is known yet."""
        self.host, self.name, self.counted = host, name, False

    def look(self, now: Unit) -> None:
        """Look at the service as it is now.

        Raises:
            ChangeError: it has ended too often.
        """
        if now.restarts < CRASHES:
            self.counted = True
        elif self.counted:
            raise ChangeError(
                f"host {self.host.name}: service {self.name} ended {now.restarts} times after its restart"
            )


def unit(host: Host, name: str) -> Unit:
    """What systemd knows of a service.

    Raises:
        HostError: there is no systemd, or it does not answer.
    """
    done = host.run("systemctl", "show", name, f"--property={PROPERTIES}")
    if done.status:
        raise HostError(f"host {host.name}: systemctl show {name}: {done.error or done.status}")
    values = dict(line.partition("=")[::2] for line in done.text.splitlines())
    command = ARGUMENTS.search(values.get("ExecStart", ""))
    return Unit(
        there=values.get("LoadState") not in ("not-found", "masked", None),
        pid=int(values.get("MainPID") or 0),
        started=int(values.get("ExecMainStartTimestampMonotonic") or 0) * MICROSECOND,
        restarts=int(values.get("NRestarts") or 0),
        arguments=tuple(command[1].split()) if command else (),
    )


def processes(service: Unit) -> list[Process]:
    """A service's own process, which does not tell the API server's arguments; none where it does not run."""
    return [Process(service.pid, service.started, ())] if service.pid else []


def restart(host: Host, name: str) -> None:
    """Have a service restarted; it is not waited for, since a start that fails may take for ever.

    Raises:
        HostError: systemd refuses.
    """
    done = host.run("systemctl", "restart", "--no-block", name)
    if done.status:
        raise HostError(f"host {host.name}: systemctl restart {name}: {done.error or done.status}")


def log(host: Host, name: str, lines: int, pid: int | None = None) -> list[str]:
    """What a service logged last, or one process of it; empty if that can't be had.

    Args:
        host: where it runs.
        name: the service's.
        lines: how many at most.
        pid: the process.
    """
    of = [f"_PID={pid}"] if pid else []
    try:
        done = host.run("journalctl", f"--unit={name}", "--output=cat", "--no-pager", f"--lines={lines}", *of)
    except HostError:
        return []
    return done.text.splitlines()
