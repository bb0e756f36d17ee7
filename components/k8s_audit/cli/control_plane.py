"""What `doctor` says of API servers that no host of the stack is: a control-plane node that joined later."""

from pathlib import Path
from urllib.parse import urlsplit

import typer

from k8s_audit.config import Stack, places
from k8s_audit.config.platforms.kubeadm import ControlPlaneHost, KubeadmPlatform
from k8s_audit.errors import HostError
from k8s_audit.platforms.kubeadm_cluster import ApiServerPod, KubeadmCluster


def tell_strays(stack: Stack, folder: Path) -> bool:
    """Name each API server without an audit policy that is none of the stack's hosts; return whether there is one."""
    if not isinstance(stack.platform, KubeadmPlatform):
        return False
    try:
        pods = KubeadmCluster(places.kubeconfig(stack, folder)).api_servers()
    except HostError as error:
        typer.echo(f"whether other nodes run an API server without auditing is not known: {error}", err=True)
        return False
    found = [pod for pod in pods if not pod.audits and not any(_is(host, pod) for host in stack.platform.hosts)]
    for pod in found:
        typer.echo(
            f"node {pod.node} ({pod.address or 'no address'}): kube-apiserver without an audit policy, and it is none of"
            " audit:platform.hosts; put it there"
        )
    return bool(found)


def _is(host: ControlPlaneHost, pod: ApiServerPod) -> bool:
    known = {host.name, host.address, urlsplit(host.api_server).hostname}
    return pod.node in known or (bool(pod.address) and pod.address in known)
