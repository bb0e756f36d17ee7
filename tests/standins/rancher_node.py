"""A server node of RKE2, K3s or MicroK8s that is reached over SSH: a real kube-apiserver and etcd, started by what stands in for its service."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import psutil

from tests.project import CHECKOUT
from tests.standins.ssh_control_plane import ControlPlaneNode, control_plane_node

UNITS = {"rke2": "rke2-server", "k3s": "k3s", "microk8s": "snap.microk8s.daemon-kubelite"}
PATIENCE = 60
"""Seconds until the API server of the service is ready; it takes about three."""


@dataclass(frozen=True)
class RancherNode:
    """A node and its distribution."""

    cp: ControlPlaneNode
    program: str

    @property
    def config(self) -> Path:
        """Its /etc/rancher/PROGRAM, as this machine sees it."""
        return self.cp.node.folder / "rancher" / self.program

    @property
    def drop_in(self) -> Path:
        return self.config / "config.yaml.d" / "99-k8s-audit.yaml"

    @property
    def state(self) -> Path:
        return self.cp.node.folder / "var" / "lib" / "stand-in"

    def settings(self, **changed: Any) -> None:
        """Change what stands in."""
        file = self.state / "settings.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changed))

    def do(self, verb: str) -> None:
        """`systemctl VERB` of the service; waits until it is ready."""
        options = ["--no-block"] if verb == "restart" else []
        subprocess.run(self.cp.node.command("systemctl", verb, *options, UNITS[self.program]), check=True)
        deadline = time.monotonic() + PATIENCE
        while verb == "restart" and not self.cp.ready():
            assert time.monotonic() < deadline, (self.state / "journal").read_text()[-2000:]
            time.sleep(0.1)

    def arguments(self) -> list[str]:
        """Of the API server that runs."""
        return psutil.Process(json.loads((self.state / "state.json").read_text())["api_server"]).cmdline()[1:]


@contextmanager
def rancher_node(
    folder: Path, key: asyncssh.SSHKey, program: str, certificates: Path | None = None
) -> Iterator[RancherNode]:
    """A server node.

    Args:
        folder: where all of it lies.
        key: the private key that logs in.
        program: `rke2`, `k3s` or `microk8s`.
        certificates: those of the cluster's first node; None: it is that.
    """
    script = CHECKOUT / "tests" / "standins" / "rancher_service.py"
    names = ("systemctl", "journalctl", "snap", program)
    programs = {name: f'#!/bin/sh\nexec "{sys.executable}" "{script}" {name} "$@"\n' for name in names}
    with control_plane_node(folder, key, certificates, programs) as cp:
        made = RancherNode(cp, program)
        port = f"--secure-port={cp.cluster.ports.api_server}"
        known: Any = psutil.process_iter(["name", "cmdline"])  # others end while they are asked
        running = next(p for p in known if p.info["name"] == "kube-apiserver" and port in (p.info["cmdline"] or []))
        base = list(running.info["cmdline"][1:])
        cp.manifest.rename(cp.node.kubernetes / "kube-apiserver.yaml")
        running.wait(PATIENCE)
        tls = cp.node.folder / "var" / "lib" / "rancher" / program / "server" / "tls"
        tls.mkdir(parents=True)
        pki = cp.node.kubernetes / "pki"
        shutil.copy(pki / "ca.crt", tls / "server-ca.crt")
        for end in ("crt", "key"):
            shutil.copy(pki / f"apiserver-kubelet-client.{end}", tls / f"client-admin.{end}")
        made.config.mkdir()
        made.state.mkdir()
        args = cp.node.folder / "var" / "snap" / "microk8s" / "1" / "args"
        args.mkdir(parents=True)
        (args.parent.parent / "current").symlink_to("1")
        (args / "kube-apiserver").write_text("# its own\n" + "\n".join(base) + "\n")
        known = {"program": program, "units": [UNITS[program]], "base": base, "command": "server", "version": "v1.34.4"}
        (made.state / "settings.json").write_text(
            json.dumps(known | {"api_server": shutil.which("kube-apiserver") or ""})
        )
        try:
            made.do("restart")
            yield made
        finally:
            made.do("stop")
