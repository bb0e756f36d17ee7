"""Each chart with its defaults and the least that it asks for; the receivers' own combinations are in their tests."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.errors import ConfigError
from k8s_audit.receivers.helm.chart import Chart, load_chart
from k8s_audit.receivers.helm.values import judge_values
from k8s_audit.receivers.helm.versions import PINNED
from tests.vendors.charts import Vendors, chart_config

RenderAndApply = Callable[[str, dict[str, Any]], list[dict[str, Any]]]
GLOBAL = {"global": {"sysdig": {"accessKeySecret": "an-access-key"}, "clusterConfig": {"name": "prod-1"}}}
LEAST: dict[str, dict[str, Any]] = {
    "agent": GLOBAL,
    "shield": {
        "cluster_config": {"name": "prod-1"},
        "sysdig_endpoint": {"region": "us1", "access_key_existing_secret": "an-access-key"},
    },
    "cluster-shield": GLOBAL
    | {"cluster_shield": {"cluster_config": {"name": "prod-1"}, "sysdig_endpoint": {"region": "us1"}}},
    "admission-controller": {"clusterName": "prod-1", "sysdig": {"existingSecureAPITokenSecret": "a-token"}},
    "sysdig-deploy": GLOBAL,
    "falco": {
        "driver": {"enabled": False},
        "collectors": {"enabled": False},
        "controller": {"kind": "deployment"},
        "falco": {
            "plugins": [
                {"name": "k8saudit", "library_path": "libk8saudit.so", "open_params": "http://:9765/k8s-audit"}
            ],
            "load_plugins": ["k8saudit"],
        },
        "services": [{"name": "k8saudit", "ports": [{"port": 9765, "protocol": "TCP"}]}],
    },
    "event-generator": {"config": {"command": "run", "actions": "^k8saudit"}},
}
WORKLOADS = {"Deployment", "DaemonSet", "Job"}


@pytest.mark.parametrize("chart", PINNED)
def test_an_api_server_takes_all_that_a_chart_makes(chart: str, render_and_apply: RenderAndApply) -> None:
    objects = render_and_apply(chart, LEAST[chart])
    assert WORKLOADS & {found["kind"] for found in objects}


def test_an_object_with_a_field_that_does_not_exist_is_refused(render_and_apply: RenderAndApply) -> None:
    with pytest.raises(AssertionError, match="nodeSelectr"):
        render_and_apply("event-generator", {"securityContext": {}, "podSecurityContext": {"nodeSelectr": "x"}})


@pytest.mark.parametrize("chart", PINNED)
def test_a_chart_is_the_version_that_is_pinned(chart: str) -> None:
    assert load_chart(chart, chart_config(chart)).version == PINNED[chart].version


@pytest.mark.parametrize("chart", PINNED)
def test_every_value_that_a_chart_documents_is_known(chart: str, charts_dir: Path) -> None:
    (readme,) = charts_dir.glob(f"*/{chart}/README.md")
    documented = set(re.findall(r"^\| *`?(\w+(?:\.\w+)*)`? *\|", readme.read_text(), re.MULTILINE)) - {
        "Parameter",
        "Key",
    }
    assert len(documented) > 20
    loaded = load_chart(chart, chart_config(chart))
    for name in documented:
        values: Any = None
        for part in reversed(name.split(".")):
            values = {part: values}
        assert not [fault for fault in faults_of(loaded, values) if "unknown key" in fault]


def faults_of(chart: Chart, values: dict[str, Any]) -> list[str]:
    try:
        judge_values(chart, values, "values")
    except ConfigError as error:
        return error.faults
    return []


def test_objects_that_no_plain_api_server_knows_are_rendered_and_named(vendors: Vendors) -> None:
    with pytest.warns(UserWarning, match=r"not judged.*security.openshift.io/v1 SecurityContextConstraints"):
        objects = vendors.render_and_apply(
            "admission-controller", LEAST["admission-controller"], ("security.openshift.io/v1",)
        )
    assert "SecurityContextConstraints" in {found["kind"] for found in objects}
