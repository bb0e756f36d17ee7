"""Writing rendered texts to this machine: for their owner alone, since a secret may be in one; each whole or not at all."""

from collections.abc import Sequence
from pathlib import Path

from k8s_audit.errors import ConfigError, ToolError
from k8s_audit.rendering.model import THIS_MACHINE, Rendered
from k8s_audit.whole_file import write_whole

OWNERS_FOLDER, OWNERS_FILE = 0o700, 0o600


def refuse_elsewhere(texts: Sequence[Rendered]) -> None:
    """See that all of them belong on this machine.

    Raises:
        ConfigError: one goes elsewhere.
    """
    elsewhere = sorted({one.place for one in texts if one.place != THIS_MACHINE})
    if elsewhere:
        raise ConfigError([f"--write: these texts go to {', '.join(elsewhere)}, not to this machine; take it out"])


def write_texts(texts: Sequence[Rendered]) -> None:
    """Write them.

    Args:
        texts: all of them of this machine.

    Raises:
        ToolError: a file cannot be written.
    """
    for one in texts:
        path = Path(one.path)
        try:
            path.parent.mkdir(mode=OWNERS_FOLDER, parents=True, exist_ok=True)
            _put(path, one.text)
        except OSError as error:
            raise ToolError(f"{path} cannot be written: {error.strerror}") from None


def _put(path: Path, text: str) -> None:
    """By one move; a file that has these bytes is only made its owner's, since a running node may have it mounted."""
    if path.exists() and path.read_bytes() == text.encode():
        path.chmod(OWNERS_FILE)
        return
    write_whole(path, text, OWNERS_FILE)
