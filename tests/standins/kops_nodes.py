"""Stands in for kops' control-plane nodes as the cluster has them: each with its instance group and the mirror pod of its API server."""

from contextlib import suppress
from typing import cast

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from k8s_audit.local_cluster import LocalCluster
from tests.standins.mirror_pods import asked, began, hide, show


def join(cluster: LocalCluster, group: str) -> None:
    """A node of an instance group is there, in the place of the one before, and its API server runs."""
    name = f"i-{group}"
    node = {"metadata": {"name": name, "labels": {"kops.k8s.io/instancegroup": group}}}
    with asked(str(cluster.kubeconfig)) as core:
        _leave(core, group)
        core.create_node(cast(client.V1Node, node))
        show(core, name, "k8s-app=kube-apiserver", began(cluster))


def leave(kubeconfig: str, *groups: str) -> None:
    """The nodes of instance groups are gone."""
    with asked(kubeconfig) as core:
        for group in groups:
            _leave(core, group)


def _leave(core: client.CoreV1Api, group: str) -> None:
    hide(core, f"i-{group}")
    with suppress(ApiException):  # there is none
        core.delete_node(f"i-{group}")
