"""Where a receiver in the cluster is reached, told without the engine: by the ClusterIP that its Service has now."""

from dataclasses import dataclass

from k8s_audit.errors import ReceiverError
from k8s_audit.kubernetes_api import answer_to
from k8s_audit.receivers.cluster import asked
from k8s_audit.receivers.endpoint import ACCEPTED, BODY_LIMIT, EVENT_LIMIT, ReceiverEndpoint
from k8s_audit.receivers.service import dns_name, url_of

NOT_FOUND = 404


@dataclass(frozen=True)
class ServiceAddress:
    """A receiver's Service, by its configuration.

    Args:
        namespace: the Service's.
        service: its name.
        port: TCP.
        path: of the URL.
        tls: whether it speaks HTTPS, with a certificate for the Service's name.
        body_limit: bytes of the largest body that the receiver takes.
        event_limit: bytes of the largest event that it takes.
    """

    namespace: str
    service: str
    port: int
    path: str
    tls: bool = False
    body_limit: int = BODY_LIMIT
    event_limit: int = EVENT_LIMIT


def live_endpoint(receiver: str, address: ServiceAddress, kubeconfig: str) -> ReceiverEndpoint:
    """The endpoint of a receiver in the cluster; the authority of its certificate is known to `up` and the hosts alone.

    Args:
        receiver: its name.
        address: its Service.
        kubeconfig: path of one that may get the Service.

    Raises:
        ReceiverError: the Service is not there, or the cluster cannot be asked.
    """
    from kubernetes.client.exceptions import ApiException

    with asked(kubeconfig) as api:
        try:
            path = f"/api/v1/namespaces/{address.namespace}/services/{address.service}"
            found = answer_to(api, "GET", path).accepted().document
        except ApiException as error:
            if error.status != NOT_FOUND:
                raise
            look = f"kubectl --kubeconfig {kubeconfig} --namespace {address.namespace} get services,pods"
            raise ReceiverError(
                f"receiver {receiver}: its Service {address.namespace}/{address.service} is not in the cluster; `up` brings it"
                f" there.\nLook closer: {look}"
            ) from None
    return ReceiverEndpoint(
        name=receiver,
        url=url_of(
            "https" if address.tls else "http",
            found.get("spec", {}).get("clusterIP"),
            address.port,
            address.path,
        ),
        tls_server_name=dns_name(address.service, address.namespace) if address.tls else None,
        body_limit=address.body_limit,
        event_limit=address.event_limit,
        proof=ACCEPTED,
    )
