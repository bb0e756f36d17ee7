"""What `doctor` says of a cluster of hosts as a whole: nodes that joined later, kubeadm's own configuration, and Kubespray's variables."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from k8s_audit.cli.findings import Finding
from k8s_audit.config import places
from k8s_audit.config.platforms.hosts import HostsPlatform
from k8s_audit.config.platforms.kubeadm import ControlPlaneHost, KubeadmHosts
from k8s_audit.config.platforms.kubespray import KubesprayPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.errors import ConflictError, HostError
from k8s_audit.platforms.control_plane_nodes import LABELS, HostNames, server_nodes, strays
from k8s_audit.platforms.kubeadm_cluster import NAME, NAMESPACE, ApiServerPod, KubeadmCluster
from k8s_audit.platforms.kubeadm_persistence import Persistence
from k8s_audit.platforms.kubespray.inventory import Inventory


def cluster_findings(stack: Stack, folder: Path, arguments: Mapping[str, str]) -> Iterator[Finding]:
    """Nodes that no host of the stack is, and what `up` would do to kubeadm's own configuration.

    Args:
        stack: its configuration.
        folder: what it keeps on this machine.
        arguments: the audit flags that its hosts shall have.
    """
    if isinstance(stack.platform, HostsPlatform) and stack.platform.kind in LABELS:
        yield from beyond_the_hosts(stack.platform.kind, stack.platform.hosts, places.kubeconfig(stack, folder))
    if not isinstance(stack.platform, KubeadmHosts):
        return
    if isinstance(stack.platform, KubesprayPlatform) and stack.platform.persist:
        yield _variables(stack.platform, arguments)
    cluster = KubeadmCluster(places.kubeconfig(stack, folder))
    try:
        yield from _configuration(stack.platform, Persistence(cluster), arguments)
        yield from _strays(stack.platform, cluster)
    except HostError as error:
        yield Finding("kubeadm's own configuration and nodes that joined", [f"not known: {error}"])


def beyond_the_hosts(kind: str, hosts: Sequence[HostNames], kubeconfig: str) -> Iterator[Finding]:
    """Nodes that run the control plane and are no host.

    Args:
        kind: of the platform, a key of `control_plane_nodes.LABELS`.
        hosts: of the stack.
        kubeconfig: path of one that may list nodes.
    """
    try:
        found = strays(hosts, server_nodes(kubeconfig, kind))
    except HostError as error:
        yield Finding("nodes that joined", [f"not known: {error}"])
        return
    if found:
        yield Finding(found.told(kind), wrong=True)


def _configuration(platform: KubeadmHosts, persistence: Persistence, arguments: Mapping[str, str]) -> Iterator[Finding]:
    if not platform.persist:
        return
    place = f"ConfigMap {NAMESPACE}/{NAME}"
    try:
        actions = persistence.plan(arguments, any(host.adopt for host in platform.hosts))
    except ConflictError as error:
        yield Finding(place, in_the_way=[str(error)])
        return
    yield Finding(place, actions or ["nothing to do"])


def _variables(platform: KubesprayPlatform, arguments: Mapping[str, str]) -> Finding:
    inventory = Inventory(platform.folder(), platform.group)
    subject = f"variables of Kubespray, {inventory.file}"
    try:
        look = inventory.look(arguments)
    except HostError as error:
        return Finding(subject, unreadable=str(error))
    return Finding(subject, look.told(), look.faults)


def _strays(platform: KubeadmHosts, cluster: KubeadmCluster) -> Iterator[Finding]:
    for pod in cluster.unaudited():
        if not any(_is(host, pod) for host in platform.hosts):
            yield Finding(
                f"node {pod.node} ({pod.address or 'no address'}): kube-apiserver without an audit policy, and it is none of"
                " audit:platform.hosts; put it there",
                wrong=True,
            )


def _is(host: ControlPlaneHost, pod: ApiServerPod) -> bool:
    known = {host.name, host.address, urlsplit(host.api_server).hostname}
    return pod.node in known or (bool(pod.address) and pod.address in known)
