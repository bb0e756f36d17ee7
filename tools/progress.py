"""Making one tool, with a bar that says what is being done, why it takes long and how long it took."""

import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tools import cache
from tools.sources import GO, SourceError, build, download, take
from tools.table import Tool

console = Console(soft_wrap=True, highlight=False)


class SetupError(Exception):
    """A tool can be had in neither way; the text says the mend."""


def make(tool: Tool, platform: str, position: str) -> None:
    """Put a tool into the cache.

    Args:
        tool: which one.
        platform: for what machine.
        position: `2 of 5`.

    Raises:
        SetupError: neither way works.
    """
    began = time.monotonic()
    how: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        try:
            made = cache.fill(tool, platform, lambda into: how.append(_fill(tool, platform, into, progress, position)))
        except SourceError as error:
            raise SetupError(
                f"{tool.name} {tool.version} for {platform} is missing.\n{error}\n"
                f"Mend: allow the download, or install Go {GO} or newer from https://go.dev/dl and let it reach its module"
                f" proxy, or put {', '.join(tool.executables)} into {cache.folder(tool, platform)}"
            ) from None
        except OSError as error:
            raise SetupError(f"{tool.name}: {error}; $K8S_AUDIT_CACHE sets another cache folder") from None
    what = how[0] if made else "made by another set-up"
    console.print(f"[{position}] {tool.name} {tool.version}: {what}, {time.monotonic() - began:.0f} s", markup=False)


def _fill(tool: Tool, platform: str, into: Path, progress: Progress, position: str) -> str:
    """Download or build; return how it was had."""
    source = tool.downloads.get(platform)
    why = "no checksum of an official download is known"
    if source:
        task = progress.add_task(f"[{position}] {tool.name} {tool.version}: downloading", total=None)
        try:
            download(source, into, lambda came, total: progress.update(task, completed=came, total=total or None))
            return "downloaded"
        except SourceError as error:
            why = str(error)
            for left in into.iterdir():
                left.unlink()
        finally:
            progress.remove_task(task)
    try:
        for part in tool.builds:
            text = (
                f"[{position}] {part.executable} {tool.version}: building from Go sources, about {part.minutes:g} min"
            )
            console.print(f"{text} on 2 cores at the first time ({why})", markup=False)
            task = progress.add_task(text.replace("[", r"\["), total=None)
            build(part, into)
            progress.remove_task(task)
        for file in tool.files:
            take(file, into)
    except SourceError as error:
        raise SourceError(f"{why}\n{error}") from None
    return "built from Go sources" if tool.builds else "taken from its Go module"
