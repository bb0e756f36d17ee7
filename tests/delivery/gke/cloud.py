"""Google's part of the way, on pstest: a topic into which a sink writes LogEntries, and one for dead letters."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from k8s_audit.delivery.pipeline.model import Annotation, Batch, Filter, Pipeline, PubSubDeadLetter, PubSubSource, Sink
from tests.standins.pubsub import PROJECT, PubSub, running

TOPIC, DEAD_LETTERS = "audit", "audit-dead-letters"


class Gke:
    """All that the platform's component makes, made.

    Args:
        pubsub: the service.
        topic: where events are published.
    """

    def __init__(self, pubsub: PubSub, topic: str = TOPIC) -> None:
        self.pubsub, self.topic = pubsub, pubsub.topic(topic)
        pubsub.topic(DEAD_LETTERS)

    def put(self, lines: Sequence[str]) -> None:
        """LogEntries, as a sink writes them."""
        self.pubsub.publish(self.topic, lines)

    def dead_letters(self) -> list[dict[str, Any]]:
        """Take those that came since."""
        return [json.loads(message) for message in self.pubsub.pull(DEAD_LETTERS)]

    def pipeline(self, sink: Sink, filters: tuple[Filter, ...] = (), batch: Batch | None = None) -> Pipeline:
        return Pipeline(
            source=PubSubSource(project=PROJECT, subscription=self.topic),
            decoder="gke",
            sink=sink,
            dead_letter=PubSubDeadLetter(project=PROJECT, topic=DEAD_LETTERS),
            annotation=Annotation(cluster="prod-1", region="europe-west1"),
            filters=filters,
            batch=batch or Batch(),
        )

    @property
    def surroundings(self) -> dict[str, str]:
        return {"PUBSUB_EMULATOR_HOST": self.pubsub.address}

    @property
    def component(self) -> dict[str, Any]:
        return {"environment": {}, "secret_environment": {}, "secret_files": {}}


@contextmanager
def gke() -> Iterator[Gke]:
    """A project of its own."""
    with running() as pubsub:
        yield Gke(pubsub)
