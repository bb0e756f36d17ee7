"""Any HTTP(S) URL as a receiver: nothing is made; its address and credentials become an endpoint."""

from typing import NotRequired, TypedDict, cast

import pulumi

from k8s_audit.config.receivers.http import CLIENT_KEY, PASSWORD, TOKEN
from k8s_audit.config.receivers.http import HttpReceiver as HttpConfig
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.endpoint import ACCEPTED, BODY_LIMIT, EVENT_LIMIT
from k8s_audit.receivers.placement import Placed, Placement


class HttpReceiverArgs(TypedDict):
    """Arguments of HttpReceiver."""

    url: pulumi.Input[str]
    """The whole URL, path included, without a query, which an API server drops."""
    ca: NotRequired[pulumi.Input[str]]
    """PEM of the authority that signed its certificate; default: the host's own authorities."""
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
    """The name that its certificate must have; default: the URL's."""
    body_limit: NotRequired[int]
    """Bytes of the largest body that it takes; default: 10485760."""
    event_limit: NotRequired[int]
    """Bytes of the largest event that it takes; default: 1048576."""


class HttpReceiver(pulumi.ComponentResource):
    """A receiver that is there already, at a URL. Its `endpoint()` is a platform's `receiver`."""

    url: pulumi.Output[str]
    """Where it takes events."""

    def __init__(self, name: str, args: HttpReceiverArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it.

        Args:
            name: the receiver's name.
            args: see HttpReceiverArgs.
            opts: Pulumi's.
        """
        super().__init__("k8s-audit:index:HttpReceiver", name, {}, opts)
        self.name, self.args = name, args
        self.url = pulumi.Output.from_input(args["url"])
        self.register_outputs({"url": self.url})

    def endpoint(self) -> ReceiverArgs:
        """How it is reached, its secrets secret."""
        known = dict(self.args)
        for key in ("client_key", "token", "password"):
            if key in known:
                known[key] = pulumi.Output.secret(known[key])
        limits = {"body_limit": BODY_LIMIT, "event_limit": EVENT_LIMIT}
        return cast(ReceiverArgs, limits | known | {"name": self.name, "proof": ACCEPTED})


def place(config: HttpConfig, placement: Placement) -> Placed:
    """The receiver of a stack."""
    secrets = {CLIENT_KEY: "client_key", TOKEN: "token", PASSWORD: "password"}
    given = {
        "url": config.url,
        "ca": config.ca_pem(),
        "client_certificate": config.client_pem(),
        "username": config.username,
        "tls_server_name": config.tls_server_name,
        "body_limit": config.body_limit,
        "event_limit": config.event_limit,
    } | {secrets[key]: placement.secret(key) for key in config.secrets()}
    args = cast(HttpReceiverArgs, {key: value for key, value in given.items() if value is not None})
    return Placed(HttpReceiver(config.name, args).endpoint())
