"""Where the events of a cluster go and where a forwarder finds them: a stream of our own, or one that is there already.

A stream of our own can take other clusters' events too: of other accounts through a destination of CloudWatch Logs.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions-Kinesis.html
"""

from dataclasses import dataclass
from typing import Any

import pulumi

from k8s_audit.config.platforms.eks import ExistingStream
from k8s_audit.errors import CloudError
from k8s_audit.platforms.eks import iam, names
from k8s_audit.platforms.eks.sdk import sdk
from k8s_audit.platforms.eks.site import Role, Site

MODES = {"on-demand": "ON_DEMAND", "provisioned": "PROVISIONED"}
FORTNIGHT = 14 * 86_400
"""Seconds; SQS keeps nothing longer."""
Text = pulumi.Input[str]


@dataclass(frozen=True)
class Stream:
    """What CloudWatch Logs writes into, and what a forwarder reads.

    Args:
        target: ARN that a subscription filter names.
        writer: the role by which CloudWatch Logs writes; None: the destination has its own.
        name: the stream's; empty: not to be read from here.
        arn: the stream's; likewise.
        table: name of the table in which a forwarder keeps its place.
        table_arn: its ARN.
        destination: ARN of the destination for other accounts; empty: there is none.
    """

    target: Text
    writer: Role | None
    name: Text
    arn: Text
    table: Text
    table_arn: Text
    destination: Text = ""


@dataclass(frozen=True)
class Queue:
    """The dead letter.

    Args:
        url: as Bento takes it.
        arn: as a policy does.
    """

    url: Text
    arn: Text


def stream_of(site: Site) -> Stream:
    """Register the stream and the role that writes into it, or that role alone."""
    existing = site.settings.stream.existing
    return _made(site) if existing is None else _existing(site, existing)


def _made(site: Site) -> Stream:
    config = site.settings.stream
    stream = sdk("kinesis").Stream(
        f"{site.name}-stream",
        name=site.fitted(names.STREAM, "events"),
        stream_mode_details={"stream_mode": MODES[config.mode]},
        shard_count=config.shards,
        retention_period=config.retention_hours,
        encryption_type="KMS",
        kms_key_id=config.kms_key or "alias/aws/kinesis",
        tags=site.settings.tags,
        opts=site.options(),
    )
    table = sdk("dynamodb").Table(
        f"{site.name}-checkpoints",
        name=site.fitted(names.TABLE, "checkpoints"),
        billing_mode="PAY_PER_REQUEST",
        hash_key="StreamID",
        range_key="ShardID",
        attributes=[{"name": "StreamID", "type": "S"}, {"name": "ShardID", "type": "S"}],
        tags=site.settings.tags,
        opts=site.options(),
    )
    writer = _writer(site, stream.arn, config.from_accounts)
    destination = _destination(site, stream.arn, writer) if config.from_accounts else ""
    return Stream(stream.arn, writer, stream.name, stream.arn, table.name, table.arn, destination)


def _existing(site: Site, existing: ExistingStream) -> Stream:
    here = site.place
    if existing.arn and not existing.destination and (there := iam.place_of(existing.arn)).account != here.account:
        raise CloudError(
            f"stream {existing.arn}: it is of account {there.account}, the cluster of {here.account}: CloudWatch Logs writes into"
            " another account through a destination alone (stream.existing.destination)"
        )
    if existing.table and not existing.role_arn and (there := iam.place_of(existing.arn or "")).account != here.account:
        raise CloudError(
            f"table {existing.table}: it is of account {there.account}, the cluster of {here.account}: the forwarder needs a role"
            " there (stream.existing.roleArn)"
        )
    writer = None if existing.destination else _writer(site, existing.arn or "", [])
    arn = existing.arn or ""
    # Bento takes a stream of another account by its ARN alone
    return Stream(existing.destination or arn, writer, arn, arn, existing.table or "", _table_arn(arn, existing.table))


def queue_of(site: Site) -> Queue:
    """Register the dead letter, or name the one that is there."""
    config = site.settings.stream
    if config.existing and config.existing.dead_letter:
        place, name = iam.place_of(config.existing.dead_letter), config.existing.dead_letter.rpartition(":")[2]
        suffix = "amazonaws.com.cn" if place.partition == "aws-cn" else "amazonaws.com"
        return Queue(f"https://sqs.{place.region}.{suffix}/{place.account}/{name}", config.existing.dead_letter)
    encrypted: dict[str, Any] = (
        {"kms_master_key_id": config.kms_key} if config.kms_key else {"sqs_managed_sse_enabled": True}
    )
    queue = sdk("sqs").Queue(
        f"{site.name}-dead-letter",
        name=site.fitted(names.QUEUE, "dead-letter"),
        message_retention_seconds=FORTNIGHT,
        tags=site.settings.tags,
        opts=site.options(),
        **encrypted,
    )
    sdk("sqs").QueuePolicy(
        f"{site.name}-dead-letter-policy",
        queue_url=queue.url,
        policy=queue.arn.apply(iam.queue_policy),
        opts=pulumi.ResourceOptions(parent=queue),
    )
    return Queue(queue.url, queue.arn)


def _writer(site: Site, arn: Text, accounts: list[str]) -> Role:
    key = site.settings.stream.kms_key
    policy = pulumi.Output.from_input(arn).apply(lambda known: iam.delivery_policy(known, key))
    return site.role("delivery", iam.delivery_trust(site.place, accounts), policy)


def _destination(site: Site, stream: Text, writer: Role) -> Text:
    accounts = site.settings.stream.from_accounts
    made = sdk("cloudwatch").LogDestination(
        f"{site.name}-destination",
        name=site.fitted(names.DESTINATION, "events"),
        role_arn=writer.arn,
        target_arn=stream,
        tags=site.settings.tags,
        opts=site.options(*writer.parts),
    )
    sdk("cloudwatch").LogDestinationPolicy(
        f"{site.name}-destination-policy",
        destination_name=made.name,
        access_policy=made.arn.apply(lambda arn: iam.senders_policy(arn, accounts)),
        opts=pulumi.ResourceOptions(parent=made),
    )
    arn: Text = made.arn
    return arn


def _table_arn(stream: str, table: str | None) -> str:
    if not (stream and table):
        return ""
    place = iam.place_of(stream)
    return f"arn:{place.partition}:dynamodb:{place.region}:{place.account}:table/{table}"
