"""Edits of a machine configuration: all of ours in, all of it out again, what is in the way told.

Talos' own machinery, 1.13.0 for the main document and 1.14.1 for those of 1.14 (config/configloader, and its validation for a control-plane node), took a
generated configuration with our edit, and what was left when ours was taken out: once and by hand, since it takes more than a minute of CPU to build.
"""

import json
from typing import Any

import pytest
import yaml

from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import ConflictError, HostError
from k8s_audit.platforms.talos.component import settable
from k8s_audit.platforms.talos.documents import MOUNTED_WEBHOOK, WEBHOOK, WEBHOOK_FLAG
from k8s_audit.platforms.talos.machine_config import (
    Setup,
    arguments_in,
    files_of,
    live,
    same_policy,
    turn_off,
    turn_on,
)
from k8s_audit.platforms.talos.node import own_pod
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from tests.standins.talos import CONFIG

POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Request\n"
FLAGS = settable(AuditFlags())
SETUP = Setup(POLICY, render_webhook(ReceiverEndpoint("siem", "https://siem.example/audit", token="a-token")), FLAGS)


SERVER = """\
apiVersion: v1alpha1
kind: KubeAPIServerConfig
image: registry.k8s.io/kube-apiserver:v1.36.0
extraArgs:
    event-ttl: 3h
"""
POLICY_DOCUMENT = """\
apiVersion: v1alpha1
kind: KubeAuditPolicyConfig
configuration:
    apiVersion: audit.k8s.io/v1
    kind: Policy
    rules:
        - level: Metadata
"""
MAIN = CONFIG.partition("cluster:")[0]
OF_1_14 = f"{MAIN}---\n{SERVER}---\n{POLICY_DOCUMENT}"


@pytest.mark.parametrize("text", [OF_1_14, f"{MAIN}---\n{SERVER}"], ids=["both", "flags alone"])
def test_documents_of_1_14_get_flags_and_policy_and_the_webhook_file_lies_where_a_mount_is(text: str) -> None:
    after, before = turn_on(text, SETUP)
    assert turn_on(after, SETUP, before) == (after, before)
    main, server, policy = yaml.safe_load_all(after)
    assert "cluster" not in main, "beside KubeAPIServerConfig nothing may be there"
    assert server["extraArgs"] == {"event-ttl": "3h"} | FLAGS | {WEBHOOK_FLAG: MOUNTED_WEBHOOK}
    assert "extraVolumes" not in server
    assert policy["configuration"]["rules"] == [{"level": "Request"}]
    assert [file["path"] for file in main["machine"]["files"]] == [MOUNTED_WEBHOOK]
    found = live(after)
    assert (found.webhook, found.mounted, same_policy(found.policy, POLICY)) == (SETUP.webhook, True, True)
    assert found.arguments[WEBHOOK_FLAG] == FLAGS[WEBHOOK_FLAG], "so that no other form is drift"
    assert arguments_in(after, FLAGS)[WEBHOOK_FLAG] == MOUNTED_WEBHOOK
    assert list(yaml.safe_load_all(turn_off(after, SETUP, before))) == list(yaml.safe_load_all(text))


def test_a_policy_document_beside_flags_in_the_main_document() -> None:
    text = CONFIG.partition("        auditPolicy:")[0] + f"---\n{POLICY_DOCUMENT}"
    after, before = turn_on(text, SETUP)
    main, policy = yaml.safe_load_all(after)
    assert "auditPolicy" not in main["cluster"]["apiServer"]
    assert main["cluster"]["apiServer"]["extraArgs"][WEBHOOK_FLAG] == WEBHOOK
    assert policy["configuration"]["rules"] == [{"level": "Request"}]
    assert list(yaml.safe_load_all(turn_off(after, SETUP, before))) == list(yaml.safe_load_all(text))


def test_a_configuration_that_moved_to_the_documents_of_1_14_keeps_one_webhook_file() -> None:
    old, before = turn_on(CONFIG, SETUP)
    moved = old.replace("cluster:", "unused:").replace(
        "HostnameConfig\nauto: stable", "KubeAPIServerConfig\nimage: i:v1.36.0"
    )
    after, _ = turn_on(moved, SETUP, before)
    (file,) = next(yaml.safe_load_all(after))["machine"]["files"]
    assert file["path"] == MOUNTED_WEBHOOK


