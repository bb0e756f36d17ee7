"""What every command does where it cannot go on: one message on stderr, and an exit code that says whose fault it was; no traceback.

A fault of ours alone keeps its traceback: it is for whoever mends it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from k8s_audit.cli.exits import BAD_INPUT, INTERRUPTED, READER_GONE, TOOL_FAILED
from k8s_audit.errors import ConfigError, K8sAuditError

NO_HOME = "Could not determine home directory"
"""What pathlib says of `~` where nobody's home is known."""


class Guarded(TyperGroup):
    """The commands, guarded from their arguments to the end of their output, which typer flushes line by line."""

    def make_context(self, *args: Any, **more: Any) -> Any:
        """Read the arguments; `--help` prints here."""
        with guarded():
            return super().make_context(*args, **more)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with guarded():
            return super().invoke(ctx)


@contextmanager
def guarded() -> Iterator[None]:
    """Turn what stops a command into a message and an exit code.

    Raises:
        typer.Exit: 2 bad input, 3 a tool or host failed, 130 interrupted, 141 nobody reads the output.
    """
    try:
        yield
    except BrokenPipeError:
        raise _reader_gone() from None
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # rich, which prints the help, ends the program itself
            raise _reader_gone() from None
        raise
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted")
        raise typer.Exit(INTERRUPTED) from None
    except ConfigError as error:
        _say(str(error))
        raise typer.Exit(BAD_INPUT) from None
    except K8sAuditError as error:
        _say(str(error))
        raise typer.Exit(TOOL_FAILED) from None
    except OSError as error:
        _say(": ".join(filter(None, (str(error.filename or ""), error.strerror or type(error).__name__))))
        raise typer.Exit(TOOL_FAILED) from None
    except RuntimeError as error:
        if NO_HOME not in str(error):
            raise
        _say("a path begins with ~, and there is no home: set HOME, or give the whole path")
        raise typer.Exit(BAD_INPUT) from None


def _reader_gone() -> typer.Exit:
    # what is still buffered has nowhere to go: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    _say("nobody reads the output any more")
    return typer.Exit(READER_GONE)


def _say(text: str) -> None:
    try:
        typer.echo(text, err=True)
    except OSError:  # stderr is gone too
        return
