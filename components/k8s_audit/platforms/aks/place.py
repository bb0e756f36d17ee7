"""What a stack of kind aks becomes: its Azure providers, AksAudit, and what brings the events to the receiver."""

from typing import Any

import pulumi

from k8s_audit.config.forwarder_kinds import NoForwarder, SysdigForwarder
from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.delivery.forwarder.link import forward, prove
from k8s_audit.delivery.pipeline.model import Annotation, KafkaDeadLetter, KafkaSource
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.aks.component import AksAudit
from k8s_audit.platforms.aks.names import KAFKA_PORT
from k8s_audit.platforms.aks.sdk import provider
from k8s_audit.platforms.aks.seed import AksSysdigForwarder
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Outputs, Placement

WEBHOOK_PORT = 5000
"""TCP, of Sysdig's admission controller."""
SEED_SENDS_NONE = ("ca", "client_certificate", "client_key", "token", "username", "password", "tls_server_name")
"""What the seed's forwarder cannot do for a receiver."""
SEED_WARNING = (
    "audit:forwarder: sysdig: the seed's forwarder sends one event a request, gives up after ten tries and goes on, has no filter"
    " and no dead letters, and is built on .NET Core 3.1, which has had no security updates since December 2022; bento is the default"
)
"""Its WebhookPoster.cs and Dockerfile; https://dotnet.microsoft.com/en-us/platform/support/policy/dotnet-core."""


def place(
    stack: Stack, endpoints: list[ReceiverArgs], placement: Placement, options: pulumi.ResourceOptions
) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoints: who takes audit events; empty: nobody, or the receiver of another stack.
        placement: what is around the receivers: the kubeconfig and the cluster's provider.
        options: Pulumi's.
    """
    platform = stack.platform
    assert isinstance(platform, AksPlatform)
    if isinstance(stack.forwarder, SysdigForwarder):
        _judge_seed(endpoints)
    azure = provider(platform, "azure", platform.subscription_id)
    audit = _audit(stack, platform, endpoints, azure, options)
    outputs: Outputs = {
        "apiServer": audit.cluster_endpoint,
        "eventHubsNamespace": audit.namespace,
        "eventHub": audit.hub,
        "deadLetterHub": audit.dead_letter_hub,
    }
    if not endpoints or isinstance(stack.forwarder, NoForwarder):
        return outputs
    if isinstance(stack.forwarder, SysdigForwarder):
        return outputs | _seed(stack, platform, audit, endpoints[0], [azure, placement.kubernetes()])
    return outputs | _forward(stack, platform, audit, endpoints[0], placement)


def _audit(
    stack: Stack, platform: AksPlatform, endpoints: list[ReceiverArgs], azure: Any, options: pulumi.ResourceOptions
) -> AksAudit:
    reviews = any(receiver.takes() == "reviews" for receiver in stack.receivers)
    existing = platform.event_hubs.existing
    central = existing.subscription_id if existing else None
    args: dict[str, Any] = {}
    if central and central != platform.subscription_id:
        args["event_hubs_provider"] = provider(platform, "azure-event-hubs", central)
    return AksAudit(
        stack.cluster.name,
        {
            "cluster": platform.cluster_name or stack.cluster.name,
            "settings": platform.model_dump(by_alias=True, exclude={"kind"}, exclude_none=True, exclude_unset=True),
            "events": bool(endpoints) or isinstance(stack.forwarder, NoForwarder),
            "receiver_ports": [WEBHOOK_PORT] if reviews else [],
            "reader": stack.forwarder.kind,
            **args,  # type: ignore[typeddict-item] # the one key that must be absent, not None
        },
        pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(providers=[azure])),
    )


def _judge_seed(endpoints: list[ReceiverArgs]) -> None:
    for endpoint in endpoints:
        if wanted := [key for key in SEED_SENDS_NONE if endpoint.get(key)]:
            raise ConfigError(
                [
                    f"audit:forwarder: sysdig cannot send to receiver {endpoint['name']}: it knows no {', '.join(wanted)}; bento does"
                ]
            )


def _seed(
    stack: Stack, platform: AksPlatform, audit: AksAudit, endpoint: ReceiverArgs, providers: list[Any]
) -> Outputs:
    forwarder = stack.forwarder
    assert isinstance(forwarder, SysdigForwarder)
    pulumi.log.warn(SEED_WARNING)
    made = AksSysdigForwarder(
        f"{stack.cluster.name}-seed",
        {
            "cluster": platform.cluster_name or stack.cluster.name,
            "settings": platform.model_dump(by_alias=True, exclude={"kind"}, exclude_none=True, exclude_unset=True),
            "location": audit.location,
            "hub": audit.hub,
            "connection_string": audit.connection_string,
            "url": endpoint["url"],
            "namespace": forwarder.namespace,
            "create_namespace": forwarder.create_namespace,
            "workload": forwarder.workload.model_dump(by_alias=True, exclude_unset=True),
        },
        pulumi.ResourceOptions(providers=providers),
    )
    return {"storageAccount": made.storage_account}


def _forward(
    stack: Stack, platform: AksPlatform, audit: AksAudit, endpoint: ReceiverArgs, placement: Placement
) -> Outputs:
    existing = platform.event_hubs.existing
    # a hub that many clusters share: each record says whose it is
    shared = existing is not None and existing.hub is not None
    annotation = Annotation(None, None) if shared else Annotation(stack.cluster.name, audit.region)
    ways = pulumi.Output.all(broker=audit.broker, hub=audit.hub, dead=audit.dead_letter_hub)
    group = f"k8s-audit-{stack.cluster.name}"
    forwarder = forward(
        stack=stack,
        endpoint=endpoint,
        source=ways.apply(lambda known: KafkaSource((known["broker"],), known["hub"], group)),
        decoder="aks",
        dead_letter=ways.apply(lambda known: KafkaDeadLetter((known["broker"],), known["dead"])),
        annotation=annotation,
        secret_environment={
            "EVENT_HUBS_CONNECTION_STRING": audit.connection_string,
            "DEAD_LETTER_CONNECTION_STRING": audit.dead_letter_connection_string,
        },
        cloud=[{"cidr": cidr, "ports": [KAFKA_PORT]} for cidr in ("0.0.0.0/0", "::/0")],
        opts=pulumi.ResourceOptions(providers=[placement.kubernetes()], depends_on=[audit]),
    )
    check = prove(
        f"{stack.cluster.name}-delivery", stack=stack, placement=placement, endpoint=endpoint, forwarder=forwarder
    )
    return {"deliveryChecks": check.checks}