def test_ours_goes_in_once_and_out_again_and_the_rest_stays() -> None:
    after, before = turn_on(CONFIG, SETUP)
    assert turn_on(after, SETUP, before) == (after, before)
    main, host_name = yaml.safe_load_all(after)
    assert host_name["kind"] == "HostnameConfig"
    assert main["cluster"]["apiServer"]["extraArgs"] == {"event-ttl": "3h"} | FLAGS
    assert not [name for name in FLAGS if name.startswith(("audit-log-", "audit-policy-file"))]
    (file,) = main["machine"]["files"]
    assert file == {"content": SETUP.webhook, "permissions": "0o444", "path": WEBHOOK, "op": "create"}
    assert "# of the whole" in after
    found = live(after)
    assert (found.webhook, found.mounted, same_policy(found.policy, POLICY)) == (SETUP.webhook, True, True)
    assert "a-token" not in before
    assert list(yaml.safe_load_all(turn_off(after, SETUP, before))) == list(yaml.safe_load_all(CONFIG))


def test_what_is_not_wanted_any_more_goes_and_what_somebody_changed_since_stays() -> None:
    after, before = turn_on(CONFIG, SETUP)
    fewer = Setup(POLICY, SETUP.webhook, {name: value for name, value in FLAGS.items() if "throttle" not in name})
    less, known = turn_on(after, fewer, before)
    assert "throttle" not in less
    assert files_of(less) == files_of(after), "nothing that asks for a reboot"
    theirs = less.replace("audit-webhook-mode: batch", "audit-webhook-mode: blocking").replace(
        "level: Request", "level: None"
    )
    left = next(yaml.safe_load_all(turn_off(theirs, fewer, known)))["cluster"]["apiServer"]
    assert left["extraArgs"] == {"event-ttl": "3h", "audit-webhook-mode": "blocking"}
    assert left["auditPolicy"]["rules"] == [{"level": "None"}]


def test_what_a_killed_up_has_left_is_known_by_our_file() -> None:
    """Its state says nothing of it."""
    after, _ = turn_on(CONFIG, SETUP)
    changed = after.replace("level: Request", "level: None").replace(
        "audit-webhook-mode: batch", "audit-webhook-mode: blocking"
    )
    again, before = turn_on(changed, SETUP)
    assert list(yaml.safe_load_all(again)) == list(yaml.safe_load_all(after))
    assert list(yaml.safe_load_all(turn_off(again, SETUP, before))) == list(yaml.safe_load_all(CONFIG))


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (
            CONFIG.replace("event-ttl: 3h", "audit-webhook-mode: blocking"),
            ConflictError,
            "extraArgs already has audit-webhook-mode",
        ),
        (
            CONFIG.replace("level: Metadata", "level: None"),
            ConflictError,
            "auditPolicy is there already, and is not Talos' own",
        ),
        (CONFIG.replace("controlplane", "worker"), HostError, "a node of type worker, and has no API server"),
        (
            CONFIG.replace("v1alpha1\nkind: HostnameConfig", "v2\nkind: KubeAuditPolicyConfig"),
            HostError,
            "a document KubeAuditPolicyConfig of v2; known is v1alpha1",
        ),
        (
            OF_1_14.replace("level: Metadata", "level: None"),
            ConflictError,
            "document KubeAuditPolicyConfig is there already, and is not Talos' own",
        ),
        (
            OF_1_14.replace("event-ttl: 3h", "audit-webhook-mode: blocking"),
            ConflictError,
            "document KubeAPIServerConfig.extraArgs already has audit-webhook-mode",
        ),
        ("a: [", HostError, "is no YAML"),
        ("kind: HostnameConfig\n", HostError, "has no document with `machine`"),
    ],
)
def test_what_is_in_the_way_is_told(text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        turn_on(text, SETUP)


def test_a_policy_of_the_users_is_taken_over_where_told_and_put_back() -> None:
    theirs = CONFIG.replace("level: Metadata", "level: None")
    after, before = turn_on(theirs, Setup(POLICY, SETUP.webhook, FLAGS, adopt=True))
    assert json.loads(before)["policy"]["rules"] == [{"level": "None"}]
    assert list(yaml.safe_load_all(turn_off(after, SETUP, before))) == list(yaml.safe_load_all(theirs))


def test_the_pod_of_a_nodes_api_server_is_found_by_an_address_or_the_name_that_kubernetes_has() -> None:
    def pod(name: str, address: str, *more: str) -> Any:
        status = {"hostIP": address, "hostIPs": [{"ip": ip} for ip in (address, *more)]}
        return {"spec": {"nodeName": name}, "status": status}

    pods = [pod("cp-a", "10.0.4.11", "fd00::11"), pod("cp-b", "10.0.4.12")]
    for names in ({"10.0.4.12"}, {"cp-b", "203.0.113.2"}):
        assert own_pod(pods, names) is pods[1]
    assert own_pod(pods, {"fd00::11"}) is pods[0]
    assert own_pod(pods, {"10.0.4.1", "cp"}) is None
