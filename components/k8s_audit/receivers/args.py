"""An endpoint as Pulumi programs and components pass it on, before all of it is known."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.receivers.endpoint import endpoint_of


class ReceiverArgs(TypedDict):
    """Where the events go: what every receiver of audit events yields, as a platform takes it."""

    name: str
    """The receiver's name."""
    url: pulumi.Input[str]
    """The whole URL, path included, without a query."""
    ca: NotRequired[pulumi.Input[str]]
    """PEM of the authority that signed the receiver's certificate; default: the host's own authorities."""
    client_certificate: NotRequired[pulumi.Input[str]]
    """PEM with which the API server presents itself; default: none."""
    client_key: NotRequired[pulumi.Input[str]]
    """PEM of its key; a secret."""
    token: NotRequired[pulumi.Input[str]]
    """Sent as `Authorization: Bearer`; a secret; default: none."""
    username: NotRequired[pulumi.Input[str]]
    """Sent with `password` as HTTP basic authentication; default: none."""
    password: NotRequired[pulumi.Input[str]]
    """A secret."""
    tls_server_name: NotRequired[pulumi.Input[str]]
    """The name that the receiver's certificate must have; default: the URL's."""
    body_limit: NotRequired[int]
    """Bytes of the largest body that the receiver takes; default: 10485760."""
    event_limit: NotRequired[int]
    """Bytes of the largest event that the receiver takes; default: 1048576."""
    proof: NotRequired[str]
    """`auditID`: it can be asked for an event, as the recorder; `accepted`: the API server's counters tell; default: `auditID`."""
    namespace: NotRequired[str]
    """Of its pods, where it runs in the cluster; default: it does not, or its pods are in the hosts' network."""
    pod_port: NotRequired[int]
    """TCP, where its pods listen; default: the URL's port."""


def webhook_text(receiver: ReceiverArgs) -> pulumi.Output[str]:
    """The webhook kubeconfig that reaches a receiver; a secret."""
    whole: pulumi.Output[dict[str, Any]] = pulumi.Output.all(**receiver)
    return pulumi.Output.secret(whole.apply(lambda known: render_webhook(endpoint_of(known))))
