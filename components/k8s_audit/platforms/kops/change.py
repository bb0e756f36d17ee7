"""Turning auditing on and off in a kops cluster: the spec, the launch templates, then the nodes of each group in turn."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from k8s_audit.delivery.webhook import secrets_in
from k8s_audit.errors import ChangeError, DeliveryError, HostError, ToolError
from k8s_audit.platforms.kops.cluster import RECONCILING, KopsCluster
from k8s_audit.platforms.kops.document import load
from k8s_audit.platforms.kops.live import Live, actions, live
from k8s_audit.platforms.kops.spec import WEBHOOK, Setup, turn_off, turn_on

Prove = Callable[[Sequence[str]], None]
"""Proves the delivery of the API servers of some instance groups; raises DeliveryError."""


class HalfRolledError(ChangeError):
    """Some nodes have the new spec and some have not, or their delivery is not proved."""

    def __init__(self, text: str, pending: list[str]) -> None:
        """Name the groups that are left."""
        super().__init__(text)
        self.pending = pending


@dataclass(frozen=True)
class State:
    """What a cluster has now: its spec's audit part, the groups that run an API server, and those of them with old nodes."""

    live: Live
    groups: list[str]
    pending: list[str]


class KopsChange:
    """The change of one cluster.

    Args:
        cluster: it.
    """

    def __init__(self, cluster: KopsCluster) -> None:
        """Nothing is touched yet."""
        self.cluster = cluster

    def read(self, wanted: Mapping[str, str]) -> State | None:
        """What is there; None: kops does not know the cluster.

        Raises:
            ToolError, HostError: kops fails, or prints what is not understood.
        """
        self.cluster.check()
        spec = self.cluster.spec()
        if spec is None:
            self._gone()
            return None
        groups = self.cluster.groups()
        return State(live(spec, wanted, groups.values()), list(groups), self._behind(list(groups)))

    def plan(self, policy: str, webhook: str, arguments: Mapping[str, str], adopt: bool) -> list[str]:
        """What `apply` would do, in words, with nothing changed; what of the spec is not in the cloud yet, whoever put it there, is said.

        Raises:
            ConflictError, HostError, ToolError: why it would fail.
        """
        self.cluster.check()
        spec, groups = self._known(), self.cluster.groups()
        after = turn_on(spec, Setup(policy, webhook, arguments, _roles(groups.values()), adopt))
        changes = actions(spec, after)
        behind = self.cluster.behind()
        rolled = list(groups) if changes or behind else self.cluster.pending(groups)
        return [*changes, *(f"replace the nodes of instance group {group} ({groups[group]})" for group in rolled)]

    def apply(
        self, policy: str, webhook: str, arguments: Mapping[str, str], adopt: bool, prove: Prove | None = None
    ) -> State:
        """Bring the cluster to it and wait until each node that runs an API server has it; a second time nothing changes.

        Args:
            policy: the audit policy's text.
            webhook: the webhook kubeconfig's text; a secret.
            arguments: audit flags by name, without dashes.
            adopt: take over audit fields that are there already with other values.
            prove: is asked of the groups that have it before the next group's nodes are replaced; None: nothing is proved.

        Raises:
            ConflictError, HostError, ToolError: found before anything was changed.
            ChangeError: the cloud refused it, and the spec is as it was before.
            HalfRolledError: a group's roll or proof failed; the next call goes on there.
        """
        self.cluster.check()
        spec, groups = self._known(), self.cluster.groups()
        after = turn_on(spec, Setup(policy, webhook, arguments, _roles(groups.values()), adopt))
        self._bring(spec, after, list(groups), prove)
        return State(live(after, arguments, groups.values()), list(groups), [])

    def restore(self) -> None:
        """Take out what is ours and roll the nodes; a cluster that is gone has nothing to take out.

        Raises:
            ToolError, HostError, ChangeError: it failed; the next call goes on.
        """
        self.cluster.check()
        spec = self.cluster.spec()
        if spec is None:
            self._gone()
            self.cluster.say(f"kops knows no cluster {self.cluster.place.name} any more; nothing to take back")
            return
        self._bring(spec, turn_off(spec), list(self.cluster.groups()))

    def _behind(self, groups: list[str]) -> list[str]:
        """All of them, should not even the cloud have the spec yet."""
        return groups if self.cluster.behind() else self.cluster.pending(groups)

    def _gone(self) -> None:
        """Refuse to take a cluster for gone where another $KOPS_STATE_STORE may be the reason."""
        if not self.cluster.place.state_store:
            raise HostError(
                f"kops knows no cluster {self.cluster.place.name} in the state store that it finds by itself ($KOPS_STATE_STORE), which"
                " may be another one than before; set audit:platform.stateStore"
            )

    def _known(self) -> str:
        spec = self.cluster.spec()
        if spec is None:
            place = self.cluster.place
            where = place.state_store or "the state store that kops finds by itself ($KOPS_STATE_STORE)"
            raise HostError(f"kops knows no cluster {place.name} in {where}")
        return spec

    def _bring(self, before: str, after: str, groups: list[str], prove: Prove | None = None) -> None:
        changed = after != before
        for asset in load(before)["spec"].get("fileAssets") or []:
            if asset.get("name") == WEBHOOK:
                self.cluster.hidden = [*self.cluster.hidden, *secrets_in(str(asset.get("content", "")))]
        if changed:
            for action in actions(before, after):
                self.cluster.say(action)
            self.cluster.replace(after)
        try:
            self.cluster.update()
        except ToolError as error:
            if not changed:
                raise
            self._put_back(before, error, groups)
            raise ChangeError(
                f"{error}\nThe cluster's spec is as it was before, and no node was replaced. What of the cloud was changed already"
                " goes back with `kops update cluster --yes`"
            ) from None
        if self.cluster.place.apply == RECONCILING:
            self._reconcile(groups)
        else:
            self._roll(groups, prove)

    def _put_back(self, spec: str, error: ToolError, groups: list[str]) -> None:
        try:
            self.cluster.unstopped().replace(spec)
        except ToolError as other:
            raise HalfRolledError(
                f"{error}\nThe spec could not be put back, too: {other}\nNo node was replaced; the next `up` tries again, `destroy` takes"
                " it out",
                groups,
            ) from None

    def _roll(self, groups: list[str], prove: Prove | None) -> None:
        try:
            left = self.cluster.pending(groups)
        except ToolError as error:
            raise HalfRolledError(f"{error}\n{self._way_on([], groups)}", groups) from None
        for index, group in enumerate(left):
            self._prove([each for each in groups if each not in left[index:]], left[index:], prove)
            try:
                self.cluster.roll(group)
            except ToolError as error:
                raise HalfRolledError(f"{error}\n{self._way_on(left[:index], left[index:])}", left[index:]) from None

    def _prove(self, done: list[str], left: list[str], prove: Prove | None) -> None:
        if not prove or not done:
            return
        try:
            prove(done)
        except DeliveryError as error:
            raise HalfRolledError(
                f"{error}\n{_groups(done, left)} Delivery of those that have it is not proved, so no further node was touched. Mend what"
                " is said, and the next `up` proves it and goes on; `destroy` takes it back. Where a connection cannot reach each API"
                " server: audit:platform.apiServers, or audit:platform.proveEachGroup: false",
                left,
            ) from None

    def _reconcile(self, groups: list[str]) -> None:
        try:
            self.cluster.reconcile()
        except ToolError as error:
            left = self._left(groups)
            raise HalfRolledError(f"{error}\n{self._way_on([], left)}", left) from None

    def _left(self, groups: list[str]) -> list[str]:
        try:
            return KopsChange(self.cluster.unstopped())._behind(groups)
        except ToolError:
            return groups

    def _way_on(self, done: list[str], left: list[str]) -> str:
        name, group = self.cluster.place.name, left[0] if left else "GROUP"
        return (
            f"{_groups(done, left)} Mend what kops says, and the next `up` or `destroy` goes on there. Where kops validates no longer, since an API server"
            f" does not start: `kops rolling-update cluster --name {name} --instance-group {group} --cloudonly --yes` replaces its nodes"
            " without asking the cluster"
        )


def _groups(done: list[str], left: list[str]) -> str:
    return f"Instance groups that have it: {', '.join(done) or 'none'}; not yet: {', '.join(left) or 'none'}."


def _roles(found: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(set(found)))
