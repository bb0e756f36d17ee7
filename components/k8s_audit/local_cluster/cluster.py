"""A control plane of etcd and kube-apiserver in a folder, made by kubeadm itself, without root or a container engine.

kubeadm writes the certificates, the admin kubeconfig and the static-pod manifests; `kubelet.py` runs them. Each file is
made aside and moved into its place, so that an interrupted create leaves nothing half-written for the next one.
Deliberately not here: auditing, a scheduler, nodes.
"""

import contextlib
import http.client
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import psutil

from k8s_audit.errors import ToolError
from k8s_audit.local_cluster import admins, kubelet
from k8s_audit.local_cluster.ports import LOOPBACK, Ports, refuse_taken
from k8s_audit.local_cluster.process import Identity, environment, last_lines, lock, read_json, start_detached, try_lock

TOOLS = ("kubeadm", "etcd", "kube-apiserver")
NODE = "local"
ADDRESS = "192.0.2.10"
"""kubeadm takes no loopback address to advertise; this one is for documentation and never reached (RFC 5737)."""
READY_TIMEOUT = 90.0
"""Seconds; a ready API server usually takes three to six."""
KUBEADM_TIMEOUT = 60.0
"""Seconds for one phase, which usually takes one."""
CRASHES = 3
"""So many ends of one pod and a create no longer waits."""
OWN = (
    "manifests",
    "pki",
    "etcd",
    "logs",
    "admin.conf",
    "super-admin.conf",
    "kubeadm.yaml",
    kubelet.STATUS,
    kubelet.LOCK,
)
"""What a create makes in the folder and a delete takes away."""
OK = 200


@dataclass(frozen=True)
class ClusterStatus:
    """What is there now.

    Args:
        api_server: its URL.
        kubeconfig: the path of the administrator's.
        ready: whether the API server says so itself.
        running: whether the runner and all of its pods run.
        pids: the pid of each pod that runs.
        messages: why a pod does not run.
    """

    api_server: str
    kubeconfig: str
    ready: bool
    running: bool
    pids: dict[str, int] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)


