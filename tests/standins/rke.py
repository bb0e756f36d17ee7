"""Stands in for RKE1's command line: reads a cluster.yml, and starts a real API server anew with what it says, where one is named.

As RKE 1.6.3 does it (https://github.com/rancher/rke/blob/v1.6.3/cluster/plan.go): the policy goes to a file, the log's configuration
and extra_args become flags, extra_binds mounts. No Docker, no etcd, no workers, no certificates.
"""

import json
import os
import posixpath
import sys
from pathlib import Path
from typing import Any

import yaml

STATE = "RKE_STANDIN"
"""The variable that names the folder of its state."""


class Rke:
    """What a test sees of it.

    Args:
        folder: of its state.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def made(cls, folder: Path) -> "Rke":
        (folder / "bin").mkdir(parents=True)
        script = folder / "bin" / "rke"
        root = Path(__file__).parents[2]
        paths = f"{root}:{root}/components"
        script.write_text(f'#!/bin/sh\nPYTHONPATH="{paths}" exec "{sys.executable}" -m tests.standins.rke "$@"\n')
        script.chmod(0o755)
        return cls(folder)

    def variables(self) -> dict[str, str]:
        """What finds it."""
        return {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", STATE: str(self.folder)}

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def forget(self) -> None:
        (self.folder / "calls").unlink(missing_ok=True)

    def fail(self, times: int) -> None:
        """Let so many runs of `rke up` fail, after the API server was started anew."""
        (self.folder / "fault").write_text(str(times))

    def runs_on(self, cluster_folder: Path, ports: list[int], manifest: str) -> None:
        """Let `rke up` change a real control plane."""
        known = {"folder": str(cluster_folder), "ports": ports, "manifest": manifest}
        (self.folder / "control_plane.json").write_text(json.dumps(known))

    @property
    def brought(self) -> dict[str, Any]:
        """`services.kube-api` as the last run of `rke up` read it."""
        found: dict[str, Any] = json.loads((self.folder / "brought.json").read_text())
        return found


def main(arguments: list[str]) -> int:
    rke = Rke(Path(os.environ[STATE]))
    if arguments == ["--version"]:
        print(os.environ.get("RKE_STANDIN_VERSION", "rke version v1.6.3"))
        return 0
    with (rke.folder / "calls").open("a") as calls:
        calls.write(f"{' '.join(arguments)}\n")
    text = Path(arguments[arguments.index("--config") + 1]).read_text()
    server = (yaml.safe_load(text).get("services") or {}).get("kube-api") or {}
    policy = ((server.get("audit_log") or {}).get("configuration") or {}).get("policy")
    if policy and policy.get("kind") != "Policy":
        print('level=fatal msg="Failed to parse cluster file: error decoding audit policy"', file=sys.stderr)
        return 1
    print('time="2024-10-04T15:40:30Z" level=info msg="[controlplane] Building up Controller Plane.."', file=sys.stderr)
    (rke.folder / "brought.json").write_text(json.dumps(server))
    if (rke.folder / "control_plane.json").exists():
        _start(rke, server, policy)
    fault = rke.folder / "fault"
    left = int(fault.read_text()) if fault.exists() else 0
    if left:
        fault.write_text(str(left - 1))
        print(
            'level=fatal msg="[controlPlane] Failed to bring up Control Plane: [Failed to verify healthcheck]"',
            file=sys.stderr,
        )
        return 1
    print('level=info msg="Finished building Kubernetes cluster successfully"', file=sys.stderr)
    return 0


def _start(rke: Rke, server: dict[str, Any], policy: Any) -> None:
    from k8s_audit.local_cluster import Ports
    from tests.standins.hasty_cluster import Hasty

    known = json.loads((rke.folder / "control_plane.json").read_text())
    cluster = Hasty(Path(known["folder"]), Ports(*known["ports"]))
    pod = yaml.safe_load(known["manifest"])
    container = pod["spec"]["containers"][0]
    folders = [bind.split(":")[0] for bind in server.get("extra_binds", [])]
    flags = dict(server.get("extra_args") or {})
    if policy:
        configuration = server["audit_log"]["configuration"]
        written = cluster.folder / "rke" / "audit-policy.yaml"
        written.parent.mkdir(exist_ok=True)
        written.write_text(yaml.safe_dump(policy))
        folders += [str(written.parent), posixpath.dirname(configuration["path"])]
        names = {
            "path": "path",
            "maxage": "max_age",
            "maxbackup": "max_backup",
            "maxsize": "max_size",
            "format": "format",
        }
        flags = (
            {"audit-policy-file": str(written)} | {f"audit-log-{n}": configuration[k] for n, k in names.items()} | flags
        )
    for number, folder in enumerate(dict.fromkeys(folders)):
        container["volumeMounts"].append({"name": f"bind-{number}", "mountPath": folder})
        pod["spec"]["volumes"].append(
            {"name": f"bind-{number}", "hostPath": {"path": folder, "type": "DirectoryOrCreate"}}
        )
    container["command"] += [f"--{name}={value}" for name, value in sorted(flags.items())]
    pod["metadata"].setdefault("annotations", {})["env"] = json.dumps(server.get("extra_env", []))
    staged = cluster.folder / "staged"
    staged.write_text(yaml.safe_dump(pod, sort_keys=False) if flags else known["manifest"])
    staged.rename(cluster.manifests / "kube-apiserver.yaml")
    cluster.create()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
