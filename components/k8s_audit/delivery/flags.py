"""The API server's audit flags for the webhook and the log backend.

Flags and the API server's own defaults:
https://github.com/kubernetes/apiserver/blob/master/pkg/server/options/audit.go
Our defaults are set out in full, so that a newer API server with other ones changes nothing.
"""

from dataclasses import dataclass, replace
from typing import Self

API_SERVER_BATCH, API_SERVER_EVENT = 10_485_760, 102_400
"""Bytes: the API server's own sizes, where truncation is on."""
ENVELOPE = 1024
"""Bytes that the list around a batch's events may add to their own, which alone the API server counts:
https://github.com/kubernetes/apiserver/blob/master/plugin/pkg/audit/truncate/truncate.go"""


@dataclass(frozen=True)
class LogBackend:
    """The log backend's settings.

    Args:
        path: the file, or `-` for the container's output.
        max_age: days to keep rotated files.
        max_backup: rotated files to keep.
        max_size: megabytes at which a file is rotated.
    """

    path: str = "/var/log/kubernetes/audit/audit.log"
    max_age: int | None = 30
    max_backup: int | None = 10
    max_size: int | None = 100


@dataclass(frozen=True)
class AuditFlags:
    """The settings of both backends; None leaves a flag to the API server.

    Args:
        mode: `batch` (events wait in memory, requests do not), `blocking` or `blocking-strict`.
        max_wait: how long a batch waits for more, as a Go duration.
        max_batch_size: events a batch.
        buffer_size: events that wait for a batch; what comes when it is full is lost.
        throttle_enable: whether batches are limited by rate.
        throttle_qps: batches a second.
        throttle_burst: batches at once.
        initial_backoff: before the first of the API server's retries, as a Go duration.
        truncate_enable: whether what is too large is cut (bodies first) instead of refused by the receiver.
        truncate_max_event_size: bytes of one event.
        truncate_max_batch_size: bytes of one batch; set to the receiver's body limit where that is less.
        log: the log backend.
    """

    mode: str | None = "batch"
    max_wait: str | None = "1s"
    max_batch_size: int | None = 400
    buffer_size: int | None = 10_000
    throttle_enable: bool | None = True
    throttle_qps: float | None = 10
    throttle_burst: int | None = 15
    initial_backoff: str | None = "10s"
    truncate_enable: bool | None = True
    truncate_max_event_size: int | None = 1_048_576
    truncate_max_batch_size: int | None = 10_485_760
    log: LogBackend = LogBackend()

    @classmethod
    def seed(cls) -> Self:
        """What the seed's steps set by hand, and nothing else: 5 s batches, one rotated log file of 10 MB."""
        return cls(
            mode=None,
            max_wait="5s",
            max_batch_size=None,
            buffer_size=None,
            throttle_enable=None,
            throttle_qps=None,
            throttle_burst=None,
            initial_backoff=None,
            truncate_enable=None,
            truncate_max_event_size=None,
            truncate_max_batch_size=None,
            log=LogBackend(max_age=None, max_backup=1, max_size=10),
        )

    def within(self, body_limit: int, event_limit: int) -> Self:
        """The same flags with no batch and no event larger than a receiver takes; nothing to do where nothing is cut.

        Args:
            body_limit: bytes of the largest body.
            event_limit: bytes of the largest event.
        """
        if not self.truncate_enable:
            return self
        batch = min(self.truncate_max_batch_size or API_SERVER_BATCH, max(body_limit - ENVELOPE, 1))
        event = min(self.truncate_max_event_size or API_SERVER_EVENT, event_limit, batch)
        return replace(self, truncate_max_batch_size=batch, truncate_max_event_size=event)

    def arguments(self, policy_path: str, webhook_path: str) -> dict[str, str]:
        """The flags by name, without dashes, in a fixed order.

        Args:
            policy_path: where the audit policy lies on the host.
            webhook_path: where the webhook kubeconfig lies on the host.
        """
        flags: dict[str, str | int | float | bool | None] = {
            "audit-policy-file": policy_path,
            "audit-log-path": self.log.path,
            "audit-log-maxage": self.log.max_age,
            "audit-log-maxbackup": self.log.max_backup,
            "audit-log-maxsize": self.log.max_size,
            "audit-webhook-config-file": webhook_path,
            "audit-webhook-mode": self.mode,
            "audit-webhook-batch-max-wait": self.max_wait,
            "audit-webhook-batch-max-size": self.max_batch_size,
            "audit-webhook-batch-buffer-size": self.buffer_size,
            "audit-webhook-batch-throttle-enable": self.throttle_enable,
            "audit-webhook-batch-throttle-qps": self.throttle_qps,
            "audit-webhook-batch-throttle-burst": self.throttle_burst,
            "audit-webhook-initial-backoff": self.initial_backoff,
            "audit-webhook-truncate-enabled": self.truncate_enable,
            "audit-webhook-truncate-max-event-size": self.truncate_max_event_size,
            "audit-webhook-truncate-max-batch-size": self.truncate_max_batch_size,
        }
        return {name: _text(value) for name, value in flags.items() if value is not None}


def _text(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
