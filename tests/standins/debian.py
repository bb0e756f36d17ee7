"""Debian packages that tests run and need not be installed: had by apt's own client, unpacked into the cache of tools."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

from tools import cache

LAST = 4
"""Lines of apt's output that a message shows."""


class MissingPackageError(Exception):
    """A package cannot be had here; the text says the mend."""


def unpacked(*packages: str) -> Path:
    """The folder in which these packages are unpacked, as they would be below `/`.

    Raises:
        MissingPackageError: apt is not there, or has them not.
    """
    place = cache.root() / "debian" / "+".join(packages)
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if not place.is_dir():
            for program in ("apt-get", "dpkg-deb"):
                if not shutil.which(program):
                    raise MissingPackageError(f"{', '.join(packages)}: these tests run on Debian, with its {program}")
            with tempfile.TemporaryDirectory(dir=place.parent) as folder:
                try:
                    _apt(folder, "download", *packages)
                except MissingPackageError:
                    _apt(folder, "update")
                    _apt(folder, "download", *packages)
                root = Path(folder) / "root"
                for file in Path(folder).glob("*.deb"):
                    subprocess.run(["dpkg-deb", "-x", file, root], check=True)
                root.chmod(0o755)
                root.rename(place)
    return place


def _apt(folder: str, *arguments: str) -> None:
    done = subprocess.run(["apt-get", "-q", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-LAST:])
        raise MissingPackageError(f"`apt-get {' '.join(arguments)}` failed:\n{last}")
