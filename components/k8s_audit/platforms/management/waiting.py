"""Waiting until an object's controller has done a change; a cluster that is away for a while is waited for, for it may be the one that changes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from k8s_audit.errors import ChangeError, HostError
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.management.kind import Progress

POLL = 1.0
"""Seconds between two looks."""


class UnrolledError(ChangeError):
    """The controller did not do a change, or what is done beside it failed."""


@dataclass(frozen=True)
class Waiting:
    """For one object.

    Args:
        called: what messages call it.
        read: the object as it is; None: there is none.
        progress: how far its controller has come.
        look: what is done beside it at each look, see Beside.
        timeout: seconds.
        stop: ends the wait.
        say: is told how far it is.
    """

    called: str
    read: Callable[[], Document | None]
    progress: Callable[[Document], Progress]
    look: Callable[[bool], None]
    timeout: float
    stop: Event
    say: Callable[[str], None]

    def wait(self) -> None:
        """Return when the controller has done it.

        Raises:
            UnrolledError: it did not.
        """
        end, told = time.monotonic() + self.timeout, ""
        while True:
            found = self._found()
            if found.done:
                return
            if found.told != told:
                told = found.told
                self.say(told.splitlines()[0])
            if found.failed:
                raise UnrolledError(f"the controller of {self.called} gave up: {told}")
            if time.monotonic() > end:
                raise UnrolledError(
                    f"{self.called} did not get there within {self.timeout:g} s (audit:platform.rolloutTimeout): {told}"
                )
            if self.stop.wait(POLL):
                raise UnrolledError(f"stopped while {self.called} was under way: {told}")

    def _found(self) -> Progress:
        try:
            document = self.read()
            if document is None:
                return Progress(False, "it is gone", failed=True)
            found = self.progress(document)
            if not found.failed:
                self.look(found.done)
        except HostError as error:
            return Progress(False, str(error))
        return found
