"""Pulumi projects for a benchmark: in a temporary folder, with a state and a Pulumi home of their own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from ruamel.yaml import YAML

from benchmarks.client import BenchmarkError
from benchmarks.control_planes import free_ports

CHECKOUT = Path(__file__).resolve().parent.parent
STACK = "local"
TIMEOUT = 300.0
"""Seconds for one command."""
GRACE = 60.0
"""Seconds that an interrupted command has to go back."""
EMPTY = """\
name: empty
runtime:
  name: python
  options:
    virtualenv: .venv
"""


@dataclass(frozen=True)
class Project:
    """A folder with a Pulumi.yaml, the environment of its commands, and the secret keys that its stack needs."""

    folder: Path
    environment: dict[str, str]
    secrets: tuple[str, ...] = ()

    def run(self, *command: str) -> float:
        """Run a command to its end; return its wall time in seconds.

        It has a session of its own, so that Ctrl-C meets this process alone, which then has it go back.

        Raises:
            BenchmarkError: it failed; the text has its last lines.
        """
        began = time.perf_counter()
        with TemporaryFile() as output:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait(TIMEOUT)
            except BaseException:
                _end(process)
                raise
            seconds = time.perf_counter() - began
            if code:
                output.seek(0)
                last = output.read().decode("utf-8", "replace").splitlines()[-15:]
                raise BenchmarkError("\n".join([f"{' '.join(command)} ended with {code}:", *last]))
        return seconds


@contextmanager
def audit_project() -> Iterator[Project]:
    """The checkout's own project with its stack `local`, on ports of its own; at the end it is taken down."""
    with TemporaryDirectory(prefix="k8s-audit-benchmark-") as temporary:
        project = _project(Path(temporary))
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(CHECKOUT / name, project.folder)
        for name in ("components", "tools"):
            (project.folder / name).symlink_to(CHECKOUT / name)
        _copy_stack_file(project.folder)
        try:
            yield project
        finally:
            down(project)


@contextmanager
def empty_project() -> Iterator[Project]:
    """A program that imports Pulumi and does nothing."""
    with TemporaryDirectory(prefix="k8s-audit-benchmark-") as temporary:
        project = _project(Path(temporary))
        (project.folder / "Pulumi.yaml").write_text(EMPTY)
        (project.folder / "__main__.py").write_text("import pulumi  # noqa: F401\n")
        yield project


@contextmanager
def stack_project(stack_file: str, secret: str | None = None, **variables: str) -> Iterator[Project]:
    """The checkout's own project with a stack that is never brought up."""
    with TemporaryDirectory(prefix="k8s-audit-benchmark-") as temporary:
        project = _project(Path(temporary), **variables)
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(CHECKOUT / name, project.folder)
        (project.folder / "components").symlink_to(CHECKOUT / "components")
        (project.folder / "stacks").mkdir()
        (project.folder / "stacks" / f"Pulumi.{STACK}.yaml").write_text(stack_file)
        yield replace(project, secrets=(secret,) if secret else ())


def down(project: Project) -> None:
    """What `make down` does."""
    project.run(sys.executable, "-m", "tools.down", STACK)


def _project(temporary: Path, **variables: str) -> Project:
    folder = temporary / "project"
    folder.mkdir()
    (temporary / "state").mkdir()
    (folder / ".venv").symlink_to(CHECKOUT / ".venv")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    own = {
        "PULUMI_BACKEND_URL": f"file://{temporary / 'state'}",
        "PULUMI_HOME": str(temporary / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # compiled modules are kept, as on any user's machine, but not in the checkout
        "PYTHONPYCACHEPREFIX": str(temporary / "bytecode"),
    }
    return Project(folder, kept | own | variables)


def _copy_stack_file(folder: Path) -> None:
    yaml = YAML()
    name = f"stacks/Pulumi.{STACK}.yaml"
    stack = yaml.load(CHECKOUT / name)
    etcd, peer, api_server, recorder = free_ports(4)
    stack["config"]["audit:platform"]["ports"] = {"etcd": etcd, "etcdPeer": peer, "apiServer": api_server}
    stack["config"]["audit:receivers"][0]["port"] = recorder
    (folder / "stacks").mkdir()
    yaml.dump(stack, folder / name)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let it go back; where it does not, end it with all that it started in its group."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
