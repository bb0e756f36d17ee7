"""From a receiver of a stack to the forwarder that brings it a cloud's events, and the proof that they arrive.

A cloud's `platforms/<cloud>/place.py` makes the stream and who may read it, then calls `forward`. Credentials of the receiver become files
in the pods; the pipeline's text names the files alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import pulumi

from k8s_audit.config.forwarder import NAME
from k8s_audit.config.forwarder_kinds import BentoForwarder
from k8s_audit.config.stack import Stack
from k8s_audit.delivery.forwarder.component import Forwarder, ForwarderArgs
from k8s_audit.delivery.forwarder.network import ways_to
from k8s_audit.delivery.forwarder.objects import SECRETS_FOLDER
from k8s_audit.delivery.pipeline.model import (
    Annotation,
    DeadLetter,
    Decoder,
    Filter,
    Pipeline,
    Sink,
    Source,
)
from k8s_audit.delivery.pipeline.render import render_pipeline
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.endpoint import BODY_LIMIT, EVENT_LIMIT, FORWARDED
from k8s_audit.receivers.placement import Placement
from k8s_audit.resources.proofs import DeliveryCheck

FILES = {
    "ca": "ca.pem",
    "client_certificate": "client.pem",
    "client_key": "client-key.pem",
    "token": "token",
    "password": "password",
}
"""What a receiver asks for, by the name of its file."""


def forward(
    name: str = NAME,
    *,
    stack: Stack,
    endpoint: ReceiverArgs,
    source: pulumi.Input[Source],
    decoder: Decoder,
    dead_letter: pulumi.Input[DeadLetter],
    annotation: Annotation,
    identity: str = "web",
    environment: Mapping[str, pulumi.Input[str]] | None = None,
    secret_files: Mapping[str, pulumi.Input[str]] | None = None,
    secret_environment: Mapping[str, pulumi.Input[str]] | None = None,
    service_account_annotations: Mapping[str, pulumi.Input[str]] | None = None,
    service_account_labels: Mapping[str, str] | None = None,
    pod_labels: Mapping[str, str] | None = None,
    cloud: list[dict[str, Any]] | None = None,
    pods: Mapping[str, Any] | None = None,
    opts: pulumi.ResourceOptions,
) -> Forwarder:
    """Register the forwarder of a stack whose `audit:forwarder` is of kind bento.

    Args:
        name: of the forwarder; `verify` and `doctor` look for the default.
        stack: the whole configuration.
        endpoint: the receiver.
        source: the stream; an Output of one where its names are only known later.
        decoder: how the cloud wraps an event.
        dead_letter: where what nobody takes goes; likewise.
        annotation: what is put on each event.
        identity: how the pods prove who they are, see ForwarderArgs.
        environment: variables in plain text.
        secret_files: files out of a Secret, beside the receiver's.
        secret_environment: variables out of a Secret.
        service_account_annotations: of the cloud's workload identity.
        service_account_labels: likewise.
        pod_labels: likewise.
        cloud: `network.cloud` where the stack's file says nothing; default: TCP 443 of any address.
        pods: more of ForwarderArgs: what the platform asks of the pods.
        opts: Pulumi's; `providers` has the cluster's.

    Raises:
        ConfigError: the pods' settings have faults.
    """
    assert isinstance(stack.forwarder, BentoForwarder)
    args: ForwarderArgs = {
        "pipeline": _text(stack.forwarder, endpoint, source, decoder, dead_letter, annotation),
        "settings": _settings(stack.forwarder, endpoint, cloud),
        "identity": identity,
        "environment": dict(environment or {}),
        "secret_environment": dict(secret_environment or {}),
        "secret_files": {
            **{FILES[key]: value for key, value in _credentials(endpoint).items()},
            **(secret_files or {}),
        },
        "service_account_annotations": dict(service_account_annotations or {}),
        "service_account_labels": dict(service_account_labels or {}),
        "pod_labels": dict(pod_labels or {}),
    }
    args |= cast(ForwarderArgs, dict(pods or {}))
    return Forwarder(name, args, opts)


def prove(
    name: str,
    *,
    stack: Stack,
    placement: Placement,
    endpoint: ReceiverArgs,
    forwarder: Forwarder,
    after: Sequence[pulumi.Resource] = (),
    triggers: Sequence[pulumi.Input[str]] = (),
) -> DeliveryCheck:
    """Register the proof that an event comes through the stream; it is made again with each change of the forwarder's pods.

    Args:
        name: of the resource, such as `prod-1-proof`.
        stack: the whole configuration.
        placement: what is around the receivers: the kubeconfig.
        endpoint: the receiver.
        forwarder: what `forward` registered.
        after: what else must be there before.
        triggers: what else it is made again with.
    """
    return DeliveryCheck(
        name,
        api_servers=[],
        kubeconfig=placement.kubeconfig,
        receiver={"name": endpoint["name"], "url": endpoint["url"], "proof": FORWARDED},
        forwarder=pulumi.Output.concat(forwarder.namespace, "/", forwarder.deployment),
        timeout=stack.delivery.proof_timeout(stream=True),
        triggers=[forwarder.revision, *triggers],
        opts=pulumi.ResourceOptions(depends_on=[forwarder, *after]),
    )


def _credentials(endpoint: ReceiverArgs) -> dict[str, Any]:
    return {key: value for key in FILES if (value := endpoint.get(key))}


def _settings(config: BentoForwarder, endpoint: ReceiverArgs, cloud: list[dict[str, Any]] | None) -> dict[str, Any]:
    settings = config.pods()
    network = dict(settings.get("network", {}))
    if config.network.enabled and not config.network.receivers:
        network["receivers"] = ways_to(endpoint)
    if cloud is not None and "cloud" not in network:
        network["cloud"] = cloud
    return settings | {"network": network}


def _text(
    config: BentoForwarder,
    endpoint: ReceiverArgs,
    source: pulumi.Input[Source],
    decoder: Decoder,
    dead_letter: pulumi.Input[DeadLetter],
    annotation: Annotation,
) -> pulumi.Output[str]:
    """The pipeline; nothing secret is looked at, or all of the text would count as one."""
    files = {key: f"{SECRETS_FOLDER}/{FILES[key]}" for key in _credentials(endpoint)}
    filters = tuple(
        Filter(
            users=tuple(each.users),
            verbs=tuple(each.verbs),
            resources=tuple(each.resources),
            namespaces=tuple(each.namespaces),
        )
        for each in config.filters
    )

    def render(known: dict[str, Any]) -> str:
        sink = Sink(
            url=_url(endpoint, known["url"], known["tls_server_name"]),
            body_limit=int(endpoint.get("body_limit", BODY_LIMIT)),
            event_limit=int(endpoint.get("event_limit", EVENT_LIMIT)),
            authority_file=files.get("ca") if known["ca"] else None,
            client_certificate_file=files.get("client_certificate"),
            client_key_file=files.get("client_key"),
            token_file=files.get("token"),
            username=known["username"] or None,
            password_file=files.get("password"),
            tls_server_name=known["tls_server_name"] or None,
        )
        return render_pipeline(
            Pipeline(
                source=known["source"],
                decoder=decoder,
                sink=sink,
                dead_letter=known["dead_letter"],
                annotation=annotation,
                filters=filters,
            )
        )

    _judge_name(endpoint)
    open_parts = {key: endpoint.get(key, "") for key in ("url", "ca", "username", "tls_server_name")}
    whole: pulumi.Output[dict[str, Any]] = pulumi.Output.all(source=source, dead_letter=dead_letter, **open_parts)
    return whole.apply(render)


def _judge_name(endpoint: ReceiverArgs) -> None:
    """Bento asks a server for the certificate of the URL's host, and for no other; outside the cluster we can't change it."""
    name, url = endpoint.get("tls_server_name"), endpoint["url"]
    if "pod_port" in endpoint or not isinstance(name, str) or not isinstance(url, str):
        return
    if name and name != urlsplit(url).hostname:
        raise ConfigError(
            [
                f"receiver {endpoint['name']}: tlsServerName: {name} is not the URL's host, and a forwarder asks for no other"
                " certificate; put the name into the URL"
            ]
        )


def _url(endpoint: ReceiverArgs, url: str, name: str) -> str:
    """The URL for pods: unlike an API server they know a Service by the name that is in its certificate."""
    if not name or "pod_port" not in endpoint:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}:{parts.port}" if parts.port else name))
