"""What `doctor` says of a kubeadm cluster as a whole: kubeadm's own configuration, and API servers of nodes that joined later."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import typer

from k8s_audit.config import places
from k8s_audit.config.platforms.kubeadm import ControlPlaneHost, KubeadmPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.errors import ConflictError, HostError
from k8s_audit.platforms.kubeadm_cluster import NAME, NAMESPACE, ApiServerPod, KubeadmCluster
from k8s_audit.platforms.kubeadm_persistence import Persistence


def tell_cluster(stack: Stack, folder: Path, arguments: Mapping[str, str]) -> bool:
    """Say what `up` would do to kubeadm's own configuration, and name nodes that no host of the stack is.

    Args:
        stack: its configuration.
        folder: what it keeps on this machine.
        arguments: the audit flags that its hosts shall have.

    Returns:
        whether something is in the way, or a node does not audit.
    """
    if not isinstance(stack.platform, KubeadmPlatform):
        return False
    cluster = KubeadmCluster(places.kubeconfig(stack, folder))
    try:
        in_the_way = _tell_configuration(stack.platform, Persistence(cluster), arguments)
        return any([_tell_strays(stack.platform, cluster), in_the_way])
    except HostError as error:
        typer.echo(f"not known, kubeadm's own configuration and nodes that joined: {error}", err=True)
        return False


def _tell_configuration(platform: KubeadmPlatform, persistence: Persistence, arguments: Mapping[str, str]) -> bool:
    if not platform.persist:
        return False
    place = f"ConfigMap {NAMESPACE}/{NAME}"
    try:
        actions = persistence.plan(arguments, any(host.adopt for host in platform.hosts))
    except ConflictError as error:
        typer.echo(f"{place}\n  in the way: {error}")
        return True
    typer.echo("\n  ".join([place, *(actions or ["nothing to do"])]))
    return False


def _tell_strays(platform: KubeadmPlatform, cluster: KubeadmCluster) -> bool:
    pods = [pod for pod in cluster.api_servers() if not pod.audits]
    found = [pod for pod in pods if not any(_is(host, pod) for host in platform.hosts)]
    for pod in found:
        typer.echo(
            f"node {pod.node} ({pod.address or 'no address'}): kube-apiserver without an audit policy, and it is none of"
            " audit:platform.hosts; put it there"
        )
    return bool(found)


def _is(host: ControlPlaneHost, pod: ApiServerPod) -> bool:
    known = {host.name, host.address, urlsplit(host.api_server).hostname}
    return pod.node in known or (bool(pod.address) and pod.address in known)
