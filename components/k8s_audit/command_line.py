"""Other makers' command-line tools, such as kops and rke: found, of a known version, run without a shell, with a time-out.

What a tool says is shown as progress, line by line; its failure is one message with the tail of that. Secrets go over stdin or in a
file that only the user can read, never in arguments; the passphrase of Pulumi is no tool's business.
"""

import os
import re
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import IO

from k8s_audit.errors import ToolError
from k8s_audit.faults import SECRET

TAIL = 12
"""Lines of what a tool said that its failure shows."""
LONGEST = 300
"""Characters of one of them."""
POLL = 0.1
"""Seconds between two looks at the stop event."""
GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL."""
PRIVATE = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_ACCESS_TOKEN")
VERSION_TIMEOUT = 60.0
"""Seconds; a tool may look for its configuration first."""


def _silence(line: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class CommandLineTool:
    """One tool.

    Args:
        name: of the executable.
        asking: the arguments that make it tell its version.
        oldest: the first version, major and minor, that has what is used.
        newest: the last version that is known; a newer one is used, and that is said.
        mend: where to get it.
    """

    name: str
    asking: tuple[str, ...]
    oldest: tuple[int, int]
    newest: tuple[int, int]
    mend: str

    def version(self, say: Callable[[str], None] = _silence) -> tuple[int, int]:
        """Its version.

        Args:
            say: is told when it is newer than what is known.

        Raises:
            ToolError: it is not on the PATH, tells no version, or is too old.
        """
        if shutil.which(self.name) is None:
            raise ToolError(f"{self.name} is not on the PATH; {self.mend}")
        text = Run(self, timeout=VERSION_TIMEOUT).output(*self.asking)
        found = re.search(r"\bv?(\d+)\.(\d+)\.\d+", text)
        if found is None:
            raise ToolError(f"{self.name} {' '.join(self.asking)} tells no version; another program of that name?")
        version = int(found[1]), int(found[2])
        known = [".".join(map(str, one)) for one in (version, self.oldest, self.newest)]
        if version < self.oldest:
            raise ToolError(f"{self.name} {known[0]} is too old; needed: {known[1]} or newer; {self.mend}")
        if version > self.newest:
            say(f"{self.name} {known[0]} is newer than what is known, {known[2]}; going on")
        return version


@dataclass(frozen=True)
class Run:
    """How a tool is run.

    Args:
        tool: which.
        timeout: seconds.
        say: is told what the tool says, line by line.
        stop: ends it.
        variables: of its environment, beside ours.
        hidden: texts that are shown nowhere, should the tool say them.
        folder: where it runs; None: where we do.
    """

    tool: CommandLineTool
    timeout: float
    say: Callable[[str], None] = _silence
    stop: Event = field(default_factory=Event)
    variables: Mapping[str, str] = field(default_factory=dict)
    hidden: Collection[str] = field(default=(), repr=False)
    folder: str | None = None

    def progress(self, *arguments: str, stdin: str = "") -> None:
        """Run it and show all that it says.

        Args:
            arguments: no secrets.
            stdin: what it reads.

        Raises:
            ToolError: it fails, takes too long or is stopped; the text has the tail of what it said.
        """
        self._run(arguments, stdin, shown=True)

    def output(self, *arguments: str, stdin: str = "") -> str:
        """Run it and return what it prints; only what it says on stderr is shown.

        Args:
            arguments: no secrets.
            stdin: what it reads.

        Raises:
            ToolError: it fails, takes too long or is stopped; the text has the tail of what it said on stderr.
        """
        return self._run(arguments, stdin, shown=False)

    def _run(self, arguments: tuple[str, ...], stdin: str, shown: bool) -> str:
        said: deque[str] = deque(maxlen=TAIL)
        printed: list[str] = []

        def tell(line: str) -> None:
            if clean := self._clean(line):
                said.append(clean)
                self.say(clean)

        command = [self.tool.name, *arguments]
        kept = {key: value for key, value in os.environ.items() if key not in PRIVATE}
        try:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=kept | dict(self.variables),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise ToolError(f"{self.tool.name} cannot be run: {error.strerror}; {self.tool.mend}") from None
        threads = [
            Thread(target=_feed, args=(process.stdin, stdin), daemon=True),
            Thread(target=_drain, args=(process.stdout, tell if shown else printed.append), daemon=True),
            Thread(target=_drain, args=(process.stderr, tell), daemon=True),
        ]
        for thread in threads:
            thread.start()
        why = self._wait(process)
        for thread in threads:
            thread.join(GRACE)
        if why or process.returncode:
            what = " ".join([self.tool.name, *_words(arguments)])
            tail = "".join(f"\n  | {line}" for line in said)
            raise ToolError(f"`{what}` {why or f'failed (exit {process.returncode})'}{tail and '. It said:' + tail}")
        return "".join(printed)

    def _wait(self, process: subprocess.Popen[str]) -> str:
        """Wait for its end; return why it was ended, if it was."""
        waited = 0.0
        while True:
            try:
                process.wait(POLL)
                return ""
            except subprocess.TimeoutExpired:
                waited += POLL
            if self.stop.is_set():
                why = "was stopped"
            elif waited > self.timeout:
                why = f"took more than {self.timeout:g} s"
            else:
                continue
            _end(process)
            return why

    def _clean(self, line: str) -> str:
        text = line.strip()
        for secret in self.hidden:
            if secret and secret in text:
                text = text.replace(secret, SECRET)
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _words(arguments: tuple[str, ...]) -> list[str]:
    """The command's own words: those before its first option."""
    first = next((index for index, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    return list(arguments[:first])


def _feed(stream: IO[str] | None, text: str) -> None:
    assert stream
    try:
        stream.write(text)
        stream.close()
    except OSError:  # it did not want to hear all of it
        pass


def _drain(stream: IO[str] | None, take: Callable[[str], None]) -> None:
    assert stream
    with stream:
        for line in stream:
            take(line)


def _end(process: subprocess.Popen[str]) -> None:
    """End it and what it started, which share a session of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
