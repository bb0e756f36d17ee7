"""A Grafana dashboard of one forwarder, as data: from the stream to the receiver, left to right.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

import json
from typing import Any

from k8s_audit.delivery.forwarder.alerts import (
    DEAD_LETTERS,
    EVENTS,
    LATENCY,
    NOT_CONNECTED,
    POSTS,
    READ,
    RESTARTS,
    TAKEN,
    TRUNCATED,
    pods_of,
)

SIZE, COLUMNS = (12, 8), 2
"""Width and height of a panel; a row is 24 wide."""
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboard(namespace: str, name: str) -> dict[str, Any]:
    """The dashboard.

    Args:
        namespace: of the forwarder's pods.
        name: of the forwarder.
    """
    panels = [_panel(index, *panel) for index, panel in enumerate(_panels(namespace, name))]
    variable = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {
        "uid": f"k8s-audit-{name}"[:40],
        "title": f"Kubernetes audit: forwarder {name}",
        "tags": ["k8s-audit"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [variable]},
        "panels": panels,
    }


def render_dashboard(namespace: str, name: str) -> str:
    """The dashboard's JSON: the same bytes for the same forwarder."""
    return json.dumps(dashboard(namespace, name), indent=2) + "\n"


def _panels(namespace: str, name: str) -> list[tuple[str, str, dict[str, str]]]:
    """Title, unit and queries by legend."""
    pods = pods_of(namespace, name)

    def per_second(metric: str, by: str = "") -> str:
        return f"sum{by}(rate({metric}{pods}[$__rate_interval]))"

    def quantile(metric: str, at: str) -> str:
        return f"max({metric}{pods_of(namespace, name, 'quantile', at)}) / 1e9"

    return [
        ("Read, and events in it", "cps", {"records": per_second(READ), "events": per_second(EVENTS)}),
        ("Connections to the stream that failed", "cps", {"{{pod}}": per_second(NOT_CONNECTED, " by (pod)")}),
        (
            "The receiver's answers",
            "reqps",
            {
                "requests": per_second(POSTS),
                "2xx": per_second(TAKEN),
                "4xx": per_second("http_request_code_4xx"),
                "5xx": per_second("http_request_code_5xx"),
            },
        ),
        (
            "From reading to the receiver's answer",
            "s",
            {"p50": quantile(LATENCY, "0.5"), "p99": quantile(LATENCY, "0.99")},
        ),
        (
            "One request to the receiver",
            "s",
            {"p50": quantile("http_request_latency_ns", "0.5"), "p99": quantile("http_request_latency_ns", "0.99")},
        ),
        ("Dead letters, cut events", "cps", {"dead": per_second(DEAD_LETTERS), "cut": per_second(TRUNCATED)}),
        ("Skipped, by reason", "cps", {"{{reason}}": per_second("k8s_audit_skipped", " by (reason)")}),
        ("Restarts", "short", {"{{pod}}": f"sum by (pod)({RESTARTS}{pods_of(namespace, name, 'container', 'bento')})"}),
    ]


def _panel(index: int, title: str, unit: str, queries: dict[str, str]) -> dict[str, Any]:
    (width, height), (row, column) = SIZE, divmod(index, COLUMNS)
    return {
        "id": index + 1,
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "gridPos": {"x": column * width, "y": row * height, "w": width, "h": height},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + at), "expr": expression, "legendFormat": legend, "datasource": SOURCE}
            for at, (legend, expression) in enumerate(queries.items())
        ],
    }
