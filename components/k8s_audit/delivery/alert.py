"""An alert rule of Prometheus as data, and several as a rule file for a Prometheus without the operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

CRITICAL, WARNING = "critical", "warning"


@dataclass(frozen=True)
class Alert:
    """One rule.

    Args:
        name: of the alert.
        expression: PromQL; the alert is on while it yields something.
        lasting: how long it must, before anybody is told.
        severity: `critical` when events may be lost, else `warning`.
        summary: one sentence.
        action: what to look at first.
    """

    name: str
    expression: str
    lasting: str
    severity: str
    summary: str
    action: str


def risen(series: str, window: str, by: str = "") -> str:
    """PromQL of a counter that has risen, or was first seen above 0: `increase` takes a series' first value for its start, and would miss what made it.

    Args:
        series: its name and matchers.
        window: a duration, within which it has.
        by: labels by which it is summed up, such as `by (instance)`.
    """
    total = f"sum {by}" if by else "sum"
    return f"{total} (increase({series}[{window}])) > 0 or {total} ({series} unless {series} offset {window}) > 0"


def rule_groups(group: str, alerts: Sequence[Alert], labels: Mapping[str, str]) -> dict[str, Any]:
    """Rules as Prometheus has them; also the `spec` of a PrometheusRule.

    Args:
        group: its name.
        alerts: the rules.
        labels: of each alert, beside `severity`.
    """
    rules = [
        {
            "alert": alert.name,
            "expr": alert.expression,
            "for": alert.lasting,
            "labels": {"severity": alert.severity, **labels},
            "annotations": {"summary": alert.summary, "description": f"Look at: {alert.action}."},
        }
        for alert in alerts
    ]
    return {"groups": [{"name": group, "rules": rules}]}


def rule_file(groups: Mapping[str, Any]) -> str:
    """Rules as a file for `rule_files` (https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/)."""
    text: str = yaml.safe_dump(dict(groups), sort_keys=False, width=120)
    return text
