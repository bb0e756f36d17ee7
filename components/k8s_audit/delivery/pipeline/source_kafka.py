"""Records out of an Event Hub by Kafka's protocol: https://warpstreamlabs.github.io/bento/docs/components/inputs/kafka_franz.

https://learn.microsoft.com/en-us/azure/event-hubs/azure-event-hubs-apache-kafka-overview: SASL PLAIN with a fixed user, whose
password is the connection string.
"""

from typing import Any

from k8s_audit.delivery.pipeline.model import KafkaSource

USER = "$ConnectionString"
PASSWORD = "EVENT_HUBS_CONNECTION_STRING"
"""The variable."""
COMMIT = "1s"
IN_FLIGHT = 1024
"""Records of one partition that are on their way."""
FETCH, FETCH_OF_PARTITION = "16MiB", "2MiB"
"""Held at a time; Bento's own default would be 50 MiB. An Event Hub takes no message over 1 MiB."""


def kafka_input(source: KafkaSource) -> dict[str, Any]:
    """The `input`."""
    return {
        "kafka_franz": {
            "seed_brokers": list(source.brokers),
            "topics": [source.topic],
            "consumer_group": source.group,
            "start_from_oldest": True,
            "checkpoint_limit": IN_FLIGHT,
            "commit_period": COMMIT,
            "fetch_max_bytes": FETCH,
            "fetch_max_partition_bytes": FETCH_OF_PARTITION,
            **access(source.authority, PASSWORD),
        }
    }


def access(authority: str | None, variable: str) -> dict[str, Any]:
    """TLS and SASL of an Event Hub.

    Args:
        authority: path of a PEM; None: the image's own authorities.
        variable: whose value is the connection string.
    """
    return {
        "tls": {"enabled": True, **({"root_cas_file": authority} if authority else {})},
        "sasl": [{"mechanism": "PLAIN", "username": USER, "password": f"${{{variable}}}"}],
    }
