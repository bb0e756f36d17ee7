"""Turning auditing on and off on OpenShift 4.2 to 4.5: three arguments of the API servers, waited for or taken back, then an AuditSink.

What was there before is kept in an annotation of KubeAPIServer `cluster`, and by the caller.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from k8s_audit.config.platforms.openshift import minor_of
from k8s_audit.config.platforms.openshift_sink import NEWEST, OLDEST
from k8s_audit.errors import ChangeError, ConflictError, HostError
from k8s_audit.kubernetes_api import RECORD
from k8s_audit.platforms.management.change import HalfDoneError
from k8s_audit.platforms.management.kind import Edit
from k8s_audit.platforms.management.record import record_of
from k8s_audit.platforms.management.replacing import Replacing
from k8s_audit.platforms.openshift.waiting import wait_until_rolled
from k8s_audit.platforms.openshift_sink.arguments import OURS, actions, asked, turn_off, turn_on
from k8s_audit.platforms.openshift_sink.cluster import SinkCluster
from k8s_audit.platforms.openshift_sink.sink import Document, Sink, is_ours, same, sink_of

ALL = frozenset(OURS)
POLL = 5.0
"""Seconds."""


@dataclass(frozen=True)
class Live:
    """What is there now.

    Args:
        sink: of our name; None: there is none.
        intact: whether the API servers shall have the three arguments, and what was before is still remembered.
        pending: whether the operator has still to make a revision of them.
        record: what was there before us; empty: nothing was ever changed.
    """

    sink: Sink | None
    intact: bool
    pending: bool
    record: str


class SinkChange:
    """The change of one cluster.

    Args:
        cluster: which.
        timeout: seconds for the operator to bring a change to all API servers.
        stop: ends a wait; a first change is taken back then.
        say: is told what happens.
        remembered: the last record, for the case that the annotation is gone; empty: none.
    """

    def __init__(
        self, cluster: SinkCluster, timeout: float, stop: Event, say: Callable[[str], None], remembered: str = ""
    ) -> None:
        """Nothing is asked yet."""
        self.cluster, self.timeout, self.stop, self.say, self.remembered = cluster, timeout, stop, say, remembered

    def plan(self, sink: Sink) -> list[str]:
        """What `apply` would do, in words, with nothing changed.

        Raises:
            ConflictError, HostError: why it would fail.
        """
        before, there = self._known(), self._own(sink.name)
        told = actions(before, turn_on(copy.deepcopy(before)))
        if told:
            told.append("OpenShift's operator restarts kube-apiserver on one control-plane node after the other")
        if not same(there, sink):
            told.append(f"{'change' if there else 'create'} AuditSink {sink.name}: {sink.level} to {sink.url}")
        return told

    def apply(self, sink: Sink) -> Live:
        """Bring the cluster to it; a second time nothing is written.

        Raises:
            ConflictError, HostError: found before anything was changed.
            ChangeError: the API servers did not get the arguments, which are taken back.
            HalfDoneError: they have them, or shall have them; the rest is for the next call.
        """
        self._known()
        self._own(sink.name)
        before, after = self._edit(turn_on)
        try:
            self._wait(asked(after))
        except ChangeError as error:
            if before == after or self.remembered or record_of(before).set:
                raise HalfDoneError(f"{error}\nThe arguments stay; the next `up` waits again") from None
            raise self._taken_back(error) from None
        try:
            there = self._own(sink.name)
            if not same(there, sink):
                self.cluster.put_sink(there, sink.document())
        except (ConflictError, HostError) as error:
            raise HalfDoneError(
                f"the API servers have the arguments, but AuditSink {sink.name} could not be written: {error}\nThe next `up` tries again,"
                " `destroy` takes the arguments out"
            ) from None
        return Live(sink, True, False, _record(after))

    def live(self, name: str) -> Live | None:
        """What is there now; None: no such cluster.

        Args:
            name: the AuditSink's.
        """
        document = self.cluster.settings()
        if document is None:
            return None
        there, record = self.cluster.sink(name), _record(document)
        intact = asked(document) == ALL and (bool(record) or not self.remembered)
        pending = intact and self.cluster.rolled().flags != ALL
        return Live(sink_of(there) if there else None, intact, pending, record or self.remembered)

    def restore(self, name: str) -> None:
        """Take out what is ours, and wait until the API servers run without it; arguments that other AuditSinks need stay.

        Args:
            name: the AuditSink's.

        Raises:
            ConflictError, HostError: it cannot be taken out.
            ChangeError: the API servers did not get there in time; the operator goes on.
        """
        if self.cluster.settings() is None:
            self.say("there is no KubeAPIServer `cluster` any more; nothing to take back")
            return
        self.discard(name)
        if others := self.cluster.sinks():
            self.say(
                f"AuditSinks {', '.join(others)} need the arguments, which stay; the `destroy` of a stack without others beside it takes them out"
            )
            return
        before, after = self._edit(turn_off)
        if before["spec"] != after["spec"]:
            self._wait(asked(after))

    def discard(self, name: str) -> None:
        """Remove an AuditSink, if it is ours."""
        there = self.cluster.sink(name)
        if there and is_ours(there):
            self.cluster.delete_sink(name)
        elif there:
            self.say(f"AuditSink {name} is not ours any more; it stays")

    def _known(self) -> Document:
        document = self.cluster.settings()
        version = self.cluster.version()
        given = minor_of(version)
        if document is None or given is None:
            raise HostError(
                f"the cluster of kubeconfig {self.cluster.kubeconfig} has no KubeAPIServer `cluster` of operator.openshift.io/v1, or does not"
                " tell its version: it is none of OpenShift 4"
            )
        if not OLDEST <= given <= NEWEST:
            raise HostError(
                f"the cluster is OpenShift {version}; only 4.2 to 4.5 have AuditSinks, and API servers of 4.6 and newer do not start with"
                " the arguments that turn them on. Nothing was changed; for 4.6 and newer use kind: openshift"
            )
        return document

    def _own(self, name: str) -> Document | None:
        """Our AuditSink; None: there is none of that name."""
        there = self.cluster.sink(name)
        if there and not is_ours(there):
            raise ConflictError(
                f"AuditSink {name} is there already and not ours; several may stand side by side. Ways out: audit:platform.sink: ANOTHER_NAME;"
                f" or kubectl delete auditsink {name}"
            )
        return there

    def _edit(self, edit: Edit) -> tuple[Document, Document]:
        """Replace KubeAPIServer `cluster` by an edit of what is there now; return what was there, and what is."""
        replacing = Replacing("KubeAPIServer `cluster`", self.cluster.settings, self.cluster.write, self._tell)
        return replacing.by(lambda document: edit(self._reminded(document)))

    def _tell(self, before: Document, wanted: Document) -> None:
        for action in actions(before, wanted):
            self.say(f"KubeAPIServer `cluster`: {action}")

    def _reminded(self, document: Document) -> Document:
        """With the annotation, should somebody have taken it out."""
        if self.remembered and not _record(document):
            document["metadata"].setdefault("annotations", {})[RECORD] = self.remembered
        return document

    def _wait(self, wanted: frozenset[str]) -> None:
        """Until each API server runs with these of the three arguments and the operator is well."""

        def look() -> list[str]:
            try:
                found = self.cluster.rolled()
            except HostError as error:  # one that has just started may also refuse for a moment
                return [str(error)]
            if found.failed and found.flags == wanted:
                raise ChangeError(f"OpenShift's operator gave up: {found.failed}")
            return found.lacking(wanted)

        def late(left: str) -> str:
            return (
                f"the API servers did not get there within {self.timeout:g} s (audit:platform.rollTimeout): {left}\nLook closer:"
                f" kubectl --kubeconfig {self.cluster.kubeconfig} get clusteroperator kube-apiserver; … describe kubeapiserver cluster"
            )

        wait_until_rolled(look, late, self.timeout, POLL, self.stop, self.say)

    def _taken_back(self, error: ChangeError) -> ChangeError:
        """Take the arguments out again; what is to be raised."""
        try:
            _, after = self._edit(turn_off)
        except (ConflictError, HostError) as other:
            return HalfDoneError(
                f"{error}\nThe arguments could not be taken out again: {other}\nThe next `up` tries again, `destroy` takes them out"
            )
        try:
            if not self.stop.is_set():
                self._wait(asked(after))
        except ChangeError as other:
            return ChangeError(
                f"{error}\nThe arguments are taken out again, and the operator is not done with that: {other}"
            )
        return ChangeError(f"{error}\nThe arguments are taken out again; KubeAPIServer `cluster` is as it was before")


def _record(document: Document) -> str:
    """The annotation; empty: there is none."""
    return str((document["metadata"].get("annotations") or {}).get(RECORD) or "")
