"""The way to a receiver in an IKS cluster: through the API server's own proxy, since a master of IBM's reaches no ClusterIP.

https://cloud.ibm.com/docs/containers?topic=containers-health-audit#audit-api-server-cluster; the proxy wants the cluster's own
authority, and an administrator's client certificate, as `ibmcloud ks cluster config --admin` has it.
"""

from pathlib import Path

from k8s_audit.errors import CloudError
from k8s_audit.kubernetes_api import client_settings
from k8s_audit.platforms.iks.api import IksApi, Webhook
from k8s_audit.receivers.address import ServiceAddress
from k8s_audit.receivers.endpoint import ReceiverEndpoint

PROXY = "https://127.0.0.1:2040/"
"""The API server, as it sees itself."""


def proxied(address: ServiceAddress) -> str:
    """The URL of a receiver's Service through the proxy."""
    scheme = "https" if address.tls else "http"
    service = f"{scheme}:{address.service}:{address.port}"
    return f"{PROXY}api/v1/namespaces/{address.namespace}/services/{service}/proxy{address.path}"


def webhook_of(endpoint: ReceiverEndpoint, api: IksApi, kubeconfig: str, policy: str) -> Webhook:
    """The webhook as IBM takes it; through the API server's proxy with what that one asks for.

    Args:
        endpoint: who takes the events.
        api: the cluster, which is asked for its authority.
        kubeconfig: path of an administrator's.
        policy: IBM's `default` or `verbose`.

    Raises:
        CloudError: IBM does not tell the authority, or the kubeconfig has no client certificate.
    """
    if endpoint.url.startswith(PROXY):
        return Webhook(endpoint.url, api.authority(), *client_certificate(kubeconfig), policy)
    pem = (endpoint.ca or "", endpoint.client_certificate or "", endpoint.client_key or "")
    return Webhook(endpoint.url, *pem, policy)


def client_certificate(kubeconfig: str) -> tuple[str, str]:
    """The client certificate of a kubeconfig and its key, in PEM; the key is a secret.

    Args:
        kubeconfig: a path.

    Raises:
        CloudError: it cannot be used, or has none.
    """
    settings = client_settings(kubeconfig, CloudError)
    if settings.cert_file and settings.key_file:
        try:
            return Path(settings.cert_file).read_text(), Path(settings.key_file).read_text()
        except OSError as error:
            raise CloudError(f"kubeconfig {kubeconfig} names {error.filename}: {error.strerror}") from None
    raise CloudError(
        f"kubeconfig {kubeconfig} has no client certificate, with which alone the API server's proxy lets events through to a receiver in"
        " the cluster; `ibmcloud ks cluster config --cluster CLUSTER --admin` downloads one that has"
    )
