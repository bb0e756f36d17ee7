"""A cloud's way from end to end: its forwarder as placed, and what came out of it at the product's own recorder."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from k8s_audit.delivery.pipeline.model import Filter, Pipeline, Sink
from k8s_audit.delivery.pipeline.render import render_pipeline
from k8s_audit.receivers.recorder import Recorder
from tests.delivery.audit_log import audit_ids, copies
from tests.delivery.forwarder.bento import Bento
from tests.delivery.forwarder.container import container, new_root

PATIENCE = 120.0
"""Seconds until a test gives up; each waits for a state, and on a machine at rest for a fraction of this."""
POLL = 0.1
"""Seconds."""
FEW = 0.05
"""Of all events, that may come twice after a fault."""


class Cloud(Protocol):
    """One of the clouds on this machine."""

    def put(self, lines: Sequence[str]) -> None:
        """Write events at the cloud's end, in its own shape."""

    def dead_letters(self) -> list[dict[str, Any]]:
        """What could not be delivered."""

    def pipeline(self, sink: Sink, filters: tuple[Filter, ...] = ()) -> Pipeline:
        """Its forwarder's."""

    @property
    def surroundings(self) -> dict[str, str]:
        """Variables that lead to the local service."""

    @property
    def component(self) -> dict[str, Any]:
        """Args of the forwarder's component."""


class Arrivals:
    """What a recorder has written, read on as it grows.

    Args:
        recorder: which.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.events, self.index = recorder.events, recorder.events.with_suffix(".index.jsonl")
        self.counts: Counter[str] = Counter()
        self.first: dict[str, float] = {}
        self._read = 0

    def look(self) -> Counter[str]:
        """How often each auditID has come."""
        if self.index.exists():
            with self.index.open("rb") as file:
                file.seek(self._read)
                for line in file:
                    if line.endswith(b"\n"):
                        self._read += len(line)
                        receipt = json.loads(line)
                        self.counts[receipt["auditID"]] += 1
                        at = datetime.fromisoformat(receipt["receivedAt"]).timestamp()
                        self.first.setdefault(receipt["auditID"], at)
        return self.counts

    def lines(self) -> list[str]:
        """All events, as they were written."""
        return self.events.read_text().splitlines()

    def wait(self, audit_ids: Iterable[str], seconds: float = PATIENCE, running: Bento | None = None) -> None:
        """Until all have come."""
        wanted = set(audit_ids)
        deadline = time.monotonic() + seconds
        while missing := wanted - self.look().keys():
            told = f"{len(missing)} of {len(wanted)} did not come\n{running.lines()[-3000:] if running else ''}"
            assert running is None or running.process.poll() is None, told
            assert time.monotonic() < deadline, told
            time.sleep(POLL)

    def twice(self, audit_ids: Sequence[str]) -> float:
        """How many deliveries were too many, as a part of all events."""
        return sum(self.look()[each] - 1 for each in audit_ids) / len(audit_ids)


class Feed:
    """Events written at a cloud's end.

    Args:
        cloud: which.
        lines: what they are like.
    """

    def __init__(self, cloud: Cloud, lines: Sequence[str]) -> None:
        self.cloud, self.lines, self.sent = cloud, lines, list[str]()

    def put(self, number: int) -> None:
        """Write so many new ones."""
        lines = copies(self.lines, number)
        self.sent += audit_ids(lines)
        self.cloud.put(lines)

    def put_until(self, condition: Callable[[], Any], what: str, pause: float = POLL) -> None:
        """Write on until something is so, 20 at a time."""

        def put() -> Any:
            self.put(20)
            return condition()

        wait_until(put, what, pause)


def wait_until(condition: Callable[[], Any], what: str, pause: float = POLL) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(pause)


def dead_letters(cloud: Cloud, number: int) -> list[dict[str, Any]]:
    """Wait for so many, and take them; more are a fault."""
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        found.extend(cloud.dead_letters())
        return len(found) >= number

    wait_until(enough, f"fewer than {number} dead letters")
    assert len(found) == number, found
    return found


@contextmanager
def forwarder(
    cloud: Cloud, sink: Sink, filters: tuple[Filter, ...] = (), prefix: tuple[str, ...] = (), **component: Any
) -> Iterator[Bento]:
    """One replica, run as its pod would run it; the rendered pipeline is not changed."""
    text = render_pipeline(cloud.pipeline(sink, filters))
    own = cloud.component
    files = own["secret_files"] | component.pop("secret_files", {})
    with (
        new_root() as root,
        container(root, text, cloud.surroundings, prefix, **own | component | {"secret_files": files}) as (running, _),
    ):
        yield running
