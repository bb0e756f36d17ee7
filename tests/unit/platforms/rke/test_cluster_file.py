"""Pure edits of a cluster.yml: what is added, what survives, what is a conflict, and the way back.

`golden/kube-api.json` is what RKE 1.6.3 read of our edit of SERVER, by its own parser (cluster.ParseConfig). That took three minutes of
CPU to build, so it was run once, by hand.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.errors import ConflictError, HostError
from k8s_audit.platforms.rke.cluster_file import (
    DIGEST,
    FOLDER,
    LOG_PATH,
    Ours,
    Setup,
    audit_arguments,
    control_plane,
    digest,
    paths,
    same_policy,
    turn_off,
    turn_on,
)

NODES = "nodes:\n- {address: 10.0.0.11, user: rancher, role: [controlplane, etcd]}\n- {address: 10.0.0.12, user: rancher, role: [worker]}\n"
FLAGS = AuditFlags().arguments(*paths())
WANTED = FLAGS | {"audit-log-path": LOG_PATH}
POLICY = render_policy(load_profile("metadata"))
SETUP = Setup(POLICY, WANTED, "4711")
SERVER = """\
# the cluster of payments
nodes:
  - address: 10.0.0.11   # cp-1
    user: rancher
    role: [controlplane, etcd]

services:
  etcd:
    snapshot: true
  # the API server
  kube-api:
    service_cluster_ip_range: 10.43.0.0/16   # not to be changed
    pod_security_policy: false
    extra_args:
      # who may log in
      oidc-issuer-url: 'https://id.example.com'
      v: "4"
    extra_binds:
        - /etc/oidc:/etc/oidc:ro

  # the rest

  kubelet:
    extra_args: {max-pods: '200'}
