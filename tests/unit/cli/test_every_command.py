"""What holds for every command: bad input, help, a reader that goes away, Ctrl-C, no home, no terminal."""

import os
import pty
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from k8s_audit.cli.app import app
from k8s_audit.cli.guard import guarded
from k8s_audit.cli.progress import working
from k8s_audit.errors import ConfigError, HostError

BAD: dict[str, tuple[str, str]] = {
    "policy show": ("--profile nothing", "allowed: detection, seed, metadata, full"),
    "policy lint": ("nowhere", "nowhere: "),
    "policy coverage": ("--platform nothing", "given: 'nothing'"),
    "alerts": ("--stack nothing", "--stack: nothing has no file"),
    "convert": ("nowhere --source nothing", "--source: allowed: eks, gke, aks, openshift"),
    "cost": ("--platform nothing --events-per-day 1", "given: 'nothing'"),
    "doctor": ("--stack nothing", "--stack: nothing has no file"),
    "init": ("--stack x --project nowhere", "has no Pulumi.yaml"),
    "render": ("--stack nothing", "--stack: nothing has no file"),
    "status": ("nothing", "has no stack file"),
    "summarize": ("nowhere", "nowhere: "),
    "touched": ("--base -x", "a commit or branch is needed"),
    "verify": ("--stack nothing", "--stack: nothing has no file"),
}
"""Each command with bad input, and what it says of it."""
PATIENCE = 60
"""Seconds for one command."""
INTERRUPTIBLE = """\
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from k8s_audit.cli.app import app
app()
"""
"""The command, also where the tests run in the background, whose children ignore Ctrl-C from the start."""
AS_JSON = {
    "alerts",
    "policy lint",
    "policy coverage",
    "cost",
    "doctor",
    "init",
    "render",
    "status",
    "touched",
    "verify",
}
"""Those that print facts; `convert` prints JSON alone, `policy show` YAML, and `summarize` Markdown."""


def leaves(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    for word, below in (inner or {}).items():
        yield from leaves(below, f"{name} {word}".strip())


COMMANDS = dict(leaves(typer.main.get_command(app)))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def forked(arguments: list[str], reader: bool) -> tuple[int, str]:
    """Run the command in a child with a real stdout and stderr; its exit code and all that it said.

    Args:
        arguments: the command's.
        reader: whether somebody reads its stdout.
    """
    out, written = os.pipe()
    gone, nobody = os.pipe()
    os.close(gone)
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            os.dup2(written if reader else nobody, 1)
            os.dup2(written, 2)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
            signal.alarm(PATIENCE)  # a child of a process with threads may find a lock taken for ever
            try:
                app(arguments)
            except SystemExit as ended:
                code = int(ended.code or 0)
            sys.stdout.flush()
        finally:
            os._exit(code)
    os.close(written)
    os.close(nobody)
    with os.fdopen(out) as read:
        said = read.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said


def test_there_is_bad_input_for_each_command() -> None:
    assert BAD.keys() == COMMANDS.keys()


@pytest.mark.parametrize("home", [True, False], ids=["home", "no home"])
@pytest.mark.parametrize("command", BAD)
def test_bad_input_is_one_message_and_two(command: str, home: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not home:

        def nobody(_: int) -> None:
            raise KeyError

        monkeypatch.delenv("HOME", raising=False)
        monkeypatch.setattr(pwd, "getpwuid", nobody)
    arguments, said = BAD[command]
    refused = CliRunner().invoke(app, [*command.split(), *arguments.split()])
    assert (refused.exit_code, refused.stdout) == (2, ""), refused.output
    assert said in refused.stderr


@pytest.mark.parametrize("command", BAD)
def test_an_unknown_option_is_two_and_help_is_plain_without_a_terminal(command: str) -> None:
    refused = CliRunner().invoke(app, [*command.split(), "--nothing"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "No such option" in refused.stderr
    shown = CliRunner().invoke(app, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert "\x1b" not in shown.stdout
    assert ("--json" in shown.stdout) == (command in AS_JSON)


@pytest.mark.parametrize("command", BAD)
def test_a_reader_that_goes_away_ends_it_with_one_line(command: str) -> None:
    code, said = forked([*command.split(), "--help"], reader=False)
    assert (code, said) == (141, "nobody reads the output any more\n")


def test_a_reader_of_output_that_goes_away_is_told_too() -> None:
    code, said = forked(["policy", "show"], reader=False)
    assert (code, said) == (141, "nobody reads the output any more\n")


@pytest.mark.parametrize("command", ["summarize", "policy lint", "convert --source eks"])
def test_ctrl_c_is_one_line_and_130(command: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    asked = [sys.executable, "-c", INTERRUPTIBLE, *command.split(), str(pipe)]
    with (
        subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
        pipe.open("w"),  # which waits until the command reads
    ):
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENCE)[0]
    assert (process.returncode, said) == (130, "interrupted\n")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError(["audit:cluster: missing"]), 2, "stack configuration: 1 fault(s)\n  audit:cluster: missing\n"),
        (HostError("cp-1 does not answer"), 3, "cp-1 does not answer\n"),
        (OSError(30, "Read-only file system", "stacks/x"), 3, "stacks/x: Read-only file system\n"),
        (RuntimeError("Could not determine home directory."), 2, "a path begins with ~"),
        (typer.Abort(), 130, "interrupted\n"),
    ],
)
def test_what_stops_a_command_is_said_with_the_right_code(
    error: Exception, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, guarded():
        raise error
    assert ended.value.exit_code == code
    assert capsys.readouterr().err.startswith(said)
    with pytest.raises(RuntimeError, match="a fault of ours"), guarded():
        raise RuntimeError("a fault of ours")


def test_a_read_only_checkout_is_said_and_nothing_is_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: audit\n")

    def refuse(self: Path, *_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    refused = CliRunner().invoke(app, "init --stack new --platform local --receiver recorder".split())
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "Pulumi.new.yaml: Read-only file system" in refused.stderr
    assert not (tmp_path / "stacks").exists()


def test_a_sign_of_life_is_for_a_terminal_alone_and_without_colour_where_none_is_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with working("reading [3] states"):
        pass
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with working("reading [3] states"):
            pass
        shown = b""
        while b"\x1b[?25h" not in shown:  # the cursor is shown again
            shown += os.read(ours, 65536)
    os.close(ours)
    assert b"reading [3] states" in shown
    assert b"\x1b[3" not in shown, "no colour"
    assert capsys.readouterr().out == ""


def test_a_shell_completes_the_commands() -> None:
    asked = {"_K8S_AUDIT_COMPLETE": "complete_bash", "COMP_WORDS": "k8s-audit po", "COMP_CWORD": "1"}
    completed = CliRunner().invoke(app, [], prog_name="k8s-audit", env=asked)
    assert completed.stdout.split() == ["policy"]
