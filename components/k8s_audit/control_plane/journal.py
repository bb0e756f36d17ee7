"""What a host remembers of a change, outside the manifests folder: enough to finish or undo it after any kill.

`before/` holds what was there before us (what destroy puts back), `previous/` what was there before the change under
way (what a rollback puts back), `journal.json` the step that was reached, and `UNDO.md` the way back by hand.
"""

import posixpath
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from k8s_audit.control_plane.edit import Ours
from k8s_audit.control_plane.host import Host
from k8s_audit.errors import HostError

RESTART = "restart"
"""A file beside the journal where a service must yet be restarted: its configuration was changed, and it was not told."""


class Step(StrEnum):
    """The steps of a change, in order; each is written down once it is true."""

    PREPARED = "prepared"
    FILES_WRITTEN = "files-written"
    MANIFEST_MOVED = "manifest-moved"
    APPLIED = "applied"
    RESTORING = "restoring"
    RESTORED = "restored"


class Record(BaseModel):
    """One change. Digests are SHA-256 in hex; no content and no secret is in here."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    version: int = 1
    step: Step
    manifest: str
    policy: str
    webhook: str
    before: str
    """Digest of the manifest without us."""
    previous: str
    """Digest of the manifest that the change found."""
    after: str
    """Digest of the manifest that the change puts there."""
    ours: Ours
    made: list[str] = Field(default_factory=list)
    """Folders that were not there before us, outermost first."""
    running: list[Annotated[tuple[int, float], Field()]] = Field(default_factory=list)
    """The API server's processes (pid, start) at the time of the change."""


class Journal:
    """The journal of one host.

    Args:
        host: where it lies.
        folder: the state folder, such as /var/lib/k8s-audit.
    """

    def __init__(self, host: Host, folder: str) -> None:
        """Nothing is read yet."""
        self.host = host
        self.folder = folder
        self.path = posixpath.join(folder, "journal.json")

    def read(self) -> Record | None:
        """The last record; None where we have never been, or left.

        Raises:
            HostError: the file is there but cannot be understood.
        """
        text = self.host.read(self.path)
        if text is None:
            return None
        try:
            return Record.model_validate_json(text)
        except ValidationError as error:
            raise HostError(
                f"host {self.host.name}: {self.path} is not a journal of this version ({error.error_count()} faults); see {self.kept('UNDO.md')}"
            ) from None

    def write(self, record: Record) -> None:
        """Write the record to the disk."""
        self.host.write(self.path, record.model_dump_json(indent=2).encode() + b"\n")

    def kept(self, name: str, folder: str = "") -> str:
        """The path of a file that is kept, in `before` or `previous` or at the top."""
        return posixpath.join(self.folder, folder, name)
