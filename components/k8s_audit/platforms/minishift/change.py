"""The change of MiniShift's API server, in the transaction of `control_plane/change.py`: over SSH in its virtual machine, with MiniShift's own restart."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

from k8s_audit.config.reach import reach
from k8s_audit.control_plane import api_server_arguments
from k8s_audit.control_plane.change import AuditSetup, Change, LiveSetup, Place
from k8s_audit.control_plane.durations import seconds
from k8s_audit.control_plane.host import Host
from k8s_audit.control_plane.master_config import NAME
from k8s_audit.control_plane.master_server import INSIDE, LABEL, MasterPlace, MasterServer
from k8s_audit.control_plane.plan import Plan
from k8s_audit.control_plane.plan import plan as plan_of
from k8s_audit.errors import HostError, ToolError
from k8s_audit.platforms.minishift.machine import BASE, MASTER, STATE, Machine

KUBELET = "origin"
"""Its container's name: https://github.com/minishift/minishift/blob/master/pkg/minishift/constants/constants.go."""


class MinishiftChange:
    """Turns auditing on and off.

    Args:
        folder: MiniShift's.
        profile: its name.
        known_hosts: a file with the machine's host key.
        api_server: its API server's URL; None: the usual port of its address.
        restart_timeout: a duration.
        stop: set to end a wait and go back.
        say: shows a line to the user.
    """

    def __init__(
        self,
        folder: Path,
        profile: str,
        known_hosts: str,
        api_server: str | None,
        restart_timeout: str,
        stop: Event,
        say: Callable[[str], None],
    ) -> None:
        """Nothing is touched yet."""
        self.machine = Machine(folder, profile)
        self.known_hosts, self.api_server, self.restart_timeout = known_hosts, api_server, restart_timeout
        self.stop, self.say = stop, say

    def node(self) -> Change | None:
        """The change of the running machine; None: there is none.

        Raises:
            HostError, ToolError: it does not run, or it cannot be told how it is reached.
        """
        if not self.machine.file.exists():
            return None
        host, key = self.machine.host(self.known_hosts, self.api_server, self.restart_timeout)
        reached, timeout = reach(host, key), seconds(self.restart_timeout)
        at = MasterPlace(
            MASTER,
            f"{INSIDE}/{NAME}",
            host.api_server,
            STATE,
            program="hypershift",
            words=("openshift-kube-apiserver",),
            restart=f"docker stop $(docker ps -q --filter label={LABEL}); docker restart {KUBELET}",
        )
        server = MasterServer(
            reached, at, api_server_arguments, lambda: self._restart(server, reached, timeout), lambda: None
        )
        return Change(reached, Place(BASE, host.api_server, host.config_folder, STATE, timeout), server, self.stop)

    def apply(self, setup: AuditSetup) -> LiveSetup:
        """See `Change.apply`."""
        return self._there().apply(setup)

    def plan(self, setup: AuditSetup) -> Plan:
        """What `apply` would do, with nothing changed."""
        return plan_of(self._there(), setup)

    def read(self) -> LiveSetup | None:
        """See `Change.read`; None where there is no such machine, too."""
        node = self.node()
        return node.read() if node else None

    def restore(self) -> str:
        """See `Change.restore`; a machine that was deleted has nothing of ours."""
        node = self.node()
        return node.restore() if node else ""

    def _there(self) -> Change:
        node = self.node()
        if node is None:
            raise HostError(
                f"minishift has no machine of profile {self.machine.profile}: {self.machine.file} is not there; make it with `minishift start`, or set"
                " audit:platform.home"
            )
        return node

    def _restart(self, server: MasterServer, host: Host, timeout: float) -> None:
        """MiniShift's own restart; it finds no container to stop while the API server is between two crashes, and then a restart of the kubelet ends its back-off."""
        before = set(server.running(b""))
        try:
            self.machine.run(timeout, say=self.say).progress(*self.machine.arguments("openshift", "restart"))
        except ToolError as error:
            if before & set(server.running(b"")):
                raise
            self.say(f"{error}\nThe API server had ended by itself: its kubelet's container {KUBELET} is restarted")
            done = host.run("docker", "restart", KUBELET)
            if done.status:
                raise HostError(f"host {host.name}: docker restart {KUBELET}: {done.error or done.status}") from None
