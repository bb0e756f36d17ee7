"""Values against charts of the tests' own, small enough to read; `tests/vendors/` has the real ones."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_audit.errors import ConfigError
from k8s_audit.receivers.helm.chart import Chart
from k8s_audit.receivers.helm.values import judge_values, merged

PATH = "audit:receivers[0].values"
TOKEN = "6f3a-not-to-be-shown"
SCHEMA = {
    "$schema": "https://json-schema.org/draft-07/schema#",
    "properties": {
        "cluster": {
            "required": ["name"],
            "additionalProperties": False,
            "properties": {"name": {"type": "string"}, "region": {"enum": ["us1", "eu1", None]}},
        },
        "audit": {"$ref": "#/$defs/Audit"},
        "verify": {"type": ["boolean", "string"]},
    },
    "allOf": [{"oneOf": [{"required": ["byKey"]}, {"properties": {"bySecret": {"type": "string"}}}]}],
    "$defs": {"Audit": {"additionalProperties": True, "properties": {"port": {"type": "integer", "maximum": 65535}}}},
}
FORMLESS = {key: value for key, value in SCHEMA.items() if key != "allOf"}
VALUES = {
    "clusterName": "",
    "image": {"tag": "1.0", "digest": None},
    "labels": {},
    "securityContext": {"runAsNonRoot": True},
    "rules": [],
    "replicas": 1,
    "verifySSL": True,
    "webhook": {"logLevel": "info", "httpProxy": ""},
    "sysdig": {"secureAPIToken": "", "existingSecret": ""},
}


def chart(
    values: Any = VALUES,
    schema: Any = None,
    subcharts: dict[str, Chart] | None = None,
    reads: tuple[str, ...] = (),
    condition: tuple[str, ...] = (),
) -> Chart:
    subcharts = subcharts or {}
    return Chart("c", "1.0.0", Path(), values, schema, subcharts, "c", reads=frozenset(reads), condition=condition)


def told(judged: Chart, values: Any) -> list[str]:
    try:
        judge_values(judged, values, PATH)
    except ConfigError as error:
        return error.faults
    return []


def faults(judged: Chart, values: Any) -> list[str]:
    found = told(judged, values)
    assert found
    return found


def test_an_unknown_key_is_named_with_the_nearest_one_and_all_that_are_allowed() -> None:
    (fault,) = faults(chart(), {"webhook": {"logLevl": "debug"}})
    assert fault == f"{PATH}.webhook.logLevl: unknown key; did you mean logLevel? allowed: httpProxy, logLevel"


def test_all_faults_are_told_at_once() -> None:
    assert len(faults(chart(), {"webhok": {}, "replicas": "2", "verifySSL": "yes", "rules": {}})) == 4


@pytest.mark.parametrize(
    "values",
    [
        {"labels": {"any": "thing"}},
        {"securityContext": {"fsGroup": 65534}},
        {"rules": [{"apiGroups": ["apps"]}]},
        {"image": {"digest": {"a": 1}}},
        {"image": {"tag": 2}},
        {"replicas": 2.5},
        {"webhook": None},
        {"replicas": None},
    ],
)
def test_what_a_chart_leaves_open_is_free(values: dict[str, Any]) -> None:
    judge_values(chart(), values, PATH)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"replicas": "2"}, "replicas: a number is needed; given: '2'"),
        ({"replicas": True}, "replicas: a number is needed; given: True"),
        ({"verifySSL": "no"}, "verifySSL: true or false is needed; given: 'no'"),
        ({"clusterName": ["a"]}, "clusterName: a text is needed; given: a list"),
        ({"clusterName": False}, "clusterName: a text is needed; given: False"),
        ({"webhook": "debug"}, "webhook: a mapping is needed; given: 'debug'"),
        ({"rules": "all"}, "rules: a list is needed; given: 'all'"),
    ],
)
def test_a_value_of_another_type_than_its_default_is_named(values: dict[str, Any], said: str) -> None:
    assert faults(chart(), values) == [f"{PATH}.{said}"]


def test_a_value_that_only_a_template_reads_is_known() -> None:
    judge_values(chart(reads=("resources", "webhook.timeout")), {"resources": {}, "webhook": {"timeout": 5}}, PATH)
    assert "did you mean timeout" in faults(chart(reads=("webhook.timeout",)), {"webhook": {"timeot": 5}})[0]


def test_a_credential_in_plain_text_is_refused_and_not_shown() -> None:
    (fault,) = faults(chart(), {"sysdig": {"secureAPIToken": TOKEN}})
    assert fault.startswith(f"{PATH}.sysdig.secureAPIToken: a credential in plain text")
    judge_values(chart(), {"sysdig": {"existingSecret": "to-be-named"}}, PATH)


@pytest.mark.parametrize("key", ["token", "apiKey", "password", "clientSecret", "caCert", "webhookurl", "access_key"])
def test_a_value_at_a_key_that_looks_like_a_credentials_is_never_shown(key: str) -> None:
    schema = {"properties": {key: {"type": "integer"}}}
    for judged in (chart({key: 1}), chart({key: 1}, schema)):
        text = " ".join(faults(judged, {key: TOKEN}))
        assert TOKEN not in text
        assert key in text


def test_a_schema_is_judged_over_the_defaults_with_the_keys_that_it_names() -> None:
    judged = chart({"cluster": {"name": None, "region": "us1"}, "audit": {"method": "webhook"}, "verify": True}, SCHEMA)
    values = {"cluster": {"nme": "a", "region": "mars"}, "audit": {"port": 70000}, "bySecret": 1}
    assert faults(judged, values) == [
        f"{PATH}.cluster.nme: unknown key; did you mean name? allowed: name, region",
        f"{PATH}.cluster.name: a text is needed; given: null",
        f"{PATH}.cluster.region: allowed: us1, eu1, null; given: 'mars'",
        f"{PATH}.audit.port: the chart's schema says maximum 65535; given: 70000",
        f"{PATH}: none of 2 forms fits: byKey: missing | bySecret: a text is needed; given: 1",
    ]


def test_a_key_that_neither_schema_nor_defaults_know_is_unknown_also_where_the_schema_lets_it_pass() -> None:
    judged = chart({"audit": {"method": "webhook"}}, FORMLESS)
    (fault,) = faults(judged, {"audit": {"metod": "audit_backend"}})
    assert fault.startswith(f"{PATH}.audit.metod: unknown key; did you mean method? allowed: method, port")


def test_a_type_that_the_schema_allows_is_allowed_though_the_default_has_another() -> None:
    judge_values(chart({"verify": True}, FORMLESS), {"verify": "false"}, PATH)


def test_what_is_missing_is_named() -> None:
    assert f"{PATH}.cluster.name: missing" in faults(chart({"cluster": {}}, SCHEMA), {})


@pytest.mark.parametrize(
    "schema",
    [{"type": 5}, {"$ref": "https://charts.invalid/s.json"}, {"properties": {"clusterName": {"pattern": "("}}}],
)
def test_a_schema_that_cannot_be_used_is_told_and_nothing_is_fetched(schema: dict[str, Any]) -> None:
    assert "values.schema.json cannot be used" in faults(chart(schema=schema), {"clusterName": "a"})[0]


def sysdig_deploy() -> Chart:
    """Sub-charts with an alias, a condition and what is global, as Sysdig's has them."""
    controller = chart(VALUES | {"global": {"region": "us1"}}, condition=("controller.enabled",))
    shield = chart(
        {"cluster": {"name": "c"}},
        FORMLESS | {"required": ["missing"], "properties": {"global": {"properties": {"region": {"enum": ["us1"]}}}}},
        condition=("shield.enabled",),
    )
    values = {"global": {"tags": {}}, "controller": {"enabled": False}, "shield": {"enabled": False}}
    return chart(values, None, {"controller": controller, "shield": shield}, ("controller.features.audit",))


