"""The loopback ports of the local stack, and who holds one that is taken."""

import socket
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import psutil

from k8s_audit.errors import ToolError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """TCP ports on 127.0.0.1; fixed defaults, so that a preview knows them."""

    etcd: int = 12379
    etcd_peer: int = 12380
    api_server: int = 16443

    def by_key(self) -> dict[str, int]:
        """Each port under the key of a stack's configuration that sets it."""
        return {
            "audit:platform.ports.etcd": self.etcd,
            "audit:platform.ports.etcdPeer": self.etcd_peer,
            "audit:platform.ports.apiServer": self.api_server,
        }


def refuse_taken(ports: Mapping[str, int], own: Callable[[], Collection[int]] = tuple) -> None:
    """Refuse ports on which another process listens.

    Args:
        ports: the port under each configuration key.
        own: the pids that may hold them; asked after a port was found taken, for one may have started just then.

    Raises:
        ToolError: one line for each port that is taken: the port, by whom if that can be told, the key to set.
    """
    faults = []
    for key, port in ports.items():
        if is_free(port):
            continue
        holder = holder_of(port)
        known = own()
        if (holder.pid if holder else None) in known or (holder is None and known):
            continue
        if holder and not holder.is_running():  # one that ended just then, such as an API server that restarts
            continue
        who = f"{_name(holder)} (pid {holder.pid})" if holder else "another process"
        faults.append(f"port {port} on {LOOPBACK} is taken by {who}; end it, or set another port in {key}")
    if faults:
        raise ToolError("\n".join(faults))


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def holder_of(port: int) -> psutil.Process | None:
    """The process that listens on a port; None if that can't be told (another user's, or macOS without root)."""
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr[1] == port
                and connection.pid
            ):
                return psutil.Process(connection.pid)
    except psutil.Error:
        pass
    return None


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return "a process"
