"""A plain poller that reads as the seed's forwarder for EKS does, for comparison: asks CloudWatch Logs, posts, and sleeps.

Each five minutes it asks for all events since the last it saw, and posts them, a hundred at a time; it keeps no
position and ignores what the receiver answers. https://github.com/sysdiglabs/ekscloudwatch
"""

import json
import threading
import time
from types import TracebackType
from typing import Any, Self

import httpx

PERIOD = 300.0
"""Seconds: the seed's CW_POLLING."""
A_POST = 100


class Poller:
    """A context manager: polls in a thread.

    Args:
        logs: a client of CloudWatch Logs.
        group: whose events.
        url: takes EventLists.
        period: seconds between two looks.
    """

    def __init__(self, logs: Any, group: str, url: str, period: float = PERIOD) -> None:
        """Nothing is asked yet."""
        self.logs, self.group, self.url, self.period = logs, group, url, period
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._since = int(time.time() * 1000)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self.period):
            found = [json.loads(each["message"]) for each in self._events()]
            for start in range(0, len(found), A_POST):
                batch = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": found[start : start + A_POST]}
                httpx.post(self.url, json=batch, trust_env=False)

    def _events(self) -> list[dict[str, Any]]:
        asked: dict[str, Any] = {"logGroupName": self.group, "startTime": self._since}
        self._since = int(time.time() * 1000)
        asked["endTime"] = self._since - 1
        found: list[dict[str, Any]] = []
        while True:
            answer = self.logs.filter_log_events(**asked)
            found += answer["events"]
            if "nextToken" not in answer:
                return found
            asked["nextToken"] = answer["nextToken"]
