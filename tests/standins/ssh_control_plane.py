"""A real control plane inside a node that is reached over SSH: it lies in /etc/kubernetes there, as kubeadm lays it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

import asyncssh

from k8s_audit.local_cluster import LocalCluster, Ports
from tests.project import CHECKOUT, free_ports
from tests.standins.ssh_node import SshNode

INSIDE = """\
import sys
from pathlib import Path
from k8s_audit.local_cluster import LocalCluster, Ports
cluster = LocalCluster(Path("/etc/kubernetes"), Ports(*map(int, sys.argv[2:])))
getattr(cluster, sys.argv[1])()
"""


@dataclass(frozen=True)
class ControlPlaneNode:
    """A node and the control plane that runs in it."""

    node: SshNode
    cluster: LocalCluster
    """As this machine sees it: to be read, not to be changed."""

    @property
    def manifest(self) -> Path:
        return self.node.kubernetes / "manifests" / "kube-apiserver.yaml"

    def do(self, method: str) -> None:
        """Call a method of the cluster inside the node."""
        ports = [str(port) for port in astuple(self.cluster.ports)]
        command = self.node.command(sys.executable, "-c", INSIDE, method, *ports)
        environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "components")}
        subprocess.run(command, env=environment, check=True)

    def ready(self) -> bool:
        status = self.cluster.read()
        return bool(status and status.ready)


@contextmanager
def control_plane_node(
    folder: Path, key: asyncssh.SSHKey, certificates: Path | None = None, programs: dict[str, str] | None = None
) -> Iterator[ControlPlaneNode]:
    """A node with a control plane.

    Args:
        folder: where all of it lies.
        key: the private key that logs in.
        certificates: those of the control plane that this one belongs to; None: it is the first of its cluster.
        programs: scripts in its /usr/bin, by name.
    """
    ssh, *ports = free_ports(4)
    with SshNode(folder, ssh, key, programs=programs or {}) as node:
        made = ControlPlaneNode(node, LocalCluster(node.kubernetes, Ports(*ports)))
        if certificates:
            shutil.copytree(certificates, node.kubernetes / "pki")
        try:
            made.do("create")
            yield made
        finally:
            made.do("delete")
