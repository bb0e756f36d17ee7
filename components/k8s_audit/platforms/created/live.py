"""The audit flags with which the API servers of a running cluster were created, as its API tells them.

kind: the mirror pod of each API server has its command line. k3d: K3s notes its own arguments at its node
(https://github.com/k3s-io/k3s/blob/v1.34.1%2Bk3s1/pkg/nodeconfig/nodeconfig.go).
"""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise

from k8s_audit.delivery.api_server_pods import OF_KUBEADM, mirror_pods
from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import Document, client_settings, listed, unanswered

Flags = dict[str, str]
NODE_ARGUMENTS = "k3s.io/node-args"
API_SERVER_ARGUMENT = "--kube-apiserver-arg"


def live(kind: str, kubeconfig: str) -> dict[str, Flags]:
    """The audit flags of each API server, by the name of its pod or node.

    Args:
        kind: `kind` or `k3d`.
        kubeconfig: the path of one that may list pods in kube-system, or nodes.

    Raises:
        HostError: the cluster cannot be asked, or shows no API server.
    """
    from kubernetes import client
    from kubernetes.client.exceptions import ApiException

    settings = client_settings(kubeconfig, HostError)
    try:
        with client.ApiClient(settings) as api:
            found = READERS[kind](mirror_pods(api, OF_KUBEADM) if kind == "kind" else listed(api, "/api/v1/nodes"))
    except ApiException as error:
        right = "list pods in kube-system" if kind == "kind" else "list nodes"
        to = f"answers {error.status} to `{right}`, by which it is told how it was created"
        raise HostError(f"{settings.host} {to if error.status else unanswered(error)}") from None
    except Exception as error:  # whatever urllib3 raises
        raise HostError(f"{settings.host} {unanswered(error)}; does the cluster run?") from None
    if not found:
        raise HostError(
            f"{settings.host} shows no API server of a cluster of kind {kind}; is audit:cluster.kubeconfig its own?"
        )
    return found


def _of_kind(pods: list[Document]) -> dict[str, Flags]:
    return {str(pod["metadata"]["name"]): _audit(pod["spec"]["containers"][0].get("command") or []) for pod in pods}


def _of_k3d(nodes: list[Document]) -> dict[str, Flags]:
    found: dict[str, Flags] = {}
    for node in nodes:
        words = _words((node["metadata"].get("annotations") or {}).get(NODE_ARGUMENTS, ""))
        if words[:1] == ["server"]:
            pairs = pairwise(words)
            found[str(node["metadata"]["name"])] = _audit(
                [value for name, value in pairs if name == API_SERVER_ARGUMENT]
            )
    return found


def _words(text: str) -> list[str]:
    try:
        words = json.loads(text)
    except ValueError:
        return []
    return [str(word) for word in words] if isinstance(words, list) else []


def _audit(words: list[str]) -> Flags:
    flags = dict(word.lstrip("-").partition("=")[::2] for word in words)
    return {name: value for name, value in flags.items() if name.startswith("audit-")}


READERS: Mapping[str, Callable[[list[Document]], dict[str, Flags]]] = {"kind": _of_kind, "k3d": _of_k3d}


def differences(found: Mapping[str, Flags], wanted: Mapping[str, str]) -> list[str]:
    """What API servers lack, one line each; none: they were created with all of it.

    Args:
        found: the audit flags of each.
        wanted: those that each shall have.
    """
    lines = []
    for name, flags in found.items():
        if not flags:
            lines.append(f"{name} was created without audit logging")
            continue
        lines += [
            f"{name} was created {f'with --{flag}={flags[flag]}' if flag in flags else f'without --{flag}'}; wanted: {value}"
            for flag, value in wanted.items()
            if flags.get(flag) != value
        ]
    return lines


def refusal(kind: str, lines: list[str], commands: list[str]) -> str:
    """Why `up` cannot go on, and the commands that mend it.

    Args:
        kind: of the cluster.
        lines: what its API servers lack.
        commands: in order.
    """
    told = "".join(f"\n  {line}" for line in lines)
    ways = "".join(f"\n  {command}" for command in commands)
    return (
        f"audit logging of a cluster of kind {kind} is set when it is created, and this one was not created with it:{told}\nNothing was"
        f" changed. Create it anew, which ends all that runs in it:{ways}"
    )
