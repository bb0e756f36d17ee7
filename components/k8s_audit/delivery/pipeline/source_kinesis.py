"""Records out of Kinesis: https://warpstreamlabs.github.io/bento/docs/components/inputs/aws_kinesis.

A record of a CloudWatch subscription is compressed:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#DestinationKinesisExample
"""

from typing import Any

from k8s_audit.delivery.pipeline.model import KinesisSource

COMMIT, LEASE, REBALANCE = "1s", "10s", "5s"
"""How often positions are kept; how long the shards of a pod that died are let alone; how often pods look for them."""
IN_FLIGHT = 256
"""Records of one shard that are on their way; a record is of many events."""


def kinesis_input(source: KinesisSource) -> dict[str, Any]:
    """The `input`."""
    role = {"role": source.role_arn, "role_external_id": source.external_id}
    credentials = {key: value for key, value in role.items() if value}
    return {
        "aws_kinesis": {
            "streams": [source.stream],
            "region": source.region,
            "dynamodb": {"table": source.table, "create": False},
            "checkpoint_limit": IN_FLIGHT,
            "commit_period": COMMIT,
            "lease_period": LEASE,
            "rebalance_period": REBALANCE,
            "start_from_oldest": True,
            **({"credentials": credentials} if credentials else {}),
        }
    }


def decompress() -> list[dict[str, Any]]:
    """Processors before the decoder."""
    return [{"decompress": {"algorithm": "gzip"}}]
