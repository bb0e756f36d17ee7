"""`audit:delivery`: how the events travel, as settings of the API server's two backends."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from k8s_audit.config.model import ConfigModel, Duration, LogPath
from k8s_audit.delivery.flags import AuditFlags

WEBHOOK_TIMEOUT, STREAM_TIMEOUT = "30s", "5m"


class LogConfig(ConfigModel):
    """`log`: the log backend. What is not set has the style's value."""

    path: LogPath | None = None
    max_age: int | None = Field(default=None, ge=0)
    """Days."""
    max_backup: int | None = Field(default=None, ge=0)
    """Files."""
    max_size: int | None = Field(default=None, ge=1)
    """Megabytes."""


class ThrottleConfig(ConfigModel):
    """`throttle`: whether and how batches are limited by rate."""

    enabled: bool | None = None
    qps: float | None = Field(default=None, gt=0)
    burst: int | None = Field(default=None, ge=1)


class TruncateConfig(ConfigModel):
    """`truncate`: whether and where what is too large is cut."""

    enabled: bool | None = None
    max_event_size: int | None = Field(default=None, ge=1)
    """Bytes."""
    max_batch_size: int | None = Field(default=None, ge=1)
    """Bytes."""


class DeliveryConfig(ConfigModel):
    """The whole of `audit:delivery`. What is not set has the style's value: ours, or the seed's."""

    kind: Literal["webhook", "stream", "admission"] | None = None
    """`webhook`: the API server's own backend; `stream`: a cloud's; `admission`: the receiver's own webhook. Default: the natural one."""
    style: Literal["default", "seed"] = "default"
    mode: Literal["batch", "blocking", "blocking-strict"] | None = None
    max_wait: Duration | None = None
    max_batch_size: int | None = Field(default=None, ge=1)
    """Events."""
    buffer_size: int | None = Field(default=None, ge=1)
    """Events."""
    initial_backoff: Duration | None = None
    throttle: ThrottleConfig = ThrottleConfig()
    truncate: TruncateConfig = TruncateConfig()
    log: LogConfig = LogConfig()
    check_timeout: Duration | None = None
    """How long the proof of delivery waits for its event; default: 30s, through a cloud's stream 5m."""

    def of_api_servers(self) -> list[str]:
        """The keys that are set of what an API server that sends events itself is told: all but `kind` and `checkTimeout`."""
        given = sorted(self.model_fields_set - {"kind", "check_timeout"})
        return [type(self).model_fields[name].alias or name for name in given]

    def proof_timeout(self, stream: bool = False) -> str:
        """How long the proof of delivery waits.

        Args:
            stream: whether its event goes through a cloud's stream.
        """
        return self.check_timeout or (STREAM_TIMEOUT if stream else WEBHOOK_TIMEOUT)

    def flags(self, log_path: str | None = None) -> AuditFlags:
        """The API server's flags.

        Args:
            log_path: where the log goes unless `log.path` is set; None: the style's path.
        """
        style = AuditFlags.seed() if self.style == "seed" else AuditFlags()
        log = self.log.model_dump(exclude_none=True)
        if log_path and "path" not in log:
            log["path"] = log_path
        own = self.model_dump(
            exclude_none=True, include={"mode", "max_wait", "max_batch_size", "buffer_size", "initial_backoff"}
        )
        own |= {f"throttle_{name.replace('enabled', 'enable')}": v for name, v in self.throttle if v is not None}
        own |= {f"truncate_{name.replace('enabled', 'enable')}": v for name, v in self.truncate if v is not None}
        return replace(style, **own, log=replace(style.log, **log))
