"""AWS's part of the way, on moto: a log group whose events a subscription writes into a Kinesis stream; positions in DynamoDB, dead letters in SQS."""

import gzip
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3

from k8s_audit.delivery.pipeline.model import Annotation, Batch, Filter, KinesisSource, Pipeline, Sink, SqsDeadLetter
from tests.standins.aws_cloud import ACCOUNT, running

REGION = "eu-west-1"
GROUP, LOG_STREAM, STREAM, TABLE = "/aws/eks/prod-1/cluster", "kube-apiserver-audit-1", "audit", "audit-positions"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
EVENTS_A_CALL = 50


class Eks:
    """All that the platform's component makes, made.

    Args:
        url: moto's.
        shards: of the stream.
        names: ends all names, so that several may live in one moto.
    """

    def __init__(self, url: str, shards: int = 2, names: str = "") -> None:
        self.url, self.reached_at = url, url
        self.group, self.stream, self.table = GROUP + names, STREAM + names, TABLE + names
        self.logs, self.kinesis, self.sqs, self.dynamodb = map(self._client, ("logs", "kinesis", "sqs", "dynamodb"))
        self.kinesis.create_stream(StreamName=self.stream, ShardCount=shards)
        self.dynamodb.create_table(
            TableName=self.table,
            KeySchema=[
                {"AttributeName": "StreamID", "KeyType": "HASH"},
                {"AttributeName": "ShardID", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("StreamID", "ShardID")],
            BillingMode="PAY_PER_REQUEST",
        )
        self.queue = self.sqs.create_queue(QueueName=f"audit-dead-letters{names}")["QueueUrl"]
        self.logs.create_log_group(logGroupName=self.group)
        self.logs.create_log_stream(logGroupName=self.group, logStreamName=LOG_STREAM)
        self.logs.put_subscription_filter(
            logGroupName=self.group,
            filterName="k8s-audit",
            filterPattern='{ $.kind = "Event" && $.apiVersion = "audit.k8s.io/v1" }',
            destinationArn=f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{self.stream}",
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/logs",
        )

    def put(self, lines: Sequence[str]) -> None:
        """As EKS writes them."""
        now = int(time.time() * 1000)
        for start in range(0, len(lines), EVENTS_A_CALL):
            events = [{"timestamp": now, "message": line} for line in lines[start : start + EVENTS_A_CALL]]
            self.logs.put_log_events(logGroupName=self.group, logStreamName=LOG_STREAM, logEvents=events)

    def put_record(self, record: bytes) -> None:
        """What is in the stream though CloudWatch Logs would never write it."""
        self.kinesis.put_record(StreamName=self.stream, Data=record, PartitionKey=str(time.monotonic()))

    def split(self) -> None:
        """One shard more."""
        open_now = self.kinesis.describe_stream_summary(StreamName=self.stream)["StreamDescriptionSummary"]
        count = open_now["OpenShardCount"] + 1
        self.kinesis.update_shard_count(StreamName=self.stream, TargetShardCount=count, ScalingType="UNIFORM_SCALING")

    def dead_letters(self) -> list[dict[str, Any]]:
        """Take those that came since."""
        found = []
        while got := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def ends(self) -> dict[str, str]:
        """The number of the last record in each shard that has one."""
        last = {}
        for shard in self.kinesis.list_shards(StreamName=self.stream)["Shards"]:
            place = {"StreamName": self.stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = self.kinesis.get_shard_iterator(**place)["ShardIterator"]
            if records := self.kinesis.get_records(ShardIterator=iterator)["Records"]:
                last[shard["ShardId"]] = records[-1]["SequenceNumber"]
        return last

    def is_kept(self, ends: dict[str, str]) -> bool:
        """Whether the positions in the table are those: nothing before them would be read again."""
        found = self.dynamodb.scan(TableName=self.table, ConsistentRead=True)["Items"]
        kept = {item["ShardID"]["S"]: item.get("SequenceNumber", {}).get("S") for item in found}
        return all(kept.get(shard) == number for shard, number in ends.items())

    def pipeline(self, sink: Sink, filters: tuple[Filter, ...] = (), batch: Batch | None = None) -> Pipeline:
        return Pipeline(
            source=KinesisSource(stream=self.stream, region=REGION, table=self.table),
            decoder="eks",
            sink=sink,
            dead_letter=SqsDeadLetter(queue_url=self.queue.replace(self.url, self.reached_at), region=REGION),
            annotation=Annotation(cluster="prod-1", region=REGION),
            filters=filters,
            batch=batch or Batch(),
        )

    @property
    def surroundings(self) -> dict[str, str]:
        return KEYS | {"AWS_ENDPOINT_URL": self.reached_at}

    @property
    def component(self) -> dict[str, Any]:
        return {"environment": {}, "secret_environment": {}, "secret_files": {}}

    def _client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)


def message(lines: Sequence[str], kind: str = "DATA_MESSAGE") -> bytes:
    """A record as CloudWatch Logs writes it (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html)."""
    events = [{"id": str(number), "timestamp": 1, "message": line} for number, line in enumerate(lines)]
    return gzip.compress(
        json.dumps(
            {
                "messageType": kind,
                "owner": ACCOUNT,
                "logGroup": GROUP,
                "logStream": LOG_STREAM,
                "subscriptionFilters": ["k8s-audit"],
                "logEvents": events,
            }
        ).encode()
    )


@contextmanager
def eks(shards: int = 2) -> Iterator[Eks]:
    """An AWS of its own."""
    with running() as url:
        yield Eks(url, shards)
