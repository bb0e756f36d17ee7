"""A master of OpenShift 3.11, or MiniShift's virtual machine, that is reached over SSH: a real kube-apiserver and etcd, started by what stands in for its kubelet."""

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

PATIENCE = 60
"""Seconds until the API server is ready; it takes about three."""
WORDS = {"openshift": ["start", "master", "api"], "hypershift": ["openshift-kube-apiserver"]}
MASTER_CONFIG = """\
# The installer wrote this; the operators added to it.
kind: MasterConfig
apiVersion: v1
authConfig:
  requestHeader:
    clientCA: front-proxy-ca.crt
    clientCommonNames:
    - aggregator-front-proxy
    usernameHeaders: [X-Remote-User]
corsAllowedOrigins:
  - (?i)//127\\.0\\.0\\.1(:|\\z)   # anchored
kubernetesMasterConfig:
  apiServerArguments:
    # tuned by hand
    event-ttl:
    - "2h"
  controllerArguments: null
  servicesSubnet: 172.30.0.0/16
oauthConfig:
  masterCA: ca-bundle.crt
  identityProviders:
  - challenge: true
    name: "htpasswd_auth"
    provider: {apiVersion: v1, kind: HTPasswdPasswordIdentityProvider, file: /etc/origin/master/htpasswd}
serviceAccountConfig:
  masterCA: ca-bundle.crt
servingInfo:
  bindAddress: 0.0.0.0:8443
  clientCA: ca.crt
  requestTimeoutSeconds: 3600   # an hour
# end of what the installer wrote
"""
"""Made up, in the manners of the installer: lists at two indents, comments, quotes."""


@dataclass(frozen=True)
class OriginNode:
    """A node and its control plane.

    Args:
        cp: the node, and the control plane that was there before: its etcd and certificates.
        folder: of master-config.yaml, as this machine sees it.
    """

    cp: ControlPlaneNode
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "master-config.yaml"

    @property
    def state(self) -> Path:
        return self.cp.node.folder / "var" / "lib" / "stand-in"

    def settings(self, **changed: Any) -> None:
        """Change what stands in."""
        file = self.state / "settings.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changed))

    def do(self, name: str) -> None:
        """Have the stand-in do something; after a start wait until it is ready."""
        script = str(CHECKOUT / "tests" / "standins" / "origin_master.py")
        subprocess.run(self.cp.node.command(sys.executable, script, name), check=True)
        deadline = time.monotonic() + PATIENCE
        while name == "start" and not self.cp.ready():
            assert time.monotonic() < deadline, (self.state / "log").read_text()[-2000:]
            time.sleep(0.1)

    def arguments(self) -> list[str]:
        """Of the API server that runs."""
        return psutil.Process(json.loads((self.state / "state.json").read_text())["api_server"]).cmdline()[1:]


@contextmanager
def origin_node(
    folder: Path,
    key: asyncssh.SSHKey,
    program: str = "openshift",
    certificates: Path | None = None,
    inside: str = "/etc/origin/master",
) -> Iterator[OriginNode]:
    """A node.

    Args:
        folder: where all of it lies.
        key: the private key that logs in.
        program: `openshift`, or MiniShift's `hypershift`.
        certificates: those of the cluster's first node; None: it is that.
        inside: where the API server has the folder of its configuration; nodes here share one table of processes, which this tells apart.
    """
    script = CHECKOUT / "tests" / "standins" / "origin_master.py"
    names = ("docker", "master-restart") if program == "openshift" else ("docker",)
    programs = {name: f'#!/bin/sh\nexec "{sys.executable}" "{script}" {name} "$@"\n' for name in names}
    with control_plane_node(folder, key, certificates, programs) as cp:
        port = f"--secure-port={cp.cluster.ports.api_server}"
        known: Any = psutil.process_iter(["name", "cmdline"])  # others end while they are asked
        running = next(p for p in known if p.info["name"] == "kube-apiserver" and port in (p.info["cmdline"] or []))
        base = list(running.info["cmdline"][1:])
        cp.manifest.rename(cp.node.kubernetes / "kube-apiserver.yaml")
        running.wait(PATIENCE)
        outside = "/var/lib/minishift/base/kube-apiserver" if program == "hypershift" else inside
        real = cp.node.folder / outside.removeprefix("/").removeprefix("etc/")
        real.mkdir(parents=True)
        made = OriginNode(cp, real)
        made.config.write_text(MASTER_CONFIG)
        made.config.chmod(0o644)
        shutil.copy(cp.node.kubernetes / "pki" / "ca.crt", real / "ca-bundle.crt")
        made.state.mkdir()
        (made.state / program).symlink_to(Path(sys.executable).resolve())
        paths = {key: f"{at}/master-config.yaml" for key, at in (("file", outside), ("inside", inside))}
        known = {
            "program": program,
            "words": WORDS[program],
            "base": base,
            "api_server": shutil.which("kube-apiserver"),
        }
        (made.state / "settings.json").write_text(json.dumps(known | paths))
        try:
            made.do("start")
            yield made
        finally:
            made.do("stop")