"""


def server_of(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)["services"]["kube-api"]
    return found


def lines(length: int) -> str:
    """A cluster.yml with a comment and odd spacing on each node, as teams keep them."""
    nodes = "".join(
        f"    -   address: 10.1.{number // 200}.{number % 200}  # rack {number}\n        user:   'rancher'\n        role: [worker]\n\n"
        for number in range(length // 4)
    )
    head, _, tail = SERVER.partition("\nservices:")
    return f"{head.replace('  - ', '    - ').replace('    user', '      user').replace('    role', '      role')}\n{nodes}services:{tail}"


@pytest.mark.parametrize(
    "text",
    [
        NODES,
        f"{NODES}services:\n",
        f"{NODES}services: {{}}\nnetwork: {{plugin: canal}}\n",
        f"services:\n    etcd:\n        snapshot: true\n{NODES}",
        f"services:\n  kube-api:\n  etcd: {{}}\n{NODES}",
        f"services:\n  kube-api: {{}}\n{NODES}",
        f"{NODES}services:\n  kube-api:\n    extra_env:\n    - A=B",
        SERVER,
    ],
)
def test_a_cluster_file_of_any_shape_gets_the_log_the_flags_the_mount_and_a_digest(text: str) -> None:
    edit = turn_on(text, SETUP)
    before, after = yaml.safe_load(text), yaml.safe_load(edit.text)
    server = server_of(edit.text)
    log = server["audit_log"]
    assert log["enabled"] is True
    assert log["configuration"] == {
        "path": LOG_PATH,
        "max_age": 30,
        "max_backup": 10,
        "max_size": 100,
        "format": "json",
        "policy": yaml.safe_load(POLICY),
    }
    assert server["extra_args"].items() >= {n: v for n, v in WANTED.items() if n.startswith("audit-webhook")}.items()
    assert "audit-policy-file" not in server["extra_args"], "RKE writes that itself"
    assert f"{FOLDER}:{FOLDER}:ro" in server["extra_binds"]
    assert digest(edit.text) == "4711"
    assert same_policy(edit.text, POLICY)
    assert audit_arguments(edit.text) == {name: value for name, value in WANTED.items() if name != "audit-policy-file"}
    for key in before:
        if key != "services":
            assert after[key] == before[key]
    ours = Ours.read(edit.ours.text())
    assert turn_on(edit.text, SETUP).text == edit.text, "a second time nothing changes"
    without = turn_off(edit.text, ours)
    assert (server_of(without) or {}) == ((before.get("services") or {}).get("kube-api") or {})
    assert DIGEST not in without
    assert turn_off(without, ours) == without


def test_rke_reads_all_of_our_edit() -> None:
    known = json.loads((Path(__file__).parent / "golden" / "kube-api.json").read_text())
    server = server_of(turn_on(SERVER, SETUP).text)
    log = known["auditLog"]["configuration"]
    ours = server["audit_log"]["configuration"]
    assert known["auditLog"]["enabled"] is True
    assert [log[key] for key in ("maxAge", "maxBackup", "maxSize", "path", "format")] == [
        ours[key] for key in ("max_age", "max_backup", "max_size", "path", "format")
    ]
    assert {key: value for key, value in log["policy"].items() if key != "metadata"} == ours["policy"]
    for key, named in (("extraArgs", "extra_args"), ("extraBinds", "extra_binds"), ("extraEnv", "extra_env")):
        assert known[key] == server[named]


def test_comments_and_other_peoples_lines_stay_and_only_ours_come() -> None:
    edit = turn_on(SERVER, SETUP)
    assert [line for line in SERVER.splitlines() if line.strip() and line not in edit.text.splitlines()] == []
    assert turn_off(edit.text, edit.ours) == SERVER


def test_of_a_commented_file_of_a_thousand_lines_all_bytes_but_the_block_stay() -> None:
    text = lines(1000)
    assert len(text.splitlines()) > 990
    edit = turn_on(text, SETUP)
    kept = [line for line in text.splitlines() if line in set(edit.text.splitlines())]
    assert sum(map(len, kept)) / sum(map(len, text.splitlines())) >= 0.99
    head, tail = text.partition("  kube-api:")[0], text.partition("  # the rest")[2]
    assert edit.text.startswith(head)
    assert edit.text.endswith(tail)


def test_another_policy_webhook_or_flag_is_a_conflict_and_settings_of_the_log_stay() -> None:
    theirs = SERVER.replace(
        "    extra_args:\n      #", "    extra_args:\n      audit-webhook-config-file: /etc/theirs.yaml\n      #", 1
    )
    with pytest.raises(
        ConflictError, match=r"kube-api.extra_args.audit-webhook-config-file: /etc/theirs.yaml, and we would set"
    ):
        turn_on(theirs, SETUP)
    edit = turn_on(theirs, Setup(POLICY, WANTED, "4711", adopt=True))
    assert audit_arguments(edit.text)["audit-webhook-config-file"] == f"{FOLDER}/webhook.yaml"
    assert server_of(turn_off(edit.text, Ours.read(edit.ours.text()))) == server_of(theirs)

    log = "    audit_log:\n      enabled: true\n      configuration: {max_age: 3, policy: {kind: Policy, rules: [{level: None}]}}\n"
    logged = SERVER.replace("    extra_args:\n      #", f"{log}    extra_args:\n      #", 1)
    with pytest.raises(ConflictError, match=r"audit_log…policy: another one, and we would set ours"):
        turn_on(logged, SETUP)
    edit = turn_on(logged.replace(", policy: {kind: Policy, rules: [{level: None}]}", ""), SETUP)
    assert server_of(edit.text)["audit_log"]["configuration"]["max_age"] == 3
    adopted = turn_on(logged, Setup(POLICY, WANTED, "4711", adopt=True))
    assert server_of(turn_off(adopted.text, Ours.read(adopted.ours.text()))) == server_of(logged)
    seed = SERVER.replace("      v: ", "      audit-policy-file: /var/lib/k8s_audit/audit-policy.yaml\n      v: ")
    with pytest.raises(ConflictError, match=r"extra_args.audit-policy-file: /var/lib/k8s_audit"):
        turn_on(seed, SETUP)
    adopted = turn_on(seed, Setup(POLICY, WANTED, "4711", adopt=True))
    assert server_of(turn_off(adopted.text, adopted.ours)) == server_of(seed)


def test_a_log_elsewhere_gets_a_mount_and_a_mount_that_is_there_is_not_added_again() -> None:
    elsewhere = Setup(POLICY, WANTED | {"audit-log-path": "/data/audit/audit.log"}, "4711")
    edit = turn_on(SERVER, elsewhere)
    assert server_of(edit.text)["extra_binds"] == [
        "/etc/oidc:/etc/oidc:ro",
        f"{FOLDER}:{FOLDER}:ro",
        "/data/audit:/data/audit",
    ]
    mounted = SERVER.replace("/etc/oidc:/etc/oidc:ro", f"{FOLDER}:{FOLDER}")
    assert turn_on(mounted, SETUP).ours.binds == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nodes: [", "the cluster file is no YAML: line"),
        (
            "kind: Cluster\nspec: {}\n",
            "the cluster file of kind Cluster is no cluster.yml of RKE: it has no list of nodes",
        ),
        ("- a\n", "the cluster file is no cluster.yml of RKE"),
        (f"{NODES}services: {{etcd: {{}}}}\n", "has services on one line, in braces"),
        (f"{NODES}services:\n  kube-api: {{extra_args: {{}}}}\n", "has services.kube-api on one line"),
        (f"x: &x {{a: b}}\n{NODES}services:\n  kube-api:\n    extra_args: *x\n", "has an alias of elsewhere"),
        (f"{NODES}services: 5\n", "services is no mapping"),
        ("nodes: 5\n", "the cluster file's nodes is no list"),
        ("nodes: {address: a}\n", "the cluster file's nodes is no list"),
        (f"{NODES}services:\n  kube-api:\n    extra_args: [a]\n", "services.kube-api.extra_args is no mapping"),
        (f"{NODES}services:\n  kube-api:\n    extra_binds: /a:/a\n", "services.kube-api.extra_binds is no list"),
        (f"{NODES}services:\n  kube-api:\n    audit_log: true\n", "services.kube-api.audit_log is no mapping"),
    ],
)
def test_what_is_no_cluster_file_or_cannot_be_edited_is_said(text: str, said: str) -> None:
    with pytest.raises(HostError, match=re.escape(said)):
        turn_on(text, SETUP)


def test_control_plane_nodes_are_found_by_their_role() -> None:
    assert [(node.address, node.name) for node in control_plane(NODES)] == [("10.0.0.11", "10.0.0.11")]
    with pytest.raises(HostError, match="no node with the role controlplane"):
        control_plane("nodes: []\n")
