"""The hubs of Event Hubs, as topics that are really made on a Kafka: kfake, in our tests. All hubs lie in one, whatever their namespace."""

import os
from dataclasses import dataclass
from typing import Any, Self

USER = "$ConnectionString"
ENOUGH = 20.0
"""Seconds."""


@dataclass(frozen=True)
class Topics:
    """Where they are made.

    Args:
        broker: its address.
        authority_file: PEM of who signed its certificate.
        password: the connection string that it takes.
    """

    broker: str
    authority_file: str
    password: str

    @classmethod
    def of_surroundings(cls) -> Self | None:
        """As EVENT_HUBS_BROKER, _AUTHORITY and _PASSWORD say; None: there is no Kafka, and hubs are names alone."""
        if "EVENT_HUBS_BROKER" not in os.environ:
            return None
        return cls(*(os.environ[f"EVENT_HUBS_{name}"] for name in ("BROKER", "AUTHORITY", "PASSWORD")))

    def variables(self) -> dict[str, str]:
        values = {"BROKER": self.broker, "AUTHORITY": self.authority_file, "PASSWORD": self.password}
        return {f"EVENT_HUBS_{name}": value for name, value in values.items()}

    def make(self, name: str, partitions: int) -> None:
        from confluent_kafka.cimpl import NewTopic

        admin = self._admin()  # it takes its futures with it when it goes
        for future in admin.create_topics([NewTopic(name, partitions, 1)]).values():
            future.result(ENOUGH)

    def remove(self, name: str) -> None:
        admin = self._admin()
        for future in admin.delete_topics([name]).values():
            future.result(ENOUGH)

    def partitions(self) -> dict[str, int]:
        """Of each topic."""
        topics = self._admin().list_topics(timeout=ENOUGH).topics
        return {name: len(topic.partitions) for name, topic in topics.items()}

    def first(self, name: str) -> bytes:
        """The first message of a topic's first partition, waited for."""
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer(self._access() | {"group.id": "a test", "enable.auto.commit": False})
        try:
            consumer.assign([TopicPartition(name, 0, 0)])
            message = consumer.poll(ENOUGH)
            assert message is not None, f"nothing came to {name}"
            return message.value() or b""
        finally:
            consumer.close()

    def _admin(self) -> Any:
        from confluent_kafka.admin import AdminClient

        return AdminClient(self._access())

    def _access(self) -> dict[str, Any]:
        return {
            "bootstrap.servers": self.broker,
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": USER,
            "sasl.password": self.password,
            "ssl.ca.location": self.authority_file,
        }
