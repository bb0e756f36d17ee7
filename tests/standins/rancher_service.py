"""Stands in for systemd, journald, snapd and the service of RKE2, K3s or MicroK8s on a node: a real kube-apiserver with the arguments
that the distribution would give it.

As there: configuration files are merged (https://docs.rke2.io/install/configuration, https://docs.k3s.io/installation/configuration), `kube-apiserver-arg`
goes over the distribution's own arguments (k3s pkg/util/args.go), RKE2 puts its `audit-policy-file`, or that of `profile: cis`, and its
own log settings before them, and makes a policy that records nothing where none is (rke2 pkg/executor/staticpod); a service that ends is
started again; K3s tells its arguments in its log alone. MicroK8s' are the lines of a file. Other than there: the rest of the distribution is missing, the own arguments are
kubeadm's, and K3s' or kubelite's process is the API server itself. Run as `systemctl`, `journalctl`, `snap`, `rke2` and `k3s`; its settings are in SETTINGS.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HOME = Path("/var/lib/stand-in")
SETTINGS, STATE, JOURNAL = HOME / "settings.json", HOME / "state.json", HOME / "journal"
PAUSE = 1.0
"""Seconds before a service is started again; the real units say five."""
POLICY = "/etc/rancher/rke2/audit-policy.yaml"
SNAP_DATA = "/var/snap/microk8s/current"
ARGUMENTS = Path(SNAP_DATA) / "args" / "kube-apiserver"
NONE = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: None\n"


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def configuration(program: str) -> dict[str, list[str]]:
    import yaml

    config = Path(f"/etc/rancher/{program}/config.yaml")
    values: dict[str, list[str]] = {}
    others = sorted(config.parent.glob("config.yaml.d/*")) if config.parent.exists() else []
    for file in [config, *(file for file in others if file.suffix in (".yaml", ".yml"))]:
        for key, value in ((yaml.safe_load(file.read_text()) or {}) if file.exists() else {}).items():
            given = [str(each) for each in value] if isinstance(value, list) else [str(value)]
            name = key.removesuffix("+")
            values[name] = values.get(name, []) + given if key.endswith("+") else given
    return values


def arguments(settings: dict[str, Any]) -> list[str]:
    if settings["program"] == "microk8s":
        lines = [line.strip().replace("${SNAP_DATA}", SNAP_DATA) for line in ARGUMENTS.read_text().splitlines()]
        return [line for line in lines if line and not line.startswith("#")]
    values = configuration(settings["program"])
    extra = [given.removeprefix("--") for given in values.get("kube-apiserver-arg", [])]
    names = {given.partition("=")[0] for given in extra}
    own = [argument for argument in settings["base"] if argument.removeprefix("--").partition("=")[0] not in names]
    merged = sorted(own + [f"--{given}" for given in extra], key=lambda argument: argument.partition("=")[0])
    if settings["program"] != "rke2":
        return merged
    policy = values.get("audit-policy-file", [""])[-1] or (POLICY if values.get("profile") == ["cis"] else "")
    if not policy:
        return merged
    if not Path(policy).exists():
        Path(policy).write_text(NONE)
    before = [f"--audit-policy-file={policy}", "--audit-log-maxage=30", "--audit-log-maxbackup=10"]
    if "audit-log-path" not in names:
        before.append("--audit-log-path=/var/lib/rancher/rke2/server/logs/audit.log")
    return before + merged


def started(pid: int) -> int:
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return int(ticks) * 10_000


def end(*pids: int) -> None:
    for pid in pids:
        if pid and Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)
    while any(pid and Path(f"/proc/{pid}").exists() for pid in pids):
        time.sleep(0.02)


def serve() -> None:
    """The service: runs the API server, again and again."""
    settings, before = read(SETTINGS), read(STATE)
    end(before.get("service", 0), before.get("api_server", 0))
    for restarts in itertools.count():
        given = arguments(settings)
        with JOURNAL.open("ab") as log:
            refused = any(argument.startswith(settings.get("refuses", "no")) for argument in given)
            program = "/bin/false" if refused else settings["api_server"]
            child = subprocess.Popen([program, *given], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            main = os.getpid() if settings["program"] == "rke2" else child.pid
            if settings["program"] == "k3s":
                line = f'time="now" level=info msg="Running kube-apiserver {" ".join(given)}"\n'
                (HOME / f"log-{child.pid}").write_text(line)
        state = {
            "service": os.getpid(),
            "api_server": child.pid,
            "main": main,
            "started": started(child.pid),
            "restarts": restarts * (main == child.pid),
        }
        (HOME / "new").write_text(json.dumps(state))
        (HOME / "new").rename(STATE)
        child.wait()
        (HOME / "new").write_text(json.dumps(state | {"main": 0}))
        (HOME / "new").rename(STATE)
        time.sleep(PAUSE)


def systemctl(verb: str, *rest: str) -> int:
    settings = read(SETTINGS)
    unit = next((each for each in rest if not each.startswith("-")), "")
    there = unit in settings["units"]
    if verb == "show":
        state = read(STATE) if unit == settings["units"][0] else {}
        print(f"LoadState={'loaded' if there else 'not-found'}")
        print(f"NRestarts={state.get('restarts', 0)}")
        print(f"MainPID={state.get('main', 0)}\nExecMainStartTimestampMonotonic={state.get('started', 0)}")
        program = f"/usr/bin/{settings['program']}"
        print(f"ExecStart={{ path={program} ; argv[]={program} {settings['command']} ; ignore_errors=no ; pid=0 }}")
        return 0
    if verb == "restart" and "--no-block" in rest and there:
        with open(os.devnull, "wb") as nothing:
            command = [sys.executable, __file__, "serve"]
            subprocess.Popen(command, stdout=nothing, stderr=nothing, stdin=subprocess.DEVNULL, start_new_session=True)
        return 0
    if verb == "stop" and there:
        end(read(STATE).get("service", 0), read(STATE).get("api_server", 0))
        return 0
    print(f"Unit {unit}.service not found.", file=sys.stderr)
    return 5


def journalctl(*rest: str) -> int:
    pid = next((each.partition("=")[2] for each in rest if each.startswith("_PID=")), None)
    lines = next(int(each.partition("=")[2]) for each in rest if each.startswith("--lines="))
    file = HOME / f"log-{pid}" if pid else JOURNAL
    print("\n".join(file.read_text("utf-8", "replace").splitlines()[-lines:]) if file.exists() else "")
    return 0


def main(name: str, *rest: str) -> int:
    if name == "serve":
        serve()
    if name == "systemctl":
        return systemctl(*rest)
    if name == "snap":
        return systemctl(rest[0], "--no-block", *(f"snap.{each}" for each in rest[1:] if not each.startswith("-")))
    if name == "journalctl":
        return journalctl(*rest)
    suffix = {"rke2": "rke2r1", "k3s": "k3s1"}[name]
    print(f"{name} version {read(SETTINGS)['version']}+{suffix} (0123abcd)")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
