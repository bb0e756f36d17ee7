import pytest

from k8s_audit.delivery.forwarder.pipeline_text import grace_period
from k8s_audit.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input: {}", 30),
        ("shutdown_timeout: 1m30s", 100),
        ("{shutdown_timeout: 500ms, shutdown_delay: 5s}", 16),
    ],
)
def test_a_pod_has_longer_to_end_than_its_pipeline(text: str, expected: int) -> None:
    assert grace_period(text) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- a", "Bento's configuration is needed"),
        ("http: {address: 0.0.0.0:80}", "pipeline.http.address"),
        ("http: {address: 'localhost:4195'}", "pipeline.http.address"),
        ("http: {enabled: false}", "pipeline.http.address"),
        ("http: 4195", "pipeline.http.address"),
        ("metrics: {none: {}}", "pipeline.metrics: prometheus is needed"),
        ("shutdown_timeout: soon", "pipeline.shutdown_timeout: a duration is"),
        ("a: " + "x" * 900_000, "a ConfigMap takes 900000"),
    ],
)
def test_a_pipeline_that_no_probe_would_reach_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        grace_period(text)
    assert fault in str(caught.value)
    assert "xxx" not in str(caught.value)
