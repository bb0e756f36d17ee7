"""Stands in for the docker command, as far as kind asks it before kubeadm runs: nodes are folders, and no container is started.

What kind asks: https://github.com/kubernetes-sigs/kind/tree/v0.33.0/pkg/cluster/internal/providers/docker. `kubeadm init` fails here, so that
kind ends; what it wrote into each node stays.
"""

import json
import os
import sys
from pathlib import Path

STATE = "DOCKER_STANDIN"
"""The variable that names the folder of its state."""
ANSWERS = {
    "-v": "Docker version 28.0.0",
    "info --format {{json .}}": json.dumps(
        {"CgroupVersion": "2", "MemoryLimit": True, "PidsLimit": True, "CPUShares": True}
    ),
    "info -f {{.Driver}}": "overlay2",
    "info -f {{json .DriverStatus }}": '[["Backing Filesystem","extfs"]]',
    "network ls": "0123456789ab",
}
ROLE, ADDRESS = "io.x-k8s.kind.role", "{{range .NetworkSettings.Networks}}"


class Docker:
    """What a test sees of it.

    Args:
        folder: of its state.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def made(cls, folder: Path, kubernetes: str) -> "Docker":
        """One whose node images have a version of Kubernetes."""
        (folder / "bin").mkdir(parents=True)
        (folder / "version").write_text(kubernetes)
        script = folder / "bin" / "docker"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{__file__}" "$@"\n')
        script.chmod(0o755)
        return cls(folder)

    def variables(self) -> dict[str, str]:
        """What finds it."""
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            STATE: str(self.folder),
            "HOME": str(self.folder),
        }

    def run(self, node: str) -> list[str]:
        """The arguments with which a node was started."""
        return (self.folder / node / "run").read_text().splitlines()

    def file(self, node: str, path: str) -> str:
        """A file that was written into a node."""
        return (self.folder / node / path.strip("/").replace("/", "_")).read_text()


def main(folder: Path, words: list[str]) -> int:
    call = " ".join(words)
    answer = next((text for begin, text in ANSWERS.items() if call.startswith(begin)), None)
    if answer is not None:
        print(answer)
    elif words[0] == "run":
        node = folder / words[words.index("--name") + 1]
        node.mkdir()
        (node / "run").write_text("\n".join(words))
    elif words[0] == "ps":
        sys.stdout.writelines(f"{run.parent.name}\n" for run in sorted(folder.glob("*/run")))
    elif words[0] == "logs":
        print("Reached target Multi-User System.", flush=True)
    elif words[0] == "inspect" and ROLE in call:
        label = next(word for word in (folder / words[-1] / "run").read_text().splitlines() if word.startswith(ROLE))
        print(label.partition("=")[2])
    elif words[0] == "inspect" and ADDRESS in call:
        print("172.18.0.2,")
    elif words[0] == "exec":
        return _execute(folder, [word for word in words[1:] if word not in ("--privileged", "-i")])
    return 0


def _execute(folder: Path, words: list[str]) -> int:
    node, command = folder / words[0], words[1:]
    if command == ["cat", "/kind/version"]:
        print((folder / "version").read_text())
    elif command[:2] == ["cp", "/dev/stdin"]:
        (node / command[2].strip("/").replace("/", "_")).write_text(sys.stdin.read())
    return int(command[0] == "kubeadm")


if __name__ == "__main__":
    sys.exit(main(Path(os.environ[STATE]), sys.argv[1:]))
