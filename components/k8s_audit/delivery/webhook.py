"""The webhook kubeconfig: how an API server reaches a receiver; and back again.

Format: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#webhook-backend
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from k8s_audit import kubernetes_yaml
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import ReceiverEndpoint

USER = "kube-apiserver"


def render_webhook(endpoint: ReceiverEndpoint) -> str:
    """Render the kubeconfig, certificates inline, the same bytes for the same endpoint.

    Raises:
        DeliveryError: the URL is no HTTP(S) URL, or has what the API server drops without a word: a query, or
            credentials beside http://.
    """
    url = urlsplit(endpoint.url)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise DeliveryError(f"receiver {endpoint.name}: {endpoint.url!r} is no http:// or https:// URL")
    if url.query or url.fragment:
        raise DeliveryError(
            f"receiver {endpoint.name}: the URL has a query or fragment, which the API server drops; put it into the path"
        )
    user: dict[str, str] = {}
    if endpoint.client_certificate and endpoint.client_key:
        user["client-certificate-data"] = _data(endpoint.client_certificate)
        user["client-key-data"] = _data(endpoint.client_key)
    if endpoint.token:
        user["token"] = endpoint.token
    elif endpoint.username:
        user |= {"username": endpoint.username, "password": endpoint.password or ""}
    if user and url.scheme == "http":
        raise DeliveryError(
            f"receiver {endpoint.name}: credentials need https://; to http:// the API server sends none, without a word"
        )
    cluster: dict[str, str] = {"server": endpoint.url}
    if endpoint.ca:
        cluster["certificate-authority-data"] = _data(endpoint.ca)
    if endpoint.tls_server_name:
        cluster["tls-server-name"] = endpoint.tls_server_name
    name = endpoint.name
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": USER, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": USER}}],
        "current-context": name,
    }
    return kubernetes_yaml.dump(document)


def read_webhook(text: str) -> ReceiverEndpoint:
    """The endpoint of a webhook kubeconfig: what `render_webhook` was given, but for limits and proof.

    Raises:
        DeliveryError: it is none, or reaches its receiver by what is not in it: files, commands, an insecure way.
    """
    try:
        document = YAML(typ="safe", pure=True).load(text)
        context = _named(document, "contexts", "context", document["current-context"])
        cluster = _named(document, "clusters", "cluster", context["cluster"])
        user = _named(document, "users", "user", context["user"]) or {}
        known = {
            "name": str(context["cluster"]),
            "url": str(cluster["server"]),
            "ca": _text(cluster.get("certificate-authority-data")),
            "tls_server_name": cluster.get("tls-server-name"),
            "client_certificate": _text(user.get("client-certificate-data")),
            "client_key": _text(user.get("client-key-data")),
            "token": user.get("token"),
            "username": user.get("username"),
            "password": user.get("password"),
        }
    except (YAMLError, LookupError, TypeError, AttributeError, ValueError, binascii.Error):
        raise DeliveryError("the webhook's text is no kubeconfig with a current context") from None
    inline = {"server", "tls-server-name"} | {key for key in (*cluster, *user) if key.endswith("-data")}
    other = sorted({*cluster, *user} - inline - {"token", "username", "password"})
    if other:
        raise DeliveryError(f"the webhook's kubeconfig has {', '.join(other)}, which is not ours")
    return ReceiverEndpoint(**known)


def with_authority(endpoint: ReceiverEndpoint, webhook: bytes | None) -> ReceiverEndpoint:
    """The endpoint of a receiver in the cluster with the authority that `up` made, which a host's webhook file has."""
    if webhook is None or endpoint.ca or not endpoint.tls_server_name:
        return endpoint
    try:
        there = read_webhook(webhook.decode("utf-8", "replace"))
    except DeliveryError:
        return endpoint
    return replace(endpoint, ca=there.ca) if there.tls_server_name == endpoint.tls_server_name else endpoint


def secrets_in(webhook: str) -> list[str]:
    """The texts of a webhook kubeconfig that nobody may see."""
    try:
        known = read_webhook(webhook)
    except DeliveryError:
        return []
    data = [line.partition(": ")[2].strip() for line in webhook.splitlines() if "client-key-data" in line]
    return [text for text in (known.token, known.password, *data) if text]


def authorization(endpoint: ReceiverEndpoint) -> dict[str, str]:
    """The header that an API server makes of the endpoint's credentials; a secret."""
    if endpoint.token:
        return {"Authorization": f"Bearer {endpoint.token}"}
    if endpoint.username:
        pair = f"{endpoint.username}:{endpoint.password or ''}"
        return {"Authorization": f"Basic {_data(pair)}"}
    return {}


def _named(document: Mapping[str, Any], kind: str, part: str, name: str) -> Any:
    return {entry["name"]: entry.get(part) for entry in document[kind]}[name]


def _data(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _text(data: str | None) -> str | None:
    return None if data is None else base64.b64decode(data, validate=True).decode()
