"""In place of a cloud's shipping of a control plane's audit log: each line that the real API server writes goes to the cloud's service.

How long a cloud takes for it is not played: a line goes on as soon as it is seen.
"""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

POLL = 0.1
"""Seconds."""
MOST = 200
"""Lines at once."""


class LogShipping:
    """A context manager.

    Args:
        log: the API server's audit log.
        send: takes some of its lines; it is asked again until it does not raise.
    """

    def __init__(self, log: Path, send: Callable[[list[str]], None]) -> None:
        self.log, self.send, self.stop, self.refusal = log, send, Event(), ""

    def __enter__(self) -> Self:
        self.thread = Thread(target=self._ship, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop.set()
        self.thread.join()

    def _ship(self) -> None:
        with self.log.open() as file:
            file.seek(0, 2)
            part, lines = "", list[str]()
            while not self.stop.wait(POLL):
                part += file.read()
                *whole, part = part.split("\n")
                lines += whole
                while lines and not self.stop.is_set():
                    try:
                        self.send(lines[:MOST])
                    except Exception as error:  # the service is not there yet, or no longer
                        self.refusal = repr(error)
                        break
                    lines = lines[MOST:]


def into_cloudwatch(logs: Any, group: str, is_on: Callable[[], bool]) -> Callable[[list[str]], None]:
    """As EKS does it: into the stream `kube-apiserver-audit-…` of the cluster's log group, while its audit log is switched on.

    Args:
        logs: boto3's client.
        group: the log group's name.
        is_on: whether it is; lines of before are lost.
    """
    stream = "kube-apiserver-audit-4711"

    def send(lines: list[str]) -> None:
        if not is_on():
            return
        found = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]
        if not found:
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    return send
