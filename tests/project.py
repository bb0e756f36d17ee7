"""A copy of the project whose stack the real Pulumi engine brings up, with a state of its own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import randrange
from typing import Any

CHECKOUT = Path(__file__).parents[1]


def _ports() -> Iterator[int]:
    """Ports of this test worker alone, below those that the kernel gives to outgoing connections."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first, offset = 20_000 + worker % 10 * 1_000, randrange(1_000)  # another run's tests begin elsewhere
    for number in count(offset):
        yield first + number % 1_000


PORTS = _ports()


def free_ports(number: int) -> list[int]:
    """So many ports on 127.0.0.1 that nobody listens on."""
    found: list[int] = []
    while len(found) < number:
        port = next(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
    return found


@dataclass
class Project:
    """A copy of the project with a state of its own."""

    folder: Path
    stack: str = "cluster-1"
    variables: dict[str, str] = field(default_factory=dict)
    is_down: bool = False

    @property
    def stack_file(self) -> Path:
        return self.folder / "stacks" / f"Pulumi.{self.stack}.yaml"

    def environment(self) -> dict[str, str]:
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        return os.environ | {
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # where the older language host, which is not told of `virtualenv`, looks for Python
            "PATH": f"{self.folder / '.venv/bin'}:{os.environ['PATH']}",
            "GOGC": "400",  # a quarter less CPU for the CLI, which never needs much memory
            **self.variables,
        }

    @contextmanager
    def given(self, **variables: str) -> Iterator[None]:
        """Set variables for some runs only; those in `variables` stay to the end, for destroy too."""
        before = dict(self.variables)
        self.variables.update(variables)
        try:
            yield
        finally:
            self.variables = before

    def write(self, stack_file: str) -> None:
        """Write the stack's file; its salt stays."""
        file = self.stack_file
        file.parent.mkdir(exist_ok=True)
        old = file.read_text() if file.exists() else ""
        salt = "".join(line + "\n" for line in old.splitlines() if line.startswith("encryptionsalt"))
        file.write_text(stack_file + salt)

    def run(self, *arguments: str, check: bool = True, traceback: bool = False) -> subprocess.CompletedProcess[str]:
        """Run the CLI; `traceback` says that a Python program of the user's own fails."""
        done = subprocess.run(
            ["pulumi", *arguments, "--stack", self.stack, "--non-interactive"],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
        )
        done.stdout += done.stderr
        assert traceback or "Traceback" not in done.stdout, done.stdout
        assert not check or done.returncode == 0, done.stdout
        return done

    def set_secret(self, key: str, value: str) -> None:
        """As the pages say: from standard input, so that no process's arguments show it."""
        command = ["pulumi", "config", "set", "--secret", key, "--stack", self.stack, "--non-interactive"]
        subprocess.run(command, cwd=self.folder, env=self.environment(), input=value, text=True, check=True)

    def up(self, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("up", "--yes", "--skip-preview", *options, check=check)

    def is_unchanged(self) -> bool:
        """Whether neither the program nor what is there now asks for a change: a refresh and an `up` in one run."""
        self.up("--refresh", "--expect-no-changes")
        return True

    def destroy(self, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("destroy", "--yes", "--skip-preview", check=check)

    def down(self) -> subprocess.CompletedProcess[str]:
        """What `make down` runs."""
        self.is_down = True
        environment = self.environment() | {"PYTHONPATH": str(CHECKOUT)}
        command = [sys.executable, "-m", "tools.down", self.stack]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `k8s-audit` in the project's folder; its stdout is kept apart from its stderr."""
        done = subprocess.run(
            ["k8s-audit", *arguments], cwd=self.folder, env=self.environment(), capture_output=True, text=True
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("stack", "output", "--json").stdout)
        return found

    @property
    def is_locked(self) -> bool:
        """Whether a run was killed that held the stack."""
        return any((self.folder / "state" / ".pulumi" / "locks").rglob("*.json"))

    @property
    def holds_anything(self) -> bool:
        """Whether the state names a resource, or an operation that was cut off."""
        stacks = self.folder / "state" / ".pulumi" / "stacks"
        checkpoints = [json.loads(file.read_text())["checkpoint"] for file in stacks.rglob(f"{self.stack}.json")]
        known = [checkpoint.get("latest") or {} for checkpoint in checkpoints]
        return any(one.get("resources") or one.get("pending_operations") for one in known)

    def state(self) -> str:
        """All that the backend keeps, histories and backups included."""
        return "".join(
            file.read_text("utf-8", "replace") for file in (self.folder / "state").rglob("*") if file.is_file()
        )
