"""How a control-plane host is reached over SSH, as plain data."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SshServer:
    """One SSH server, and how it is known to be that one.

    Args:
        address: a name or an IP address.
        user: who logs in there.
        port: TCP.
        host_key: its public key as `TYPE BASE64`; None: the file of known hosts has it.
        known_hosts: the path of that file; `~` is the user's home.
    """

    address: str
    user: str
    port: int = 22
    host_key: str | None = None
    known_hosts: str = "~/.ssh/known_hosts"

    def __str__(self) -> str:
        return f"{self.user}@{self.address}:{self.port}"


@dataclass(frozen=True)
class SshAccess:
    """The whole way to a host.

    Args:
        name: how messages call the host.
        server: the host's own SSH server.
        jump: a server between; its user has the same key.
        sudo: do all there as root, by `sudo -n`.
        private_key: its text; None: the agent's keys, else those in ~/.ssh.
        connect_timeout: seconds for one connection, log-in included.
        reconnect_timeout: seconds in which a connection that was cut may come back.
        keep_alive: seconds between two questions whether the other end is still there; after three without an answer
            the connection counts as cut.
    """

    name: str
    server: SshServer
    jump: SshServer | None = None
    sudo: bool = True
    private_key: str | None = field(default=None, repr=False)
    connect_timeout: float = 15.0
    reconnect_timeout: float = 60.0
    keep_alive: float = 15.0
