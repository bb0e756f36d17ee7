"""The proof of delivery of new machines' API servers, each once: at its own address where that answers from here, else at the cluster's.

A virtual address, as kube-vip's, is one machine's at a time, so no connection to it would reach the others. An address of a machine is in its
API server's certificate: https://kubernetes.io/docs/setup/best-practices/certificates/#all-certificates
"""

from collections.abc import Sequence
from threading import Event
from typing import NamedTuple

from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.delivery.api_server_pods import OF_KUBEADM, running
from k8s_audit.delivery.each_api_server import EachApiServer
from k8s_audit.errors import DeliveryError
from k8s_audit.kubernetes_api import client_settings
from k8s_audit.platforms.cluster_api.each_machine import Proof, Say
from k8s_audit.platforms.cluster_api.machines import Machine
from k8s_audit.receivers.endpoint import ReceiverEndpoint

PORT = 6443
"""Of an API server on its own machine, as kubeadm's `localAPIEndpoint.bindPort` is by default."""


class Api(NamedTuple):
    """The cluster's API.

    Args:
        kubeconfig: path of one that may create ConfigMaps in `default`, read /metrics and list pods in kube-system.
        urls: of API servers, where a machine does not answer at its own address; none: the kubeconfig's.
    """

    kubeconfig: str
    urls: Sequence[str]


def proof_of(api: Api, endpoint: ReceiverEndpoint, timeout: float, stop: Event, say: Say) -> Proof:
    """How the delivery of one change's machines is proved.

    Args:
        api: the cluster's.
        endpoint: the receiver.
        timeout: seconds that an event may take.
        stop: ends a wait.
        say: is told of each proof.
    """
    proved: set[str] = set()

    def prove(machines: Sequence[Machine]) -> None:
        new = [one for one in machines if one.name not in proved]
        if not new:
            return
        urls = direct(api.kubeconfig, [one.address for one in new]) or api.urls
        each = EachApiServer(api.kubeconfig, endpoint, timeout, urls, stop, say)

        def wanted() -> dict[str, float | None]:
            found = running(api.kubeconfig, OF_KUBEADM)
            return {one.node: found.get(one.node) for one in new}

        each.prove(wanted)
        proved.update(one.name for one in new)

    return Proof(lambda: running(api.kubeconfig, OF_KUBEADM), prove)


def direct(kubeconfig: str, addresses: Sequence[str], port: int = PORT) -> list[str]:
    """The URLs of API servers on their machines; none, unless each is there, answers here, and is the cluster's by its certificate.

    Args:
        kubeconfig: of the cluster.
        addresses: of the machines.
        port: of each API server.

    Raises:
        DeliveryError: the kubeconfig cannot be used.
    """
    if not client_settings(kubeconfig, DeliveryError).verify_ssl:  # who answers there might be anybody
        return []
    urls = [f"https://{f'[{one}]' if ':' in one else one}:{port}" for one in addresses if one]
    for url in urls:
        with ApiServer(url, kubeconfig) as server:
            try:
                server.started()
            except DeliveryError:
                return []
    return urls if len(urls) == len(addresses) else []
