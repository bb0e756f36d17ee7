"""Stands in for the kops command line: a state store of one cluster, launch templates, nodes that are older or not.

As kops 1.32 documents and prints it (https://github.com/kubernetes/kops/tree/v1.32.0/docs/cli); what nodeup does on a node is done to a
real control plane of kubeadm, where the state names one. No cloud, and no validation but what concerns auditing.
"""

import hashlib
import json
import os
import posixpath
import re
import sys
from pathlib import Path
from typing import Any

STATE = "KOPS_STANDIN"
"""The variable that names the folder of its state."""
NAME = "prod.k8s.example.com"
SPEC: dict[str, Any] = {
    "apiVersion": "kops.k8s.io/v1alpha2",
    "kind": "Cluster",
    "metadata": {"creationTimestamp": "2024-03-01T10:00:00Z", "name": NAME},
    "spec": {
        "api": {"loadBalancer": {"class": "Network", "type": "Public"}},
        "fileAssets": [{"content": "net.core.somaxconn=1024\n", "name": "sysctl", "path": "/etc/sysctl.d/90.conf"}],
        "kubeAPIServer": {"eventTTL": "3h0m0s"},
        "kubernetesVersion": "1.32.4",
        "masterPublicName": f"api.{NAME}",
    },
}
GROUPS = {"control-plane-a": "Master", "control-plane-b": "Master", "nodes-a": "Node"}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
UNIT = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


DIFFERENCE = """\
Will create resources:
  ManagedFile/nodeupconfig-{group}
  \tBase                \tmemfs://clusters/igconfig
  \tContents            \t{assets}

Will modify resources:
  LaunchTemplate/{group}
  \tUserData            \t
  \t                    \t  ...
  \t                    \t+ {assets}
  \tTags                \t {{a: b}} -> {{a: c}}

Will delete items:
  LaunchTemplateVersion {group}/3
"""
"""As its dry run tells it, secrets and all: https://github.com/kubernetes/kops/blob/v1.32.0/upup/pkg/fi/dryrun_target.go"""


class Kops:
    """What a test sees of it.

    Args:
        folder: of its state.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def made(cls, folder: Path, groups: dict[str, str] | None = None, **more: Any) -> "Kops":
        """A cluster whose nodes are all as its spec says; `more` goes into the spec."""
        folder.mkdir(parents=True)
        (folder / "bin").mkdir()
        script = folder / "bin" / "kops"
        root = Path(__file__).parents[2]
        script.write_text(
            f'#!/bin/sh\nPYTHONPATH="{root}:{root}/components" exec "{sys.executable}" -m tests.standins.kops "$@"\n'
        )
        script.chmod(0o755)
        found = cls(folder)
        found.write("cluster", {**SPEC, "spec": SPEC["spec"] | more})
        found.write("groups", groups or GROUPS)
        found.write("templates", {name: found.digest(role) for name, role in (groups or GROUPS).items()})
        found.write("nodes", found.read("templates"))
        return found

    def variables(self) -> dict[str, str]:
        """What finds it."""
        return {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", STATE: str(self.folder)}

    def read(self, name: str) -> Any:
        return json.loads((self.folder / f"{name}.json").read_text())

    def write(self, name: str, value: Any) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(value))

    @property
    def spec(self) -> dict[str, Any]:
        found: dict[str, Any] = self.read("cluster")["spec"]
        return found

    @property
    def calls(self) -> list[str]:
        """What it was asked for so far, without what each call has."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [re.sub(rf" --name {NAME}| --create-kube-config=false", "", line) for line in lines]

    def forget(self) -> None:
        (self.folder / "calls").unlink(missing_ok=True)

    def fail(self, what: str) -> None:
        """Let the commands that begin so fail, from now on; nothing: let all succeed."""
        (self.folder / "fault").write_text(what)

    def digest(self, role: str) -> str:
        """What nodes of a role get of the spec."""
        spec = self.spec
        assets = [one for one in spec.get("fileAssets", []) if role in one.get("roles", [role])]
        part = [assets, spec.get("kubeAPIServer") if role != "Node" else None, spec["kubernetesVersion"]]
        return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()

    def old(self, group: str) -> bool:
        return bool(self.read("nodes")[group] != self.read("templates")[group])


