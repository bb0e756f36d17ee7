"""Whether an SSH server is the one that is meant: a pinned key, or a file of known hosts; never trust at first use."""

from pathlib import Path

import asyncssh

from k8s_audit.control_plane.ssh_access import SshServer
from k8s_audit.errors import HostError

ASK = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"


class Verifier(asyncssh.SSHClient):
    """Keeps what a server offered, so that a refusal can say how to pin it.

    Args:
        server: who is meant.
    """

    def __init__(self, server: SshServer) -> None:
        """Nothing is offered yet."""
        self.server = server
        self.offered: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Called for a key that is not known: it stays unknown."""
        self.offered = key
        return False

    def known_hosts(self) -> asyncssh.SSHKnownHosts | tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[str]]:
        """What asyncssh shall trust.

        Raises:
            HostError: the pinned key or the file cannot be read.
        """
        try:
            if self.server.host_key:
                return [asyncssh.import_public_key(self.server.host_key)], [], []
            file = Path(self.server.known_hosts).expanduser()
            return asyncssh.import_known_hosts(file.read_text() if file.exists() else "")
        except (OSError, ValueError, RuntimeError, asyncssh.KeyImportError) as error:
            source = "hostKey" if self.server.host_key else self.server.known_hosts
            why = error.strerror if isinstance(error, OSError) else error
            raise HostError(f"{self.server}: {source} cannot be used: {why}") from None

    def refusal(self, error: Exception) -> str:
        """What to say of a server that was refused for its key."""
        if self.offered is None:
            return f"its host key is refused: {error}"
        offered = " ".join(self.offered.export_public_key("openssh").decode().split()[:2])
        print_ = self.offered.get_fingerprint()
        if self.server.host_key:
            pinned = asyncssh.import_public_key(self.server.host_key).get_fingerprint()
            return (
                f"another host key than the one in hostKey: {print_}, not {pinned}. Is it another machine, or was its key"
                f" made anew? Look at its console (`{ASK}`), and only if it is its own: hostKey: {offered}"
            )
        return (
            f"its host key is not in {self.server.known_hosts}, or is another one there: {print_}. Look at its console"
            f" (`{ASK}`), and only if it is its own, pin it: hostKey: {offered}"
        )

    def hint(self) -> str:
        """What to say of a server that hangs up before it shows a key: it may have none of the kind that is pinned."""
        if self.offered is not None or not self.server.host_key:
            return ""
        return f"; if it has no host key of the type {self.server.host_key.split()[0]}, pin the one that it has"
