"""The folders of charts in the user's cache: each is there whole or not at all, also with two programs at once."""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from k8s_audit.errors import ConfigError


def root() -> Path:
    """$K8S_AUDIT_CACHE, else the user's cache folder (https://specifications.freedesktop.org/basedir-spec/latest/)."""
    if own := os.environ.get("K8S_AUDIT_CACHE"):
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "k8s-audit"


def kept(make: Callable[[Path], None], key: str | None = None) -> Path:
    """A folder of the cache; made aside and then renamed, so that nobody sees half of one.

    Args:
        make: fills an empty folder.
        key: what tells its contents before they are made; None: their digest, and so they are made each time.
    """
    charts = root() / "charts"
    if key and (charts / key).exists():
        return charts / key
    charts.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".", dir=charts))
    try:
        made = aside / "made"
        made.mkdir()
        make(made)
        place = charts / (key or digest(made))
        try:
            made.rename(place)
        except OSError:
            if not place.exists():
                raise
        return place
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def digest(folder: Path) -> str:
    """Of all files below a folder, their paths included; the first 16 hexadecimal digits."""
    found = sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix().encode()
        data = file.read_bytes()
        found.update(b"%d %d " % (len(name), len(data)) + name + data)
    return found.hexdigest()[:16]


def unpack(archive: Path, folder: Path, where: str) -> Path:
    """Unpack a chart's archive, and return the chart's folder in it.

    Args:
        archive: a .tgz.
        folder: it is unpacked there.
        where: how a message calls the archive.

    Raises:
        ConfigError: it is no archive, or not one of a chart.
    """
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ConfigError([f"{where}: {archive} cannot be unpacked: {error}"]) from None
    charts = [file.parent for file in folder.glob("*/Chart.yaml")]
    if len(charts) != 1:
        raise ConfigError([f"{where}: {archive} is no chart: one folder with a Chart.yaml is needed in it"])
    return charts[0]


def expand(chart: Path, where: str) -> None:
    """Replace packed sub-charts in a chart's `charts/`, and in theirs, by their folders.

    Raises:
        ConfigError: one is no chart.
    """
    for archive in sorted((chart / "charts").glob("*.tgz")):
        aside = chart / "charts" / f".{archive.name}"
        unpacked = unpack(archive, aside, where)
        unpacked.rename(chart / "charts" / unpacked.name)
        aside.rmdir()
        archive.unlink()
    for top in sorted((chart / "charts").glob("*/Chart.yaml")):
        expand(top.parent, where)
