"""A chart's values."""

from typing import Any

from k8s_audit.receivers.helm.chart import Chart


def merged(typed: dict[str, Any], own: dict[str, Any], path: str) -> dict[str, Any]:
    """Deep merge; a leaf that both set is a ConfigError. `path`: such as `audit:receivers[0].values`."""
    raise NotImplementedError


def judge_values(chart: Chart, values: dict[str, Any], path: str) -> None:
    """ConfigError with all faults. `path`: such as `audit:receivers[0].values`."""
    raise NotImplementedError