class LocalCluster:
    """One control plane in one folder.

    Args:
        folder: its folder; other rooms may keep theirs beside what is made here.
        ports: on 127.0.0.1.
        name: the cluster's.
    """

    def __init__(self, folder: Path, ports: Ports | None = None, name: str = "local") -> None:
        """Nothing is touched yet."""
        self.folder = Path(os.path.abspath(folder))
        self.ports = ports or Ports()
        self.name = name
        self.api_server = f"https://{LOOPBACK}:{self.ports.api_server}"
        self.kubeconfig = self.folder / "admin.conf"
        self.super_admin = self.folder / "super-admin.conf"
        self.manifests = self.folder / "manifests"

    def create(self, stop: Event | None = None, timeout: float = READY_TIMEOUT) -> ClusterStatus:
        """Make what is missing, start what does not run, and wait until the API server is ready.

        What is there already stays as it is, edited manifests included; only another folder, name or port makes kubeadm
        write kubeconfig and manifests anew.

        Args:
            stop: ends the wait.
            timeout: seconds to wait for the API server.

        Raises:
            ToolError: a program is missing, a port is taken, kubeadm refuses, or the API server does not become ready.
        """
        missing = [tool for tool in TOOLS if not shutil.which(tool)]
        if missing:
            raise ToolError(
                f"not on the PATH: {', '.join(missing)}; run `make setup` and put the folder that"
                " `make -s tools-path` prints on the PATH"
            )
        with _folder_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with lock(self.folder / ".lock"):
                if self._runner() is None:
                    kubelet.end_recorded(self.folder)
                refuse_taken(self.ports.by_key(), self._own_pids)
                self._make()
                if self._runner() is None:
                    self._start_runner()
        status = self._wait_until_ready(stop or Event(), timeout)
        admins.bind(self.super_admin)
        return status

    def read(self) -> ClusterStatus | None:
        """What is there now; None if there is no cluster in the folder."""
        files = (self.kubeconfig, *(self.manifests / f"{pod}.yaml" for pod in ("etcd", "kube-apiserver")))
        if not any(file.exists() for file in files):
            return None
        identities = kubelet.recorded(self.folder)
        pods = read_json(self.folder / kubelet.STATUS).get("pods", {})
        up = self._runner() is not None and self._is_current(pods)
        return ClusterStatus(
            api_server=self.api_server,
            kubeconfig=str(self.kubeconfig),
            ready=self._readyz() == OK,
            running=up and {"etcd", "kube-apiserver"} <= identities.keys() and identities.keys() == pods.keys(),
            pids={name: identity.pid for name, identity in identities.items()},
            messages={name: pod["message"] for name, pod in pods.items() if pod.get("message")},
        )

    def delete(self) -> None:
        """End the processes that were recorded as started and remove what was made; nothing there is fine.

        Raises:
            ToolError: a process could not be ended; then no file is removed.
        """
        if not self.folder.is_dir():
            return
        with _folder_errors(self.folder), lock(self.folder / ".lock"):
            self._end_runner()
            kubelet.end_recorded(self.folder)
            for name in OWN:
                path = self.folder / name
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            self._remove_leftovers()
            (self.folder / ".lock").unlink()
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _is_current(self, pods: dict[str, Any]) -> bool:
        """Whether the runner has seen the manifests as they are now."""
        files = {file: kubelet.digest(content) for file, content in kubelet.read_manifests(self.manifests).items()}
        return files == {pod["file"]: pod["manifest"] for pod in pods.values()}

    def _own_pids(self) -> set[int]:
        """The pods' processes; those too that the runner has just started and not recorded yet."""
        runner = self._runner()
        if runner is None:
            return set()
        with contextlib.suppress(psutil.Error):
            started = {child.pid for child in psutil.Process(runner.pid).children()}
            return started | {identity.pid for identity in kubelet.recorded(self.folder).values()}
        return set()

    def _runner(self) -> Identity | None:
        identity = Identity.from_record(read_json(self.folder / kubelet.STATUS))
        return identity if identity and identity.running else None

    def _start_runner(self) -> None:
        (self.folder / "logs").mkdir(exist_ok=True)
        log = self.folder / "logs" / "kubelet.log"
        started = start_detached("k8s_audit.local_cluster.kubelet", ["--folder", str(self.folder)], log, self.folder)
        while started and started.running:
            if self._runner() == started:
                return
            time.sleep(kubelet.POLL / 4)
        raise ToolError("\n".join(["the kubelet's runner ended at once:", *last_lines(log)]))

    def _end_runner(self) -> None:
        """End the recorded runner, and wait for one that has just been started and is not recorded yet."""
        deadline = time.monotonic() + 30
        while (free := try_lock(self.folder / kubelet.LOCK)) is None:
            if runner := self._runner():
                runner.end(grace=4 * kubelet.GRACE)
            elif time.monotonic() > deadline:
                raise ToolError(f"a runner that is not recorded holds {self.folder / kubelet.LOCK}; end it by hand")
            time.sleep(kubelet.POLL / 4)
        free.close()

    def _make(self) -> None:
        """Have kubeadm write what is missing."""
        configuration = self.folder / "kubeadm.yaml"
        wanted = self._configuration(self.folder / "pki")
        anew = not configuration.exists() or _unversioned(configuration.read_text()) != _unversioned(wanted)
        outputs = [
            self.kubeconfig,
            self.super_admin,
            self.manifests / "etcd.yaml",
            self.manifests / "kube-apiserver.yaml",
        ]
        if not anew and (self.folder / "pki").is_dir() and all(output.exists() for output in outputs):
            return
        self._remove_leftovers()
        aside = Path(tempfile.mkdtemp(prefix=".making-", dir=self.folder))
        file = aside / "kubeadm.yaml"
        if not (self.folder / "pki").is_dir():
            file.write_text(self._configuration(aside / "pki"))
            self._kubeadm(aside, "certs", "all", "--config", str(file))
            (aside / "pki").rename(self.folder / "pki")
        file.write_text(wanted)
        for user in ("admin", "super-admin"):
            self._kubeadm(aside, "kubeconfig", user, "--kubeconfig-dir", str(aside), "--config", str(file))
        for phase in (("etcd", "local"), ("control-plane", "apiserver")):
            self._kubeadm(aside, *phase, "--dry-run", "--config", str(file))
        self.manifests.mkdir(mode=0o700, exist_ok=True)
        (self.folder / "etcd").mkdir(mode=0o700, exist_ok=True)
        for output in outputs:
            if anew or not output.exists():
                (aside / output.name).rename(output)
        file.rename(configuration)  # last: it says that the others are of these ports
        self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        for leftover in self.folder.glob(".making-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def _kubeadm(self, output: Path, *phase: str) -> str:
        """Run one phase; manifests go to `output` (https://github.com/kubernetes/kubernetes, kubeadm's constants.go)."""
        return _run("kubeadm", "init", "phase", *phase, KUBEADM_INIT_DRYRUN_DIR=str(output))

    def _configuration(self, certificates: Path) -> str:
        """kubeadm's: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/."""
        version = _run("kubeadm", "version", "--output", "short").strip()
        client, peer = (f"https://{LOOPBACK}:{port}" for port in (self.ports.etcd, self.ports.etcd_peer))
        return CONFIGURATION.format(
            version=version,
            name=json.dumps(self.name),
            node=NODE,
            address=ADDRESS,
            loopback=LOOPBACK,
            port=self.ports.api_server,
            certificates=json.dumps(str(certificates)),
            data=json.dumps(str(self.folder / "etcd")),
            client=client,
            peer=peer,
        )

    def _wait_until_ready(self, stop: Event, timeout: float) -> ClusterStatus:
        deadline = time.monotonic() + timeout
        while True:
            status = self.read()
            if status and status.ready and status.running:
                return status
            why = ""
            pods = read_json(self.folder / kubelet.STATUS).get("pods", {})
            for name, pod in pods.items() if self._is_current(pods) else ():
                if pod["state"] in ("refused", "invalid") or pod["restarts"] >= CRASHES:
                    why = f"{name}: {pod['message'] or pod['state']}"
            if self._runner() is None:
                why = "the kubelet's runner has ended"
            if stop.is_set():
                why = "it was told to stop"
            elif not why and time.monotonic() > deadline:
                why = f"{self.api_server}/readyz did not say ok within {timeout:.0f} s"
            if why:
                log = self.folder / "logs" / "kube-apiserver.log"
                raise ToolError("\n".join([f"the local API server is not ready: {why}", f"{log}:", *last_lines(log)]))
            stop.wait(kubelet.POLL / 2)

    def _readyz(self) -> int:
        """The status of GET /readyz; 0 if nothing answers. Without a proxy, whatever the environment says."""
        pki = self.folder / "pki"
        try:
            context = ssl.create_default_context(cafile=pki / "ca.crt")
            context.load_cert_chain(pki / "apiserver-kubelet-client.crt", pki / "apiserver-kubelet-client.key")
            connection = http.client.HTTPSConnection(LOOPBACK, self.ports.api_server, timeout=5, context=context)
            with contextlib.closing(connection):
                connection.request("GET", "/readyz")
                return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0


def _run(*command: str, **variables: str) -> str:
    """Run a program in the least environment, so that no proxy of the user's gets into a manifest."""
    try:
        done = subprocess.run(
            command, env=environment(variables), capture_output=True, text=True, timeout=KUBEADM_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{' '.join(command[:5])}: {error}") from None
    if done.returncode:
        raise ToolError("\n".join([f"{' '.join(command[:5])} failed:", *done.stderr.strip().splitlines()[-5:]]))
    return done.stdout


def _unversioned(configuration: str) -> list[str]:
    """A newer kubeadm alone is no reason to write manifests anew."""
    return [line for line in configuration.splitlines() if not line.startswith("kubernetesVersion:")]


@contextlib.contextmanager
def _folder_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ToolError(f"local cluster in {folder}: {error.filename or folder}: {error.strerror or error}") from None


CONFIGURATION = """\
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {{advertiseAddress: {address}, bindPort: {port}}}
nodeRegistration: {{name: {node}}}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: {name}
kubernetesVersion: {version}
controlPlaneEndpoint: {loopback}:{port}
certificatesDir: {certificates}
apiServer:
  certSANs: [{loopback}, localhost]
  extraArgs:
  - {{name: bind-address, value: {loopback}}}
  - {{name: etcd-servers, value: "{client}"}}
etcd:
  local:
    dataDir: {data}
    extraArgs:
    - {{name: advertise-client-urls, value: "{client}"}}
    - {{name: initial-advertise-peer-urls, value: "{peer}"}}
    - {{name: initial-cluster, value: "{node}={peer}"}}
    - {{name: listen-client-urls, value: "{client}"}}
    - {{name: listen-metrics-urls, value: ""}}
    - {{name: listen-peer-urls, value: "{peer}"}}
"""
