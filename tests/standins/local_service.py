"""A local service as a process: it says its address in its first line, and the end of its stdin ends it, whatever becomes of us."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running(*command: str, **variables: str) -> Iterator[str]:
    """Run it; yields its address.

    Args:
        command: with its arguments.
        variables: beside those of this process.
    """
    environment = os.environ | variables
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        assert address, f"{command[0]} ended at once"
        yield address
