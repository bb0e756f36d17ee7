"""The runner that plays the kubelet: it runs what the manifests folder holds, as ordinary processes.

As a kubelet it reads every file that does not begin with a dot, restarts what changes, backs off from what crashes, and
ends the pod of a file that is gone or no longer a pod. It asks no probes. `kubelet.json` says what it runs; what a
runner before it left behind is ended first, nothing is adopted.
"""

import argparse
import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from k8s_audit.errors import ToolError
from k8s_audit.local_cluster import pod as pods
from k8s_audit.local_cluster.process import Identity, environment, read_json, try_lock, write_json

POLL = 0.2
"""Seconds between two looks at the manifests."""
GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""
BACKOFF_FIRST, BACKOFF_MOST = 1.0, 10.0
"""Seconds; a kubelet waits 10 s, doubling to 5 min:
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy"""
STEADY = 2 * BACKOFF_MOST
"""Seconds of running after which a crash counts as the first one."""
LOG_LIMIT = 10 * 1024 * 1024
"""Bytes after which a pod's next start begins a new log, as a kubelet does; one old one is kept."""
GATE = 'read -r go && exec "$@" </dev/null'
"""A child waits until it is recorded: if the runner is killed before that, the child ends by itself."""

STATUS, LOCK = "kubelet.json", ".kubelet.lock"


class StaticPod:
    """One file of the manifests folder and the process that it asks for."""

    def __init__(self, file: str, manifest: bytes, folder: Path) -> None:
        """Read the manifest; nothing is started.

        Args:
            file: its name in the manifests folder.
            manifest: its content.
            folder: the cluster's.
        """
        self.file, self.manifest, self.folder = file, manifest, folder
        self.name = file
        self.state, self.message = "waiting", ""
        self.restarts = 0
        self.pod: pods.Pod | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.identity: Identity | None = None
        self._next, self._backoff, self._since = 0.0, BACKOFF_FIRST, 0.0
        try:
            self.pod = pods.parse(manifest)
            self.name = self.pod.name
        except pods.ManifestError as error:
            self._say("invalid", f"{file}: {error}")

    def status(self) -> dict[str, Any]:
        """For `kubelet.json`."""
        identity = self.identity.record() if self.identity else {"pid": None, "startTime": None}
        status = {"state": self.state, "restarts": self.restarts, "message": self.message}
        return identity | status | {"file": self.file, "manifest": digest(self.manifest)}

    def start(self) -> bool:
        """Start the container's command behind its gate, if it is due; True if it waits there to be recorded."""
        if self.pod is None or self.process or time.monotonic() < self._next:
            return False
        try:
            command = pods.arguments(self.pod, pods.mounts(self.pod))
            program = shutil.which(os.path.basename(command[0]))
            if program is None:
                raise pods.RefusedError(f"there is no program {os.path.basename(command[0])} on the PATH")
            self._start([program, *command[1:]])
        except (ToolError, OSError) as error:
            self._say("refused", str(error))
            self._back_off()
            return False
        return True

    def open_gate(self) -> None:
        """Let the recorded child go."""
        if self.process is None or self.process.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError), self.process.stdin as gate:
            gate.write(b"go\n")
        self.state, self.message = "running", ""

    def reap(self) -> None:
        """Notice that the process has ended."""
        if self.process is None or (code := self.process.poll()) is None:
            return
        how = f"ended with {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
        if time.monotonic() - self._since > STEADY:
            self._backoff = BACKOFF_FIRST
        self.process = self.identity = None
        self.restarts += 1
        self._back_off()
        self._say("waiting", f"{self.name} {how}; starts again in {self._next - time.monotonic():.0f} s")

    def stop(self, why: str) -> None:
        """End the process: SIGTERM, then SIGKILL after the grace period."""
        if self.process:
            self._log(f"stopped: {why}")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._log(f"did not end within {GRACE:.0f} s and was killed")
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)  # what the container's first process left behind goes too
            self.process.wait()
        self.process = self.identity = None

    def refuse(self, why: str) -> None:
        """Do not start it now."""
        self._say("refused", why)

    def _start(self, command: list[str]) -> None:
        assert self.pod
        self._log(f"start {self.restarts + 1} of {self.name} from {self.file}")
        with open(self._log_file(), "ab") as log:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", GATE, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=environment(self.pod.environment),
                start_new_session=True,
            )
        self.identity = Identity.of(self.process.pid)
        self._since = time.monotonic()

    def _back_off(self) -> None:
        self._next = time.monotonic() + self._backoff
        self._backoff = min(2 * self._backoff, BACKOFF_MOST)

    def _say(self, state: str, message: str) -> None:
        if (state, message) != (self.state, self.message):
            self._log(f"{state}: {message}")
        self.state, self.message = state, message

    def _log_file(self) -> Path:
        return self.folder / "logs" / f"{self.name}.log"

    def _log(self, text: str) -> None:
        file = self._log_file()
        with contextlib.suppress(OSError):
            if not self.process and file.exists() and file.stat().st_size > LOG_LIMIT:
                file.rename(file.with_suffix(".log.1"))
            with open(file, "a") as log:
                log.write(f"--- {datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} kubelet: {text}\n")