class RefusalError(Exception):
    """What kops says before it fails."""


def main(arguments: list[str]) -> None:
    kops = Kops(Path(os.environ[STATE]))
    call = " ".join(arguments)
    with (kops.folder / "calls").open("a") as calls:
        calls.write(f"{call}\n")
    options = dict(zip(arguments, [*arguments[1:], ""], strict=True))
    fault = kops.folder / "fault"
    begins = fault.read_text() if fault.exists() else ""
    fails = bool(begins) and call.startswith(begins.split("@")[0]) and begins.partition("@")[2] in call
    if arguments == ["version"]:
        print(os.environ.get("KOPS_STANDIN_VERSION", "Client version: 1.32.0 (git-v1.32.0)"))
        return
    if options.get("--name", NAME) != kops.read("cluster")["metadata"]["name"]:
        raise RefusalError(f'cluster not found "{options["--name"]}"')
    command = " ".join(arguments[:2])
    if command in ("get cluster", "get instancegroups") or arguments[0] == "replace":
        import yaml  # not for the other commands, which start in half the time
    if command == "get cluster" and fails:
        raise RefusalError("error reading cluster configuration: the specified bucket does not exist")
    if command == "get cluster":
        print(yaml.safe_dump(kops.read("cluster"), sort_keys=False), end="")
    elif command == "get instancegroups":
        groups = kops.read("groups").items()
        documents = [{"kind": "InstanceGroup", "metadata": {"name": n}, "spec": {"role": r}} for n, r in groups]
        print(yaml.safe_dump_all(documents, sort_keys=False), end="")
    elif arguments[0] == "replace":
        _replace(kops, yaml.safe_load(sys.stdin.read()), fails)
    elif command == "update cluster":
        if fails and "--yes" in arguments:
            raise RefusalError("error running tasks: deadline exceeded executing task LaunchTemplate/control-plane-a")
        wanted = {name: kops.digest(role) for name, role in kops.read("groups").items()}
        if "--yes" not in arguments:
            behind = wanted != kops.read("templates")
            for name in [name for name in wanted if wanted[name] != kops.read("templates")[name]]:
                print(DIFFERENCE.format(group=name, assets=json.dumps(kops.spec.get("fileAssets"))))
            print("Must specify --yes to apply changes" if behind else "No changes need to be applied")
            return
        kops.write("templates", wanted)
        print("Cluster changes have been applied to the cloud.")
    elif command == "rolling-update cluster":
        named = options.get("--instance-group", "")
        _roll(kops, named.split(",") if named else list(kops.read("groups")), "--yes" in arguments, fails)
    elif command == "reconcile cluster":
        kops.write("templates", {name: kops.digest(role) for name, role in kops.read("groups").items()})
        _roll(kops, list(kops.read("groups")), True, fails)
    else:
        raise RefusalError(f'unknown command "{call}"')


def _replace(kops: Kops, cluster: dict[str, Any], fails: bool) -> None:
    """What of kops' validation concerns auditing: pkg/apis/kops/validation/validation.go."""
    server = cluster["spec"].get("kubeAPIServer") or {}
    if fails:
        users = json.dumps(cluster["spec"]["fileAssets"][-1]["content"].partition("users:")[2])
        raise RefusalError(f"error replacing cluster: spec.fileAssets[1].content: Invalid value: {users}")
    policy, webhook = server.get("auditPolicyFile"), server.get("auditWebhookConfigFile")
    if webhook and not policy:
        raise RefusalError(
            "spec.kubeAPIServer.auditWebhookConfigFile: an audit policy is required for the audit webhook config"
        )
    if webhook and posixpath.dirname(webhook) != posixpath.dirname(str(policy)):
        raise RefusalError(
            "spec.kubeAPIServer.auditWebhookConfigFile: must be placed in the same directory as the audit policy"
        )
    for key, value in server.items():
        if isinstance(value, str) and re.fullmatch(rf"({DURATION.pattern})+", value):
            server[key] = _duration(value)
    kops.write("cluster", cluster)


