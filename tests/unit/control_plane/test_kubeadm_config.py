"""The edit of kubeadm's own configuration, in each of its versions. kubeadm itself judges the newest ones in tests/vendors."""

import json
from difflib import ndiff
from typing import Any

import pytest
from ruamel.yaml import YAML

from k8s_audit.control_plane.kubeadm_config import LAYOUTS, audit_arguments, has_volumes, turn_off, turn_on
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.errors import ConflictError, HostError

WANTED = AuditFlags().arguments("/etc/kubernetes/k8s-audit/policy.yaml", "/etc/kubernetes/k8s-audit/webhook.yaml")
LISTED = """\
# ours since 2019
apiServer:
  certSANs: ["10.0.0.1", 'api.example']   # of the load balancer
  extraArgs:
  - name: authorization-mode
    value: Node,RBAC
  - {name: feature-gates, value: "A=true"}
  extraVolumes:
  - name: tokens # theirs
    hostPath: /srv/tokens
    mountPath: /srv/tokens
apiVersion: kubeadm.k8s.io/v1beta4
dns: {}
kind: ClusterConfiguration
"""
MAPPED = """\
apiServer:
  extraArgs:
    authorization-mode: Node,RBAC # theirs
  timeoutForControlPlane: 4m0s
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
"""
ALPHA = """\
apiServerExtraArgs:
  authorization-mode: Node,RBAC
apiVersion: kubeadm.k8s.io/v1alpha2
kind: MasterConfiguration
kubernetesVersion: v1.11.3
"""
BARE = "apiServer: {}\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"


def plain(text: str) -> Any:
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text)))


@pytest.mark.parametrize("text", [LISTED, MAPPED, ALPHA, BARE, MAPPED.replace("v1beta3", "v1beta1")])
def test_turned_on_it_has_our_flags_and_mounts_and_all_else_byte_for_byte(text: str) -> None:
    edit = turn_on(text, WANTED)
    assert audit_arguments(edit.text) == WANTED
    changed = [line for line in ndiff(text.splitlines(), edit.text.splitlines()) if line[0] == "-"]
    assert changed in ([], ["- apiServer: {}"])
    assert turn_on(turn_off(edit.text, edit.ours), WANTED) == edit
    assert plain(turn_off(edit.text, edit.ours)) == plain(text)
    assert has_volumes(edit.text, edit.ours)
    assert not has_volumes(text, edit.ours)


def test_each_version_has_its_own_layout() -> None:
    listed = plain(turn_on(LISTED, WANTED).text)["apiServer"]
    assert listed["extraArgs"][:2] == plain(LISTED)["apiServer"]["extraArgs"]
    assert {"name": "audit-log-maxage", "value": "30"} in listed["extraArgs"]
    assert listed["extraVolumes"][1] == {
        "name": "k8s-audit-config",
        "hostPath": "/etc/kubernetes/k8s-audit",
        "mountPath": "/etc/kubernetes/k8s-audit",
        "pathType": "DirectoryOrCreate",
        "readOnly": True,
    }
    assert "readOnly" not in listed["extraVolumes"][2], "the log is written"
    mapped = plain(turn_on(MAPPED, WANTED).text)["apiServer"]
    assert mapped["extraArgs"]["audit-webhook-truncate-enabled"] == "true", "a text, as kubeadm wants it"
    alpha = plain(turn_on(ALPHA, WANTED).text)
    assert alpha["apiServerExtraArgs"]["audit-policy-file"] == WANTED["audit-policy-file"]
    config, log = alpha["apiServerExtraVolumes"]
    assert "writable" not in config
    assert log["writable"] is True


def test_another_value_is_a_conflict_unless_it_is_adopted_and_then_comes_back() -> None:
    theirs = MAPPED.replace("    authorization-mode", "    audit-policy-file: /srv/policy.yaml\n    authorization-mode")
    with pytest.raises(ConflictError, match=r"already has audit-policy-file: /srv/policy\.yaml, and we would set"):
        turn_on(theirs, WANTED)
    edit = turn_on(theirs, WANTED, adopt=True)
    assert audit_arguments(edit.text) == WANTED
    assert plain(turn_off(edit.text, edit.ours)) == plain(theirs)


def test_a_log_that_is_there_stays_and_is_mounted_once() -> None:
    theirs = LISTED.replace(
        "  - {name: feature", "  - {name: audit-log-path, value: /srv/tokens/audit.log}\n  - {name: feature"
    )
    edit = turn_on(theirs, WANTED)
    assert audit_arguments(edit.text)["audit-log-path"] == "/srv/tokens/audit.log"
    assert edit.ours.volumes == ("k8s-audit-config",)


def test_what_kubeadm_wrote_anew_in_another_version_still_loses_only_ours() -> None:
    """As `kubeadm upgrade` from v1beta3 to v1beta4 does: other order, no comments, a list for the map."""
    edit = turn_on(MAPPED, WANTED)
    upgraded = plain(edit.text)
    arguments = upgraded["apiServer"]["extraArgs"]
    upgraded["apiServer"]["extraArgs"] = [{"name": name, "value": value} for name, value in sorted(arguments.items())]
    upgraded["apiVersion"] = "kubeadm.k8s.io/v1beta4"
    without = plain(turn_off(json.dumps(upgraded), edit.ours))
    assert without["apiServer"]["extraArgs"] == [{"name": "authorization-mode", "value": "Node,RBAC"}]
    assert "extraVolumes" not in without["apiServer"]


@pytest.mark.parametrize("text", ["a: [", "[]", "kind: ClusterConfiguration", BARE.replace("v1beta4", "v1")])
def test_what_is_no_configuration_that_we_know_is_refused(text: str) -> None:
    with pytest.raises(HostError, match="kubeadm's own configuration"):
        turn_on(text, WANTED)
    assert len(LAYOUTS) == 6
