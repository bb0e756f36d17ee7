"""`audit:forwarder` of a stack: its kinds, and what it needs of the rest."""

import json
from typing import Any

import pytest

from k8s_audit.config import places
from k8s_audit.config.forwarder_kinds import BentoForwarder, SysdigForwarder
from k8s_audit.config.stack import load_stack
from k8s_audit.errors import ConfigError, DeliveryError

SIEM = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}
KUBEADM = {"kind": "kubeadm", "hosts": [{"access": "local", "apiServer": "https://10.0.0.1:6443"}]}


def stack(forwarder: Any = None, receivers: Any = (SIEM,), **more: Any) -> dict[str, str]:
    values = {
        "cluster": {"name": "prod-1", "kubeconfig": "/k"},
        "platform": {"kind": "eks", "region": "eu-west-1"},
        "receivers": receivers,
        "forwarder": forwarder,
        **more,
    }
    return {f"audit:{key}": json.dumps(value) for key, value in values.items() if value is not None}


def test_ours_is_the_default_and_needs_nothing() -> None:
    loaded = load_stack(stack())
    assert loaded.forwarder == BentoForwarder()
    assert loaded.delivery.proof_timeout(stream=loaded.streams) == "5m"
    assert places.forwarder(loaded) == "k8s-audit/k8s-audit-forwarder"


@pytest.mark.parametrize("given", ["bento", {"kind": "bento"}, {"replicas": 3}])
def test_a_kind_alone_or_settings_alone_are_enough(given: Any) -> None:
    assert isinstance(load_stack(stack(given)).forwarder, BentoForwarder)


def test_the_seeds_is_named_by_a_word_and_proves_nothing() -> None:
    loaded = load_stack(stack("sysdig", platform={"kind": "eks", "region": "eu-west-1", "identity": "irsa"}))
    assert isinstance(loaded.forwarder, SysdigForwarder)
    with pytest.raises(DeliveryError, match="it tells of no event"):
        places.forwarder(loaded)


@pytest.mark.parametrize("receivers", [None, []])
def test_without_a_forwarder_no_receiver_is_needed(receivers: Any) -> None:
    loaded = load_stack(stack("none", receivers))
    assert loaded.receivers == []
    with pytest.raises(DeliveryError, match="the forwarder of another stack"):
        places.forwarder(loaded)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            stack("sysdig", platform=KUBEADM),
            "audit:forwarder: the API servers of a cluster of kind kubeadm send events",
        ),
        (stack("vector"), "audit:forwarder.kind: unknown; given: 'vector'; allowed: bento, sysdig, none"),
        (stack(["bento"]), "audit:forwarder: a mapping with the key kind is needed"),
        (stack({"replicaz": 2}), "audit:forwarder.replicaz: unknown key; did you mean replicas"),
        (stack({"identity": "web"}), "audit:forwarder.identity: unknown key; the platform says how the pods prove"),
        (stack({"filters": [{}]}), "audit:forwarder.filters[0]: a filter without users, verbs"),
        (stack({"filters": [{"verbs": ["a b"]}]}), "audit:forwarder.filters[0].verbs[0]: String should match"),
        (stack({"kind": "none", "replicas": 1}), "audit:forwarder.replicas: unknown key"),
        (stack("none"), "audit:forwarder: none; nothing would bring events to receiver siem"),
        (stack(receivers=None), "audit:receivers: missing"),
        (stack(cluster={"name": "prod-1"}), "audit:cluster.kubeconfig: missing; the forwarder is placed"),
        (
            stack(receivers=[{"kind": "recorder", "name": "r"}]),
            "audit:receivers[0]: a recorder listens on this machine",
        ),
        (
            stack(receivers=[SIEM, SIEM | {"name": "b"}]),
            "audit:receivers: siem, b take audit events; a forwarder takes",
        ),
        (
            stack({"replicas": 3}, [{"kind": "admission-controller", "name": "ac"}]),
            "audit:forwarder: no receiver takes audit events",
        ),
    ],
)
def test_a_fault_is_one_line(values: dict[str, str], said: str) -> None:
    secrets = {}
    if "admission-controller" in values.get("audit:receivers", ""):
        secrets = {"audit:secureApiToken": "", "audit:sysdigAccessKey": ""}
    with pytest.raises(ConfigError) as raised:
        load_stack(values, secrets)
    found = [fault for fault in raised.value.faults if "secureApiToken" not in fault and "sysdigAccessKey" not in fault]
    assert len(found) == 1, raised.value.faults
    assert found[0].startswith(said)
