"""What a stack of kind aks becomes: its Azure providers, AksAudit, and what brings the events to the receiver."""

import pulumi

from k8s_audit.audit_policy.coverage import limits_of
from k8s_audit.config.forwarder import ANYWHERE
from k8s_audit.config.forwarder_kinds import SysdigForwarder
from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.delivery.forwarder.component import Forwarder
from k8s_audit.delivery.forwarder.link import forward, prove
from k8s_audit.delivery.pipeline.model import Annotation, KafkaDeadLetter, KafkaSource
from k8s_audit.platforms.aks.component import AksAudit, AksAuditArgs
from k8s_audit.platforms.aks.hubs import NONE
from k8s_audit.platforms.aks.names import KAFKA_PORT
from k8s_audit.platforms.aks.sdk import provider
from k8s_audit.platforms.aks.seed_forwarder import AksSeedForwarder
from k8s_audit.platforms.seed_receiver import judge_receiver
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Outputs, Placement

WEBHOOK_PORT = 5000
"""TCP, of Sysdig's admission controller."""
SEED = (
    "forwarder sysdig: it sends one event a request, gives up after ten tries and goes on, has no filter and no dead letters,"
    " proves nothing, and is built on .NET Core 3.1, which has had no security updates since December 2022. bento, the default,"
    " loses nothing"
)
"""By its WebhookPoster.cs and Dockerfile; https://dotnet.microsoft.com/en-us/platform/support/policy/dotnet-core."""


def place(
    stack: Stack, endpoints: list[ReceiverArgs], placement: Placement, options: pulumi.ResourceOptions
) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoints: who takes audit events; empty: nobody here, and nothing is exported unless another stack reads the hub.
        placement: what is around the receivers: the cluster's kubeconfig and provider.
        options: Pulumi's.

    Raises:
        ConfigError: the receiver asks for what the forwarder cannot give.
    """
    platform = stack.platform
    assert isinstance(platform, AksPlatform)
    if isinstance(stack.forwarder, SysdigForwarder) and endpoints:
        judge_receiver(endpoints[0])
        pulumi.log.warn(SEED)
    azure = provider(platform, "azure", platform.subscription_id)
    given = _args(stack, platform, endpoints)
    made = AksAudit(
        stack.cluster.name, given, pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(providers=[azure]))
    )
    if given.get("events"):
        for warning in limits_of(platform.kind, platform.category):
            pulumi.log.warn(warning)
    outputs: Outputs = {
        "apiServer": made.cluster_endpoint,
        "eventHubsNamespace": made.namespace,
        "eventHub": made.hub,
        "deadLetter": made.dead_letter_hub,
    }
    if not endpoints:
        return outputs
    if isinstance(stack.forwarder, SysdigForwarder):
        seed = AksSeedForwarder(
            f"{stack.cluster.name}-seed",
            {
                "config": stack.forwarder,
                "platform": platform,
                "cluster": given["cluster"],
                "location": made.region,
                "hub": made.hub,
                "connection_string": made.connection_string,
                "endpoint": endpoints[0],
            },
            pulumi.ResourceOptions(providers=[azure, placement.kubernetes()]),
        )
        return outputs | {"storageAccount": seed.storage_account}
    inside = pulumi.ResourceOptions(providers=[placement.kubernetes()], depends_on=[made])
    forwarder = _forward(stack, platform, made, endpoints[0], inside)
    check = prove(
        f"{stack.cluster.name}-proof",
        stack=stack,
        placement=placement,
        endpoint=endpoints[0],
        forwarder=forwarder,
    )
    return outputs | {"forwarder": forwarder.deployment, "deliveryChecks": check.checks}


def _args(stack: Stack, platform: AksPlatform, endpoints: list[ReceiverArgs]) -> AksAuditArgs:
    reviews = any(receiver.takes() == "reviews" for receiver in stack.receivers)
    args: AksAuditArgs = {
        "cluster": platform.cluster_name or stack.cluster.name,
        "settings": platform.model_dump(by_alias=True, exclude={"kind"}, exclude_unset=True),
        "events": bool(endpoints) or stack.forwarder.kind == NONE,
        "receiver_ports": [WEBHOOK_PORT] if reviews else [],
        "forwarder": stack.forwarder.kind,
    }
    central = platform.central_subscription
    return args | {"event_hubs_provider": provider(platform, "azure-event-hubs", central)} if central else args


def _forward(
    stack: Stack, platform: AksPlatform, made: AksAudit, endpoint: ReceiverArgs, options: pulumi.ResourceOptions
) -> Forwarder:
    existing = platform.event_hubs.existing
    # the record names its cluster; where this stack's own is the only one, it is called as the stack calls it
    shared = existing is not None and existing.hub is not None
    known: pulumi.Output[list[str]] = pulumi.Output.all(made.broker, made.hub, made.dead_letter_hub)
    group = f"k8s-audit-{stack.cluster.name}"
    return forward(
        stack=stack,
        endpoint=endpoint,
        source=known.apply(lambda names: KafkaSource((names[0],), names[1], group)),
        decoder="aks",
        dead_letter=known.apply(lambda names: KafkaDeadLetter((names[0],), names[2])),
        annotation=Annotation(None if shared else stack.cluster.name, made.region),
        secret_environment={
            "EVENT_HUBS_CONNECTION_STRING": made.connection_string,
            "DEAD_LETTER_CONNECTION_STRING": made.dead_letter_connection_string,
        },
        cloud=[{"cidr": cidr, "ports": [KAFKA_PORT]} for cidr in ANYWHERE],
        opts=options,
    )
