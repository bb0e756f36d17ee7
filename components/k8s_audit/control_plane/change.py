"""The transaction around the file that starts a kube-apiserver: check, write, move, wait, or go back.

Whatever ends it (error, stop, kill, power cut), `recover` brings the host to one of two states: as before the change,
or changed and healthy. Nothing here knows what reaches the host, what kind of file it is
(`edit.py`), nor who receives.
"""

import hashlib
import json
import posixpath
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from threading import Event

from k8s_audit.control_plane.edit import Edit, Server
from k8s_audit.control_plane.host import Host
from k8s_audit.control_plane.journal import RESTART, Journal, Record, Step
from k8s_audit.control_plane.static_pod_server import StaticPodServer
from k8s_audit.errors import ChangeError, ConflictError, HostError, K8sAuditError

MANIFEST = "kube-apiserver.yaml"
BEFORE, PREVIOUS = "before", "previous"
AGAIN = "-again"
"""Ends the digest in the file where it would else be the file that is there: for the same bytes no kubelet restarts a pod, and
an API server reads its policy and webhook file at its start alone."""


@dataclass(frozen=True)
class Place:
    """Where things lie on a host.

    Args:
        manifests: the folder of the file that starts the API server, such as the kubelet's of static pods.
        api_server: this API server's own URL.
        config_folder: where policy.yaml and webhook.yaml go; mounted read-only into the API server.
        state_folder: what the host remembers of us.
        timeout: seconds for one restart of the API server. Kubeadm's startup probe allows 4 minutes.
    """

    manifests: str
    api_server: str
    config_folder: str = "/etc/kubernetes/k8s-audit"
    state_folder: str = "/var/lib/k8s-audit"
    timeout: float = 240.0

    @property
    def manifest(self) -> str:
        """A static pod's manifest."""
        return posixpath.join(self.manifests, MANIFEST)

    @property
    def policy(self) -> str:
        """The audit policy's file."""
        return posixpath.join(self.config_folder, "policy.yaml")

    @property
    def webhook(self) -> str:
        """The webhook kubeconfig's file."""
        return posixpath.join(self.config_folder, "webhook.yaml")


@dataclass(frozen=True)
class AuditSetup:
    """What a host shall have.

    Args:
        policy: the audit policy's text.
        webhook: the webhook kubeconfig's text.
        arguments: the audit flags by name.
        adopt: take over flags that are there with other values.
        contract: tries from the host whether its events would be taken, and raises if not; None: it is not tried.
    """

    policy: str
    webhook: str
    arguments: Mapping[str, str]
    adopt: bool = False
    contract: Callable[[Host], None] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class LiveSetup:
    """What a host has: the files' texts as they are, its audit flags, and whether all else of ours is in its manifest."""

    policy: str
    webhook: str
    arguments: dict[str, str]
    manifest_digest: str
    intact: bool


