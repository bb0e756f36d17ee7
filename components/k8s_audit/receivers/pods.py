"""The pods behind a receiver's Service: are there any, and do they listen on its port?

An agent of the host network declares no ports, so pods that declare none are taken as they are.
"""

import difflib
from dataclasses import dataclass

from k8s_audit.errors import ReceiverError
from k8s_audit.kubernetes_api import listed
from k8s_audit.receivers.cluster import asked

SHOWN = 5
"""Pods that a message names."""


@dataclass(frozen=True)
class Pod:
    """What is looked at of one pod."""

    name: str
    labels: dict[str, str]
    ports: frozenset[int]


def pods_in(kubeconfig: str, namespace: str) -> list[Pod]:
    """The pods of a namespace that have not ended.

    Raises:
        ReceiverError: the cluster does not tell.
    """
    with asked(kubeconfig) as api:
        found = listed(api, f"/api/v1/namespaces/{namespace}/pods")
    return [
        Pod(
            pod["metadata"]["name"],
            dict(pod["metadata"].get("labels") or {}),
            frozenset(port["containerPort"] for one in pod["spec"]["containers"] for port in one.get("ports") or []),
        )
        for pod in found
        if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
    ]


def matching(pods: list[Pod], namespace: str, selector: dict[str, str], port: int) -> list[Pod]:
    """The pods that a Service with this selector and port reaches.

    Args:
        pods: those of the namespace.
        namespace: named in messages.
        selector: labels and their values.
        port: TCP.

    Raises:
        ReceiverError: there are none, or they declare ports and this is none of them.
    """
    found = [pod for pod in pods if selector.items() <= pod.labels.items()]
    if not found:
        raise ReceiverError(_nobody(pods, namespace, selector))
    declared = frozenset().union(*(pod.ports for pod in found))
    if declared and port not in declared:
        names, ports = _names(found), ", ".join(map(str, sorted(declared)))
        raise ReceiverError(
            f"port {port} is none of the ports that the pods in namespace {namespace} with the labels {_spelled(selector)}"
            f" declare: {ports} ({names})"
        )
    return found


def _nobody(pods: list[Pod], namespace: str, selector: dict[str, str]) -> str:
    text = f"no pod in namespace {namespace} has the labels {_spelled(selector)}"
    if not pods:
        return f"{text}; there is no pod in it at all: is this the agent's namespace, and is the agent installed?"
    wanted = _spelled(selector)

    def likeness(pod: Pod) -> tuple[int, float]:
        shared = len(selector.items() & pod.labels.items())
        return shared, difflib.SequenceMatcher(None, wanted, _spelled(pod.labels)).ratio()

    nearest = sorted(pods, key=likeness, reverse=True)
    told = "; ".join(f"{pod.name} with {_spelled(pod.labels) or 'no labels'}" for pod in nearest[:SHOWN])
    more = f"; and {len(pods) - SHOWN} more" if len(pods) > SHOWN else ""
    return f"{text}; nearest of the pods there: {told}{more}"


def _names(pods: list[Pod]) -> str:
    more = f" and {len(pods) - SHOWN} more" if len(pods) > SHOWN else ""
    return ", ".join(pod.name for pod in pods[:SHOWN]) + more


def _spelled(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
