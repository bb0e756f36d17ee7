"""Edits of a KubeadmControlPlane, pure, in both versions of its API."""

import copy
import json
from typing import Any

import pytest

from k8s_audit.delivery.flags import AuditFlags, LogBackend
from k8s_audit.errors import ConflictError, HostError
from k8s_audit.kubernetes_api import RECORD
from k8s_audit.platforms.cluster_api.change import ControlPlaneAudit
from k8s_audit.platforms.cluster_api.control_plane import Setup, actions, intact, paths, turn_off
from k8s_audit.platforms.cluster_api.files import secret_of
from k8s_audit.platforms.cluster_api.flags import arguments
from k8s_audit.platforms.cluster_api.rollout import obstacle, progress
from k8s_audit.platforms.management.cluster import ManagementCluster

WANTED = AuditFlags().arguments(*paths())
POLICY, WEBHOOK = "policy", "token: canary-4711"
EDIT = ControlPlaneAudit(POLICY, WEBHOOK, WANTED).edit("prod")
NOBODY = ManagementCluster("/nowhere")


def theirs(version: str, **flags: str) -> dict[str, Any]:
    """A control plane with things of its own."""
    given = {"profiling": "false", "event-ttl": "3h", **flags}
    listed = [{"name": name, "value": value} for name, value in given.items()]
    server = {
        "extraArgs": listed if version == "v1beta2" else given,
        "extraVolumes": [{"name": "oidc", "hostPath": "/etc/oidc", "mountPath": "/etc/oidc", "readOnly": True}],
        "certSANs": ["api.example.com"],
    }
    files = [
        {"path": "/etc/oidc/ca.pem", "content": "PEM", "permissions": "0644"},
        {"path": "/etc/x", "contentFrom": {"secret": {"name": "x", "key": "x"}}},
    ]
    return {
        "apiVersion": f"controlplane.cluster.x-k8s.io/{version}",
        "kind": "KubeadmControlPlane",
        "metadata": {"name": "prod", "namespace": "clusters", "annotations": {"team": "x"}, "generation": 2},
        "spec": {
            "replicas": 3,
            "version": "v1.34.4",
            "kubeadmConfigSpec": {"clusterConfiguration": {"apiServer": server}, "files": files, "ntp": {}},
        },
    }


def bare(version: str) -> dict[str, Any]:
    document = theirs(version)
    document["spec"]["kubeadmConfigSpec"] = {}
    del document["metadata"]["annotations"]
    return document


def on(document: dict[str, Any], **more: Any) -> dict[str, Any]:
    return ControlPlaneAudit(POLICY, WEBHOOK, **{"arguments": WANTED, **more}).edit("prod")(copy.deepcopy(document))


def off(document: dict[str, Any]) -> dict[str, Any]:
    return turn_off(copy.deepcopy(document))


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
@pytest.mark.parametrize("make", [theirs, bare])
def test_all_that_is_theirs_stays_a_second_edit_changes_nothing_and_off_gives_back_each_byte(
    version: str, make: Any
) -> None:
    before = make(version)
    after = on(before)
    assert json.dumps(on(after)) == json.dumps(after)
    assert json.dumps(off(after)) == json.dumps(before)
    assert json.dumps(off(before)) == json.dumps(before), "of an object without us"
    assert arguments(after) == arguments(before) | WANTED
    kept = after["spec"]["kubeadmConfigSpec"]
    old = before["spec"]["kubeadmConfigSpec"].get("files", [])
    assert kept["files"][: len(old)] == old
    server = kept["clusterConfiguration"]["apiServer"]
    assert type(server["extraArgs"]) is (list if version == "v1beta2" else dict)
    assert [volume["mountPath"] for volume in server["extraVolumes"]][-2:] == [
        "/etc/kubernetes/k8s-audit",
        "/var/log/kubernetes/audit",
    ]
    assert intact(after, WANTED)
    assert not intact(before, WANTED)
    assert WEBHOOK not in json.dumps(after), "the object names a Secret alone"


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
def test_another_value_is_a_conflict_and_adopt_puts_it_back_where_it_was(version: str) -> None:
    before = theirs(version, **{"audit-policy-file": "/etc/mine.yaml", "v": "2"})
    with pytest.raises(
        ConflictError, match=r"audit-policy-file: /etc/mine.yaml, and we would set /etc/kubernetes.*adopt: true"
    ):
        on(before)
    after = on(before, adopt=True)
    assert arguments(after)["audit-policy-file"] == paths()[0]
    assert json.dumps(off(after)) == json.dumps(before)


