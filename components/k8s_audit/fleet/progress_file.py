"""What a rollout has done so far, on disk, so that one that was stopped goes on where it was. Removed when all is proved."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from pathlib import Path

import yaml

FOLDER = Path(".local") / "rollout"
"""Below the project's folder: this file, and a log a stack."""
SUFFIXES = ("py", "yaml", "blobl")
"""Of the files that this package is made of."""


@dataclass(frozen=True)
class ProgressFile:
    """The stacks that are proved, each with the digest of what it was made of.

    Args:
        project: the folder of Pulumi.yaml.
    """

    project: Path

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.project / FOLDER / "done.json"

    def done(self) -> set[str]:
        """The stacks that are proved as they are now: neither their files nor the program has changed since."""
        return {stack for stack, digest in self._read().items() if digest == self._digest(stack)}

    def add(self, stack: str) -> None:
        """Note a stack as proved."""
        self._write(self._read() | {stack: self._digest(stack)})

    def remove(self) -> None:
        """Forget all: the next rollout begins anew."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}

    def _write(self, done: dict[str, str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(done, indent=2), "utf-8")
        os.replace(new, self.path)

    def _digest(self, stack: str) -> str:
        """Of the stack's file, each file that a value in it names, the project's program and this package's files."""
        package = Path(str(resources.files("k8s_audit")))
        files = [self.project / "stacks" / f"Pulumi.{stack}.yaml", self.project / "Pulumi.yaml"]
        files += _named(files[0], self.project)
        files += [*self.project.glob("*.py"), *(file for end in SUFFIXES for file in package.rglob(f"*.{end}"))]
        total = sha256()
        for file in sorted(filter(Path.is_file, files)):
            total.update(f"{file.name}\0".encode() + file.read_bytes())
        return total.hexdigest()


def _named(stack_file: Path, project: Path) -> list[Path]:
    """The files that values of a stack's file name, such as an audit policy; none where it cannot be read."""
    try:
        values = [yaml.safe_load(stack_file.read_text("utf-8"))]
    except (OSError, ValueError, yaml.YAMLError):
        return []
    found: list[Path] = []
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values += value.values()
        elif isinstance(value, list):
            values += value
        elif isinstance(value, str) and value:
            with suppress(OSError, ValueError):  # no path: too long, or with a zero byte
                if (path := project / value).is_file():
                    found.append(path)
    return found
