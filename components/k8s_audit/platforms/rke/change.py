"""Turning auditing on and off in an RKE cluster: the webhook file on each node, the cluster file, then `rke up`; or back."""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from k8s_audit.command_line import CommandLineTool, Run
from k8s_audit.control_plane.change import AGAIN, sha256
from k8s_audit.control_plane.host import Host
from k8s_audit.errors import ChangeError, HostError, ToolError
from k8s_audit.platforms.rke import cluster_file
from k8s_audit.platforms.rke.cluster_file import Edit, Ours, Setup
from k8s_audit.platforms.rke.memory import APPLIED, RESTORING, WRITTEN, ClusterFile, Memory

RKE = CommandLineTool(
    "rke",
    ("--version",),
    oldest=(1, 0),
    newest=(1, 8),
    mend="https://rke.docs.rancher.com/installation says how to get it",
)
RESTARTS = "rke up; each kube-apiserver restarts once, as many at a time as upgrade_strategy.max_unavailable_controlplane says (1 unless set)"
"""https://rke.docs.rancher.com/upgrades/configuring-strategy"""


@dataclass(frozen=True)
class Wanted:
    """What a cluster shall have.

    Args:
        policy: the audit policy's text.
        webhook: the webhook kubeconfig's text.
        arguments: audit flags by name, without dashes.
        adopt: take over what is there with other values.
        contract: tries from a host whether its events would be taken, and raises if not; None: it is not tried.
    """

    policy: str
    webhook: str = field(repr=False)
    arguments: Mapping[str, str]
    adopt: bool = False
    contract: Callable[[Host], None] | None = field(default=None, compare=False)

    @property
    def path(self) -> str:
        """Of the webhook file on each node."""
        return self.arguments["audit-webhook-config-file"]

    def setup(self, again: bool = False) -> Setup:
        """The cluster file's part; `again` asks for a restart where the text alone would not."""
        plain, other = digests(self.webhook)
        return Setup(self.policy, self.arguments, other if again else plain, self.adopt)


def digests(webhook: str) -> tuple[str, str]:
    """The digest of a webhook file's text in the cluster file, and the one that is used where that is there already."""
    plain = sha256(webhook.encode())
    return plain, plain + AGAIN


@dataclass(frozen=True)
class RkeCluster:
    """Where a cluster is.

    Args:
        file: its cluster.yml.
        hosts: its control-plane nodes by their addresses in that file.
        timeout: seconds for `rke up`.
        agent: let rke log in by the SSH agent.
        stop: ends what is under way.
        say: is told what rke says.
        hidden: texts that are shown nowhere, should rke say them.
    """

    file: ClusterFile
    hosts: Mapping[str, Host]
    timeout: float
    agent: bool
    stop: Event
    say: Callable[[str], None]
    hidden: Sequence[str] = field(default=(), repr=False)

    def up(self, stop: Event | None = None) -> None:
        """Bring the nodes to the cluster file; RKE starts the API servers anew and waits until each is healthy.

        Raises:
            ToolError: it fails or takes too long.
        """
        path = self.file.path
        run = Run(RKE, self.timeout, self.say, stop or self.stop, hidden=self.hidden, folder=str(path.parent))
        run.progress("up", *(("--ssh-agent-auth",) if self.agent else ()), "--config", str(path))


