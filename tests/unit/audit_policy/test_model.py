import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8s_audit.audit_policy.model import parse_policy
from k8s_audit.errors import AuditPolicyError

HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "rules: [{level: Metadata, verb: [get]}]", r"rules\[0\]\.verb: unknown key; did you mean verbs\?"),
        (HEAD + "rules: [{level: metadata}]", r"rules\[0\]\.level: .*'None', 'Metadata'.*given: 'metadata'"),
        (HEAD + "rules: []", r"rules: .*at least 1"),
        (HEAD, r"rules: missing"),
        ("kind: Policy\nrules: [{level: None}]", r"apiVersion: missing"),
        ("apiVersion: audit.k8s.io/v2\nkind: Policy\nrules: [{level: None}]", r"apiVersion: .*audit.k8s.io/v1'.*given"),
        (HEAD + "rules: [{level: None, nonResourceURLs: [healthz]}]", r"nonResourceURLs\[0\]: .*starts with /"),
        (HEAD + "rules: [{level: None, nonResourceURLs: ['/a*b']}]", r"\* stands only at its end"),
        (HEAD + "rules: [{level: None, nonResourceURLs: [/a], namespaces: [x]}]", r"cannot stand beside"),
        (HEAD + "rules: [{level: None, resources: [{group: apps/v1}]}]", r"without a version.*'apps/v1'"),
        (HEAD + "rules: [{level: None, resources: [{resourceNames: [x]}]}]", r"needs at least one entry in resources"),
        (HEAD + "rules: [{level: None, omitStages: [Received]}]", r"omitStages\[0\]: .*RequestReceived"),
        ("[", r"not YAML"),
        ("a: 1\na: 2", r"not YAML"),
        ("just text", r"a mapping is needed, given: str"),
    ],
)
def test_a_faulty_policy_is_one_clear_message(text: str, message: str) -> None:
    with pytest.raises(AuditPolicyError) as caught:
        parse_policy(text, "p.yaml")
    assert re.search(message, str(caught.value)), str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(AuditPolicyError) as caught:
        parse_policy(HEAD + "rule: []\nrules: [{level: x}, {levels: None}]", "p.yaml")
    assert len(caught.value.faults) == 4


@settings(max_examples=500, deadline=None)
@given(st.text() | st.text().map(lambda text: HEAD + "rules:\n- level: " + text))
def test_no_text_ends_in_anything_but_a_policy_or_our_error(text: str) -> None:
    with suppress(AuditPolicyError):
        parse_policy(text, "p.yaml")
