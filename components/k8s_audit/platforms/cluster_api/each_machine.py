"""The proof of delivery between two machines of a control plane: none that is old is drained before those that are new are proved.

Each machine that is there gets our hook before the object is changed. Cluster API makes a new one and deletes an old one, which it then holds;
the new one's API server is proved, and the hook comes off. The proof itself is made elsewhere.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from k8s_audit.errors import DeliveryError, ForbiddenError, HostError
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.cluster_api.machines import Machine, Machines, left
from k8s_audit.platforms.cluster_api.rollout import progress
from k8s_audit.platforms.management.beside import Beside
from k8s_audit.platforms.management.kind import Edit
from k8s_audit.platforms.management.waiting import UnrolledError

TOO_OLD = (
    "its machines have no hook of Cluster API 1.8 or newer by which their etcd member goes last, so none is held, and delivery is proved once"
    " all machines are replaced"
)

WENT_ON = (
    "\nAn earlier `up` began the roll, so what was before is not known: no machine is held any more, Cluster API goes on, and `destroy` takes"
    " it out"
)
MACHINE_RIGHTS = "list and patch machines in cluster.x-k8s.io, in the management cluster"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Proof:
    """How the delivery of API servers is proved.

    Args:
        asked: asks the cluster for them, and raises a HostError where it may not.
        prove: proves those of some machines that were not proved before; raises a DeliveryError.
    """

    asked: Callable[[], object]
    prove: Callable[[Sequence[Machine]], None]


class EachMachine:
    """What is done beside one change of a control plane.

    Args:
        machines: its own.
        proof: how the delivery of one is proved; None: none is, and what an earlier change left is taken off.
        say: is told what happens.
    """

    def __init__(self, machines: Machines, proof: Proof | None, say: Say) -> None:
        """Nothing is asked yet."""
        self.machines, self.proof, self.say = machines, proof, say
        self._holds, self._resumed = False, False

    def beside(self) -> Beside:
        """For an ObjectChange."""
        return Beside(self.begin, self.look, self.end)

    def begin(self, before: Document, after: Document) -> None:
        """Put hooks on, should machines be replaced; where a roll is under way, on those that are still to go.

        Raises:
            HostError: the kubeconfigs may not do what the proof needs.
        """
        old = to_hold(self.machines, before, after, self.say) if self.proof else []
        if not self.proof or not old:
            self.end()
            return
        self._holds, self._resumed = True, before["spec"] == after["spec"]
        try:
            self.proof.asked()
        except HostError as error:
            raise _unable(error, "list pods in kube-system, in the cluster itself", self._resumed) from None
        try:
            self.machines.hold(one for one in old if not one.hooked)
        except ForbiddenError as error:
            raise _unable(error, MACHINE_RIGHTS, self._resumed) from None

    def look(self, done: bool) -> None:
        """Prove those that are new as soon as an old one waits, or all are new; then let it go.

        Raises:
            HostError: the management cluster cannot be asked.
            UnrolledError: delivery is not proved.
        """
        if not self.proof or not self._holds:
            return
        machines = self.machines.all()
        waiting = [one for one in machines if one.going and one.hooked]
        if not waiting and not done:
            return
        new = [one for one in machines if one.node and not (one.going or one.hooked or one.behind)]
        if new:
            try:
                self.proof.prove(new)
            except DeliveryError as error:
                goes_on = WENT_ON if self._resumed else ""
                raise UnrolledError(_unproved(error, new, waiting) + goes_on) from None
        for one in waiting:
            self.say(f"machine {one.name} may go now")
        self.machines.release(waiting)

    def end(self) -> None:
        """Take off each hook of ours that is left.

        Raises:
            HostError: the management cluster refuses, or cannot be asked.
        """
        self._holds = False
        self.machines.release(self.machines.hooked())


def to_hold(machines: Machines, before: Document, after: Document, say: Say) -> list[Machine]:
    """The machines that are still to be replaced; none, where they must not be held, which is said.

    Args:
        machines: of a control plane.
        before: the object as it is.
        after: as it shall be; equal to it: a roll may be under way.
        say: is told why none is held.

    Raises:
        HostError: the management cluster refuses, or cannot be asked.
    """
    rolls = before["spec"] != after["spec"]
    if not rolls and progress(machines.cluster, before).done:
        return []
    try:
        found = machines.all()
    except ForbiddenError as error:
        raise _unable(error, MACHINE_RIGHTS) from None
    old = [one for one in found if (not one.going and (rolls or one.behind)) or (one.hooked and not rolls)]
    if all(one.etcd_last for one in old):
        return old
    say(TOO_OLD)
    return []


def planned(machines: Machines, proves: bool, document: Document, turn_on: Edit, say: Say) -> list[str]:
    """What `EachMachine.begin` would do, in words, with nothing changed; hooks that are left are said.

    Args:
        machines: of a control plane.
        proves: whether the delivery of each new one shall be proved.
        document: the object.
        turn_on: the edit that `up` would make.
        say: is told what else there is to know.

    Raises:
        HostError: the management cluster refuses, or cannot be asked.
    """
    hooked = machines.hooked()
    if hooked:
        say(left([one.name for one in hooked]))
    if proves and to_hold(machines, document, turn_on(copy.deepcopy(document)), say):
        return ["hold each old machine until the delivery of the new one's API server is proved"]
    return [f"take our hook off machine {one.name}" for one in hooked]


def _unable(error: HostError, what: str, resumed: bool = False) -> HostError:
    return HostError(
        f"{error}\nThe proof of each control-plane machine before the next needs to {what}; let it, or set"
        f" audit:platform.proveEachMachine: false.{WENT_ON if resumed else ' Nothing was changed'}"
    )


def _unproved(error: DeliveryError, new: Sequence[Machine], waiting: Sequence[Machine]) -> str:
    told = ", ".join(f"{one.name} (node {one.node})" for one in new)
    held = f", before {', '.join(one.name for one in waiting)} was drained" if waiting else ""
    return (
        f"{error}\nDelivery of new machines is not proved{held}: {told}. Where a connection cannot reach each API server:"
        " audit:platform.apiServers, or audit:platform.proveEachMachine: false"
    )
