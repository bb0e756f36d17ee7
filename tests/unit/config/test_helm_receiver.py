from typing import Any

import pytest
from pydantic import ValidationError

from k8s_audit.config.receivers.helm import ChartConfig, HelmReceiver, WorkloadConfig
from k8s_audit.faults import faults_of

LEAST: dict[str, Any] = {"kind": "sysdig-agent", "name": "sysdig", "namespace": "sysdig-agent"}


def faults(model: Any, given: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as error:
        model.model_validate(given)
    return faults_of(error.value, model, "chart")


def test_the_least_is_a_kind_a_name_and_a_namespace() -> None:
    receiver = HelmReceiver.model_validate(LEAST)
    assert receiver.chart == ChartConfig()
    assert receiver.workload == WorkloadConfig()
    assert receiver.makes_namespace()
    assert receiver.warnings() == []


def test_a_release_that_is_taken_over_keeps_its_namespace_and_is_warned_about() -> None:
    receiver = HelmReceiver.model_validate(LEAST | {"adopt": True})
    assert not receiver.makes_namespace()
    assert "`destroy` uninstalls it" in receiver.warnings()[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"repository": "https://a", "path": "b"}, "repository and path exclude each other"),
        ({"repository": "charts.example.com"}, "begins with https://, http:// or oci://"),
        ({"repository": "https://user:pass@charts.example.com"}, "`helm registry login`"),
        ({"version": "^1.2"}, "one exact version is needed, such as 1.49.4; given: '^1.2'"),
        ({"vesion": "1.2.3"}, "chart.vesion: unknown key; did you mean version?"),
    ],
)
def test_a_chart_that_cannot_be_found_like_that_is_named(given: dict[str, Any], said: str) -> None:
    (fault,) = faults(ChartConfig, given)
    assert said in fault


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"registry": "https://r"}, "without https://"),
        ({"digest": "sha256:1"}, "64 hexadecimal digits"),
        ({"pullSecrets": ["A b"]}, "pullSecrets[0]"),
        ({"tolerations": [{"kye": "a"}]}, "kye: unknown key of a toleration; did you mean key?"),
        ({"tolerations": [{"operator": "Is"}]}, "operator: allowed: Equal, Exists; given: 'Is'"),
        ({"tolerations": [{"effect": "No"}]}, "effect: allowed: NoSchedule, PreferNoSchedule, NoExecute; given: 'No'"),
        ({"nodeSelector": {"a": 1}}, "nodeSelector.a"),
    ],
)
def test_a_workload_that_no_node_takes_is_named(given: dict[str, Any], said: str) -> None:
    (fault,) = faults(WorkloadConfig, given)
    assert said in fault


def test_a_credential_in_a_mirrors_url_is_not_shown() -> None:
    (said,) = faults(ChartConfig, {"repository": "ftp://user:pass4711@charts.example.com"})
    assert "pass4711" not in said
    assert "[secret]" in said
