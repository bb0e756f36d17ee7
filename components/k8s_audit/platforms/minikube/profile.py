"""What minikube keeps of a cluster on this machine: its profile. Pure reading and editing of its text.

Fields: https://github.com/kubernetes/minikube/blob/v1.36.0/pkg/minikube/config/types.go. A start gives `ExtraOptions` to kubeadm, and keeps those of the
last one when it is given none: https://minikube.sigs.k8s.io/docs/handbook/config/#modifying-kubernetes-defaults
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k8s_audit.errors import HostError
from k8s_audit.faults import spelled

API_SERVER = "apiserver"
AUDIT = "audit-"
ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""As Go's encoding/json writes them, so that only our lines change: https://pkg.go.dev/encoding/json#HTMLEscape."""


@dataclass(frozen=True)
class Profile:
    """What a profile tells of its control-plane node.

    Args:
        name: of the profile, and of the node's machine or container.
        driver: such as `docker` or `kvm2`.
        address: the node's own, inside its network.
        port: the API server's there.
        options: the API server's flags that each start sets, by name, of audit logging alone.
        ssh: address, user, port and path of the key, for driver `ssh`.
    """

    name: str
    driver: str
    address: str
    port: int
    options: dict[str, str]
    ssh: tuple[str, str, int, str]


def path_of(folder: Path, name: str) -> Path:
    """Where minikube keeps a profile."""
    return folder / "profiles" / name / "config.json"


def parse(text: str, name: str) -> Profile:
    """A profile.

    Args:
        text: of its file.
        name: of it.

    Raises:
        HostError: it is none that is known, or has several control-plane nodes.
    """
    data = _load(text, name)
    nodes = [node for node in data.get("Nodes") or [] if node.get("ControlPlane")]
    if len(nodes) != 1:
        raise HostError(
            f"profile {name} of minikube has {len(nodes)} control-plane nodes; one is what can be audited here, that of `minikube start` without --ha"
        )
    options = data["KubernetesConfig"].get("ExtraOptions") or []
    return Profile(
        name,
        str(data.get("Driver") or data.get("VMDriver") or ""),
        str(nodes[0].get("IP") or ""),
        int(nodes[0].get("Port") or data.get("APIServerPort") or 8443),
        {str(one["Key"]): str(one["Value"]) for one in options if _is_audit(one)},
        (
            str(data.get("SSHIPAddress")),
            str(data.get("SSHUser")),
            int(data.get("SSHPort") or 22),
            str(data.get("SSHKey")),
        ),
    )


def in_step(text: str, flags: Mapping[str, str], name: str) -> str:
    """A profile whose starts give the API server some audit flags and no others; all else stays as it is.

    Args:
        text: of the profile's file.
        flags: by name, without dashes.
        name: of the profile.

    Raises:
        HostError: it is no profile that is known.
    """
    data = _load(text, name)
    config = data["KubernetesConfig"]
    here = config.get("ExtraOptions") or []
    kept = [one for one in here if not _is_audit(one) or flags.get(one["Key"]) == one["Value"]]
    there = {one["Key"] for one in kept if _is_audit(one)}
    new = [{"Component": API_SERVER, "Key": key, "Value": flags[key]} for key in sorted(flags.keys() - there)]
    if not new and kept == here:
        return text
    config["ExtraOptions"] = [*kept, *new] or None
    made = json.dumps(data, indent="\t", ensure_ascii=False)
    for character, escape in ESCAPED.items():
        made = made.replace(character, escape)
    return made


def start_options(flags: Mapping[str, str]) -> list[str]:
    """The same as arguments of `minikube start`."""
    return [f"--extra-config={API_SERVER}.{name}={flags[name]}" for name in sorted(flags)]


def _is_audit(option: Any) -> bool:
    return option.get("Component") == API_SERVER and str(option.get("Key")).startswith(AUDIT)


def _load(text: str, name: str) -> Any:
    try:
        data = json.loads(text)
        options = data["KubernetesConfig"].get("ExtraOptions") or []
        known = all({"Component", "Key", "Value"} <= one.keys() for one in options)
    except (ValueError, LookupError, TypeError, AttributeError):
        known = False
    if not known or not isinstance(data.get("Nodes"), list):
        raise HostError(
            f"the profile {spelled(name)} is of no minikube that is known (1.8 or newer); `minikube start -p {name}` with a newer one writes it anew"
        )
    return data
