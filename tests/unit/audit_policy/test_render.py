import pytest
from typer.testing import CliRunner

from k8s_audit.audit_policy.evaluate import Request, evaluate
from k8s_audit.audit_policy.lint import lint
from k8s_audit.audit_policy.model import Level, parse_policy
from k8s_audit.audit_policy.render import PROFILES, load_profile, render_policy, with_rules
from k8s_audit.cli.app import app


@pytest.mark.parametrize("name", PROFILES)
def test_a_rendered_profile_reads_back_as_itself_and_stays_the_same_bytes(name: str) -> None:
    policy = load_profile(name)
    text = render_policy(policy)
    assert parse_policy(text, name) == policy
    assert render_policy(parse_policy(text, name)) == text


@pytest.mark.parametrize("name", PROFILES)
def test_v1beta1_says_so_and_has_no_newer_field(name: str) -> None:
    text = render_policy(load_profile(name), "audit.k8s.io/v1beta1")
    assert text.startswith("apiVersion: audit.k8s.io/v1beta1\n")
    assert "omitManagedFields" not in text
    parse_policy(text, name)


@pytest.mark.parametrize("name", ["detection", "metadata", "full"])
def test_our_profiles_lint_clean(name: str) -> None:
    assert lint(load_profile(name)) == []


def test_lint_names_the_seeds_recorded_token_requests() -> None:
    assert any("serviceaccounts/token" in finding for finding in lint(load_profile("seed")))


def test_lint_names_a_group_in_which_a_resource_never_matches() -> None:
    text = (
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata, resources: [{resources: [deployments]}]}]"
    )
    assert lint(parse_policy(text, "p")) == ["rules[0]: deployments never match in the core group; they are in apps"]


def test_a_users_rule_before_the_profile_decides_first() -> None:
    quiet = parse_policy("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, users: [robot]}]", "p").rules
    policy = with_rules(load_profile("detection"), before=quiet, after=[])
    assert evaluate(policy, Request("robot", "get", "secrets")).level is Level.NONE


def test_show_prints_yaml_alone() -> None:
    result = CliRunner().invoke(app, ["policy", "show", "--profile", "detection"])
    assert result.exit_code == 0
    assert parse_policy(result.stdout, "stdout") == load_profile("detection")


def test_an_unknown_profile_is_bad_input() -> None:
    result = CliRunner().invoke(app, ["policy", "show", "--profile", "detecton"])
    assert result.exit_code == 2
    assert "allowed: detection, seed, metadata, full" in result.stderr
