"""The webhook kubeconfig with `${name}` for what is secret, or known to `up` alone; `envsubst` can fill it in."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module

from k8s_audit.config.receivers.http import HttpReceiver
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.config.receivers.recorder import RecorderReceiver
from k8s_audit.config.registry import PLACES
from k8s_audit.config.stack import PROJECT
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import DeliveryError
from k8s_audit.local_cluster.ports import LOOPBACK
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from k8s_audit.receivers.recorder.server import PATH
from k8s_audit.receivers.service import dns_name

MARK = "k8s-audit-placeholder-{}-"
"""Stands for a value until the text is made: a word that YAML leaves without quotes, and a host name too."""


@dataclass(frozen=True)
class Masked:
    """An endpoint whose unknown values are marks.

    Args:
        endpoint: it.
        placeholders: the names of the values, and what each of them is.
    """

    endpoint: ReceiverEndpoint
    placeholders: Mapping[str, str]

    def webhook(self) -> str:
        """The kubeconfig. What it has in Base64 is so in the placeholder too, whose name then ends so."""
        text = render_webhook(self.endpoint)
        for name in self.placeholders:
            mark = MARK.format(name)
            data = base64.b64encode(mark.encode()).decode()
            text = text.replace(data, f'"${{{name}_base64}}"').replace(f": {mark}\n", f': "${{{name}}}"\n')
            text = text.replace(mark, f"${{{name}}}")
        return text


def masked(receivers: list[ReceiverConfig]) -> Masked:
    """The endpoint of the receiver that takes audit events; nothing is asked, decrypted or read for it but certificates.

    Raises:
        DeliveryError: none takes them.
    """
    receiver = next((one for one in receivers if one.takes() == "events"), None)
    if receiver is None:
        raise DeliveryError("no receiver of this stack takes audit events")
    unknown: dict[str, str] = {}

    def mark(name: str, what: str) -> str:
        unknown[name] = what
        return MARK.format(name)

    if isinstance(receiver, HttpReceiver):
        endpoint = receiver.endpoint(lambda key: mark(key, f"the secret {PROJECT}:{key} of the stack"))
    elif isinstance(receiver, RecorderReceiver):
        endpoint = ReceiverEndpoint(
            receiver.name, f"{'https' if receiver.tls else 'http'}://{LOOPBACK}:{receiver.port}{PATH}"
        )
        made = "of receiver {}, which `up` makes"
        if receiver.tls:
            endpoint = replace(endpoint, ca=mark("ca", f"PEM of the authority {made.format(receiver.name)}"))
        if receiver.client_certificate:
            endpoint = replace(
                endpoint,
                client_certificate=mark("clientCertificate", f"PEM of the certificate {made.format(receiver.name)}"),
                client_key=mark("clientKey", f"PEM of its key {made.format(receiver.name)}"),
            )
    else:
        address = import_module(f"k8s_audit.receivers.{PLACES[receiver.kind]}").address(receiver)
        service = f"{address.namespace}/{address.service}"
        host = mark("clusterIP", f"the ClusterIP of Service {service}")
        endpoint = ReceiverEndpoint(
            receiver.name,
            f"{'https' if address.tls else 'http'}://{host}:{address.port}{address.path}",
            body_limit=address.body_limit,
            event_limit=address.event_limit,
        )
        if address.tls:
            endpoint = replace(
                endpoint,
                ca=mark("ca", f"PEM of the authority of Service {service}, which `up` makes"),
                tls_server_name=dns_name(address.service, address.namespace),
            )
    return Masked(endpoint, unknown)


def explained(placeholders: Mapping[str, str], texts: list[str]) -> Iterator[str]:
    """One line for each placeholder that stands in the texts.

    Args:
        placeholders: their names, and what each is.
        texts: what was rendered.
    """
    for name, what in placeholders.items():
        for spelled, ending in ((f"{name}_base64", ", in Base64"), (name, "")):
            if any(f"${{{spelled}}}" in text for text in texts):
                yield f"${{{spelled}}}: {what}{ending}"
