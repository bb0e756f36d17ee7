"""In place of Cloud Logging's router: LogEntries go to the topics of a project's sinks, by each sink's own filter and exclusions.

Data access entries are written only where the project's audit configuration says so.
https://cloud.google.com/logging/docs/routing/overview
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.standins.log_query import Entry, passes
from tests.standins.pubsub import PubSub, PubsubMessage

PUBSUB = "pubsub.googleapis.com/"
Ask = Callable[..., Any]
"""Asks the project's APIs: method, path and body."""


class Router:
    """Takes the entries of one project.

    Args:
        ask: asks the project's APIs.
        project: its ID.
        pubsub: where topics are.
    """

    def __init__(self, ask: Ask, project: str, pubsub: PubSub) -> None:
        self.ask, self.project, self.pubsub = ask, project, pubsub

    def take(self, entries: Sequence[Entry]) -> None:
        is_logged = self._data_access()
        written = [entry for entry in entries if is_logged or not entry["logName"].endswith("data_access")]
        for sink in self.ask("GET", f"projects/{self.project}/sinks").get("sinks", []):
            chosen = [entry for entry in written if self._chooses(sink, entry)]
            if chosen:
                messages = [PubsubMessage(data=json.dumps(entry).encode()) for entry in chosen]
                self.pubsub.publisher.publish(topic=sink["destination"].removeprefix(PUBSUB), messages=messages)

    def _chooses(self, sink: Any, entry: Entry) -> bool:
        excluded = any(passes(one["filter"], entry) for one in sink.get("exclusions", []))
        return passes(sink["filter"], entry) and not excluded

    def _data_access(self) -> bool:
        configs = self.ask("POST", f"projects/{self.project}:getIamPolicy").get("auditConfigs", [])
        return any(
            log["logType"] == "DATA_READ"
            for config in configs
            if config["service"] in ("container.googleapis.com", "allServices")
            for log in config["auditLogConfigs"]
        )
