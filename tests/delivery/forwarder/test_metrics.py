"""Each metric that an alert or the dashboard asks for is one that the real Bento really exposes, with the labels asked for."""

import re

import pytest

from k8s_audit.delivery.forwarder.alerts import RESTARTS, alerts
from k8s_audit.delivery.forwarder.dashboard import dashboard
from tests.delivery.forwarder.bento import Receiver, bento, pipeline

NAMESPACE, NAME = "k8s-audit", "forwarder"
FOREIGN = {RESTARTS}
"""Of kube-state-metrics, whose names no Bento knows."""
SERIES = re.compile(r"([a-zA-Z_]\w*)\{([^}]*)\}")
OF_THE_SCRAPE = {"namespace", "pod"}
"""Labels that Prometheus adds."""


def queries() -> list[str]:
    panels = dashboard(NAMESPACE, NAME)["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    return [alert.expression for alert in alerts(NAMESPACE, NAME)] + asked


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a Bento that has met all answers, and events of all sorts."""
    source = {"generate": {"interval": "20ms", "mapping": 'root = {"cut": 1, "dull": 1}'}}
    with (
        Receiver(503, 400, 400, 400, 200) as receiver,
        bento(tmp_path_factory.mktemp("bento"), pipeline(receiver.url, source)) as running,
    ):
        for code in "245":
            running.wait_for_metric(f"http_request_code_{code}xx")
        running.wait_for_metric("k8s_audit_dead_letters")
        return running.metrics()


def test_each_metric_of_alerts_and_dashboard_is_there(metrics: str) -> None:
    asked = {name for query in queries() for name, _ in SERIES.findall(query)}
    exposed = set(re.findall(r"^(\w+)", metrics, re.MULTILINE))
    assert len(asked) > 10
    assert asked - exposed == FOREIGN


def test_each_label_that_is_asked_for_is_there(metrics: str) -> None:
    for query in queries():
        for name, matchers in SERIES.findall(query):
            for label, value in re.findall(r'(\w+)="([^"]*)"', matchers):
                if label in OF_THE_SCRAPE or name in FOREIGN:
                    continue
                assert re.search(rf'^{name}\{{.*{label}="{value}"', metrics, re.MULTILINE), (name, label, value)
        for label in re.findall(r"by ?\((\w+)\)", query):
            assert label in OF_THE_SCRAPE | {"reason"}
    assert re.search(r'^k8s_audit_skipped\{.*reason="filter"\}', metrics, re.MULTILINE)


def test_the_latencies_are_nanoseconds(metrics: str) -> None:
    (found,) = re.findall(r'^input_latency_ns\{.*quantile="0.99"\} (\S+)', metrics, re.MULTILINE)
    assert 1e6 < float(found) < 20e9


def test_series_without_a_selector_are_not_asked_for() -> None:
    for query in queries():
        for name in re.findall(r"\b(?:input|http|k8s_audit|kube)_\w+", query):
            assert f'{name}{{namespace="k8s-audit",pod=~"forwarder-.+"' in query
