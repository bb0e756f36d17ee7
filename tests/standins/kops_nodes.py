"""Stands in for kops' control-plane nodes as the cluster has them: each with its instance group and the mirror pod of its API server."""

from contextlib import suppress
from datetime import datetime
from typing import cast

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.standins.mirror_pods import asked, hide, show


def join(kubeconfig: str, group: str, started: datetime) -> None:
    """A node of an instance group is there, in the place of the one before, and its API server's container has started."""
    name = f"i-{group}"
    node = {"metadata": {"name": name, "labels": {"kops.k8s.io/instancegroup": group}}}
    with asked(kubeconfig) as core:
        _leave(core, group)
        core.create_node(cast(client.V1Node, node))
        show(core, name, "k8s-app=kube-apiserver", started)


def leave(kubeconfig: str, *groups: str) -> None:
    """The nodes of instance groups are gone."""
    with asked(kubeconfig) as core:
        for group in groups:
            _leave(core, group)


def _leave(core: client.CoreV1Api, group: str) -> None:
    hide(core, f"i-{group}")
    with suppress(ApiException):  # there is none
        core.delete_node(f"i-{group}")