class Change:
    """Turns auditing on and off on one host.

    Args:
        host: how it is reached.
        place: where things lie on it.
        server: how its API server is started.
        stop: set to end a wait and go back.
    """

    def __init__(self, host: Host, place: Place, server: Server, stop: Event) -> None:
        """Nothing is touched yet."""
        self.host = host
        self.place = place
        self.server = server
        self.stop = stop
        self.journal = Journal(host, place.state_folder)
        self.name = posixpath.basename(server.path)

    def read(self) -> LiveSetup | None:
        """What is there; None if nothing of ours is."""
        manifest = self.server.read()
        record = self.journal.read()
        if manifest is None or record is None:
            return None
        live = self.server.audit_arguments(manifest)
        return LiveSetup(
            (self.host.read(self.place.policy) or b"").decode("utf-8", "replace"),
            (self.host.read(self.place.webhook) or b"").decode("utf-8", "replace"),
            live,
            sha256(manifest),
            record.step is Step.APPLIED and self.server.has(manifest, record.ours),
        )

    def apply(self, setup: AuditSetup) -> LiveSetup:
        """Bring the host to `setup` and wait until its API server runs with it; a second time nothing changes.

        Raises:
            ConflictError, HostError, DeliveryError: found before anything was changed.
            ChangeError: it failed; the text says whether the host is as it was, and has the API server's last log lines.
        """
        self.recover()
        current, record = self.server.current(), self.journal.read()
        base = self.without_us(current, record)
        edit = self.edit(base, current, record, setup)
        if edit is None:
            return self._live()
        files = self._files(setup)
        self.check(current, setup)
        try:
            record = self._prepare(base, current, edit, record)
        except K8sAuditError as error:
            raise self._gone_back(error, self.recover) from None
        try:
            self._write_files(files)
            self._reach(record, Step.FILES_WRITTEN)
            self._swap(edit.manifest, expected=current)
            self._reach(record, Step.MANIFEST_MOVED)
            self._wait(edit.manifest, not_these=record.running)
            self._reach(record, Step.APPLIED)
        except K8sAuditError as error:
            begun = record
            raise self._gone_back(error, lambda: self._roll_back(begun)) from None
        return self._live()

    def restore(self) -> str:
        """Put back what was there before us; where somebody changed the manifest since, take out only what is ours.

        Nothing is done where the journal tells of another file: ours was put back before that change began.

        Returns:
            why nothing of ours was found here; empty: it was, and is taken back.

        Raises:
            ChangeError: the API server did not come back; the next call goes on.
        """
        record = self.journal.read()
        if record is not None and record.manifest != self.server.path:
            return f"host {self.host.name}: {self.journal.path} tells of a change of {record.manifest}, not of {self.server.path}; that one stays"
        self.recover()
        if record is None:
            return f"host {self.host.name}: nothing of ours is there, so nothing was taken back"
        record = self.journal.read()
        current = self.server.read()
        if record is None:
            return ""
        if current is not None:
            target = self.without_us(current, record)
            if record.step is not Step.RESTORING:  # else what runs now may be the new one already
                record = record.model_copy(update={"step": Step.RESTORING, "running": self.server.running(current)})
                self.journal.write(record)
            if current != target or not self.server.in_force():
                self._swap(target, expected=current)
                if record.running:
                    self._wait(target, not_these=record.running, stoppable=False)
        self._reach(record, Step.RESTORED)
        self._forget(record)
        return ""

    def recover(self) -> None:
        """Finish or undo what was cut off. Whatever the journal says, afterwards the host is in a state of rest.

        Raises:
            HostError: the journal tells of another file, with which nothing may be mixed.
            ChangeError: the API server did not come back; the next call goes on.
        """
        record = self.journal.read()
        if record is None:
            self._sweep()
            return
        if record.manifest != self.server.path:
            raise HostError(
                f"host {self.host.name}: {self.journal.path} tells of a change of {record.manifest}, not of {self.server.path}; take"
                f" that one back first, see {self.journal.kept('UNDO.md')}, or set another stateFolder"
            )
        if record.step is Step.APPLIED:
            return
        if record.step in (Step.RESTORING, Step.RESTORED):
            if self.server.read() is None or record.step is Step.RESTORED:
                self._forget(record)
            return
        self._roll_back(record)

    def check(self, current: bytes, setup: AuditSetup) -> None:
        """Everything that can be checked before anything changes.

        Raises:
            HostError: the API server is not ready, or would not take the policy or the change.
            DeliveryError: the receiver would not take the events of this host.
        """
        self.server.check(current, setup.policy)
        if setup.contract:
            setup.contract(self.host)

    def edit(self, base: bytes, current: bytes, record: Record | None, setup: AuditSetup) -> Edit | None:
        """The manifest that `setup` asks for; None: the host has all of it, and its API server runs with it.

        Raises:
            ConflictError, HostError: it cannot be made of what is there.
        """
        files = self._files(setup)
        digest = sha256(*files.values())
        plain, again = (
            self.server.turn_on(base, setup.arguments, text, setup.adopt) for text in (digest, digest + AGAIN)
        )
        same_files = all(self.host.read(path) == content for path, content in files.items())
        if record and record.step is Step.APPLIED and same_files and self.holds(current, record, plain, again):
            return None
        return again if current == plain.manifest else plain

    def holds(self, current: bytes, record: Record, plain: Edit, again: Edit) -> bool:
        """Whether a manifest is what one of two edits would make it, with the same files beside it and at rest.

        Args:
            current: the manifest.
            record: of the last change.
            plain, again: the edits; they differ in the digest alone.
        """
        return current in (plain.manifest, again.manifest)

    def _files(self, setup: AuditSetup) -> dict[str, bytes]:
        return {self.place.policy: setup.policy.encode(), self.place.webhook: setup.webhook.encode()}

    def without_us(self, current: bytes, record: Record | None) -> bytes:
        """The manifest as it would be without us."""
        if record is None or sha256(current) == record.before:
            return current
        without = self.server.turn_off(current, record.ours)
        kept = self.host.read(self.journal.kept(self.name, BEFORE))
        if kept is None or sha256(kept) != record.before:
            return without
        only_ours_changed = self.server.reformat(without) == self.server.reformat(kept)
        return kept if sha256(current) == record.after or only_ours_changed else without

    def _prepare(self, base: bytes, current: bytes, edit: Edit, last: Record | None) -> Record:
        folders = [self.place.config_folder, *self.server.folders(edit.manifest)]
        made = last.made if last else []
        for folder in (self.place.state_folder, *folders):
            made = made + [missing for missing in self.host.missing_folders(folder) if missing not in made]
        for folder in (self.journal.kept(BEFORE), self.journal.kept(PREVIOUS)):
            self.host.make_folder(folder)
        kept = {
            self.name: current,
            "policy.yaml": self.host.read(self.place.policy),
            "webhook.yaml": self.host.read(self.place.webhook),
        }
        kept["journal.json"] = self.host.read(self.journal.path)
        for name, content in kept.items():
            path = self.journal.kept(name, PREVIOUS)
            if content is None:
                self.host.remove(path)
            else:
                self.host.write(path, content)
            if last is None and content is not None:
                self.host.write(self.journal.kept(name, BEFORE), content)
        self.host.write(self.journal.kept(self.name, BEFORE), base)
        record = Record(
            step=Step.PREPARED,
            manifest=self.server.path,
            policy=self.place.policy,
            webhook=self.place.webhook,
            before=sha256(base),
            previous=sha256(current),
            after=sha256(edit.manifest),
            ours=edit.ours,
            made=made,
            running=self.server.running(current),
        )
        self.host.write(
            self.journal.kept("UNDO.md"), self.server.undo_note(record, self.place.state_folder).encode(), 0o644
        )
        self.journal.write(record)
        for folder in folders:
            self.host.make_folder(folder)
        return record

    def _write_files(self, files: Mapping[str, bytes]) -> None:
        for path, content in files.items():
            self.host.write(path, content)

    def _swap(self, target: bytes, *, expected: bytes) -> None:
        if self.server.read() != expected:
            raise ConflictError(f"host {self.host.name}: {self.server.path} was changed by somebody else meanwhile")
        self.server.put(target)

    def _gone_back(self, error: K8sAuditError, undo: Callable[[], None]) -> ChangeError:
        """Undo a change that failed: what there is to say of both."""
        log = self.server.log() if isinstance(error, ChangeError) else []
        lines = "".join(f"\n  | {line}" for line in log)
        try:
            undo()
            state = "the host is as it was before"
        except K8sAuditError as second:
            why = "" if str(second) == str(error) else f" ({second})"
            state = f"the host is not back yet{why}; the next `up` goes on"
        return ChangeError(f"{error}; {state}{lines and '. Its last log lines:' + lines}")

    def _roll_back(self, record: Record) -> None:
        """Put back what the change found: manifest first, then files, then the journal's last entry."""
        current = self.server.current()
        previous = self.host.read(self.journal.kept(self.name, PREVIOUS))
        if previous is None or sha256(previous) != record.previous:
            raise ChangeError(
                f"host {self.host.name}: the copy in {self.journal.kept(PREVIOUS)} is gone; see {self.journal.kept('UNDO.md')}"
            )
        for path in (record.policy, record.webhook):
            kept = self.host.read(self.journal.kept(posixpath.basename(path), PREVIOUS))
            if kept is None:
                self.host.remove(path)
            else:
                self.host.write(path, kept)
        known = sha256(current) in (record.after, record.previous)
        target = previous if known else self.server.turn_off(current, record.ours)
        if current != target or not self.server.in_force():
            started = {identity for identity in self.server.running(current) if identity not in record.running}
            self._swap(target, expected=current)
            self._wait(target, not_these=started, stoppable=False)
        last = self.host.read(self.journal.kept("journal.json", PREVIOUS))
        if last is None:
            self._forget(record)
        else:
            self.host.write(self.journal.path, last)

    def _wait(self, target: bytes, *, not_these: Collection[tuple[int, float]], stoppable: bool = True) -> None:
        self.server.wait(target, not_these, self.place.timeout, self.stop if stoppable else Event())

    def _forget(self, record: Record) -> None:
        """Remove what is ours from the host; the journal last but for its own folder, so that a kill is seen."""
        before = {name: self.host.read(self.journal.kept(name, BEFORE)) for name in ("policy.yaml", "webhook.yaml")}
        for path in (record.policy, record.webhook):
            kept = before[posixpath.basename(path)]
            if kept is None:
                self.host.remove(path)
            else:
                self.host.write(path, kept)
        for folder in reversed(record.made):
            self.host.remove_folder(folder)
        self._sweep()
        for folder in reversed(record.made):
            self.host.remove_folder(folder)

    def _sweep(self) -> None:
        """Remove what we keep, also where a kill left it without a journal; the folder only if nothing else is in it."""
        for folder in (BEFORE, PREVIOUS):
            for name in (self.name, "policy.yaml", "webhook.yaml", "journal.json"):
                self.host.remove(self.journal.kept(name, folder))
            self.host.remove_folder(self.journal.kept(folder))
        for name in ("UNDO.md", RESTART):
            self.host.remove(self.journal.kept(name))
        self.host.remove(self.journal.path)
        self.host.remove_folder(self.journal.folder)

    def _reach(self, record: Record, step: Step) -> None:
        self.journal.write(record.model_copy(update={"step": step}))

    def _live(self) -> LiveSetup:
        live = self.read()
        if live is None:
            raise HostError(f"host {self.host.name}: {self.journal.path} vanished")
        return live


class StaticPodChange(Change):
    """The change of a host whose API server is a static pod.

    Args:
        host: how it is reached.
        place: where things lie on it.
        stop: set to end a wait and go back.
    """

    def __init__(self, host: Host, place: Place, stop: Event) -> None:
        """Nothing is touched yet."""
        super().__init__(
            host, place, StaticPodServer(host, place.manifest, place.api_server, place.config_folder), stop
        )


def digest_of(policy: str, webhook: str, arguments: Mapping[str, str]) -> str:
    """Of what an API server reads and is started with: when it changes, the delivery is to be proved again."""
    return sha256(policy.encode(), webhook.encode(), json.dumps(dict(arguments), sort_keys=True).encode())


def sha256(*contents: bytes) -> str:
    """SHA-256 in hex of the contents, each counted with its length, so that no two lists look alike."""
    digest = hashlib.sha256(contents[0]) if len(contents) == 1 else hashlib.sha256()
    if len(contents) > 1:
        for content in contents:
            digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()
