"""A sign of life while a command works: on a terminal's stderr alone, so that pipes and logs hold what was asked for and nothing else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def working(on: str) -> Iterator[None]:
    """Show what is being done, until it is done; without colour where NO_COLOR is set (https://no-color.org).

    Args:
        on: a few words.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # slow to load, and of no use to a pipe
    from rich.markup import escape

    with Console(stderr=True).status(escape(on)):
        yield
