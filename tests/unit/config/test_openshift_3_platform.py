"""`kind: openshift-3.11` and `kind: minishift`: what a stack's file may say."""

import json
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.config.platforms.minishift import HOME, MinishiftPlatform
from k8s_audit.config.platforms.openshift_3 import Openshift3Platform
from k8s_audit.config.stack import Stack, load_stack
from k8s_audit.errors import ConfigError

SSH = {"access": "ssh", "address": "10.0.6.11", "user": "root"}


def judged(platform: dict[str, Any], **delivery: Any) -> Stack:
    parts = {
        "cluster": {"name": "old-1", "kubeconfig": "/admin.conf"},
        "platform": platform,
        "receivers": [{"kind": "http", "name": "siem", "url": "https://siem.example/audit"}],
        "delivery": delivery,
    }
    return load_stack({f"audit:{key}": json.dumps(value) for key, value in parts.items()})


def test_a_master_needs_an_address_alone_and_a_preview_says_what_its_webhook_does() -> None:
    stack = judged({"kind": "openshift-3.11", "hosts": [SSH]}, mode="blocking", log={"maxAge": 7})
    assert isinstance(stack.platform, Openshift3Platform)
    (host,) = stack.platform.hosts
    assert host.api_server == "https://10.0.6.11:8443"
    assert host.files[0] == "/etc/origin/master/k8s-audit/policy.yaml"
    assert "reads webHookMode nowhere" in stack.warnings()[0]
    assert stack.platform.log_path() == "/var/lib/origin/k8s-audit/audit.log"


@pytest.mark.parametrize(
    ("host", "delivery", "said"),
    [
        (
            {"configFolder": "/etc/k8s-audit"},
            {},
            "hosts[0].configFolder: /etc/k8s-audit; allowed: a folder below that of masterConfig",
        ),
        ({"masterConfig": "master-config.yaml"}, {}, "hosts[0].masterConfig: an absolute path is needed"),
        ({}, {"maxWait": "1s"}, "audit:delivery.maxWait: auditConfig of OpenShift 3.11 has no field for it"),
        ({}, {"truncate": {"enabled": True}}, "audit:delivery.truncate: auditConfig of OpenShift 3.11 has no field"),
        ({}, {"throttle": {"qps": 1}}, "audit:delivery.throttle: auditConfig of OpenShift 3.11 has no field for it"),
        ({}, {"mode": "blocking-strict"}, "lacks --audit-webhook-mode=blocking-strict"),
        ({}, {"log": {"path": "/var/log/audit.log"}}, "allowed: a file below /var/lib/origin"),
        ({}, {"log": {"path": "-"}}, "allowed: a file below /var/lib/origin"),
    ],
)
def test_what_a_master_cannot_do_is_one_line(host: dict[str, Any], delivery: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged({"kind": "openshift-3.11", "hosts": [SSH | host]}, **delivery)
    assert any(said in fault for fault in caught.value.faults), caught.value.faults


def test_masters_share_neither_name_nor_url_and_their_version_is_what_it_is() -> None:
    with pytest.raises(ConfigError) as caught:
        judged({"kind": "openshift-3.11", "hosts": [SSH, SSH], "kubernetesVersion": "1.34"})
    assert any("kubernetesVersion" in fault for fault in caught.value.faults)
    with pytest.raises(ConfigError, match=r"hosts\[1\]\.masterConfig"):
        judged({"kind": "openshift-3.11", "hosts": [SSH, SSH]})


@pytest.mark.parametrize(
    ("environment", "home", "folder"),
    [("", None, "{user}/.minishift"), ("/a", None, "/a"), ("/a", "/b", "/b")],
)
def test_minishifts_folder_is_found_as_minishift_finds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: str, home: str | None, folder: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(HOME, environment)
    platform = MinishiftPlatform.model_validate({"kind": "minishift"} | ({"home": home} if home else {}))
    assert str(platform.folder()) == folder.format(user=tmp_path)


@pytest.mark.parametrize(
    ("platform", "delivery", "said"),
    [
        ({"profile": "a-b"}, {}, "audit:platform.profile: String should match pattern"),
        ({"apiServer": "http://a"}, {}, "audit:platform.apiServer: this API server's own URL is needed"),
        ({}, {"log": {"path": "/var/log/audit.log"}}, "a file below /etc/origin/master"),
    ],
)
def test_what_minishift_cannot_do_is_one_line(platform: dict[str, Any], delivery: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged({"kind": "minishift"} | platform, **delivery)
    assert any(said in fault for fault in caught.value.faults), caught.value.faults
