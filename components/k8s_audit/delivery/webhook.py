"""The webhook kubeconfig: how an API server reaches a receiver.

Format: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#webhook-backend
"""

import base64
from typing import Any
from urllib.parse import urlsplit

from k8s_audit import kubernetes_yaml
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import ReceiverEndpoint


def render_webhook(endpoint: ReceiverEndpoint) -> str:
    """Render the kubeconfig, certificates inline, the same bytes for the same endpoint.

    Raises:
        DeliveryError: the URL has a query, which the API server drops without a word, or is no HTTP(S) URL.
    """
    url = urlsplit(endpoint.url)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise DeliveryError(f"receiver {endpoint.name}: {endpoint.url!r} is no http:// or https:// URL")
    if url.query or url.fragment:
        raise DeliveryError(
            f"receiver {endpoint.name}: the URL has a query or fragment, which the API server drops; put it into the path"
        )
    cluster: dict[str, str] = {"server": endpoint.url}
    if endpoint.ca:
        cluster["certificate-authority-data"] = _data(endpoint.ca)
    user: dict[str, str] = {}
    if endpoint.client_certificate and endpoint.client_key:
        user = {
            "client-certificate-data": _data(endpoint.client_certificate),
            "client-key-data": _data(endpoint.client_key),
        }
    name = endpoint.name
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": "kube-apiserver", "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "kube-apiserver"}}],
        "current-context": name,
    }
    return kubernetes_yaml.dump(document)


def _data(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()
