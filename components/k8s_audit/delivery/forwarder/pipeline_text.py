"""What the pods need to know of a pipeline's text: it is valid where they rely on it, and how long its end takes.

Bento judges the rest: https://warpstreamlabs.github.io/bento/docs/components/http/about
"""

import math
from typing import Any

import yaml

from k8s_audit.control_plane.durations import seconds
from k8s_audit.errors import ConfigError

PORT = 4195
SHUTDOWN = "20s"
"""Bento's own default of `shutdown_timeout`."""
AFTER_SHUTDOWN = 10
"""Seconds that a pod has beyond that, to close what is open."""
MOST = 900_000
"""Bytes; a ConfigMap takes 1 MiB."""
LOOPBACK = ("127.", "localhost", "[::1]")


def grace_period(text: str) -> int:
    """Seconds that a pod has to end: more than the pipeline's own shutdown may take.

    Raises:
        ConfigError: the text is no pipeline that a pod can run.
    """
    pipeline = judge_pipeline(text)
    wanted = (pipeline.get("shutdown_delay") or "0s", pipeline.get("shutdown_timeout") or SHUTDOWN)
    return math.ceil(sum(seconds(each) for each in wanted)) + AFTER_SHUTDOWN


def judge_pipeline(text: str) -> dict[str, Any]:
    """The pipeline, once probes and Prometheus can reach it.

    Raises:
        ConfigError: with all faults; what the text holds is not shown.
    """
    try:
        pipeline = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError([f"pipeline: no YAML ({type(error).__name__})"]) from None
    if not isinstance(pipeline, dict):
        raise ConfigError(["pipeline: Bento's configuration is needed, a YAML mapping"])
    faults = [*_address(pipeline), *_metrics(pipeline), *_durations(pipeline)]
    if len(text.encode()) > MOST:
        faults.append(f"pipeline: {len(text.encode())} bytes; a ConfigMap takes {MOST}")
    if faults:
        raise ConfigError(faults)
    return pipeline


def _address(pipeline: dict[str, Any]) -> list[str]:
    http = pipeline.get("http") or {}
    address = http.get("address", f"0.0.0.0:{PORT}") if isinstance(http, dict) else ""
    reached = isinstance(address, str) and address.endswith(f":{PORT}") and not address.startswith(LOOPBACK)
    if reached and http.get("enabled", True) is True:
        return []
    return [f"pipeline.http.address: probes and Prometheus ask for 0.0.0.0:{PORT}; given: another one, or it is off"]


def _metrics(pipeline: dict[str, Any]) -> list[str]:
    metrics = pipeline.get("metrics", {"prometheus": {}})
    if isinstance(metrics, dict) and "prometheus" in metrics:
        return []
    return ["pipeline.metrics: prometheus is needed, which the alerts read"]


def _durations(pipeline: dict[str, Any]) -> list[str]:
    faults = []
    for key in ("shutdown_timeout", "shutdown_delay"):
        try:
            seconds(str(pipeline.get(key) or "0s"))
        except ValueError as error:
            faults.append(f"pipeline.{key}: {error}")
    return faults
