"""The API server's flags in a KubeadmControlPlane: `extraArgs`, a map in v1beta1 and a list of `{name, value}` in v1beta2.

https://github.com/kubernetes-sigs/cluster-api/blob/v1.13.6/api/bootstrap/kubeadm/v1beta2/kubeadm_types.go
"""

from collections.abc import Mapping

from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.management.record import Record, at, part

ARGUMENTS = "kubeadmConfigSpec.clusterConfiguration.apiServer.extraArgs"
LISTED = frozenset({"v1beta2"})
"""Versions where flags are a list."""


def arguments(document: Document) -> dict[str, str]:
    """The flags of its API server, by name."""
    found = at(document, ARGUMENTS) or {}
    if isinstance(found, Mapping):
        return {str(name): str(value) for name, value in found.items()}
    return {str(one["name"]): str(one.get("value", "")) for one in found}


def give_back(document: Document, record: Record, name: str) -> None:
    """Take a flag of ours out, or put back what it had; one that somebody gave another value since stays."""
    here, ours = arguments(document).get(name), record.set.get(name)
    before = record.drop(name)
    if here != ours:
        return
    found = at(document, ARGUMENTS)
    if before is not None:
        set_flag(document, name, before, record)
    elif isinstance(found, list):
        found[:] = [one for one in found if one.get("name") != name]
    elif found:
        del found[name]


def set_flag(document: Document, name: str, value: str, record: Record) -> None:
    """Give a flag a value, where it is, or after all others."""
    listed = document["apiVersion"].rpartition("/")[2] in LISTED
    found = part(document, ARGUMENTS, [] if listed else {}, record)
    if isinstance(found, list):
        there = next((one for one in found if one.get("name") == name), None)
        if there is None:
            found.append({"name": name, "value": value})
        else:
            there["value"] = value
    else:
        found[name] = value
