"""The recorder as a component: what a stack's receiver of `kind: recorder` becomes."""

from typing import NotRequired, TypedDict

import pulumi

from k8s_audit.config.receivers.recorder import RecorderReceiver as RecorderConfig
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Placed, Placement
from k8s_audit.receivers.recorder.process import PORT
from k8s_audit.resources.local import Recorder


class RecorderReceiverArgs(TypedDict):
    """Arguments of RecorderReceiver."""

    folder: str
    """Absolute path of the folder of its files."""
    port: NotRequired[int]
    """TCP on 127.0.0.1; default: 19765."""
    tls: NotRequired[bool]
    """Serve HTTPS with an authority of its own; default: no."""
    client_certificate: NotRequired[bool]
    """Require the API server's client certificate; needs tls; default: no."""


class RecorderReceiver(pulumi.ComponentResource):
    """A receiver on this machine that writes each event to a file. Its outputs are a platform's `receiver`."""

    url: pulumi.Output[str]
    """Where it takes events."""
    ca: pulumi.Output[str]
    """PEM of its authority; empty without TLS."""
    client_certificate: pulumi.Output[str]
    """PEM for the API server; empty without one."""
    client_key: pulumi.Output[str]
    """PEM of its key; a secret."""
    events: pulumi.Output[str]
    """Path of the file with the events, one a line."""

    def __init__(self, name: str, args: RecorderReceiverArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it.

        Args:
            name: the receiver's name.
            args: see RecorderReceiverArgs.
            opts: Pulumi's.
        """
        super().__init__("k8s-audit:index:RecorderReceiver", name, {}, opts)
        recorder = Recorder(
            f"{name}-server",
            folder=args["folder"],
            receiver=name,
            port=int(args.get("port", PORT)),
            tls=bool(args.get("tls", False)),
            client_certificate_required=bool(args.get("client_certificate", False)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.url, self.ca, self.events = recorder.url, recorder.ca, recorder.events
        self.client_certificate = recorder.client_certificate
        self.client_key = pulumi.Output.secret(recorder.client_key)
        self.register_outputs(
            {
                "url": self.url,
                "ca": self.ca,
                "clientCertificate": self.client_certificate,
                "clientKey": self.client_key,
                "events": self.events,
            }
        )


def place(config: RecorderConfig, placement: Placement) -> Placed:
    """The receiver of a stack."""
    recorder = RecorderReceiver(
        config.name,
        {
            "folder": str(placement.folder / "receivers"),
            "port": config.port,
            "tls": config.tls,
            "client_certificate": config.client_certificate,
        },
    )
    endpoint: ReceiverArgs = {"name": config.name, "url": recorder.url}
    if config.tls:
        endpoint["ca"] = recorder.ca
    if config.client_certificate:
        endpoint |= {"client_certificate": recorder.client_certificate, "client_key": recorder.client_key}
    return Placed(endpoint, {"events": recorder.events})
