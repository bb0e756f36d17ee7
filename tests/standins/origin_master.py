"""Stands in for the control plane of OpenShift 3.11 on a master, or in MiniShift's virtual machine: its kubelet, its API server, and what restarts and shows that.

As there: the API server reads master-config.yaml when it starts, and ends where that is no good; OpenShift's makes its audit backends of `auditConfig` alone
(pkg/cmd/openshift-apiserver/openshiftapiserver/configprocessing/audit.go of v3.11.0), waits for the webhook within each request, and writes no event to a log
without a format; MiniShift's is started with `apiServerArguments` (pkg/cmd/openshift-kube-apiserver/openshiftkubeapiserver/flags.go). The kubelet starts it again when
it ends. `master-restart` stops its container and waits, `minishift openshift restart` stops it and restarts the kubelet, and fails where none runs
(pkg/minishift/openshift/openshift.go). Other than there: no container, so paths below the configuration's folder are led to where that lies; the API server is a kube-apiserver of today
with kubeadm's arguments, to which the policy goes as `v1`; a kubelet's containers end with it; the rest of OpenShift is missing. Its settings are in SETTINGS.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HOME = Path("/var/lib/stand-in")
SETTINGS, STATE, LOG = HOME / "settings.json", HOME / "state.json", HOME / "log"
PAUSE = 1.0
"""Seconds before a container is started again; the real kubelet doubles them up to five minutes."""
PR_SET_PDEATHSIG = 1
FIELDS = {
    "auditFilePath": "audit-log-path",
    "maximumFileRetentionDays": "audit-log-maxage",
    "maximumRetainedFiles": "audit-log-maxbackup",
    "maximumFileSizeMegabytes": "audit-log-maxsize",
    "webHookKubeConfig": "audit-webhook-config-file",
}


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def write(state: dict[str, Any]) -> None:
    (HOME / "new").write_text(json.dumps(state))
    (HOME / "new").rename(STATE)


class InvalidError(Exception):
    """What the API server ends with."""


def outside(path: str) -> str:
    settings = read(SETTINGS)
    inside, folder = (os.path.dirname(settings[key]) for key in ("inside", "file"))
    return path.replace(inside, folder, 1) if path.startswith(f"{inside}/") else path


def policy(path: str) -> str:
    """The policy as the API server of today takes it."""
    import yaml

    found = yaml.safe_load(Path(outside(path)).read_text())
    if found.get("apiVersion") != "audit.k8s.io/v1beta1" or not found.get("rules"):
        raise InvalidError(f"policyFile {path}: no rules of audit.k8s.io/v1beta1")
    (HOME / "policy.yaml").write_text(yaml.safe_dump(found | {"apiVersion": "audit.k8s.io/v1"}))
    return str(HOME / "policy.yaml")


def of_audit_config(section: dict[str, Any]) -> list[str]:
    if not section.get("enabled"):
        return []
    if section.get("policyConfiguration") and section.get("policyFile"):
        raise InvalidError("auditConfig.policyFile: both policyFile and policyConfiguration cannot be specified")
    flags = [f"--{flag}={outside(str(section[field]))}" for field, flag in FIELDS.items() if section.get(field)]
    if section.get("webHookKubeConfig"):
        flags.append("--audit-webhook-mode=blocking")
    if section.get("policyFile"):
        if section.get("auditFilePath") and section.get("logFormat") != "json":
            raise InvalidError("the stand-in writes events as json alone")
        return [*flags, f"--audit-policy-file={policy(section['policyFile'])}"]
    return []


def of_arguments(given: dict[str, list[str]]) -> list[str]:
    flags = []
    for name, values in given.items():
        if not isinstance(values, list):
            raise InvalidError(f"{name}: no list")
        if name.startswith("audit-"):
            flags += [f"--{name}={policy(v) if name == 'audit-policy-file' else outside(v)}" for v in values]
    return flags


LIBC = ctypes.CDLL(None)


def with_its_parent() -> None:
    """Has a process end with the one that starts it."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def serve() -> int:
    """The API server's own process, as it is seen on the host."""
    import yaml

    settings = read(SETTINGS)
    config = yaml.safe_load(Path(settings["file"]).read_text())
    try:
        if settings["program"] == "openshift":
            flags = of_audit_config(config.get("auditConfig") or {})
        else:
            flags = of_arguments((config.get("kubernetesMasterConfig") or {}).get("apiServerArguments") or {})
        if settings.get("refuses") and any(settings["refuses"] in flag for flag in flags):
            raise InvalidError(f"{settings['refuses']}: the stand-in was told to refuse it")
    except InvalidError as error:
        print(f"Invalid MasterConfig {settings['inside']}: {error}", file=sys.stderr)
        return 255
    child = subprocess.Popen(
        [settings["api_server"], *settings["base"], *flags],
        preexec_fn=with_its_parent,
    )
    write(read(STATE) | {"api_server": child.pid})
    return child.wait()


def kubelet() -> None:
    """Runs the API server's container, again and again."""
    settings = read(SETTINGS)
    while True:
        with LOG.open("ab") as log:
            command = [
                str(HOME / settings["program"]),
                __file__,
                *settings["words"],
                f"--config={settings['inside']}",
            ]
            packages = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
            child = subprocess.Popen(
                command, env=packages, stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=with_its_parent
            )
        write({"kubelet": os.getpid(), "container": child.pid})
        child.wait()
        write({"kubelet": os.getpid(), "container": 0})
        time.sleep(PAUSE)


def end(*pids: int) -> None:
    for pid in pids:
        if pid and Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)
    while any(pid and running(pid) for pid in pids):
        time.sleep(0.02)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def start() -> None:
    """Start the kubelet."""
    with open(os.devnull, "wb") as nothing:
        command = [sys.executable, __file__, "kubelet"]
        subprocess.Popen(command, stdout=nothing, stderr=nothing, stdin=subprocess.DEVNULL, start_new_session=True)


def stop() -> None:
    state = read(STATE)
    end(state.get("kubelet", 0))
    end(state.get("container", 0), state.get("api_server", 0))


def stop_container() -> bool:
    state = read(STATE)
    if not state.get("container"):
        return False
    end(state["container"], state.get("api_server", 0))
    return True


def main(name: str, *rest: str) -> int:
    settings = read(SETTINGS)
    if name == "kubelet":
        kubelet()
    if name in ("start", "openshift-kube-apiserver"):
        if settings["words"] == [name, *rest[:-1]]:
            return serve()
        start()
        return 0
    if name == "stop":
        stop()
        return 0
    if settings.get("restart_fails"):
        print("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", file=sys.stderr)
        return 1
    if name == "docker":
        if rest == ("restart", "origin"):
            stop()
            start()
            return 0
        if rest[0] in ("ps", "logs"):
            told = "0123abcd" if rest[0] == "ps" else LOG.read_text("utf-8", "replace")
            print(told, file=sys.stdout if rest[0] == "ps" else sys.stderr)
            return 0
    if name == "master-restart":
        if rest != ("api",):
            print("A component name like 'api', 'etcd', or 'controllers' must be specified.", file=sys.stderr)
            return 1
        print("2" if stop_container() else "Component api is already stopped")
        return 0
    if name == "minishift-restart":
        if not stop_container():
            print(
                "Error restarting the OpenShift cluster: no container with io.kubernetes.container.name=api",
                file=sys.stderr,
            )
            return 1
        stop()
        start()
        print("OpenShift restarted successfully")
        return 0
    print(f"not understood: {name} {rest}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
