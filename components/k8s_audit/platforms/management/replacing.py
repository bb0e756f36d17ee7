"""Replacing an object that its controller writes, too: read, edit, write, and again where somebody was faster."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

from k8s_audit.errors import ConflictError, HostError
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.management.kind import Edit

TRIES = 8
"""A controller writes status all the time, and each time the resourceVersion is another one."""


@dataclass(frozen=True)
class Replacing:
    """One object.

    Args:
        called: what messages call it.
        read: the object as it is; None: there is none.
        write: stores it, unless somebody changed it since it was read, which is a ConflictError; returns it as it is stored.
        tell: is told what was and what is wanted, once, before the first write.
    """

    called: str
    read: Callable[[], Document | None]
    write: Callable[[Document], Document]
    tell: Callable[[Document, Document], None]

    def by(self, edit: Edit) -> tuple[Document, Document]:
        """Replace it by an edit of what is there now; return what was there, and what is.

        Raises:
            ConflictError: somebody else changes it all the time.
            HostError: it is gone.
        """
        for number in range(TRIES):
            before = self.read()
            if before is None:
                raise HostError(f"{self.called} is gone")
            wanted = edit(copy.deepcopy(before))
            if wanted == before:
                return before, before
            if number == 0:
                self.tell(before, wanted)
            try:
                return before, self.write(wanted)
            except ConflictError:
                continue
        raise ConflictError(f"{self.called} is changed by somebody else all the time; nothing was changed by us")
