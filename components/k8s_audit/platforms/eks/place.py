"""What a stack of kind eks becomes: its AWS provider, EksAudit, and what brings the events to the receiver."""

import pulumi

from k8s_audit.audit_policy.coverage import limits_of
from k8s_audit.config.forwarder_kinds import BentoForwarder, SysdigForwarder
from k8s_audit.config.platforms.eks import EksPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.delivery.forwarder.component import Forwarder
from k8s_audit.delivery.forwarder.link import forward, prove
from k8s_audit.delivery.pipeline.model import Annotation, KinesisSource, SqsDeadLetter
from k8s_audit.platforms.eks import iam, seed_forwarder
from k8s_audit.platforms.eks.component import NONE, EksAudit, EksAuditArgs
from k8s_audit.platforms.eks.sdk import provider
from k8s_audit.platforms.eks.seed_forwarder import EksSeedForwarder
from k8s_audit.platforms.eks.session import Access
from k8s_audit.platforms.seed_receiver import judge_receiver
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Outputs, Placement

WEBHOOK_PORT = 5000
"""TCP, of Sysdig's admission controller."""
ROLE = "eks.amazonaws.com/role-arn"
"""https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html"""
AGENTS = {"pod-identity": "eks-pod-identity", "irsa": "web"}
SEED = (
    "forwarder sysdig: it asks every {interval}, keeps no position, and goes on when a POST fails: what happens while it is away"
    " or the receiver refuses is lost, and no delivery is proved. bento, the default, loses nothing"
)


def place(
    stack: Stack, endpoints: list[ReceiverArgs], placement: Placement, options: pulumi.ResourceOptions
) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoints: who takes audit events; empty: nobody here, and no log is switched on unless another stack reads the stream.
        placement: what is around the receivers: the cluster's kubeconfig and provider.
        options: Pulumi's.

    Raises:
        ConfigError: the receiver asks for what the forwarder cannot give.
    """
    platform = stack.platform
    assert isinstance(platform, EksPlatform)
    if isinstance(stack.forwarder, SysdigForwarder) and endpoints:
        judge_receiver(endpoints[0])
        pulumi.log.warn(SEED.format(interval=stack.forwarder.poll_interval or seed_forwarder.POLLING))
    if endpoints:
        for line in limits_of(platform.kind):
            pulumi.log.warn(line)
    access = Access(platform.region, platform.profile, platform.role_arn, platform.external_id)
    aws = pulumi.ResourceOptions(providers=[provider(access, platform.account_id)])
    made = EksAudit(stack.cluster.name, _args(stack, platform, endpoints), pulumi.ResourceOptions.merge(options, aws))
    outputs: Outputs = {
        "apiServer": made.cluster_endpoint,
        "logGroup": made.log_group,
        "stream": made.stream,
        "checkpointTable": made.checkpoint_table,
        "readerRole": made.reader_role,
        "deadLetter": made.dead_letter,
        "destination": made.destination,
    }
    if not endpoints:
        return outputs
    inside = pulumi.ResourceOptions(providers=[placement.kubernetes()], depends_on=[made])
    if isinstance(stack.forwarder, SysdigForwarder):
        name = f"{stack.cluster.name}-{seed_forwarder.NAME}"
        EksSeedForwarder(
            name,
            {
                "config": stack.forwarder,
                "cluster": platform.cluster_name or stack.cluster.name,
                "region": platform.region,
                "endpoint": endpoints[0],
                "role": made.reader_role,
            },
            inside,
        )
        return outputs
    forwarder = _forward(stack, platform, made, endpoints[0], inside)
    check = prove(
        f"{stack.cluster.name}-proof",
        stack=stack,
        placement=placement,
        endpoint=endpoints[0],
        forwarder=forwarder,
    )
    return outputs | {"forwarder": forwarder.deployment, "deliveryChecks": check.checks}


def _args(stack: Stack, platform: EksPlatform, endpoints: list[ReceiverArgs]) -> EksAuditArgs:
    kind = stack.forwarder.kind
    reviews = any(receiver.takes() == "reviews" for receiver in stack.receivers)
    args: EksAuditArgs = {
        "cluster": platform.cluster_name or stack.cluster.name,
        "settings": platform.model_dump(by_alias=True, exclude={"kind"}, exclude_unset=True),
        "events": bool(endpoints) or kind == NONE,
        "receiver_ports": [WEBHOOK_PORT] if reviews else [],
        "forwarder": kind,
    }
    if isinstance(stack.forwarder, BentoForwarder):
        args |= {"namespace": stack.forwarder.namespace, "service_account": stack.forwarder.service_account}
    if isinstance(stack.forwarder, SysdigForwarder):
        args |= {"namespace": stack.forwarder.namespace, "service_account": seed_forwarder.NAME}
    return args


def _forward(
    stack: Stack, platform: EksPlatform, made: EksAudit, endpoint: ReceiverArgs, options: pulumi.ResourceOptions
) -> Forwarder:
    config, existing = platform.stream, platform.stream.existing
    region = iam.place_of(existing.arn).region if existing and existing.arn else platform.region
    role = (existing.role_arn, existing.external_id) if existing else (None, None)
    queue = existing.dead_letter if existing else None
    of_queue = iam.place_of(queue).region if queue else platform.region
    read: pulumi.Output[list[str]] = pulumi.Output.all(made.stream, made.checkpoint_table)
    # the record names its cluster; where this stack's own is the only one, it is called as the stack calls it
    shared = existing is not None or bool(config.from_accounts)
    irsa = platform.identity == "irsa"
    return forward(
        stack=stack,
        endpoint=endpoint,
        source=read.apply(lambda known: KinesisSource(known[0], region, known[1], *role)),
        decoder="eks",
        dead_letter=made.dead_letter.apply(lambda url: SqsDeadLetter(url, of_queue)),
        annotation=Annotation(None if shared else stack.cluster.name, platform.region),
        identity=AGENTS[platform.identity],
        service_account_annotations={ROLE: made.reader_role} if irsa else {},
        opts=options,
    )
