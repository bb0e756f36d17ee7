"""Stands in for minikube with driver docker: its folder on this machine, the docker command as far as it is asked, and `minikube start`.

The node is a real OpenSSH server with a real API server behind it. A start puts files and flags on it as minikube 1.36 does: first all of `files/`
(pkg/minikube/machine/filesync.go), then the manifest by the real kubeadm, with the profile's `ExtraOptions` (restartPrimaryControlPlane in
pkg/minikube/bootstrapper/kubeadm/kubeadm.go). It waits for no API server, and deletes nothing where none comes.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import yaml

from tests.standins.ssh_control_plane import ControlPlaneNode

NAME = "minikube"
DOCKER = """\
#!/bin/sh
echo "$*" >> "{folder}/docker-calls"
case "$*" in
  --version) echo "Docker version 28.0.0, build 0" ;;
  "port {name} 22/tcp") echo "127.0.0.1:{port}" ;;
  "exec {name} cat /etc/ssh/ssh_host_ed25519_key.pub") echo "{key} root@{name}" ;;
  *) echo "Error: not understood: $*" >&2; exit 1 ;;
esac
"""
USERS = {"Component": "kubelet", "Key": "max-pods", "Value": "a<b>&c"}
"""An option of the user's, with the characters that Go escapes."""


@dataclass(frozen=True)
class Minikube:
    """What a test sees of it.

    Args:
        folder: minikube's own is `.minikube` there.
        cp: the node.
    """

    folder: Path
    cp: ControlPlaneNode

    @classmethod
    def made(cls, folder: Path, cp: ControlPlaneNode, key: asyncssh.SSHKey) -> "Minikube":
        """A cluster that runs."""
        made = cls(folder, cp)
        for part in ("bin", f".minikube/profiles/{NAME}", f".minikube/machines/{NAME}", ".minikube/files/etc"):
            (folder / part).mkdir(parents=True)
        key.write_private_key(made.home / "machines" / NAME / "id_rsa")
        (made.home / "files" / "etc" / "motd").write_text("the user's own\n")
        script = DOCKER.format(folder=folder, name=NAME, port=cp.node.port, key=cp.node.host_key)
        (folder / "bin" / "docker").write_text(script)
        (folder / "bin" / "docker").chmod(0o755)
        node = {
            "Name": "",
            "IP": "127.0.0.1",
            "Port": cp.cluster.ports.api_server,
            "ControlPlane": True,
            "Worker": True,
        }
        made.write({"Name": NAME, "Driver": "docker", "KubernetesConfig": {"ExtraOptions": [USERS]}, "Nodes": [node]})
        return made

    @property
    def home(self) -> Path:
        return self.folder / ".minikube"

    @property
    def profile(self) -> Path:
        return self.home / "profiles" / NAME / "config.json"

    def write(self, profile: Any) -> None:
        """Write the profile as Go does."""
        text = json.dumps(profile, indent="\t")
        self.profile.write_text(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))

    def options(self) -> dict[str, str]:
        """The API server's, of the profile."""
        options = json.loads(self.profile.read_text())["KubernetesConfig"]["ExtraOptions"]
        return {one["Key"]: one["Value"] for one in options if one["Component"] == "apiserver"}

    def kept(self) -> list[str]:
        """The files that each start puts on the node."""
        files = self.home / "files"
        return sorted(str(path.relative_to(files)) for path in files.rglob("*") if path.is_file())

    def variables(self, path: str) -> dict[str, str]:
        """The environment of a program that uses it."""
        return {"PATH": f"{self.folder / 'bin'}:{path}", "MINIKUBE_HOME": str(self.folder)}

    def start(self) -> None:
        """`minikube start`."""
        node = self.cp.node
        shutil.copytree(self.home / "files" / "etc" / "ssl" / "certs", node.folder / "certificates", dirs_exist_ok=True)
        configuration = list(yaml.safe_load_all((node.kubernetes / "kubeadm.yaml").read_text()))
        configuration[1]["apiServer"]["extraArgs"] += [
            {"name": key, "value": self.options()[key]} for key in self.options()
        ]
        (node.folder / "var" / "kubeadm.yaml").write_text(yaml.safe_dump_all(configuration))
        phase = ["kubeadm", "init", "phase", "control-plane", "apiserver", "--config", "/var/kubeadm.yaml"]
        subprocess.run(node.command(*phase), check=True, capture_output=True)
