"""Writing a file of this machine whole or not at all: whoever reads it sees the old text or the new one."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str, mode: int) -> None:
    """Write a file beside it, and move that into its place.

    Args:
        path: the file's; its folder is there.
        text: what it shall hold.
        mode: of the file, whatever it had before.

    Raises:
        OSError: it cannot be written; it is as it was.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
