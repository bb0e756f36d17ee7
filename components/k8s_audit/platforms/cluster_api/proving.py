"""The proof of delivery of new machines' API servers, each once."""

from collections.abc import Sequence
from threading import Event
from typing import NamedTuple

from k8s_audit.delivery.api_server_pods import OF_KUBEADM, Seen, running
from k8s_audit.delivery.each_api_server import EachApiServer
from k8s_audit.platforms.cluster_api.each_machine import Proof, Say
from k8s_audit.platforms.cluster_api.machines import Machine
from k8s_audit.receivers.endpoint import ReceiverEndpoint


class Api(NamedTuple):
    """The cluster's API.

    Args:
        kubeconfig: path of one that may create ConfigMaps in `default`, read /metrics and list pods in kube-system.
        urls: the API servers' own; none: they are found behind the kubeconfig's.
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
    each = EachApiServer(api.kubeconfig, endpoint, timeout, api.urls, stop, say)

    def there() -> dict[str, Seen]:
        return running(api.kubeconfig, OF_KUBEADM)

    def prove(machines: Sequence[Machine]) -> None:
        def wanted() -> dict[str, Seen]:
            found = there()
            return {one.node: found.get(one.node, Seen()) for one in machines}

        each.prove(wanted)

    return Proof(there, prove)
