"""`python -m tools.down STACK`: take back a local stack, whatever state it is in, and leave nothing of it."""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from k8s_audit.config.places import stack_folder
from k8s_audit.errors import K8sAuditError
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.receivers.recorder import Recorder

FAILED = 3


def main() -> None:
    """Destroy it by its state if there is one; then end what is recorded as started, and remove its folder."""
    parser = argparse.ArgumentParser(prog="python -m tools.down", description=__doc__)
    parser.add_argument("stack")
    stack: str = parser.parse_args().stack
    local = Path.cwd() / ".local"
    if _has_state(stack):
        _pulumi("cancel", "--yes", "--stack", stack)
        if _pulumi("destroy", "--yes", "--skip-preview", "--stack", stack):
            print(f"the state of {stack} could not be destroyed; its processes are ended and its files removed instead")
        _pulumi("stack", "rm", "--yes", "--force", "--preserve-config", "--stack", stack)
    folder = stack_folder(Path.cwd(), stack)
    try:
        LocalCluster(folder).delete()
        for config in (folder / "receivers").glob("*.config.json"):
            Recorder(folder / "receivers", config.name.removesuffix(".config.json")).delete()
    except K8sAuditError as error:
        print(error, file=sys.stderr)
        sys.exit(FAILED)
    shutil.rmtree(folder, ignore_errors=True)
    if not _stacks() and not [entry for entry in local.glob("*") if entry.name != "state"]:
        shutil.rmtree(local, ignore_errors=True)


def _stacks() -> list[str]:
    """The stacks of this checkout that the backend knows."""
    listed = subprocess.run(["pulumi", "stack", "ls", "--json"], capture_output=True, text=True)
    try:
        return [entry["name"].rpartition("/")[2] for entry in json.loads(listed.stdout)]
    except ValueError:
        return []


def _has_state(stack: str) -> bool:
    return stack in _stacks()


def _pulumi(*arguments: str) -> int:
    return subprocess.run(["pulumi", *arguments, "--non-interactive"]).returncode


if __name__ == "__main__":
    main()
