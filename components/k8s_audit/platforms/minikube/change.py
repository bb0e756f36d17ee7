"""The change of a minikube cluster: its running node in a transaction, and then, when it is proved there, what each start sets up."""

import posixpath
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

from k8s_audit.config.reach import place, reach
from k8s_audit.control_plane.change import AuditSetup, Change, LiveSetup, digest_of, sha256
from k8s_audit.control_plane.edit import Edit
from k8s_audit.control_plane.journal import Record
from k8s_audit.control_plane.plan import Plan
from k8s_audit.control_plane.plan import plan as plan_of
from k8s_audit.errors import HostError
from k8s_audit.platforms.minikube.kept import Kept
from k8s_audit.platforms.minikube.node import Reached, reach_node
from k8s_audit.platforms.minikube.profile import Profile, path_of
from k8s_audit.platforms.minikube.server import MinikubeServer


class NodeChange(Change):
    """The change of the running node.

    Args:
        node: how it is reached.
        profile: of minikube.
        stop: set to end a wait and go back.
    """

    def __init__(self, node: Reached, profile: str, stop: Event) -> None:
        """Nothing is touched yet."""
        where, host = place(node.host), reach(node.host, node.private_key)
        staging = posixpath.dirname(where.manifests)
        super().__init__(host, where, MinikubeServer(host, where.manifest, where.api_server, staging, profile), stop)

    def holds(self, current: bytes, record: Record, plain: Edit, again: Edit) -> bool:
        """See Change: a manifest that a start wrote anew with the same audit flags is no other one."""
        anew = sha256(current) != record.after
        same = self.server.audit_arguments(current) == self.server.audit_arguments(plain.manifest)
        return super().holds(current, record, plain, again) or (anew and same)

    def before(self) -> dict[str, str]:
        """The audit flags that the API server would have without us."""
        current = self.server.current()
        return self.server.audit_arguments(self.without_us(current, self.journal.read()))


class MinikubeChange:
    """Turns auditing on and off.

    Args:
        folder: minikube's.
        name: of the profile.
        known_hosts: a file with host keys, for drivers that do not tell the node's.
        restart_timeout: a duration.
        stop: set to end a wait and go back.
    """

    def __init__(self, folder: Path, name: str, known_hosts: str, restart_timeout: str, stop: Event) -> None:
        """Nothing is touched yet."""
        self.kept = Kept(folder, name)
        self._reach: Callable[[Profile], Reached] = lambda profile: reach_node(
            profile, folder, known_hosts, restart_timeout
        )
        self.stop = stop

    def node(self) -> NodeChange | None:
        """The change of the node; None: there is no such cluster.

        Raises:
            HostError, ToolError: it cannot be told how the node is reached.
        """
        profile = self.kept.profile()
        return NodeChange(self._reach(profile), profile.name, self.stop) if profile else None

    def apply(self, setup: AuditSetup) -> LiveSetup:
        """Bring the node, and then each start, to `setup`.

        Raises:
            HostError, ToolError: there is no such cluster, or it cannot be reached.
            ConflictError, DeliveryError, ChangeError: see `Change.apply`.
        """
        live = self._there().apply(setup)
        self.kept.keep(live.policy, live.webhook, live.arguments)
        return _lasting(live, intact=live.intact)

    def plan(self, setup: AuditSetup) -> Plan:
        """What `apply` would do, with nothing changed."""
        planned = plan_of(self._there(), setup)
        if planned.obstacle:
            return planned
        kept = self.kept.plan(setup.policy, setup.webhook, planned.arguments)
        return replace(planned, actions=[*planned.actions, *kept])

    def read(self) -> LiveSetup | None:
        """What the node has, intact if each start would set it up too; None: there is no such cluster, or nothing of ours."""
        node = self.node()
        live = node.read() if node else None
        if live is None:
            return None
        held = self.kept.holds(live.policy, live.webhook, live.arguments)
        return _lasting(live, intact=live.intact and held)

    def restore(self) -> str:
        """Have each start, and then the node, as before us; a cluster that was deleted has nothing of ours but two files.

        Returns:
            see `Change.restore`.

        Raises:
            HostError, ToolError, ChangeError: the node cannot be reached, or did not come back; the next call goes on.
        """
        node = self.node()
        self.kept.forget(node.before() if node else {})
        return node.restore() if node else ""

    def _there(self) -> NodeChange:
        node = self.node()
        if node is None:
            raise HostError(
                f"minikube has no profile {self.kept.name}: {path_of(self.kept.folder, self.kept.name)} is not there; make it with"
                f" `minikube start -p {self.kept.name}`, or set audit:platform.home"
            )
        return node


def _lasting(live: LiveSetup, *, intact: bool) -> LiveSetup:
    """With a digest of what a start keeps, since it writes the rest of the manifest anew."""
    return replace(live, manifest_digest=digest_of(live.policy, live.webhook, live.arguments), intact=intact)