class RkeChange:
    """The change of one cluster.

    Args:
        cluster: it.
        remembered: what of the file is ours, for the case that nothing lies beside it; empty: nothing.
    """

    def __init__(self, cluster: RkeCluster, remembered: str = "") -> None:
        """Nothing is touched yet."""
        self.cluster, self.file = cluster, cluster.file
        self.remembered = Ours.read(remembered) if remembered else None

    def strays(self, text: str) -> list[str]:
        """Control-plane nodes of the file that are none of the hosts: they would have no webhook file."""
        return [node.name for node in cluster_file.control_plane(text) if node.address not in self.cluster.hosts]

    def base(self, text: str) -> str:
        """The file's text without us."""
        memory = self.file.memory()
        if memory and text in (memory.after, memory.before):
            return memory.before
        ours = Ours.read(memory.ours) if memory else self.remembered
        return cluster_file.turn_off(text, ours) if ours else text

    def edits(self, current: str, wanted: Wanted) -> tuple[str, Edit, Edit]:
        """The file's text without us, the edit of that, and the one that asks for a restart where the first is there already.

        Args:
            current: the file's text.
            wanted: what the cluster shall have.

        Raises:
            ConflictError, HostError: it cannot be made, or the hosts are not the control plane of the file.
        """
        base = self.base(current)
        self._judge_hosts(base)
        plain, again = (cluster_file.turn_on(base, wanted.setup(again)) for again in (False, True))
        return base, plain, again

    def _chosen(self, current: str, plain: Edit, again: Edit, at_rest: bool) -> Edit:
        """The edit that restarts the API servers, unless all is at rest."""
        if current == again.text:
            return again if at_rest else plain
        return plain if current != plain.text or at_rest else again

    def _at_rest(self, wanted: Wanted, there: Mapping[str, bytes | None]) -> bool:
        """Whether the last change came to its end, and no node's file is another one: no API server need start anew."""
        memory = self.file.memory()
        ended = memory is not None and memory.step == APPLIED
        return ended and set(there.values()) == {wanted.webhook.encode()}

    def _files(self, path: str) -> dict[str, bytes | None]:
        """The nodes' webhook files, by address."""
        return {address: host.read(path) for address, host in self.cluster.hosts.items()}

    def plan(self, wanted: Wanted) -> list[str]:
        """What `apply` would do, in words, with nothing changed.

        Raises:
            ConflictError, DeliveryError, HostError, ToolError: why it would fail.
        """
        RKE.version(self.cluster.say)
        current = self.known()
        _, plain, again = self.edits(current, wanted)
        there = self._files(wanted.path)
        edit = self._chosen(current, plain, again, self._at_rest(wanted, there))
        self._try(wanted)
        files = [
            f"write {wanted.path} on {host.name}"
            for address, host in self.cluster.hosts.items()
            if there[address] != wanted.webhook.encode()
        ]
        lines = differences(current, edit.text)
        return [
            *files,
            *lines,
            *([RESTARTS] if files or lines else []),
        ]

    def apply(self, wanted: Wanted) -> Ours:
        """Bring the cluster to it; a second time nothing changes and rke is not run.

        Raises:
            ConflictError, DeliveryError, HostError, ToolError: found before anything was changed.
            ChangeError: rke failed; the text says whether all is as it was before.
        """
        RKE.version(self.cluster.say)
        current, memory = self.known(), self.file.memory()
        base, plain, again = self.edits(current, wanted)
        content = wanted.webhook.encode()
        before = self._files(wanted.path)
        at_rest = self._at_rest(wanted, before)
        edit = self._chosen(current, plain, again, at_rest)
        if current == edit.text and at_rest:
            return edit.ours
        self._try(wanted)
        made = dict(memory.made) if memory else {}
        for address, host in self.cluster.hosts.items():
            folder = posixpath.dirname(wanted.path)
            made[address] = [
                *made.get(address, []),
                *(f for f in host.missing_folders(folder) if f not in made.get(address, [])),
            ]
        now = Memory(WRITTEN, base, edit.text, edit.ours.text(), made)
        self.file.remember(now)
        try:
            for host in self.cluster.hosts.values():
                host.make_folder(posixpath.dirname(wanted.path))
                host.write(wanted.path, content)
            self.file.write(edit.text)
            self.cluster.up()
        except (ToolError, HostError) as error:
            self._back(error, current, wanted.path, before, memory, made)
        self.file.remember(replace(now, step=APPLIED))
        return edit.ours

    def restore(self, path: str) -> None:
        """Take out what is ours, and let rke bring the nodes there.

        Args:
            path: of the webhook file on each node.

        Raises:
            HostError, ToolError: it failed; the next call goes on.
        """
        RKE.version(self.cluster.say)
        current, memory = self.known(), self.file.memory()
        base = self.base(current)
        if base != current or (memory and memory.step == RESTORING):
            if memory:
                self.file.remember(replace(memory, step=RESTORING))
            self.file.write(base)
            self.cluster.up()
        if cluster_file.audit_arguments(base).get("audit-webhook-config-file") == path:
            raise HostError(
                f"{self.file.path} names {path} still, by lines that are not known to be ours: an API server would not start without that file, so it"
                " stays. Take out the audit lines and run `rke up`, then remove the file and `pulumi state delete` this resource"
            )
        for address, host in self.cluster.hosts.items():
            host.remove(path)
            for folder in reversed(memory.made.get(address, []) if memory else [posixpath.dirname(path)]):
                host.remove_folder(folder)
        self.file.remember(None)

    def known(self) -> str:
        """The file's text.

        Raises:
            HostError: it is not there.
        """
        text = self.file.read()
        if text is None:
            raise HostError(
                f"{self.file.path} is not there; audit:platform.clusterFile names the cluster.yml of RKE. Without it no API server can be"
                " changed, nor given back what it had"
            )
        return text

    def _judge_hosts(self, text: str) -> None:
        nodes = cluster_file.control_plane(text)
        listed = ", ".join(node.address for node in nodes)
        faults = [
            f"audit:platform.hosts: {address} is no control-plane node of {self.file.path}; these are: {listed}"
            for address in self.cluster.hosts
            if address not in {node.address for node in nodes}
        ]
        faults += [
            f"audit:platform.hosts: {name} is a control-plane node of {self.file.path} and no host; without the webhook file its API server"
            " would not start"
            for name in self.strays(text)
        ]
        if faults:
            raise HostError("\n".join(faults))

    def _try(self, wanted: Wanted) -> None:
        for host in self.cluster.hosts.values() if wanted.contract else []:
            assert wanted.contract
            wanted.contract(host)

    def _back(
        self,
        error: Exception,
        current: str,
        path: str,
        before: Mapping[str, bytes | None],
        memory: Memory | None,
        made: Mapping[str, list[str]],
    ) -> None:
        """Put back what the change found, and fail with what rke said."""
        try:
            ran = self.file.read() != current
            self.file.write(current)
            there = {address: content for address, content in before.items() if content is not None}
            faults = []
            for address, content in there.items():
                try:
                    self.cluster.hosts[address].write(path, content)  # read by an API server when it starts
                except HostError as fault:
                    faults.append(str(fault))
            if ran:
                self.cluster.up(Event())
            for address in self.cluster.hosts.keys() - there.keys():
                host = self.cluster.hosts[address]
                try:
                    host.remove(path)
                    for folder in reversed(made.get(address, [])):
                        host.remove_folder(folder)
                except HostError as fault:
                    faults.append(str(fault))
            self.file.remember(memory)
            if faults:
                raise HostError("\n".join(faults))
        except (ToolError, HostError) as other:
            raise ChangeError(
                f"{error}\nThe way back failed, too: {other}\n{self.file.path} is as it was before; `rke up` brings the nodes there, or the"
                " next `up` tries again"
            ) from None
        raise ChangeError(f"{error}\nThe cluster is as it was before") from None


def differences(before: str, after: str) -> list[str]:
    """What an edit of a cluster file does, in words."""
    here, there = cluster_file.audit_arguments(before), cluster_file.audit_arguments(after)
    found = []
    if cluster_file.policy(before) != cluster_file.policy(after):
        found.append("set services.kube-api.audit_log.configuration.policy")
    for name in sorted(here.keys() | there.keys()):
        if here.get(name) != there.get(name):
            was = f" (was {here[name]})" if name in here else ""
            found.append(f"set {name}: {there[name]}{was}" if name in there else f"remove {name}: {here[name]}")
    if not found and before != after:
        found.append("change services.kube-api")
    return found


def opened(path: str) -> ClusterFile:
    """The cluster file at a path; a link is followed."""
    return ClusterFile(Path(path).resolve())
