"""Our edit against what kops itself makes of it.

`golden/before.yaml` and `after.yaml` are a spec and our edit of it as kops 1.32.0 read, validated and printed them, by its own packages
(pkg/kopscodecs, pkg/apis/kops/validation). They took nine minutes of CPU to build, so they were run once, by hand.
"""

import json
from pathlib import Path

import pytest
import yaml

from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import ConflictError, HostError
from k8s_audit.platforms.kops.fields import same, settable
from k8s_audit.platforms.kops.live import live, roles_of
from k8s_audit.platforms.kops.spec import FOLDER, Setup, paths, turn_off, turn_on
from k8s_audit.receivers.endpoint import ReceiverEndpoint

BEFORE, AFTER = ((Path(__file__).parent / "golden" / f"{name}.yaml").read_text() for name in ("before", "after"))
POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages:\n- RequestReceived\nrules:\n- level: Metadata\n"
WEBHOOK = render_webhook(ReceiverEndpoint("siem", "https://siem.example/audit", token="a-token"))
WANTED = settable(AuditFlags(max_wait="60s", throttle_qps=2.5).arguments(*paths()))
SETUP = Setup(POLICY, WEBHOOK, WANTED, ("Master",))


def test_kops_keeps_all_of_our_edit_and_a_second_one_of_what_it_prints_changes_nothing() -> None:
    ours = yaml.safe_load(turn_on(BEFORE, SETUP))
    printed = yaml.safe_load(AFTER)
    spelled = {"auditWebhookBatchMaxWait": "60s", "auditWebhookBatchThrottleQps": "2.5"}
    printed["spec"]["kubeAPIServer"] |= spelled
    assert ours["spec"] == printed["spec"]
    now = turn_on(AFTER, SETUP)
    assert yaml.safe_load(now)["spec"] == yaml.safe_load(AFTER)["spec"], "an older record alone is made anew"
    assert yaml.safe_load(now)["metadata"]["annotations"] == ours["metadata"]["annotations"]
    assert turn_on(now, SETUP) == now
    found = live(AFTER, WANTED, ["Master"])
    assert (found.arguments, found.policy, found.webhook, found.intact) == (WANTED, POLICY, WEBHOOK, True)
    assert yaml.safe_load(turn_off(AFTER)) == yaml.safe_load(BEFORE)


def test_a_log_in_the_folder_of_the_policy_starts_no_api_server_and_is_refused() -> None:
    theirs = BEFORE.replace("eventTTL: 3h0m0s", f"auditLogPath: {FOLDER}/audit.log")
    with pytest.raises(ConflictError, match=r"auditLogPath .*/audit.log lies in the folder of the policy"):
        turn_on(theirs, SETUP)


def test_settings_of_the_log_that_are_there_stay() -> None:
    theirs = BEFORE.replace("eventTTL: 3h0m0s", "auditLogPath: /data/audit.log")
    after = yaml.safe_load(turn_on(theirs, SETUP))["spec"]["kubeAPIServer"]
    assert after["auditLogPath"] == "/data/audit.log"
    assert yaml.safe_load(turn_off(turn_on(theirs, SETUP))) == yaml.safe_load(theirs)


def test_a_field_that_is_not_wanted_any_more_goes_and_a_file_in_our_way_is_told() -> None:
    fewer = {name: value for name, value in WANTED.items() if "throttle" not in name}
    after = turn_on(AFTER, Setup(POLICY, WEBHOOK, fewer, ("Master",)))
    assert "Throttle" not in after
    taken = BEFORE.replace("/etc/sysctl.d/90.conf", paths()[0])
    with pytest.raises(
        ConflictError, match="the cluster's fileAsset sysctl writes /srv/kubernetes/kube-apiserver/k8s-audit"
    ):
        turn_on(taken, SETUP)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no Cluster"),
        ("kind: [", "no YAML"),
        (BEFORE.replace("kind: Cluster", "kind: InstanceGroup"), "no Cluster; is audit:platform.clusterName right"),
        (
            BEFORE.replace("kops.k8s.io/v1alpha2", "cluster.x-k8s.io/v1beta1"),
            "a Cluster of cluster.x-k8s.io/v1beta1 is none of",
        ),
    ],
)
def test_what_is_no_cluster_of_kops_is_said(text: str, said: str) -> None:
    with pytest.raises(HostError, match=said):
        turn_on(text, SETUP)


def test_instance_groups_without_an_api_server_are_named() -> None:
    with pytest.raises(HostError, match="no instance group runs an API server; there are: nodes"):
        roles_of("metadata: {name: nodes}\nspec: {role: Node}\n")


def test_values_are_the_same_however_they_are_spelled() -> None:
    assert same("1m0s", "60s")
    assert same("2500m", "2.5")
    assert same(10, "10")
    assert not same("1m", "1s")
    assert not same("1m", "2.5")


def test_fields_that_name_our_files_go_with_them_when_the_annotation_is_lost() -> None:
    lost = yaml.safe_load(AFTER)
    lost["metadata"].pop("annotations")
    text = yaml.safe_dump(lost, sort_keys=False)
    for spec in (text, turn_on(text, SETUP)):
        left = yaml.safe_load(turn_off(spec))["spec"]
        assert not {"auditPolicyFile", "auditWebhookConfigFile"} & left["kubeAPIServer"].keys()
    assert json.loads(yaml.safe_load(turn_on(text, SETUP))["metadata"]["annotations"]["k8s-audit/before"])["added"] == [
        "auditPolicyFile",
        "auditWebhookConfigFile",
    ]
