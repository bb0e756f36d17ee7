"""What is done beside a change of an object while its controller works at it, such as a proof between two machines; by itself: nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from k8s_audit.kubernetes_api import Document


def _nothing(*_: object) -> None:
    """Nothing."""


@dataclass(frozen=True)
class Beside:
    """Each may raise a HostError; at `look` that is a cluster which is away for a while.

    Args:
        begin: is told, before anything is changed, the object as it is and as it shall be.
        look: is called at each look at the object, and told whether its controller is done; an UnrolledError of it puts the object back.
        end: is called when it is done, was put back, or is taken back; more than once.
    """

    begin: Callable[[Document, Document], None] = _nothing
    look: Callable[[bool], None] = _nothing
    end: Callable[[], None] = _nothing


NOTHING = Beside()
