"""Pure edit of the configuration that a kind cluster is created with: a patch of kubeadm's, and a mount on each control-plane node.

How kind applies patches: each is a merge patch (RFC 7386), in order, those of the cluster before those of a node. A list replaces the
one before it, so our `extraVolumes` has the user's, too. `extraArgs` is a map up to Kubernetes 1.35, a list from 1.36 on (kubeadm's
v1beta4); to a patch without `apiVersion` kind gives the form that the node's version wants.
https://github.com/kubernetes-sigs/kind/blob/v0.33.0/pkg/internal/patch/kubeadm_merge.go
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import LiteralScalarString

from k8s_audit import kubernetes_yaml
from k8s_audit.control_plane import kubeadm_config
from k8s_audit.errors import ConfigError, ConflictError
from k8s_audit.platforms.created.own_file import FILES, KEY, dump, left, listed, load, named

API_VERSION, KIND = "kind.x-k8s.io/v1alpha4", "Cluster"
PATCHES, PATCHES_6902 = "kubeadmConfigPatches", "kubeadmConfigPatchesJSON6902"
CONFIGURATION = "ClusterConfiguration"
CONTROL_PLANE = "control-plane"


def merged(text: str, name: str, folder: str, wanted: Mapping[str, str]) -> str:
    """The whole configuration.

    Args:
        text: the user's own; empty: none.
        name: the cluster's.
        folder: on this machine; what nodes mount lies below it.
        wanted: audit flags by name, without dashes.

    Raises:
        ConfigError: the user's own one is none, or cannot be kept beside ours.
    """
    document = load(text, API_VERSION, KIND)
    named(document, "name", name)
    nodes = listed(document, "nodes")
    if not nodes:
        nodes.append({"role": CONTROL_PLANE})
    inside = wanted["audit-policy-file"].rpartition("/")[0]
    mount = {"hostPath": f"{folder}/{FILES}", "containerPath": inside, "readOnly": True}
    for index, node in enumerate(nodes):
        if node.get("role", CONTROL_PLANE) == CONTROL_PLANE:
            _refuse(_of_node(node), f"nodes[{index}].")
            mounts = listed(node, "extraMounts", f"nodes[{index}].")
            if any(one.get("containerPath") == inside for one in mounts):
                raise ConfigError(
                    [f"{KEY}: nodes[{index}].extraMounts has {inside} already, where ours goes; take it out"]
                )
            mounts.append(dict(mount))
    _refuse({PATCHES_6902: document.get(PATCHES_6902)}, "")
    if not document.get(PATCHES):
        document[PATCHES] = []
    document[PATCHES].append(LiteralScalarString(_patch(document[PATCHES], wanted)))
    return dump(document)


def ours(text: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """Which flags a cluster created by it gets from us: settings of the log that the user's own file has stay as they are."""
    return left(_arguments(load(text, API_VERSION, KIND).get(PATCHES)), wanted, PATCHES)


def _patch(theirs: Any, wanted: Mapping[str, str]) -> str:
    """Our patch, which comes after the user's."""
    here = _arguments(theirs)
    added = left(here, wanted, PATCHES)
    volumes: dict[str, Any] = {}
    for server in _servers(theirs):
        volumes |= {str(one.get("name")): one for one in server.get("extraVolumes") or []}
    bare = {
        "apiVersion": f"{kubeadm_config.GROUP}/v1beta3",
        "kind": CONFIGURATION,
        "apiServer": {"extraArgs": here, "extraVolumes": list(volumes.values())},
    }
    try:
        edited = kubeadm_config.turn_on(kubernetes_yaml.dump(bare), wanted).text
    except ConflictError:
        raise ConfigError([f"{KEY}: {PATCHES} has a volume of our name; take it out"]) from None
    mounts = YAML(typ="safe", pure=True).load(edited)["apiServer"]["extraVolumes"]
    return kubernetes_yaml.dump({"kind": CONFIGURATION, "apiServer": {"extraArgs": added, "extraVolumes": mounts}})


def _arguments(patches: Any) -> dict[str, str]:
    """The API server's flags that patches set, in either form."""
    found: dict[str, str] = {}
    for server in _servers(patches):
        arguments = server.get("extraArgs") or {}
        if isinstance(arguments, list):
            arguments = {one.get("name"): one.get("value") for one in arguments}
        found |= {str(name): str(value) for name, value in arguments.items() if value is not None}
    return found


def _servers(patches: Any) -> Iterator[dict[str, Any]]:
    """What patches of kubeadm's configuration say of the API server.

    Raises:
        ConfigError: they are no such patches.
    """
    try:
        for patch in patches or []:
            for document in YAML(typ="safe", pure=True).load_all(str(patch)):
                if document and document.get("kind") == CONFIGURATION:
                    yield document.get("apiServer") or {}
    except (YAMLError, ValueError, AttributeError):
        raise ConfigError([f"{KEY}: {PATCHES}: each is YAML text of a part of kubeadm's configuration"]) from None


def _of_node(node: Any) -> dict[str, Any]:
    return {key: node.get(key) for key in (PATCHES, PATCHES_6902)}


def _refuse(patches: Mapping[str, Any], where: str) -> None:
    """Refuse patches that come after ours and would take something of it away.

    Raises:
        ConfigError: there is one.
    """
    for server in _servers(patches.get(PATCHES)):
        flags = [name for name in server.get("extraArgs") or {} if str(name).startswith("audit-")]
        if flags or "extraVolumes" in server:
            what = flags[0] if flags else "extraVolumes"
            raise ConfigError(
                [
                    f"{KEY}: {where}{PATCHES} sets apiServer's {what}, which replaces ours; move it into the cluster's {PATCHES}"
                ]
            )
    for patch in patches.get(PATCHES_6902) or []:
        if isinstance(patch, dict) and patch.get("kind") == CONFIGURATION and "/apiServer" in str(patch.get("patch")):
            raise ConfigError(
                [
                    f"{KEY}: {where}{PATCHES_6902} changes apiServer after ours; write it as one of the cluster's {PATCHES}"
                ]
            )
