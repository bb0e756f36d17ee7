"""The two ways to a tool: its official download, checked by SHA-256, or a build from Go modules."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tools.table import Download, GoBuild, GoFile

GO = "1.26"


class SourceError(Exception):
    """This way to a tool does not work here; the text says why."""


def download(source: Download, into: Path, progress: Callable[[int, int], None]) -> None:
    """Fetch, check and unpack an official download.

    Args:
        source: what to fetch.
        into: an empty folder.
        progress: called with the bytes that came and the bytes in all.

    Raises:
        SourceError: it can't be reached, or is not what the table says.
    """
    import httpx

    file = into / source.url.rpartition("/")[2]
    digest = hashlib.sha256()
    try:
        with httpx.stream("GET", source.url, follow_redirects=True, timeout=httpx.Timeout(30, connect=5)) as answer:
            answer.raise_for_status()
            total = int(answer.headers.get("Content-Length", 0))
            with open(file, "wb") as out:
                for chunk in answer.iter_bytes():
                    digest.update(chunk)
                    out.write(chunk)
                    progress(answer.num_bytes_downloaded, total)
    except (httpx.HTTPError, OSError) as error:
        raise SourceError(f"{source.url} cannot be fetched: {str(error) or type(error).__name__}") from None
    if digest.hexdigest() != source.sha256:
        raise SourceError(f"{source.url} has SHA-256 {digest.hexdigest()}, not {source.sha256}; it was thrown away")
    if source.members:
        try:
            unpack(file, source.members, into)
        except (KeyError, tarfile.TarError, zipfile.BadZipFile, OSError, EOFError) as error:
            raise SourceError(f"{source.url} cannot be unpacked: {error}") from None
        file.unlink()


def unpack(archive: Path, members: tuple[str, ...], into: Path) -> None:
    """Take single files out of a .tar.gz or .zip, each by its name alone."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as opened:
            for member in members:
                (into / Path(member).name).write_bytes(opened.read(member))
        return
    with tarfile.open(archive, "r:gz") as tar:
        for member in members:
            content = tar.extractfile(member)
            if content is None:
                raise SourceError(f"{archive.name} has no file {member}")
            with content, open(into / Path(member).name, "wb") as out:
                shutil.copyfileobj(content, out)


def build(source: GoBuild, into: Path) -> None:
    """Build one executable in a module of its own, which may have the `replace` lines that `go install` refuses.

    Raises:
        SourceError: there is no Go, or it failed.
    """
    with _folder(into) as module:
        # `tidy -e` would drop what it cannot fetch, and keep the reason to itself
        _go("mod", "download", *source.requires, folder=module)
        requires = "".join(f"require {required.replace('@', ' ')}\n" for required in source.requires)
        replaces = "".join(f"replace {replaced}\n" for replaced in source.replaces)
        Path(module, "go.mod").write_text(f"module tools\n\ngo {GO}\n\n{requires}{replaces}")
        # an import keeps the requirements from being dropped
        wanted = f'//go:build tools\n\npackage tools\n\nimport _ "{source.package}"\n'
        Path(module, "main.go" if source.main else "tools.go").write_text(source.main or wanted)
        _go("mod", "tidy", "-e", folder=module)
        flags = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in source.variables.items())])
        output = str(into / source.executable)
        _go("build", "-trimpath", "-ldflags", flags, "-o", output, source.package, folder=module)


def take(source: GoFile, into: Path) -> None:
    """Copy one file out of a Go module.

    Raises:
        SourceError: there is no Go, or the module cannot be had.
    """
    with _folder(into) as folder:
        downloaded = json.loads(_go("mod", "download", "-json", source.module, folder=folder))
    shutil.copyfile(Path(downloaded["Dir"], source.path), into / source.executable)


def _folder(into: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder for Go's own files; inside `into`, so that what an interrupted set-up leaves is removed with it."""
    return tempfile.TemporaryDirectory(prefix=".go-", dir=into, ignore_cleanup_errors=True)


def _go(*arguments: str, folder: str) -> str:
    if not shutil.which("go"):
        raise SourceError("it cannot be built: there is no `go` on the PATH")
    # -mod is said because an empty GOFLAGS would let `go env -w GOFLAGS=…` through
    own = {"GO111MODULE": "on", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "CGO_ENABLED": "0", "GOTMPDIR": folder}
    environment = os.environ | {"HOME": str(Path.home())} | own
    for another_machine in ("GOOS", "GOARCH"):
        environment.pop(another_machine, None)
    done = subprocess.run(["go", *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise SourceError(f"`go {' '.join(arguments[:2])}` failed:\n{last}")
    return done.stdout
