"""Kubespray's own variables that make it write what our change of the hosts made: the flags and mounts of each API server.

Its switches `kubernetes_audit` and `kubernetes_audit_webhook` cannot say all of our flags, and write a policy and a webhook file of
their own. https://github.com/kubernetes-sigs/kubespray, roles/kubernetes/control-plane (before 2.16: roles/kubernetes/master),
defaults/main/main.yml and templates/kubeadm-config.*.yaml.j2, from 2.10 to 2.31.
"""

import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from k8s_audit import kubernetes_yaml
from k8s_audit.control_plane import kubeadm_config
from k8s_audit.control_plane.static_pod import LOG_FLAGS

ARGUMENTS, VOLUMES = "kube_kubeadm_apiserver_extra_args", "apiserver_extra_volumes"
OURS = (ARGUMENTS, VOLUMES)
SWITCHES = ("kubernetes_audit", "kubernetes_audit_webhook")
"""Of Kubespray's own auditing."""
MARK = "# Written by k8s-audit"
HEADER = f"""\
{MARK}: without it a run of Kubespray would write API servers that do not audit.
# `pulumi up` writes it anew, `pulumi destroy` takes it away. The files that it names lie on each control-plane node.
"""
BARE = f"apiVersion: {kubeadm_config.GROUP}/v1beta3\nkind: ClusterConfiguration\n"
UNFIT = re.compile(r'["\\\n]|\{[{%#]')
"""What Ansible, or the double quotes of Kubespray's template, would read otherwise."""
OFF = frozenset({"false", "no", "off", "n", "0", "", "none"})
"""How YAML 1.1 and Ansible spell that something is not so."""


def values(arguments: Mapping[str, str]) -> dict[str, Any]:
    """The variables.

    Args:
        arguments: audit flags by name, without dashes.
    """
    server = YAML(typ="safe", pure=True).load(kubeadm_config.turn_on(BARE, arguments).text)["apiServer"]
    volumes = [
        {key: one[key] for key in ("name", "hostPath", "mountPath")} | {"readOnly": bool(one.get("readOnly"))}
        for one in server["extraVolumes"]
    ]
    return {ARGUMENTS: dict(server["extraArgs"]), VOLUMES: volumes}


def beside(theirs: Any, arguments: Mapping[str, str]) -> dict[str, str]:
    """Our flags beside a user's own: settings of the log backend stay the user's, as on the hosts.

    Args:
        theirs: the user's own value of ARGUMENTS.
        arguments: ours.
    """
    own = theirs if isinstance(theirs, dict) else {}
    log = {str(name): _plain(value) for name, value in own.items() if str(name).startswith(LOG_FLAGS)}
    return {**arguments, **log}


def lacks(name: str, theirs: Any, wanted: Any) -> list[str]:
    """What of ours a user's own value of a variable has not, by flag or mounted folder.

    Args:
        name: of the variable.
        theirs: its value.
        wanted: ours.
    """
    if name == ARGUMENTS:
        own = theirs if isinstance(theirs, dict) else {}
        here = {str(flag): _plain(value) for flag, value in own.items()}
        return [flag for flag, value in wanted.items() if here.get(flag) != value]
    mounts = [one for one in theirs if isinstance(one, dict)] if isinstance(theirs, list) else []
    return [one["mountPath"] for one in wanted if not any(_serves(mount, one) for mount in mounts)]


def is_off(value: Any) -> bool:
    """Whether a switch of Kubespray's is off; an expression may be anything."""
    return str(value).strip().lower() in OFF


def text(wanted: Mapping[str, Any]) -> str:
    """The file with some of the variables; none: empty."""
    return HEADER + kubernetes_yaml.dump(dict(wanted)) if wanted else ""


def load(found: str) -> dict[str, Any] | None:
    """The variables of a file; None: it has none that can be read."""
    try:
        document = YAML(pure=True).load(found)
    except (YAMLError, ValueError):
        return None
    if document is None:
        return {}
    return document if isinstance(document, dict) else None


def unfit(arguments: Mapping[str, str]) -> list[str]:
    """Flags whose value would reach no API server as it is."""
    return [name for name, value in arguments.items() if UNFIT.search(value)]


def _serves(mount: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    read_only = mount.get("readOnly", not mount.get("writable", False))
    same = all(str(mount.get(key, "")).rstrip("/") == wanted[key] for key in ("hostPath", "mountPath"))
    return same and (wanted["readOnly"] or is_off(read_only))


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
