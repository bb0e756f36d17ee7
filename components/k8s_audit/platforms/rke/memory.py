"""What is remembered beside a cluster file: enough to finish or take back a change after any kill; for its owner's eyes alone."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from k8s_audit.errors import HostError
from k8s_audit.platforms.rke.cluster_file import Ours
from k8s_audit.whole_file import write_whole

ENDING = ".k8s-audit"
WRITTEN, APPLIED, RESTORING = "written", "applied", "restoring"


@dataclass(frozen=True)
class Memory:
    """One change.

    Args:
        step: `written` until `rke up` succeeded, then `applied`; `restoring` until all is taken back.
        before: the cluster file's text without us.
        after: its text with our edit.
        ours: what of it is ours, as JSON.
        made: folders that were not there before us, by host.
    """

    step: str
    before: str
    after: str
    ours: str
    made: dict[str, list[str]]

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def read(cls, text: str) -> "Memory":
        """From JSON.

        Raises:
            HostError: it is none.
        """
        try:
            found = cls(**json.loads(text))
        except (ValueError, TypeError):
            raise HostError(
                f"the file beside the cluster file, which ends in {ENDING}, is not of this version"
            ) from None
        Ours.read(found.ours)
        return found


@dataclass(frozen=True)
class ClusterFile:
    """A cluster.yml and what is remembered beside it."""

    path: Path

    @property
    def beside(self) -> Path:
        """Where it is remembered."""
        return self.path.with_name(self.path.name + ENDING)

    def read(self) -> str | None:
        """Its text; None: it is not there.

        Raises:
            HostError: it cannot be read.
        """
        return _read(self.path)

    def memory(self) -> Memory | None:
        """What is remembered; None: nothing.

        Raises:
            HostError: it cannot be read.
        """
        text = _read(self.beside)
        return None if text is None else Memory.read(text)

    def write(self, text: str) -> None:
        """Write it whole or not at all; its mode stays.

        Raises:
            HostError: it cannot be written.
        """
        _write(self.path, text, self.path.stat().st_mode & 0o777 if self.path.exists() else 0o600)

    def remember(self, memory: Memory | None) -> None:
        """Remember, or forget.

        Raises:
            HostError: that cannot be written.
        """
        if memory is None:
            self.beside.unlink(missing_ok=True)
        else:
            _write(self.beside, memory.text(), 0o600)


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise HostError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'no UTF-8'}") from None


def _write(path: Path, text: str, mode: int) -> None:
    try:
        write_whole(path, text, mode)
    except OSError as error:
        raise HostError(f"{path} cannot be written: {error.strerror}") from None