def test_their_log_stays_and_a_writable_mount_above_it_is_enough() -> None:
    before = theirs("v1beta2", **{"audit-log-path": "/etc/oidc/log/audit.log", "audit-log-maxage": "3"})
    with_mount = before["spec"]["kubeadmConfigSpec"]["clusterConfiguration"]["apiServer"]["extraVolumes"]
    assert len(on(before)["spec"]["kubeadmConfigSpec"]["clusterConfiguration"]["apiServer"]["extraVolumes"]) == 3
    del with_mount[0]["readOnly"]
    after = on(before)
    assert arguments(after)["audit-log-path"] == "/etc/oidc/log/audit.log"
    assert len(after["spec"]["kubeadmConfigSpec"]["clusterConfiguration"]["apiServer"]["extraVolumes"]) == 2


def test_what_is_in_our_way_is_told() -> None:
    document = theirs("v1beta2")
    document["spec"]["kubeadmConfigSpec"]["files"][0]["path"] = paths()[1]
    with pytest.raises(ConflictError, match=r"files already writes .*webhook.yaml; set audit:platform.folder"):
        on(document)
    document = theirs("v1beta2")
    document["spec"]["kubeadmConfigSpec"]["clusterConfiguration"]["apiServer"]["extraVolumes"][0]["name"] = (
        "k8s-audit-log"
    )
    with pytest.raises(
        ConflictError, match=r"already has k8s-audit-log, which mounts /etc/oidc at /etc/oidc, read-only"
    ):
        on(document)
    elsewhere = {"name": "log", "hostPath": "/data", "mountPath": "/var/log/kubernetes/audit/"}
    document = theirs("v1beta2")
    document["spec"]["kubeadmConfigSpec"]["clusterConfiguration"]["apiServer"]["extraVolumes"].append(elsewhere)
    with pytest.raises(
        ConflictError, match=r"already has log, which mounts /data at /var/log/kubernetes/audit, and we"
    ):
        on(document)
    beside = AuditFlags(log=LogBackend(path="/etc/kubernetes/k8s-audit/audit.log")).arguments(*paths())
    with pytest.raises(ConflictError, match=r"lies in the folder of the policy, which is mounted read-only"):
        on(theirs("v1beta2"), arguments=beside)
    document = on(theirs("v1beta2"))
    document["metadata"]["annotations"][RECORD] = '{"v9": 1}'
    with pytest.raises(HostError, match="annotation k8s-audit/before of KubeadmControlPlane prod is not of this"):
        off(document)


def test_a_flag_that_is_not_wanted_goes_what_somebody_changed_since_stays_and_other_texts_are_another_secret() -> None:
    before = theirs("v1beta2")
    fewer = {name: value for name, value in WANTED.items() if "throttle" not in name}
    first = on(before)
    after = on(first, arguments=fewer)
    assert arguments(after) == arguments(before) | fewer
    other = ControlPlaneAudit(POLICY, "token: another", WANTED).edit("prod")(copy.deepcopy(first))
    assert secret_of(other) != secret_of(first)
    assert actions(first, other) == [f"change file {path} out of Secret {secret_of(other)}" for path in paths()]
    for one in after["spec"]["kubeadmConfigSpec"]["clusterConfiguration"]["apiServer"]["extraArgs"]:
        if one["name"] == "audit-webhook-batch-max-wait":
            one["value"] = "9s"
    assert arguments(off(after)) == arguments(before) | {"audit-webhook-batch-max-wait": "9s"}


