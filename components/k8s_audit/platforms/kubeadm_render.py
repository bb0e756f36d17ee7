"""What a kubeadm control plane would get, as text: two files a host, a patch of its manifest, kubeadm's own configuration.

The patch is what kubeadm takes as `--patches`: https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/control-plane-flags/#patches
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML

from k8s_audit import kubernetes_yaml
from k8s_audit.config import places
from k8s_audit.config.platforms.kubeadm import KubeadmHosts, StaticPodHost
from k8s_audit.config.reach import place as place_of
from k8s_audit.control_plane import kubeadm_config, static_pod
from k8s_audit.control_plane.versions import Version
from k8s_audit.platforms.kubeadm_cluster import NAME, NAMESPACE
from k8s_audit.rendering.model import CLUSTER, Rendered, Wanted

V1BETA4: Version = (1, 31)
"""The first Kubernetes whose kubeadm writes it: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/"""
V1BETA3: Version = (1, 22)
BARE: dict[str, Any] = {
    "kind": "Pod",
    "metadata": {},
    "spec": {"containers": [{"name": static_pod.CONTAINER, "command": [static_pod.CONTAINER]}]},
}


def render(wanted: Wanted) -> list[Rendered]:
    """All texts of a stack of kind `kubeadm` or `local`; of kind `kubespray` all but its variables."""
    version = places.kubernetes_version(wanted.stack)
    policy = wanted.policy(version)
    found: list[Rendered] = []
    for host in places.hosts(wanted.stack, wanted.folder):
        assert isinstance(host, StaticPodHost)
        patch = manifest_patch(wanted.flags.arguments(*host.files))
        found += [*wanted.files(host, policy), Rendered(host.name, place_of(host).manifest, patch, "patch")]
    platform = wanted.stack.platform
    if isinstance(platform, KubeadmHosts) and platform.persist:
        text = configuration(wanted.flags.arguments(*platform.hosts[0].files), version)
        where = f"ConfigMap {NAMESPACE}/{NAME}, {kubeadm_config.GROUP} ClusterConfiguration"
        found.append(Rendered(CLUSTER, where, text, "merge"))
    return found


def manifest_patch(arguments: Mapping[str, str]) -> str:
    """The flags and mounts that a manifest of kubeadm's gets, as operations at the ends of its lists."""
    bare = kubernetes_yaml.dump(BARE).encode()
    made = YAML(typ="safe", pure=True).load(static_pod.turn_on(bare, arguments, "").manifest)
    container = made["spec"]["containers"][0]
    return "".join(
        f"- {json.dumps(operation)}\n"
        for operation in (
            *_added("/spec/containers/0/command", container["command"][1:]),
            *_added("/spec/containers/0/volumeMounts", container["volumeMounts"]),
            *_added("/spec/volumes", made["spec"]["volumes"]),
        )
    )


def configuration(arguments: Mapping[str, str], version: Version | None) -> str:
    """What kubeadm's own configuration gets, in the layout that a Kubernetes of a version writes; None: today's."""
    newest = version is None or version >= V1BETA4
    name = "v1beta4" if newest else "v1beta3" if version and version >= V1BETA3 else "v1beta2"
    bare = f"apiVersion: {kubeadm_config.GROUP}/{name}\nkind: ClusterConfiguration\n"
    return kubeadm_config.turn_on(bare, arguments).text


def _added(path: str, entries: list[Any]) -> Iterator[dict[str, Any]]:
    return ({"op": "add", "path": f"{path}/-", "value": entry} for entry in entries)
