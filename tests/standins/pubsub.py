"""Stands in for Google's Pub/Sub: Google's own server for tests. It keeps retry policies without following them, and knows no rights.

https://pkg.go.dev/cloud.google.com/go/pubsub/pstest
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import grpc
from google.pubsub_v1 import PublisherClient, PubsubMessage, SubscriberClient, Subscription
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from tests.standins import local_service

PROJECT = "local"
MOST = 1000
"""Messages of one call (https://cloud.google.com/pubsub/quotas)."""
ENOUGH = 5.0
"""Seconds for a pull that finds nothing."""


class PubSub:
    """One that runs.

    Args:
        address: which a client takes from PUBSUB_EMULATOR_HOST.
    """

    def __init__(self, address: str) -> None:
        channel = grpc.insecure_channel(address)
        self.address = address
        self.publisher = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        self.subscriber = SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))

    def topic(self, name: str) -> str:
        """Make a topic with a subscription of the same name."""
        topic = f"projects/{PROJECT}/topics/{name}"
        self.publisher.create_topic(name=topic)
        subscription = f"projects/{PROJECT}/subscriptions/{name}"
        self.subscriber.create_subscription(
            request=Subscription(name=subscription, topic=topic, ack_deadline_seconds=10)
        )
        return name

    def publish(self, topic: str, messages: Sequence[str]) -> None:
        for start in range(0, len(messages), MOST):
            several = [PubsubMessage(data=message.encode()) for message in messages[start : start + MOST]]
            self.publisher.publish(topic=f"projects/{PROJECT}/topics/{topic}", messages=several)

    def pull(self, topic: str) -> list[bytes]:
        """Take what waits in the topic's subscription, some or nothing."""
        subscription = f"projects/{PROJECT}/subscriptions/{topic}"
        request = {"subscription": subscription, "max_messages": MOST}
        found = self.subscriber.pull(request=request, timeout=ENOUGH).received_messages
        if found:
            self.subscriber.acknowledge(subscription=subscription, ack_ids=[each.ack_id for each in found])
        return [each.message.data for each in found]


@contextmanager
def running() -> Iterator[PubSub]:
    """Run it."""
    with local_service.running("pstest") as address:
        yield PubSub(address)
