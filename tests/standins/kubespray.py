"""Stands in for Kubespray's template of kubeadm's configuration: what becomes of the two variables for extra flags and mounts.

In the template: two loops, each value between double quotes, a mount read-only unless it says otherwise, no type of path
(roles/kubernetes/control-plane/templates/kubeadm-config.v1beta3.yaml.j2 and v1beta4). All else of it is left out.
"""

from pathlib import Path
from typing import Any

import yaml


def api_server(files: list[Path], version: str) -> dict[str, Any]:
    """`apiServer` of the configuration.

    Args:
        files: of variables, the one that counts most last.
        version: of kubeadm's configuration.
    """
    variables: dict[str, Any] = {"kube_kubeadm_apiserver_extra_args": {}, "apiserver_extra_volumes": {}}
    for file in files:
        variables |= yaml.safe_load(file.read_text()) or {}
    flags = {name: str(value) for name, value in variables["kube_kubeadm_apiserver_extra_args"].items()}
    volumes = [
        {key: volume[key] for key in ("name", "hostPath", "mountPath")}
        | {"readOnly": volume.get("readOnly", not volume.get("writable", False))}
        for volume in variables["apiserver_extra_volumes"]
    ]
    listed = [{"name": name, "value": value} for name, value in flags.items()]
    return {"extraArgs": listed if version == "v1beta4" else flags, "extraVolumes": volumes}
