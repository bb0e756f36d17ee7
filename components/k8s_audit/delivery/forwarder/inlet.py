"""A forwarder of a stack that records are sent to: by HTTPS, at a Service of its name, with a certificate of ours for that name.

Who sends, and how what is sent becomes events, a platform's `place.py` says. It keeps nothing: what the receiver does not take, the sender is
told, and keeps.
"""

from typing import Any

import pulumi

from k8s_audit.config.forwarder import HTTPS, NAME
from k8s_audit.config.forwarder_kinds import BentoForwarder
from k8s_audit.config.stack import Stack
from k8s_audit.delivery.forwarder.component import Forwarder
from k8s_audit.delivery.forwarder.link import forward
from k8s_audit.delivery.forwarder.objects import SECRETS_FOLDER
from k8s_audit.delivery.pipeline.model import Annotation, Decoder, HttpSource, LogDeadLetter
from k8s_audit.receivers.address import ServiceAddress
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.service import dns_name
from k8s_audit.resources.receivers import ReceiverCertificate

PORT, PATH = 8443, "/"
"""Of the pods; the Service's port is 443."""
CERTIFICATE, KEY = "tls.crt", "tls.key"


def address(forwarder: BentoForwarder) -> ServiceAddress:
    """Where records are sent to."""
    return ServiceAddress(forwarder.namespace, NAME, HTTPS, PATH, tls=True)


def certificate(stack: Stack) -> ReceiverCertificate:
    """Register the certificate of that Service."""
    assert isinstance(stack.forwarder, BentoForwarder)
    host = dns_name(NAME, stack.forwarder.namespace)
    return ReceiverCertificate(f"{stack.cluster.name}-certificate", [host, f"{host}.cluster.local"])


def listen(
    shown: ReceiverCertificate,
    *,
    stack: Stack,
    endpoint: ReceiverArgs,
    decoder: Decoder,
    identity: str,
    pods: dict[str, Any],
    opts: pulumi.ResourceOptions,
) -> Forwarder:
    """Register the forwarder.

    Args:
        shown: what `certificate` registered.
        stack: the whole configuration.
        endpoint: the receiver.
        decoder: what is sent.
        identity: see ForwarderArgs.
        pods: more of ForwarderArgs: whose pods send, and what the platform asks of ours.
        opts: Pulumi's; `providers` has the cluster's.

    Raises:
        ConfigError: the receiver asks for what the forwarder cannot give.
    """
    return forward(
        stack=stack,
        endpoint=endpoint,
        source=HttpSource(PORT, PATH, f"{SECRETS_FOLDER}/{CERTIFICATE}", f"{SECRETS_FOLDER}/{KEY}"),
        decoder=decoder,
        dead_letter=LogDeadLetter(),
        annotation=Annotation(stack.cluster.name),
        identity=identity,
        secret_files={CERTIFICATE: shown.certificate, KEY: shown.key},
        cloud=[],
        pods={"listen_port": PORT, **pods},
        opts=opts,
    )