def test_without_the_annotation_flags_that_name_our_files_go_with_them() -> None:
    after = on(theirs("v1beta2"))
    del after["metadata"]["annotations"][RECORD]
    left = arguments(off(after))
    assert not left.keys() & {"audit-policy-file", "audit-webhook-config-file"}
    assert not intact(after, WANTED)


def test_an_edit_is_told_in_words_without_a_secret() -> None:
    before = theirs("v1beta1", v="2")
    told = actions(before, on(before))
    assert f"set apiServer.extraArgs audit-policy-file: {paths()[0]}" in told
    assert "add apiServer.extraVolumes k8s-audit-log" in told
    assert any(one.startswith(f"add file {paths()[1]} out of Secret prod-k8s-audit-") for one in told)
    assert "remove apiServer.extraArgs audit-log-maxage: 30" in actions(on(before), before)
    assert "canary" not in repr(Setup("s", WANTED)) + repr(ControlPlaneAudit(POLICY, WEBHOOK, WANTED))


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"labels": {"topology.cluster.x-k8s.io/owned": ""}}, "is made by a ClusterClass"),
        ({"annotations": {"cluster.x-k8s.io/paused": ""}}, "is paused"),
    ],
)
def test_an_object_where_a_change_would_do_nothing_says_so(what: dict[str, Any], why: str) -> None:
    document = theirs("v1beta2")
    document["metadata"] |= what
    assert why in obstacle(document)
    assert obstacle(theirs("v1beta2")) == ""


ALL = {"observedGeneration": 2, "replicas": 3, "readyReplicas": 3}


@pytest.mark.parametrize(
    ("status", "done", "told"),
    [
        ({**ALL, "updatedReplicas": 3}, True, ""),
        ({**ALL, "upToDateReplicas": 3, "availableReplicas": 3}, True, ""),
        (
            {**ALL, "upToDateReplicas": 3, "availableReplicas": 2},
            False,
            "3 of 3 machines are as it says; 3 are there, 2",
        ),
        ({**ALL, "upToDateReplicas": 3, "observedGeneration": 1}, False, "0 of 3 machines are as it says"),
        ({**ALL, "updatedReplicas": 3, "replicas": 4}, False, "4 are there"),
        ({}, False, "0 of 3 machines"),
    ],
)
def test_a_rollout_is_done_when_all_machines_are_new_and_ready_and_the_old_ones_gone(
    status: dict[str, Any], done: bool, told: str
) -> None:
    found = progress(NOBODY, {**theirs("v1beta2"), "status": status})
    assert (found.done, found.failed) == (done, False)
    assert told in found.told


def test_conditions_are_told_and_a_failure_for_good_ends_the_wait() -> None:
    conditions = [
        {"type": "MachinesReady", "status": "False", "reason": "NotReady", "message": "* Machine a:\n  * no node"},
        {"type": "RollingOut", "status": "True", "message": "Rolling out 3"},
        {"type": "ScalingUp", "status": "False"},
        {"type": "Available", "status": "True"},
    ]
    failed = {"deprecated": {"v1beta1": {"failureMessage": "etcd lost"}}}
    found = progress(NOBODY, {**theirs("v1beta2"), "status": {"conditions": conditions, **failed}})
    assert found.told.splitlines()[1:] == [
        "  MachinesReady is False (NotReady: * Machine a: * no node)",
        "  RollingOut is True (Rolling out 3)",
        "  etcd lost",
    ]
    assert not found.failed, "that was of the spec before"
    told = {"conditions": conditions, "observedGeneration": 2, **failed}
    assert progress(NOBODY, {**theirs("v1beta2"), "status": told}).failed
