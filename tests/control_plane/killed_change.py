"""Run by test_change.py as a process of its own: a change that is killed after its n-th mutation of the host."""

import json
import os
import signal
import sys
from threading import Event
from typing import Any

from k8s_audit.control_plane.change import AuditSetup, Place, StaticPodChange
from k8s_audit.control_plane.local_host import LocalHost


class MortalHost(LocalHost):
    """Kills this process with SIGKILL right after the n-th call that changes the host."""

    left = 0

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def write(self, path: str, content: bytes, mode: int = 0o600) -> None:
        super().write(path, content, mode)
        self._count()

    def replace(self, path: str, content: bytes, staging: str) -> None:
        super().replace(path, content, staging)
        self._count()

    def remove(self, path: str) -> None:
        was = os.path.exists(path)
        super().remove(path)
        if was:
            self._count()

    def make_folder(self, path: str, mode: int = 0o700) -> None:
        missing = self.missing_folders(path)
        super().make_folder(path, mode)
        if missing:
            self._count()

    def remove_folder(self, path: str) -> None:
        was = os.path.exists(path)
        super().remove_folder(path)
        if was:
            self._count()


def main() -> None:
    given: dict[str, Any] = json.load(sys.stdin)
    host = MortalHost("cp-1")
    host.left = given["after"]
    change = StaticPodChange(host, Place(**given["place"]), Event())
    if given["operation"] == "apply":
        change.apply(AuditSetup(**given["setup"]))
    else:
        change.restore()


if __name__ == "__main__":
    main()
