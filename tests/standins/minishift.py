"""Stands in for MiniShift: its folder on this machine, and the command as far as it is asked. The machine is a real OpenSSH server with a real API server behind
it; what the command does there is `origin_master.py`'s. Each call is written down, to be looked at.
"""

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from tests.project import CHECKOUT
from tests.standins.origin_node import OriginNode
from tests.standins.ssh_node import DOCKER

NAME = "minishift"
COMMAND = """\
#!/bin/sh
echo "$*" >> "{folder}/calls"
case "$*" in
  version) echo "minishift v1.34.3+4b58f89" ;;
  "ip --profile {name}") echo 127.0.0.1 ;;
  "openshift restart --profile {name}") exec {restart} ;;
  *) echo "Error: not understood: $*" >&2; exit 1 ;;
esac
"""


@dataclass(frozen=True)
class Minishift:
    """What a test sees of it.

    Args:
        folder: MiniShift's own is `home` there.
        machine: the virtual machine.
    """

    folder: Path
    machine: OriginNode

    @classmethod
    def made(cls, folder: Path, machine: OriginNode, key: asyncssh.SSHKey) -> "Minishift":
        """One that runs."""
        made = cls(folder, machine)
        store = made.home / "machines" / NAME
        store.mkdir(parents=True)
        key.write_private_key(store / "id_rsa")
        driver = {"IPAddress": "192.168.42.1", "SSHUser": DOCKER, "SSHPort": machine.cp.node.port, "SSHKeyPath": ""}
        (store / "config.json").write_text(json.dumps({"DriverName": "kvm", "Driver": driver}))
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{machine.cp.node.port} {machine.cp.node.host_key}\n")
        script = str(CHECKOUT / "tests" / "standins" / "origin_master.py")
        restart = shlex.join(machine.cp.node.command(sys.executable, script, "minishift-restart"))
        (folder / "bin").mkdir()
        (folder / "bin" / NAME).write_text(COMMAND.format(folder=folder, name=NAME, restart=restart))
        (folder / "bin" / NAME).chmod(0o755)
        return made

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def variables(self, path: str) -> dict[str, str]:
        """The environment of a program that uses it."""
        return {"PATH": f"{self.folder / 'bin'}:{path}", "MINISHIFT_HOME": str(self.home)}