class Kubelet:
    """Keeps the processes as the manifests folder says.

    Args:
        folder: the cluster's; the manifests lie in `manifests/`, the logs in `logs/`.
    """

    def __init__(self, folder: Path) -> None:
        """Nothing is started yet."""
        self.folder = folder
        self.pods: dict[str, StaticPod] = {}
        self._written: Mapping[str, Any] = {}

    def run(self, stop: Event) -> None:
        """Work until told to stop, or the folder is gone; then end all pods, the last started first."""
        me = Identity.of(os.getpid())
        assert me
        end_recorded(self.folder)
        try:
            while not stop.is_set() and self.folder.is_dir():
                self._look()
                for pod in self.pods.values():
                    pod.reap()
                    if self._name_is_taken(pod):
                        pod.refuse(f"{pod.file}: the pod {pod.name} runs from another file")
                    elif pod.start():
                        self._let_go(pod, me)
                with contextlib.suppress(OSError):  # a full disk: again at the next look
                    self._write(me)
                stop.wait(POLL)
        finally:
            for pod in reversed(self.pods.values()):
                pod.stop("the kubelet ends")
            with contextlib.suppress(OSError):
                (self.folder / STATUS).unlink()

    def _let_go(self, pod: StaticPod, me: Identity) -> None:
        try:
            self._write(me)
        except OSError as error:
            pod.stop("it could not be recorded")
            pod.refuse(f"{STATUS} cannot be written: {error.strerror}")
        else:
            pod.open_gate()

    def _look(self) -> None:
        found = read_manifests(self.folder / "manifests")
        for file, pod in list(self.pods.items()):
            if found.get(file) != pod.manifest:
                pod.stop(f"{file} {'has changed' if file in found else 'is gone'}")
                del self.pods[file]
        for file in sorted(found.keys() - self.pods.keys()):
            self.pods[file] = StaticPod(file, found[file], self.folder)

    def _name_is_taken(self, pod: StaticPod) -> bool:
        others = (other for other in self.pods.values() if other is not pod)
        return pod.process is None and any(other.process and other.name == pod.name for other in others)

    def _write(self, me: Identity) -> None:
        pods_by_name: dict[str, Any] = {}
        for pod in sorted(self.pods.values(), key=lambda pod: pod.process is None):
            key = pod.name if pod.name not in pods_by_name else f"{pod.name} from {pod.file}"
            pods_by_name[key] = pod.status()
        status = me.record() | {"pods": pods_by_name}
        if status != self._written and self.folder.is_dir():
            write_json(self.folder / STATUS, status)
            self._written = status


def read_manifests(folder: Path) -> dict[str, bytes]:
    """Every file of a manifests folder by name, as a kubelet reads it: not those with a dot first, no subfolders.

    https://github.com/kubernetes/kubernetes/blob/v1.34.4/pkg/kubelet/config/file.go
    """
    found: dict[str, bytes] = {}
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                if not path.name.startswith(".") and path.is_file():
                    found[path.name] = path.read_bytes()
    return found


def digest(manifest: bytes) -> str:
    """By which `kubelet.json` says what a pod was started from."""
    return hashlib.sha256(manifest).hexdigest()


def recorded(folder: Path) -> dict[str, Identity]:
    """The pods' processes that `kubelet.json` names and that still run."""
    listed = read_json(folder / STATUS).get("pods")
    found = {name: Identity.from_record(record) for name, record in listed.items()} if isinstance(listed, dict) else {}
    return {name: identity for name, identity in found.items() if identity and identity.running}


def end_recorded(folder: Path) -> None:
    """End what a killed runner left behind, the last started first."""
    for name, identity in reversed(recorded(folder).items()):
        if not identity.end(GRACE):
            raise ToolError(f"could not end {name} (pid {identity.pid}), which an earlier run had started")


def main() -> None:
    """Run until SIGTERM; end at once if another runner holds the folder."""
    parser = argparse.ArgumentParser(prog="python -m k8s_audit.local_cluster.kubelet", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the cluster's folder")
    folder: Path = parser.parse_args().folder.absolute()
    stop = Event()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    (folder / "logs").mkdir(exist_ok=True)
    held = try_lock(folder / LOCK)
    if held is None:
        parser.exit(1, f"another runner works in {folder}\n")
    with held:
        Kubelet(folder).run(stop)


if __name__ == "__main__":
    main()
