"""The change of one object of a management cluster: edit, replace, wait until its controller has done it, or put it back.

What an edit does is each platform's; so is what its controller tells.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Event

from k8s_audit.errors import ChangeError, ConflictError, HostError
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.management.beside import NOTHING, Beside
from k8s_audit.platforms.management.cluster import ManagementCluster
from k8s_audit.platforms.management.kind import Edit, Kind
from k8s_audit.platforms.management.own_secret import own_secret
from k8s_audit.platforms.management.replacing import Replacing
from k8s_audit.platforms.management.waiting import UnrolledError, Waiting


@dataclass(frozen=True)
class ObjectPlace:
    """Where an object is.

    Args:
        namespace: its own.
        name: its own.
        timeout: seconds for its controller to do a change.
    """

    namespace: str
    name: str
    timeout: float


class HalfDoneError(ChangeError):
    """A change failed and could not be put back: the object is ours to mend or to take back."""


class ObjectChange:
    """The change of one object.

    Args:
        cluster: where it is.
        kind: what it is.
        place: which it is.
        stop: ends a wait; the object is put back then.
        say: is told what happens.
        beside: what is done while the controller works.
    """

    def __init__(
        self,
        cluster: ManagementCluster,
        kind: Kind,
        place: ObjectPlace,
        stop: Event,
        say: Callable[[str], None],
        beside: Beside = NOTHING,
    ) -> None:
        """Nothing is asked yet."""
        self.cluster, self.kind, self.place, self.stop, self.say = cluster, kind, place, stop, say
        self.beside = beside

    def read(self) -> Document | None:
        """The object as it is; None: there is none."""
        return self.cluster.read(self.kind.resource, self.place.namespace, self.place.name)

    def contents(self, document: Document) -> dict[str, str]:
        """What the Secret of ours holds that an object names."""
        name = self.kind.secret_of(document)
        return (self.cluster.secret(self.place.namespace, name) or {}) if name else {}

    def pending(self, document: Document) -> bool:
        """Whether its controller has still to do something."""
        return not self.kind.progress(self.cluster, document).done

    def plan(self, turn_on: Edit) -> list[str]:
        """What `apply` would do, in words, with nothing changed.

        Raises:
            ConflictError, HostError: why it would fail.
        """
        before = self._known()
        return self.kind.actions(before, turn_on(copy.deepcopy(before)))

    def apply(self, contents: Mapping[str, str], turn_on: Edit) -> Document:
        """Bring the object to it, and wait until its controller has; a second time nothing is written.

        Args:
            contents: of the Secret whose name `turn_on` puts into the object.
            turn_on: the edit.

        Raises:
            ConflictError, HostError: found before anything was changed, or refused by the cluster.
            ChangeError: the controller did not do it, and the object is as it was before.
            HalfDoneError: that, and it could not be put back.
        """
        before = self._known()
        try:
            self.beside.begin(before, turn_on(copy.deepcopy(before)))
            done = self._apply(before, contents, turn_on)
        except BaseException:
            self._end()
            raise
        if left := self._end():
            raise HalfDoneError(f"{self._called()} has the change, but {left}\nThe next `up` tries again")
        return done

    def _apply(self, before: Document, contents: Mapping[str, str], turn_on: Edit) -> Document:
        name = self.kind.secret_of(turn_on(copy.deepcopy(before)))
        if self.cluster.secret(self.place.namespace, name) != dict(contents):
            self.cluster.write_secret(own_secret(before, name, contents))
        try:
            before, after = self._edit(turn_on)
        except (ConflictError, HostError):
            self._discard(name)
            raise
        try:
            self._wait()
        except ChangeError as error:
            if before["spec"] == after["spec"]:
                raise HalfDoneError(f"{error}\nNothing was changed now; the next `up` waits again") from None
            apart = self._put_back(before, after, error)
            raise ChangeError(f"{error}\n{self._called()} is as it was before{apart}") from None
        self._sweep({self.kind.secret_of(before), self.kind.former_of(after)} - {name, ""})
        return self.read() or after

    def restore(self) -> None:
        """Take out what is ours, and wait; an object that is gone has nothing to take out.

        Raises:
            ConflictError, HostError: it cannot be read or written.
            ChangeError: the controller did not do it; the next call goes on.
        """
        self.beside.end()
        document = self.read()
        if document is None or document["metadata"].get("deletionTimestamp"):
            self.say(f"there is no {self._called()} any more, or it is going; nothing to take back")
            return
        if self.kind.secret_of(document) and (obstacle := self.kind.obstacle(document)):
            raise HostError(f"{self._called()} {obstacle}")
        names = {self.kind.secret_of(document), self.kind.former_of(document)} - {""}
        before, after = self._edit(self.kind.turn_off)
        try:
            if after is not before:
                self._wait()
        finally:
            self._sweep(names)

    def _known(self) -> Document:
        document = self.read()
        if document is None:
            raise HostError(f"the management cluster of kubeconfig {self.cluster.kubeconfig} has no {self._called()}")
        going = "is being deleted" if document["metadata"].get("deletionTimestamp") else ""
        if obstacle := going or self.kind.obstacle(document):
            raise HostError(f"{self._called()} {obstacle}")
        return document

    def _called(self) -> str:
        return f"{self.kind.resource.kind} {self.place.namespace}/{self.place.name}"

    def _edit(self, edit: Edit) -> tuple[Document, Document]:
        """Replace the object by an edit of what is there now; return what was there, and what is."""
        replacing = Replacing(self._called(), self.read, partial(self.cluster.replace, self.kind.resource), self._tell)
        return replacing.by(edit)

    def _tell(self, before: Document, wanted: Document) -> None:
        for action in self.kind.actions(before, wanted):
            self.say(action)

    def _wait(self) -> None:
        progress, look = partial(self.kind.progress, self.cluster), self.beside.look
        Waiting(self._called(), self.read, progress, look, self.place.timeout, self.stop, self.say).wait()

    def _put_back(self, before: Document, after: Document, error: ChangeError) -> str:
        """Give the object the spec that it had, and wait for that; return what is not as it was, since somebody changed it meanwhile."""
        others: list[str] = []

        def back(now: Document) -> Document:
            if now["spec"] != after["spec"]:
                if self.kind.secret_of(before):
                    raise ConflictError("somebody changed its spec meanwhile")
                others.append(", but for what somebody changed meanwhile")
                return self.kind.turn_off(now)
            annotations = before["metadata"].get("annotations")
            kept = {key: value for key, value in now["metadata"].items() if key != "annotations"}
            metadata = {**kept, **({"annotations": annotations} if annotations else {})}
            return {**now, "metadata": metadata, "spec": before["spec"]}

        try:
            self._edit(back)
        except (ConflictError, HostError) as other:
            raise HalfDoneError(
                f"{error}\nIt could not be put back: {other}\nThe next `up` tries again, `destroy` takes it out"
            ) from None
        self._end()
        try:
            if not self.stop.is_set():
                self._wait()
        except UnrolledError as other:
            raise ChangeError(
                f"{error}\n{self._called()} has its spec of before again, and its controller is not done with that: {other}"
            ) from None
        finally:
            self._discard(self.kind.secret_of(after))
        return "".join(others[:1])

    def _end(self) -> str:
        """End what is done beside it; return why that failed, which is said, too."""
        try:
            self.beside.end()
        except HostError as error:
            self.say(str(error))
            return str(error)
        return ""

    def _discard(self, name: str) -> None:
        """Remove a Secret that was made for a change that is not, unless the object names it."""
        try:
            now = self.read()
            if now is not None and self.kind.secret_of(now) != name:
                self._sweep({name})
        except HostError as error:
            self.say(f"Secret {self.place.namespace}/{name} may be left: {error}")

    def _sweep(self, names: set[str]) -> None:
        for name in sorted(names):
            self.cluster.delete_secret(self.place.namespace, name)
            for namespace in self.kind.copies(self.place.namespace, self.place.name):
                self.cluster.delete_secret(namespace, name)
