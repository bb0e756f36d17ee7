"""Stands in for an Event Hubs namespace: kfake, over TLS with a certificate of an own authority and SASL PLAIN.

Of Event Hubs' own it has the user's name, and four partitions a hub; its rules of rights, throughput units and retention it has not.
https://learn.microsoft.com/azure/event-hubs/azure-event-hubs-kafka-overview
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from tests.standins import local_service
from tests.standins.certificates import Authority

USER = "$ConnectionString"
PASSWORD = "Endpoint=sb://local/;SharedAccessKeyName=reader;SharedAccessKey=a2V5;EntityPath=audit"
PARTITIONS = 4
"""Of each topic."""
ENOUGH = 10.0
"""Seconds."""


@dataclass(frozen=True)
class Kafka:
    """One that runs.

    Args:
        broker: its address.
        authority: PEM of who signed its certificate.
        authority_file: the same in a file.
    """

    broker: str
    authority: str
    authority_file: Path
    _next: Iterator[int] = field(default_factory=count, repr=False)

    def produce(self, topic: str, messages: list[str]) -> None:
        """Spread them over the partitions; return when all are there."""
        producer = Producer(self._settings() | {"linger.ms": 5, "message.max.bytes": 4_000_000})
        for message in messages:
            producer.produce(topic, message.encode(), partition=next(self._next) % PARTITIONS)
            producer.poll(0)
        assert producer.flush(ENOUGH) == 0

    def consume(self, topic: str) -> list[bytes]:
        """All that is in the topic now."""
        consumer = Consumer(self._settings() | {"group.id": "a test", "enable.auto.commit": False})
        try:
            ends = {
                number: consumer.get_watermark_offsets(TopicPartition(topic, number), ENOUGH)
                for number in range(PARTITIONS)
            }
            wanted = sum(high - low for low, high in ends.values() if high > low)
            consumer.assign([TopicPartition(topic, number, low) for number, (low, _) in ends.items()])
            found = consumer.consume(wanted, ENOUGH) if wanted else []
            return [message.value() or b"" for message in found]
        finally:
            consumer.close()

    def _settings(self) -> dict[str, Any]:
        return {
            "bootstrap.servers": self.broker,
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": USER,
            "sasl.password": PASSWORD,
            "ssl.ca.location": str(self.authority_file),
            "enable.metrics.push": False,
        }


@contextmanager
def running(folder: Path, *topics: str) -> Iterator[Kafka]:
    """Run it.

    Args:
        folder: for its certificates.
        topics: with four partitions each.
    """
    authority = Authority()
    pair = authority.pair("127.0.0.1", "localhost")
    files = {"authority.pem": authority.certificate, "certificate.pem": pair.certificate, "key.pem": pair.key}
    for name, content in files.items():
        (folder / name).write_text(content)
    command = ["kfake", str(folder / "certificate.pem"), str(folder / "key.pem"), *topics]
    with local_service.running(*command, KFAKE_USER=USER, KFAKE_PASSWORD=PASSWORD) as address:
        yield Kafka(address, authority.certificate, folder / "authority.pem")