def test_a_sub_charts_values_are_judged_by_what_it_knows() -> None:
    values = {"controller": {"enabled": True, "webhook": {"logLevl": "x"}, "features": {"audit": True}}}
    (fault,) = faults(sysdig_deploy(), values)
    assert fault.startswith(f"{PATH}.controller.webhook.logLevl: unknown key; did you mean logLevel?")


def test_a_sub_charts_schema_counts_when_it_is_switched_on() -> None:
    judge_values(sysdig_deploy(), {"shield": {"enabled": False}}, PATH)
    assert faults(sysdig_deploy(), {"shield": {"enabled": True}}) == [f"{PATH}.shield.missing: missing"]


def test_what_is_global_is_judged_by_all_charts() -> None:
    judge_values(sysdig_deploy(), {"global": {"region": "mars", "tags": {"a": "b"}}}, PATH)
    found = faults(sysdig_deploy(), {"global": {"region": "mars", "regoin": 1}, "shield": {"enabled": True}})
    assert f"{PATH}.global.region: allowed: us1; given: 'mars'" in found
    assert any(fault.startswith(f"{PATH}.global.regoin: unknown key; did you mean region?") for fault in found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from([*VALUES, "cluster", "audit", "name"]) | st.text(), inner)
        ),
    ).filter(lambda value: isinstance(value, dict))
)
def test_whatever_is_given_is_judged_on_one_line_a_fault(values: Any) -> None:
    for judged in (chart(), chart(VALUES, SCHEMA), sysdig_deploy()):
        assert all(fault.isprintable() for fault in told(judged, values))


def test_typed_keys_and_own_values_are_merged_deeply() -> None:
    typed = {"webhook": {"logLevel": "info"}, "replicas": 2}
    assert merged(typed, {"webhook": {"httpProxy": "p"}, "labels": {"a": "b"}}, PATH) == {
        "webhook": {"logLevel": "info", "httpProxy": "p"},
        "replicas": 2,
        "labels": {"a": "b"},
    }
    assert typed == {"webhook": {"logLevel": "info"}, "replicas": 2}


def test_a_value_that_a_typed_key_sets_too_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigError) as error:
        merged(
            {"webhook": {"logLevel": "info"}, "replicas": 2}, {"webhook": {"logLevel": "x"}, "replicas": {"a": 1}}, PATH
        )
    assert error.value.faults == [
        f"{PATH}.webhook.logLevel: a typed key of this receiver sets it already; take one of the two out",
        f"{PATH}.replicas: a typed key of this receiver sets it already; take one of the two out",
    ]