def _duration(text: str) -> str:
    """As Go spells it: 90s is 1m30s, 60s is 1m0s."""
    seconds = sum(float(number) * UNIT[unit] for number, unit in DURATION.findall(text))
    if seconds < 1:
        return f"{seconds * 1000:g}ms"
    hours, minutes, rest = int(seconds // 3600), int(seconds % 3600 // 60), seconds % 60
    parts = [f"{hours}h"] if hours else []
    parts += [f"{minutes}m"] if hours or minutes else []
    return "".join([*parts, f"{rest:g}s"])


def _roll(kops: Kops, groups: list[str], now: bool, fails: bool) -> None:
    print("NAME\t\tSTATUS\t\tNEEDUPDATE\tREADY\tMIN\tTARGET\tMAX")
    for name in groups:
        old = kops.old(name)
        print(f"{name}\t{'NeedsUpdate' if old else 'Ready'}\t{int(old)}\t{int(not old)}\t1\t1\t1")
    left = [name for name in groups if kops.old(name)]
    if not left:
        print("\nNo rolling-update required.")
    elif not now:
        print("\nMust specify --yes to rolling-update.")
    for name in left if now else []:
        print(f'I1125 10:00:00 instancegroups.go:423] Draining the node: "i-{name}".', file=sys.stderr)
        if fails:
            raise RefusalError(
                f'error validating cluster after replacing a node: machine "i-{name}" has not yet joined cluster'
            )
        if kops.read("groups")[name] != "Node" and (kops.folder / "control_plane.json").exists():
            nodeup(kops, name)
        kops.write("nodes", kops.read("nodes") | {name: kops.read("templates")[name]})
        print("I1125 10:00:30 instancegroups.go:589] Cluster validated.", file=sys.stderr)


def nodeup(kops: Kops, group: str) -> None:
    """A fresh node: the spec's files, and flags and mounts of its API server; then itself and its mirror pod in the cluster.

    Where the state says `mute`, its API server gets no webhook: it is well and delivers nothing.
    """
    import yaml

    from k8s_audit.local_cluster import Ports
    from tests.standins.hasty_cluster import Hasty
    from tests.standins.kops_nodes import join

    known = kops.read("control_plane")
    cluster = Hasty(Path(known["folder"]), Ports(*known["ports"]))
    spec = kops.spec
    server = spec.get("kubeAPIServer") or {}
    for asset in spec.get("fileAssets", []):
        if "Master" in asset.get("roles", []):
            Path(asset["path"]).parent.mkdir(parents=True, exist_ok=True)
            Path(asset["path"]).write_text(asset["content"])
    pod = yaml.safe_load(known["manifest"])
    container = pod["spec"]["containers"][0]
    folders = {posixpath.dirname(server[key]) for key in ("auditPolicyFile", "auditLogPath") if key in server}
    for number, folder in enumerate(sorted(folders)):
        container["volumeMounts"].append({"name": f"audit-{number}", "mountPath": folder})
        pod["spec"]["volumes"].append(
            {"name": f"audit-{number}", "hostPath": {"path": folder, "type": "DirectoryOrCreate"}}
        )
    names = {
        "auditLogMaxAge": "audit-log-maxage",
        "auditLogMaxBackups": "audit-log-maxbackup",
        "auditLogMaxSize": "audit-log-maxsize",
    }
    for key, value in sorted(server.items()):
        if key.startswith("auditWebhook") and known.get("mute"):
            continue
        if key.startswith("audit"):
            flag = names.get(key) or re.sub(r"[A-Z]", lambda letter: f"-{letter[0].lower()}", key)
            container["command"].append(f"--{flag}={str(value).lower() if isinstance(value, bool) else value}")
    staged = cluster.folder / "staged"
    staged.write_text(yaml.safe_dump(pod, sort_keys=False) if server.get("auditPolicyFile") else known["manifest"])
    staged.rename(cluster.manifests / "kube-apiserver.yaml")
    cluster.create()
    join(cluster, group)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except RefusalError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
