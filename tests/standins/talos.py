"""Stands in for talosctl and for one control-plane node of Talos: its machine configuration, what is staged, and a reboot.

As talosctl 1.13 documents it (https://www.talos.dev/v1.13/reference/cli/) and Talos' source renders its API server: flags of `extraArgs` over
its own, files of the user's written at boot alone. What Talos does on a node is done to a real control plane of kubeadm, with its mirror pod
posted as a kubelet would. No machine boots, and Talos' own judgement of a configuration is only that of the type and of files' places.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

STATE = "TALOS_STANDIN"
"""The variable that names the folder of its state."""
ADDRESS = "10.0.4.11"
CONFIG = """\
version: v1alpha1 # of the whole
debug: false
machine:
    type: controlplane
    token: aaaaaa.bbbbbbbbbbbbbbbb
cluster:
    apiServer:
        image: registry.k8s.io/kube-apiserver:v1.34.4
        extraArgs:
            event-ttl: 3h
        auditPolicy:
            apiVersion: audit.k8s.io/v1
            kind: Policy
            rules:
                - level: Metadata
---
apiVersion: v1alpha1
kind: HostnameConfig
auto: stable
"""
POD = "kube-apiserver-lab-1"


class Talos:
    """What a test sees of it.

    Args:
        folder: of its state.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def made(cls, folder: Path, cluster: Any) -> "Talos":
        """A node whose API server is a control plane's."""
        (folder / "bin").mkdir(parents=True)
        script, root = folder / "bin" / "talosctl", Path(__file__).parents[2]
        script.write_text(
            f'#!/bin/sh\nPYTHONPATH="{root}:{root}/components" exec "{sys.executable}" -m tests.standins.talos "$@"\n'
        )
        script.chmod(0o755)
        found = cls(folder)
        ports = [getattr(cluster.ports, name) for name in ("etcd", "etcd_peer", "api_server")]
        manifest = (cluster.manifests / "kube-apiserver.yaml").read_text()
        known = {
            "folder": str(cluster.folder),
            "ports": ports,
            "manifest": manifest,
            "kubeconfig": str(cluster.kubeconfig),
        }
        found.write("control_plane", json.dumps(known))
        found.write("config", CONFIG)
        found.write("files", "[]")
        found.show({})
        return found

    def variables(self) -> dict[str, str]:
        """What finds it."""
        return {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", STATE: str(self.folder)}

    def read(self, name: str) -> str:
        file = self.folder / name
        return file.read_text() if file.exists() else ""

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    @property
    def config(self) -> list[Any]:
        """The documents of its machine configuration."""
        return list(yaml.safe_load_all(self.read("config")))

    @property
    def calls(self) -> list[str]:
        """What it was asked for, without what each call has."""
        return [call.replace(f" --nodes {ADDRESS}", "") for call in self.read("calls").splitlines()]

    def forget(self) -> None:
        self.write("calls", "")

    def run(self) -> None:
        """As Talos' controllers do: the API server gets what the configuration says, unless it has that already."""
        from k8s_audit.control_plane import static_pod
        from k8s_audit.local_cluster import Ports
        from tests.standins.hasty_cluster import Hasty

        known = json.loads(self.read("control_plane"))
        cluster = Hasty(Path(known["folder"]), Ports(*known["ports"]))
        server = self.config[0]["cluster"]["apiServer"]
        policy = self.folder / "auditpolicy.yaml"
        flags = {"audit-policy-file": str(policy)} | {k: v for k, v in server["extraArgs"].items() if k != "event-ttl"}
        written = {one["path"]: one["content"] for one in json.loads(self.read("files"))}
        here = dict(flags)
        for place, content in written.items():
            local = self.folder / Path(place).name
            local.write_text(content)
            here = {name: str(local) if value == place else value for name, value in here.items()}
        policy.write_text(yaml.safe_dump(server["auditPolicy"]))
        audits = any(name.startswith("audit-webhook") for name in flags)
        manifest = (
            static_pod.turn_on(known["manifest"].encode(), here, "").manifest if audits else known["manifest"].encode()
        )
        staged = cluster.folder / "staged"
        staged.write_bytes(manifest)
        staged.rename(cluster.manifests / "kube-apiserver.yaml")
        cluster.create()
        self.show(flags if audits else {})

    def show(self, flags: dict[str, str]) -> None:
        """The mirror pod of its API server."""
        command = ["/usr/local/bin/kube-apiserver", *(f"--{name}={value}" for name, value in flags.items())]
        notes = {
            "kubernetes.io/config.mirror": "0",
            "kubernetes.io/config.hash": hashlib.sha256(" ".join([*command, self.read("config")]).encode()).hexdigest(),
        }
        spec = {"nodeName": "lab-1", "containers": [{"name": "a", "image": "a", "command": command}]}
        meta = {"name": POD, "labels": {"component": "kube-apiserver"}, "annotations": notes}
        self.hide()
        with self._core() as core:
            core.create_namespaced_pod("kube-system", {"metadata": meta, "spec": spec})
            status = {"hostIP": ADDRESS, "conditions": [{"type": "Ready", "status": "True"}]}
            core.patch_namespaced_pod_status(POD, "kube-system", {"status": status})

    def hide(self) -> None:
        """The mirror pod goes; none there is fine."""
        from kubernetes.client.exceptions import ApiException

        with self._core() as core, suppress(ApiException):
            core.delete_namespaced_pod(POD, "kube-system", grace_period_seconds=0)

    @contextmanager
    def _core(self) -> Iterator[Any]:
        from kubernetes import client, config

        settings = client.Configuration()
        config.load_kube_config(json.loads(self.read("control_plane"))["kubeconfig"], client_configuration=settings)
        with client.ApiClient(settings) as api:
            yield client.CoreV1Api(api)


class RefusalError(Exception):
    """What talosctl says before it fails."""


def main(words: list[str]) -> None:
    talos = Talos(Path(os.environ[STATE]))
    if words[0] == "version":
        print("Client:\n\tTag:         v1.13.0")
        return
    with (talos.folder / "calls").open("a") as calls:
        calls.write(f"{' '.join(words)}\n")
    if words[words.index("--nodes") + 1] != ADDRESS:
        raise RefusalError("rpc error: code = Unavailable desc = no such node")
    if words[:3] == ["get", "machineconfig", "v1alpha1"]:
        print(yaml.safe_dump({"node": ADDRESS, "metadata": {"id": "v1alpha1"}, "spec": talos.read("config")}))
    elif words[0] == "apply-config":
        _apply(
            talos, sys.stdin.read(), next(word for word in words if word.startswith("--mode=")), "--dry-run" in words
        )
    elif words[0] == "reboot":
        talos.write("config", talos.read("staged") or talos.read("config"))
        talos.write("files", json.dumps(talos.config[0]["machine"].get("files", [])))
        if talos.read("fault") != "stuck":
            talos.run()
        print(f"* {ADDRESS}: events check condition met")
    else:
        raise RefusalError(f"unknown command {words[0]}")


def _apply(talos: Talos, text: str, mode: str, dry: bool) -> None:
    main = next(yaml.safe_load_all(text))
    files = main["machine"].get("files", [])
    if any(not one["path"].startswith("/var/") or one["op"] not in ("create", "append", "overwrite") for one in files):
        raise RefusalError("rpc error: code = InvalidArgument desc = configuration validation failed: machine.files")
    if talos.read("fault") == "refuse":
        raise RefusalError(f"rpc error: code = InvalidArgument desc = configuration validation failed: {files[-1:]}")
    changed = files != talos.config[0]["machine"].get("files", [])
    if mode == "--mode=no-reboot" and changed:
        raise RefusalError("rpc error: code = Unknown desc = this config change can't be applied in immediate mode")
    if dry:
        print(f"Dry run summary:\nConfig diff:\n{text}", file=sys.stderr)
    elif mode == "--mode=staged":
        talos.write("staged", text)
    else:
        talos.write("config", text)
        talos.run()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except RefusalError as error:
        print(f"error applying new configuration: {error}", file=sys.stderr)
        sys.exit(1)
