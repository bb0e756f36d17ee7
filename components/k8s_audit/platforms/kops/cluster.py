"""One cluster as the kops command line tells of it and changes it; the spec goes over stdin, since a secret is in it.

Commands: https://github.com/kubernetes/kops/tree/v1.32.0/docs/cli
"""

import copy
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Event

from k8s_audit.command_line import CommandLineTool, Run
from k8s_audit.errors import ToolError
from k8s_audit.platforms.kops.dry_run import told_changes
from k8s_audit.platforms.kops.live import roles_of

KOPS = CommandLineTool(
    "kops",
    ("version",),
    oldest=(1, 15),
    newest=(1, 36),
    mend="https://kops.sigs.k8s.io/getting_started/install/ says how to get it",
)
RECONCILE = (1, 31)
"""The first version that has `kops reconcile cluster`."""
READ_TIMEOUT = 300.0
"""Seconds; the state store may be far."""
NOT_FOUND = 'cluster(s[.]kops[.]k8s[.]io)? (not found "?{0}"?|"?{0}"? not found)'
"""What kops says of a cluster that it does not know; a state store that is not there is another matter."""
ROLLING, RECONCILING = "rolling-update", "reconcile"


@dataclass(frozen=True)
class KopsPlace:
    """Where a cluster is.

    Args:
        name: its name, as kops knows it.
        state_store: where kops keeps its spec; empty: what kops itself finds, as $KOPS_STATE_STORE.
        kubeconfig: with which kops asks whether a new node is well; its context has the cluster's name.
        apply: `rolling-update` of the groups that run an API server, or `reconcile`, which goes on to the workers.
        update_timeout: seconds for `kops update cluster`.
        roll_timeout: seconds for one instance group.
    """

    name: str
    state_store: str = ""
    kubeconfig: str = ""
    apply: str = ROLLING
    update_timeout: float = 900.0
    roll_timeout: float = 3600.0


class KopsCluster:
    """One cluster.

    Args:
        place: where it is.
        stop: ends what is under way.
        say: is told what kops says.
        hidden: texts that are shown nowhere, should kops say them.
    """

    def __init__(self, place: KopsPlace, stop: Event, say: Callable[[str], None], hidden: Collection[str] = ()) -> None:
        """Nothing is asked yet."""
        self.place, self.stop, self.say, self.hidden = place, stop, say, hidden

    def unstopped(self) -> "KopsCluster":
        """The same cluster for what has to be done after a stop, too."""
        other = copy.copy(self)
        other.stop = Event()
        return other

    def check(self) -> None:
        """See that there is a kops that has what is used.

        Raises:
            ToolError: there is none.
        """
        version = KOPS.version(self.say)
        if self.place.apply == RECONCILING and version < RECONCILE:
            raise ToolError(
                f"kops {version[0]}.{version[1]} has no `kops reconcile`, which came with 1.{RECONCILE[1]}; set audit:platform.apply:"
                f" {ROLLING}"
            )

    def spec(self) -> str | None:
        """The Cluster as YAML; None: kops knows none of this name.

        Raises:
            ToolError: kops fails.
        """
        try:
            return self._run(READ_TIMEOUT).output("get", "cluster", *self._at(), "-o", "yaml")
        except ToolError as error:
            if re.search(NOT_FOUND.format(re.escape(self.place.name)), str(error)):
                return None
            raise

    def groups(self) -> dict[str, str]:
        """The instance groups that run an API server, in the order in which they are rolled, with their roles.

        Raises:
            ToolError, HostError: kops fails, or tells of none.
        """
        return roles_of(self._run(READ_TIMEOUT).output("get", "instancegroups", *self._at(), "-o", "yaml"))

    def replace(self, text: str) -> None:
        """Put another spec into the state store; kops judges it first.

        Raises:
            ToolError: kops refuses it.
        """
        self._run(READ_TIMEOUT).progress("replace", *self._state(), "-f", "-", stdin=text)

    def update(self) -> None:
        """Bring the cloud's launch templates to the spec; no node is replaced, and no kubeconfig of the user's is changed.

        Raises:
            ToolError: kops fails.
        """
        if self.place.apply == ROLLING:
            self._run(self.place.update_timeout).progress(
                "update", "cluster", *self._at(), "--create-kube-config=false", "--yes"
            )

    def behind(self) -> bool:
        """Whether the cloud is behind the spec, by the dry run of `kops update cluster`, whose differences are said; nothing is changed.

        https://github.com/kubernetes/kops/blob/v1.32.0/cmd/kops/update_cluster.go

        Raises:
            ToolError: kops fails, or does not tell.
        """
        told = self._run(READ_TIMEOUT).output("update", "cluster", *self._at(), "--create-kube-config=false")
        if "Must specify --yes to apply changes" in told:
            for change in told_changes(told):
                self.say(f"kops update cluster would {change}")
            return True
        if "No changes need to be applied" in told:
            return False
        raise ToolError("`kops update cluster` does not tell whether there are changes to apply")

    def pending(self, groups: Collection[str]) -> list[str]:
        """Of some instance groups those with a node that is older than the spec; nothing is changed and no API server asked.

        Raises:
            ToolError: kops fails.
        """
        if not groups:
            return []
        table = self._run(READ_TIMEOUT).output(
            "rolling-update", "cluster", *self._at(), "--cloudonly", "--instance-group", ",".join(groups)
        )
        return [name for name in groups if _old_nodes(table, name)]

    def roll(self, group: str) -> None:
        """Replace the nodes of one instance group, one after the other, each drained and validated by kops.

        Raises:
            ToolError: kops fails, or a node does not become well in time.
        """
        self._run(self.place.roll_timeout).progress(
            "rolling-update", "cluster", *self._at(), "--instance-group", group, "--yes"
        )

    def reconcile(self) -> None:
        """Update and roll all that is older than the spec, the control plane first.

        Raises:
            ToolError: kops fails.
        """
        self._run(self.place.update_timeout + self.place.roll_timeout).progress(
            "reconcile", "cluster", *self._at(), "--yes"
        )

    def _run(self, timeout: float) -> Run:
        variables = {"KUBECONFIG": self.place.kubeconfig} if self.place.kubeconfig else {}
        return Run(KOPS, timeout, self.say, self.stop, variables, self.hidden)

    def _at(self) -> tuple[str, ...]:
        return ("--name", self.place.name, *self._state())

    def _state(self) -> tuple[str, ...]:
        return ("--state", self.place.state_store) if self.place.state_store else ()


def _old_nodes(table: str, group: str) -> bool:
    """Whether the table of `kops rolling-update` has nodes of a group that need an update."""
    rows = [line.split() for line in table.splitlines()]
    header = next((row for row in rows if "NEEDUPDATE" in row), None)
    column = header.index("NEEDUPDATE") if header else 0
    found = [row[column] for row in rows if header and row and row[0] == group and len(row) > column]
    if not found:
        raise ToolError(f"`kops rolling-update cluster` does not tell whether nodes of instance group {group} are old")
    return any(number != "0" for number in found)
