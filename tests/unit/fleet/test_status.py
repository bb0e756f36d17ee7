"""What a stack's state says of it; the states are as `pulumi stack export` prints them, shortened."""

from typing import Any

import pytest

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.fleet.status import NEVER, PENDING, UNPROVED, UP, last, status_of
from k8s_audit.provider.resources.every import RESOURCES

FILE = """\
config:
  audit:cluster: {name: cluster-1, kubeconfig: admin.conf}
  audit:platform: {kind: kubeadm, hosts: [{access: local, apiServer: "https://10.0.0.11:6443"}]}
  audit:receivers:
    - {kind: recorder, name: recorder}
    - {kind: admission-controller, name: sysdig, existingSecret: token}
"""
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "CIPHERTEXT"}
ROOT = {"type": "pulumi:pulumi:Stack", "outputs": {"deliveryChecks": SECRET}}


def stack() -> Stack:
    values, secrets = read_stack_file(FILE)
    return load_stack(values, secrets)


def host(policy: str = "detection", kind: str = "StaticPodAudit") -> dict[str, Any]:
    return {
        "type": f"k8s-audit:index:{kind}",
        "inputs": {"policy": render_policy(load_profile(policy)), "webhook": SECRET},
    }


def check(receiver: str, at: str = "2026-01-02T03:04:05.6Z", kind: str = "DeliveryCheck") -> dict[str, Any]:
    proof = {"apiServer": "https://10.0.0.11:6443", "receiver": receiver, "proof": "auditID", "auditID": f"id-of-{at}"}
    outputs = {"checks": [proof | {"latencySeconds": 0.25}], "token": SECRET}
    return {"type": f"k8s-audit:index:{kind}", "modified": at, "outputs": outputs}


def state(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"manifest": {"time": "2026-01-02T03:04:06Z"}, "resources": [ROOT, *resources], **more}


def test_a_stack_that_is_up_and_proved_says_who_gets_what_and_when_that_was_proved_last() -> None:
    early, late = check("recorder"), check("sysdig", "2026-01-03T00:00:00Z", "AdmissionCheck")
    status = status_of("prod", stack(), state(host(), late, early))
    assert (status.state, status.why, status.last_update) == (UP, [], "2026-01-02T03:04:06Z")
    assert (status.cluster, status.platform, status.delivery) == ("cluster-1", "kubeadm", "webhook")
    assert [(each["name"], each["takes"]) for each in status.receivers] == [
        ("recorder", "events"),
        ("sysdig", "reviews"),
    ]
    assert status.policy["profile"] == "detection"
    assert status.policy["deployed"] == [status.policy["digest"]]
    proof = last(status)
    assert proof
    assert (proof["receiver"], proof["at"], proof["latencySeconds"]) == ("sysdig", "2026-01-03T00:00:00Z", 0.25)
    assert "CIPHERTEXT" not in repr(status)


@pytest.mark.parametrize(
    ("deployment", "expected", "said"),
    [
        (None, NEVER, "`pulumi stack init prod`, then `pulumi up -s prod`"),
        ({"manifest": {}}, NEVER, "`pulumi up -s prod`"),
        (state(), NEVER, "`pulumi up -s prod`"),
        (state(host(), check("recorder")), UNPROVED, "no proof of delivery to sysdig"),
        (
            state(host(), pending_operations=[{"type": "creating", "resource": {"urn": "urn:pulumi:a::b::c::cp-1"}}]),
            PENDING,
            "creating of cp-1 was cut off",
        ),
    ],
)
def test_a_stack_that_is_not_up_says_what_it_lacks(deployment: Any, expected: str, said: str) -> None:
    status = status_of("prod", stack(), deployment)
    assert status.state == expected
    assert said in status.why[0]


HOLDERS = [each.name for each in RESOURCES if {"policy", "webhook"} <= each.inputs.model_fields.keys()]
"""What brings a policy to API servers: a new one must be known here."""


@pytest.mark.parametrize("kind", HOLDERS)
def test_another_policy_on_a_host_than_in_the_file_is_told(kind: str) -> None:
    checks = check("recorder"), check("sysdig")
    status = status_of("prod", stack(), state(host("metadata", kind), *checks))
    assert status.state == UP
    assert status.why == ["the hosts have another policy than the file says; `pulumi up -s prod`"]
