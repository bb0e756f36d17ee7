"""Azure's part of the way, on kfake: an Event Hub into which Azure Monitor writes records, and one for dead letters."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from k8s_audit.delivery.forwarder.objects import SECRETS_FOLDER
from k8s_audit.delivery.pipeline.model import Annotation, Batch, Filter, KafkaDeadLetter, KafkaSource, Pipeline, Sink
from tests.standins.kafka import PASSWORD, Kafka, running

HUB, DEAD_LETTERS, GROUP = "insights-logs-kube-audit", "k8s-audit-dead-letters", "k8s-audit"
AUTHORITY = "event-hubs.pem"
CLUSTER = "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/PROD-1"
RECORDS_A_MESSAGE = 20


def record(log: str, category: str = "kube-audit") -> dict[str, Any]:
    """As Azure Monitor writes it (https://learn.microsoft.com/azure/azure-monitor/essentials/resource-logs-schema)."""
    return {
        "category": category,
        "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read",
        "ccpNamespace": "5f1b2c3d4e5f60718293a4b5",
        "resourceId": CLUSTER,
        "properties": {"log": f"{log}\n", "stream": "stdout", "pod": "kube-apiserver-7d9f6b5c4-abcde"},
        "time": "2026-11-25T12:00:00.0000000Z",
    }


class Aks:
    """All that the platform's component makes, made.

    Args:
        kafka: the namespace.
        hub: where events are written.
    """

    def __init__(self, kafka: Kafka, hub: str = HUB) -> None:
        self.kafka, self.hub = kafka, hub

    def put(self, lines: Sequence[str]) -> None:
        """As AKS writes them."""
        self.put_messages(
            [
                json.dumps({"records": [record(line) for line in lines[start : start + RECORDS_A_MESSAGE]]})
                for start in range(0, len(lines), RECORDS_A_MESSAGE)
            ]
        )

    def put_messages(self, messages: list[str]) -> None:
        self.kafka.produce(self.hub, messages)

    def dead_letters(self) -> list[dict[str, Any]]:
        """All that ever came."""
        return [json.loads(message) for message in self.kafka.consume(DEAD_LETTERS)]

    def pipeline(self, sink: Sink, filters: tuple[Filter, ...] = (), batch: Batch | None = None) -> Pipeline:
        broker, authority = (self.kafka.broker,), f"{SECRETS_FOLDER}/{AUTHORITY}"
        return Pipeline(
            source=KafkaSource(brokers=broker, topic=self.hub, group=GROUP, authority=authority),
            decoder="aks",
            sink=sink,
            dead_letter=KafkaDeadLetter(brokers=broker, topic=DEAD_LETTERS, authority=authority),
            annotation=Annotation(cluster="prod-1", region="westeurope"),
            filters=filters,
            batch=batch or Batch(),
        )

    @property
    def surroundings(self) -> dict[str, str]:
        return {}

    @property
    def component(self) -> dict[str, Any]:
        strings = dict.fromkeys(("EVENT_HUBS_CONNECTION_STRING", "DEAD_LETTER_CONNECTION_STRING"), PASSWORD)
        return {
            "environment": {},
            "secret_environment": strings,
            "secret_files": {AUTHORITY: self.kafka.authority},
        }


@contextmanager
def aks(folder: Path) -> Iterator[Aks]:
    """A namespace of its own."""
    with running(folder, HUB, DEAD_LETTERS) as kafka:
        yield Aks(kafka)
