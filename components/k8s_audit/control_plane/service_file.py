"""A file that a service reads when it starts: put into its place, then the service is restarted; and whether that was cut off between."""

import posixpath
from collections.abc import Callable

from k8s_audit.control_plane.host import Host
from k8s_audit.control_plane.journal import RESTART


class ServiceFile:
    """One such file.

    Args:
        host: where it is.
        path: its path.
        state_folder: what the host remembers of us.
        restart: has the service restarted, and does not wait for it.
    """

    def __init__(self, host: Host, path: str, state_folder: str, restart: Callable[[], None]) -> None:
        """Nothing is touched yet."""
        self.host, self.path, self.restart = host, path, restart
        self.mark = posixpath.join(state_folder, RESTART)

    def put(self, text: bytes) -> None:
        """Put a text there in one step, or nothing where it is empty; then restart the service."""
        self.host.write(self.mark, b"")
        if not text:
            self.host.remove(self.path)
        elif self.host.read(self.path) is None:
            self.host.write(self.path, text)
        else:
            self.host.replace(self.path, text, posixpath.dirname(self.path))
        self.restart()
        self.host.remove(self.mark)

    def in_force(self) -> bool:
        """Whether the service was told to restart since the last put."""
        return self.host.read(self.mark) is None
