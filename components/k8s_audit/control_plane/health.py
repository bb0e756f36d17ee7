"""Whether an API server runs with the arguments that its manifest says, and is ready."""

import time
from collections.abc import Callable, Collection
from threading import Event

from k8s_audit.control_plane.host import Credentials, Host, Process
from k8s_audit.control_plane.static_pod import CONTAINER, arguments_of, flag
from k8s_audit.errors import ChangeError, HostError

OK, NOT_FOUND = 200, 404
HEALTHZ = "/healthz"
"""What API servers before 1.16 have instead of /readyz: https://kubernetes.io/docs/reference/using-api/health-checks/"""
POLL = 0.5
"""Seconds."""
STEADY = 2
"""How many answers in a row count as ready."""
CRASHES = 3
"""So many processes with the new arguments that ended unready, and it is not waited any longer."""


class StoppedError(ChangeError):
    """The operation was told to stop."""


def running(host: Host, manifest: bytes) -> list[Process]:
    """The processes of this manifest's API server: those on its port with its serving key."""
    arguments = arguments_of(manifest)
    own = {a for a in arguments if a.startswith(("--secure-port=", "--tls-private-key-file="))}
    return [process for process in host.processes(CONTAINER) if own <= set(process.arguments)]


def credentials(host: Host, manifest: bytes) -> Credentials:
    """The files with which this API server can be asked; kubeadm's kubelet client may read /readyz."""
    arguments = arguments_of(manifest)
    ca = flag(arguments, "client-ca-file")
    if ca is None:
        raise HostError(
            f"host {host.name}: kube-apiserver has no --client-ca-file, so its certificate cannot be verified"
        )
    return Credentials(ca, flag(arguments, "kubelet-client-certificate"), flag(arguments, "kubelet-client-key"))


def is_ready(host: Host, url: str, credentials: Credentials) -> bool:
    """Whether an API server says that it is ready, by its own URL; one that is too old to know /readyz, that it is healthy."""
    found = host.readyz(url, credentials)
    return (host.readyz(url, credentials, HEALTHZ) if found == NOT_FOUND else found) == OK


def check_ready(host: Host, url: str, credentials: Credentials) -> None:
    """Whether an API server is well before it is changed.

    Raises:
        HostError: it is not.
    """
    if not is_ready(host, url, credentials):
        raise HostError(f"host {host.name}: kube-apiserver at {url} is not ready; nothing was changed. Mend it first")


def wait_until_ready(
    host: Host, url: str, manifest: bytes, *, not_these: Collection[tuple[int, float]], timeout: float, stop: Event
) -> None:
    """Wait until a process with exactly the manifest's arguments serves /readyz.

    Args:
        host: the host.
        url: the API server's own URL.
        manifest: whose arguments the process must have.
        not_these: processes that do not count, since they started before the change.
        timeout: seconds.
        stop: ends the wait at once.

    Raises:
        ChangeError: it did not come, or kept crashing, or `stop` was set.
    """
    wanted, own = arguments_of(manifest), credentials(host, manifest)
    watch(
        host.name,
        running=lambda: running(host, manifest),
        new=lambda process: list(process.arguments[1:]) == wanted and process.identity not in not_these,
        ready=lambda: is_ready(host, url, own),
        timeout=timeout,
        stop=stop,
    )


def watch(
    host: str,
    *,
    running: Callable[[], list[Process]],
    new: Callable[[Process], bool],
    ready: Callable[[], bool],
    timeout: float,
    stop: Event,
) -> None:
    """Wait until an API server's only processes are new ones, and are ready.

    Args:
        host: its name.
        running: tells its processes.
        new: whether a process is one that is waited for.
        ready: whether the API server says so itself.
        timeout: seconds.
        stop: ends the wait at once.

    Raises:
        ChangeError: it did not come, or kept crashing, or `stop` was set.
    """
    deadline = time.monotonic() + timeout
    seen: set[tuple[int, float]] = set()
    steady = 0
    while True:
        now = running()
        ours = {process.identity for process in now if new(process)}
        seen |= ours
        if len(seen - ours) >= CRASHES:
            raise ChangeError(
                f"host {host}: kube-apiserver started {len(seen)} times with the new arguments and ended each time"
            )
        steady = steady + 1 if ours and len(ours) == len(now) and ready() else 0
        if steady >= STEADY:
            return
        if stop.is_set():
            raise StoppedError(f"host {host}: stopped while waiting for kube-apiserver")
        if time.monotonic() > deadline:
            state = "runs but is not ready" if ours else "does not run with the new arguments"
            raise ChangeError(f"host {host}: after {timeout:.0f} s kube-apiserver {state}")
        time.sleep(POLL)
