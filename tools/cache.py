"""The cache that all checkouts share: a folder for each tool, version and platform, there whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from tools.table import Tool


def root() -> Path:
    """$K8S_AUDIT_CACHE, else the user's cache folder (https://specifications.freedesktop.org/basedir-spec/latest/)."""
    if own := os.environ.get("K8S_AUDIT_CACHE"):
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "k8s-audit"


def folder(tool: Tool, platform: str) -> Path:
    """Where a tool's executables lie."""
    return root() / "tools" / f"{tool.name}-{tool.version}-{platform}"


def holds(tool: Tool, platform: str) -> bool:
    """Whether all of a tool's executables are there."""
    return all((folder(tool, platform) / name).exists() for name in tool.executables)


def fill(tool: Tool, platform: str, make: Callable[[Path], None]) -> bool:
    """Have `make` put the executables into a folder aside, and move that into its place.

    A set-up that makes the same tool meanwhile is waited for; what an interrupted one left behind is removed.

    Returns:
        whether `make` was called; False: another set-up was faster.
    """
    place = folder(tool, platform)
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if holds(tool, platform):
            return False
        _sweep(place)
        aside = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
        try:
            make(aside)
            for name in tool.executables:
                (aside / name).chmod(0o755)
            aside.chmod(0o755)
            shutil.rmtree(place, ignore_errors=True)
            aside.rename(place)
        finally:
            # also what a Go that outlived its killed set-up wrote since
            _sweep(place)
    return True


def _sweep(place: Path) -> None:
    for leftover in place.parent.glob(f".{place.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
