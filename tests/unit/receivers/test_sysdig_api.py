"""A Sysdig Secure API token, tried against a back end that a real HTTPS server stands in for; the real one was never reached."""

import datetime
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.sysdig_api import PERMISSION, api_url, authorities, read_token, region_url, try_token
from tests.standins.certificates import Authority
from tests.standins.sysdig_backend import GOOD, POWERLESS, SysdigBackend

CHARTS = Path(os.environ.get("CHARTS_DIR", Path(__file__).parents[3] / "../shared/data/charts"))
AUTHORITY = Authority()
SHOWN = {"name": "Suspicious K8s Activity", "type": "k8s_audit", "enabled": True}


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SysdigBackend]:
    with SysdigBackend(AUTHORITY.pair("127.0.0.1"), tmp_path) as made:
        yield made


def test_a_token_with_the_permission_is_good_and_the_policies_that_show_events_are_named(
    backend: SysdigBackend,
) -> None:
    backend.policies = [
        SHOWN,
        {"name": "Off", "type": "k8s_audit", "enabled": False},
        {"name": "Shell", "type": "falco", "enabled": True},
    ]
    found = try_token(backend.url, GOOD, AUTHORITY.certificate)
    assert not found.obstacle
    assert found.said[1] == "runtime policies that would show Kubernetes audit events: Suspicious K8s Activity"
    assert backend.asked == [("/api/v2/policies", f"Bearer {GOOD}")]


@pytest.mark.parametrize("policies", [[], [SHOWN | {"enabled": False}], [SHOWN | {"type": "falco"}]])
def test_no_policy_that_would_show_an_event_is_said(policies: Any, backend: SysdigBackend) -> None:
    backend.policies = policies
    found = try_token(backend.url, GOOD, AUTHORITY.certificate)
    assert not found.obstacle
    assert "no runtime policy would show a Kubernetes audit event" in found.said[1]
    assert "Policies > Threat Detection | Runtime Policies" in found.said[1]


def test_a_token_without_the_right_names_the_permission_and_how_to_grant_it(backend: SysdigBackend) -> None:
    found = try_token(backend.url, POWERLESS, AUTHORITY.certificate)
    assert f"answers 403: it knows the token, which lacks the permission {PERMISSION}" in found.obstacle
    assert "Settings > Roles, a custom role" in found.obstacle
    assert POWERLESS not in repr(found)


def test_a_token_that_is_not_known_is_told_from_one_without_the_right(backend: SysdigBackend) -> None:
    found = try_token(backend.url, "wrong-token-1234", AUTHORITY.certificate)
    assert "answers 401: it does not know the token" in found.obstacle
    assert "wrong-token" not in repr(found)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "is it the right region or apiEndpoint?"),
        (429, "too many requests"),
        (500, "the back end's own fault"),
        (503, "the back end's own fault"),
        (418, "this is not understood"),
    ],
)
def test_other_answers_are_a_diagnosis_each(status: int, said: str, backend: SysdigBackend) -> None:
    backend.status = status
    found = try_token(backend.url, GOOD, AUTHORITY.certificate)
    assert f"answers {status}: " in found.obstacle
    assert said in found.obstacle


def test_a_page_instead_of_policies_is_no_back_end(backend: SysdigBackend) -> None:
    pages: list[Any] = [{"policies": []}, "welcome", [1]]
    for page in pages:
        backend.policies = page
        assert "no Sysdig Secure API is there" in try_token(backend.url, GOOD, AUTHORITY.certificate).obstacle


def test_the_token_follows_no_redirect(backend: SysdigBackend, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with SysdigBackend(AUTHORITY.pair("127.0.0.1"), folder) as elsewhere:
        backend.status, backend.location = 302, f"{elsewhere.url}/api/v2/policies"
        found = try_token(backend.url, GOOD, AUTHORITY.certificate)
        assert "it redirects to '127.0.0.1', where the token is not sent" in found.obstacle
        assert not elsewhere.asked


def test_an_unknown_authority_is_a_diagnosis_of_its_own_and_the_token_is_not_sent(backend: SysdigBackend) -> None:
    for ca in (None, Authority("another").certificate):
        found = try_token(backend.url, GOOD, ca)
        assert "x509: certificate signed by unknown authority" in found.obstacle
        assert "verifySSL: false" in found.obstacle
    assert not backend.asked


def test_an_expired_certificate_and_one_for_another_name_are_said(tmp_path: Path) -> None:
    for pair, said in (
        (AUTHORITY.pair("127.0.0.1", lifetime=-datetime.timedelta(hours=1)), "x509: certificate has expired"),
        (AUTHORITY.pair("sysdig.invalid"), "x509: IP address mismatch"),
    ):
        with SysdigBackend(pair, tmp_path) as made:
            assert said in try_token(made.url, GOOD, AUTHORITY.certificate).obstacle
            assert not made.asked


def test_a_back_end_that_is_not_there_or_not_https_is_said() -> None:
    assert "https://127.0.0.1:1 is not reached" in try_token("https://127.0.0.1:1", GOOD).obstacle
    assert "is not https://" in try_token("http://127.0.0.1:1", GOOD).obstacle


def test_the_token_comes_from_a_file_or_the_environment_and_is_shown_by_neither(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{GOOD}\n")
    assert read_token(file, "other") == GOOD
    assert read_token(None, f" {GOOD} ") == GOOD
    assert read_token(None, "") is None
    for bad in ("", "two words-secret", "secret\nlines", "sécret"):
        file.write_text(bad)
        with pytest.raises(ConfigError) as caught:
            read_token(file, "")
        assert "secret" not in str(caught.value).replace(str(file), "")
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_token(tmp_path / "nothing", "")


def receiver(**attributes: Any) -> ReceiverConfig:
    return cast(ReceiverConfig, SimpleNamespace(**attributes))


def test_where_the_back_end_is_comes_from_the_receiver() -> None:
    assert api_url(receiver(api_url="https://a.example")) == "https://a.example"
    assert api_url(receiver(backend=SimpleNamespace(api_endpoint="b.example", region=None))) == "https://b.example"
    assert api_url(receiver(backend=SimpleNamespace(api_endpoint=None, region=None))) == "https://secure.sysdig.com"
    assert api_url(receiver(backend=SimpleNamespace(api_endpoint=None, region="eu1"))) == "https://eu1.app.sysdig.com"
    assert api_url(receiver()) is None
    assert authorities(receiver(webhook=SimpleNamespace(ca="PEM"))) == "PEM"
    assert authorities(receiver(ca="PEM")) == "PEM"
    assert authorities(receiver()) is None


def test_each_region_of_the_charts_has_the_back_end_that_they_say() -> None:
    if not CHARTS.is_dir():
        pytest.fail(f"the charts are not at {CHARTS}: set CHARTS_DIR")
    text = (CHARTS / "sysdig/common/templates/_regions.tpl").read_text()
    said = re.findall(r'"([a-z0-9-]+)"\s+\(dict(?:(?!\(dict).)*?"secure_?api_?endpoint"\s+"([^"]+)"', text, re.S | re.I)
    assert len(said) > 50
    for region, host in said:
        if not region.endswith("-alt"):
            assert region_url(region) == f"https://{host}", region
