"""What a stack of kind gke becomes: its Google Cloud provider, GkeAudit, and what brings the events to the receiver."""

import pulumi

from k8s_audit.audit_policy.coverage import limits_of
from k8s_audit.config.forwarder_kinds import BentoForwarder, NoForwarder, SysdigForwarder
from k8s_audit.config.platforms.gke import GkePlatform
from k8s_audit.config.stack import Stack
from k8s_audit.delivery.forwarder.component import Forwarder
from k8s_audit.delivery.forwarder.link import forward, prove
from k8s_audit.delivery.pipeline.model import Annotation, PubSubDeadLetter, PubSubSource
from k8s_audit.platforms.gke import seed_forwarder
from k8s_audit.platforms.gke.component import GkeAudit, GkeAuditArgs
from k8s_audit.platforms.gke.names import ClusterId
from k8s_audit.platforms.gke.sdk import provider
from k8s_audit.platforms.gke.seed_forwarder import GkeSeedForwarder
from k8s_audit.platforms.gke.session import Access
from k8s_audit.platforms.seed_receiver import judge_receiver
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Outputs, Placement

WEBHOOK_PORT = 5000
"""TCP, of Sysdig's admission controller."""
ACTS_AS = "iam.gke.io/gcp-service-account"
"""https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity#kubernetes-sa-to-iam"""
SEED = (
    "forwarder sysdig: an exported key that does not end lies in the cluster and reads the whole project's logs; it asks every {interval},"
    " sees no reads, keeps no position, and goes on when a POST fails: what happens while it is away or the receiver refuses is lost,"
    " and no delivery is proved. bento, the default, has no key and loses nothing"
)


def place(
    stack: Stack, endpoints: list[ReceiverArgs], placement: Placement, options: pulumi.ResourceOptions
) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoints: who takes audit events; empty: nobody here, and nothing is led out of Cloud Logging unless into another stack's topic.
        placement: what is around the receivers: the cluster's kubeconfig and provider.
        options: Pulumi's.

    Raises:
        ConfigError: the receiver asks for what the forwarder cannot give.
    """
    platform, sysdig = stack.platform, isinstance(stack.forwarder, SysdigForwarder)
    assert isinstance(platform, GkePlatform)
    if isinstance(stack.forwarder, SysdigForwarder) and endpoints:
        judge_receiver(endpoints[0])
        pulumi.log.warn(SEED.format(interval=stack.forwarder.poll_interval or seed_forwarder.POLLING))
    variant = "bridge" if sysdig else "data-access" if platform.data_access.log_types else "activity"
    for line in limits_of(platform.kind, variant) if endpoints else []:
        pulumi.log.warn(line)
    google = provider(Access(platform.credentials, platform.impersonate_service_account), platform.project)
    made = GkeAudit(
        stack.cluster.name,
        _args(stack, platform, endpoints),
        pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(providers=[google])),
    )
    outputs: Outputs = {
        "apiServer": made.cluster_endpoint,
        "sink": made.sink,
        "topic": made.topic,
        "subscription": made.subscription,
        "deadLetterTopic": made.dead_letter_topic,
        "reader": made.reader,
    }
    if not endpoints:
        return outputs
    if isinstance(stack.forwarder, SysdigForwarder):
        GkeSeedForwarder(
            f"{stack.cluster.name}-bridge",
            {"config": stack.forwarder, "cluster": _id(stack, platform), "endpoint": endpoints[0]},
            pulumi.ResourceOptions(providers=[google, placement.kubernetes()], depends_on=[made]),
        )
        return outputs
    inside = pulumi.ResourceOptions(providers=[placement.kubernetes()], depends_on=[made])
    forwarder = _forward(stack, platform, made, endpoints[0], inside)
    check = prove(
        f"{stack.cluster.name}-proof", stack=stack, placement=placement, endpoint=endpoints[0], forwarder=forwarder
    )
    return outputs | {"forwarder": forwarder.deployment, "deliveryChecks": check.checks}


def _id(stack: Stack, platform: GkePlatform) -> ClusterId:
    return ClusterId(platform.project, platform.location, platform.cluster_name or stack.cluster.name)


def _args(stack: Stack, platform: GkePlatform, endpoints: list[ReceiverArgs]) -> GkeAuditArgs:
    reviews = any(receiver.takes() == "reviews" for receiver in stack.receivers)
    reads = bool(endpoints) and isinstance(stack.forwarder, BentoForwarder)
    args: GkeAuditArgs = {
        "cluster": _id(stack, platform).name,
        "settings": platform.model_dump(by_alias=True, exclude={"kind"}, exclude_unset=True),
        "events": reads or isinstance(stack.forwarder, NoForwarder),
        "receiver_ports": [WEBHOOK_PORT] if reviews else [],
    }
    if isinstance(stack.forwarder, BentoForwarder):
        args |= {"namespace": stack.forwarder.namespace, "service_account": stack.forwarder.service_account}
    return args


def _forward(
    stack: Stack, platform: GkePlatform, made: GkeAudit, endpoint: ReceiverArgs, options: pulumi.ResourceOptions
) -> Forwarder:
    project = platform.pubsub.project or platform.project
    # the record names its cluster; where this stack's own is the only one, it is called as the stack calls it
    alone = Annotation(stack.cluster.name, platform.location)
    acts = platform.identity == "service-account"
    return forward(
        stack=stack,
        endpoint=endpoint,
        source=made.subscription.apply(lambda name: PubSubSource(project, name)),
        decoder="gke",
        dead_letter=made.dead_letter_topic.apply(lambda name: PubSubDeadLetter(project, name)),
        annotation=Annotation() if platform.pubsub.shared else alone,
        identity="gke",
        service_account_annotations={ACTS_AS: made.service_account} if acts else {},
        opts=options,
    )
