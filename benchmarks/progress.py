"""What a benchmark says while it runs: on stderr, so that stdout has the table alone."""

import sys


def say(text: str) -> None:
    """Say a line."""
    print(text, file=sys.stderr, flush=True)
