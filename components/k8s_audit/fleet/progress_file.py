"""What a rollout has done so far, on disk, so that one that was stopped goes on where it was. Removed when all is proved."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from pathlib import Path

from k8s_audit.fleet.named_files import named_files
from k8s_audit.whole_file import write_whole

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
        """The stacks that are proved as they are now: neither a stack's file, nor a file or chart that it names, nor the program changed since."""
        program = self._program()
        return {stack for stack, digest in self._read().items() if digest and digest == self._digest(stack, program)}

    def add(self, stack: str) -> None:
        """Note a stack as proved."""
        self._write(self._read() | {stack: self._digest(stack, self._program())})

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
        write_whole(self.path, json.dumps(done, indent=2), 0o644)

    def _program(self) -> str:
        """The digest of the project's program and this package's files."""
        package = Path(str(resources.files("k8s_audit")))
        ours = [file for end in SUFFIXES for file in package.rglob(f"*.{end}")]
        return _sha256([self.project / "Pulumi.yaml", *self.project.glob("*.py"), *ours])

    def _digest(self, stack: str, program: str) -> str:
        """Of the stack's file, what the values in it name, and the program; empty where one of them cannot be read."""
        file = self.project / "stacks" / f"Pulumi.{stack}.yaml"
        named = [path for each in (file, self.project / "Pulumi.yaml") for path in named_files(each, self.project)]
        try:
            return sha256(f"{program}\0{_sha256([file, *named])}".encode()).hexdigest()
        except OSError:
            return ""


def _sha256(files: Sequence[Path]) -> str:
    total = sha256()
    for file in sorted(filter(Path.is_file, files)):
        total.update(f"{file.name}\0".encode() + file.read_bytes())
    return total.hexdigest()
