"""What API servers of old versions want and lack."""

from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import Mock

import pytest

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.control_plane.change import AuditSetup, Place, StaticPodChange
from k8s_audit.control_plane.static_pod import image_version
from k8s_audit.control_plane.versions import lacking, minor, policy_version, takes_policy
from k8s_audit.errors import HostError

MANIFEST = Path(__file__).with_name("kube-apiserver.yaml").read_bytes()
TODAY = image_version(MANIFEST)


@pytest.mark.parametrize(
    ("text", "version", "policy"),
    [
        ("1.11", (1, 11), "audit.k8s.io/v1beta1"),
        ("v1.12.10", (1, 12), "audit.k8s.io/v1"),
        ("1.34.4", (1, 34), "audit.k8s.io/v1"),
    ],
)
def test_the_policy_is_v1beta1_up_to_1_11_and_v1_from_1_12(text: str, version: tuple[int, int], policy: str) -> None:
    assert minor(text) == version
    assert policy_version(version) == policy
    assert policy_version(None) == "audit.k8s.io/v1"
    assert render_policy(load_profile("detection"), policy).startswith(f"apiVersion: {policy}\n")


@pytest.mark.parametrize(
    ("version", "policy", "taken"),
    [
        ((1, 34), "apiVersion: audit.k8s.io/v1\n", True),
        ((1, 34), "# theirs\n'apiVersion': \"audit.k8s.io/v1beta1\"\n", False),
        ((1, 20), '{"apiVersion": "audit.k8s.io/v1beta1"}', True),
        ((1, 11), "apiVersion: audit.k8s.io/v1\n", False),
        ((1, 34), "kind: Policy\n", True),
    ],
)
def test_a_policy_of_somebody_else_is_read_however_it_is_written(
    version: tuple[int, int], policy: str, taken: bool
) -> None:
    assert takes_policy(version, policy) is taken


def test_only_a_value_that_came_later_is_lacking() -> None:
    flags = {"audit-webhook-mode": "blocking-strict", "audit-log-maxage": "30"}
    assert lacking((1, 12), flags) == [
        "kube-apiserver 1.12 lacks --audit-webhook-mode=blocking-strict, which came with 1.13"
    ]
    assert lacking((1, 13), flags) == []


def test_a_policy_that_the_image_s_version_does_not_take_is_refused_before_anything_changes() -> None:
    host: Any = Mock(readyz=Mock(return_value=200), same_filesystem=Mock(return_value=True))
    host.name = "cp-1"
    change = StaticPodChange(host, Place("/etc/kubernetes/manifests", "https://10.0.0.1:6443"), Event())
    assert TODAY is not None
    old = MANIFEST.replace(f":v{TODAY[0]}.{TODAY[1]}.".encode(), b":v1.11.")
    assert image_version(old) == (1, 11)
    assert image_version(MANIFEST.replace(b":v1.", b":own-")) is None
    today = AuditSetup(render_policy(load_profile("detection")), "", {})
    change.check(MANIFEST, today)
    with pytest.raises(HostError, match=r'1\.11 wants a policy of audit\.k8s\.io/v1beta1.*kubernetesVersion: "1\.11"'):
        change.check(old, today)
    change.check(old, AuditSetup(render_policy(load_profile("detection"), "audit.k8s.io/v1beta1"), "", {}))
    assert not host.write.called
