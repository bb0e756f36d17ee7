"""The change of a kops cluster by its command line, whose stand-in is on the PATH: order, faults, the way on, the way back."""

import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from k8s_audit.command_line import Run
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.delivery.webhook import render_webhook, secrets_in
from k8s_audit.errors import ChangeError, ConflictError, DeliveryError, HostError, ToolError
from k8s_audit.platforms.kops.change import HalfRolledError, KopsChange
from k8s_audit.platforms.kops.cluster import KopsCluster, KopsPlace
from k8s_audit.platforms.kops.fields import settable
from k8s_audit.platforms.kops.spec import FOLDER, paths
from k8s_audit.provider.resources.kops_spec_audit import KopsSpecAuditResource
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from tests.standins.kops import GROUPS, NAME, Kops

POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n"
TOKEN = "canary-4711"
WEBHOOK = render_webhook(ReceiverEndpoint("siem", "https://siem.example/audit", token=TOKEN))
WANTED = settable(AuditFlags(max_wait="60s").arguments(*paths()))
READ = ["version", "get cluster -o yaml", "get instancegroups -o yaml"]
ASK = "rolling-update cluster --cloudonly --instance-group control-plane-a,control-plane-b"
Make = Callable[..., KopsChange]


@pytest.fixture
def kops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kops:
    made = Kops.made(tmp_path / "kops")
    for name, value in made.variables().items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def change(said: list[str]) -> Make:
    def make(stop: Event | None = None, **place: Any) -> KopsChange:
        where = KopsPlace(**{"name": NAME, "kubeconfig": "/root/.kube/prod", **place})
        return KopsChange(KopsCluster(where, stop or Event(), said.append, secrets_in(WEBHOOK)))

    return make


def on(change: KopsChange, adopt: bool = False, policy: str = POLICY) -> list[str]:
    return change.apply(policy, WEBHOOK, WANTED, adopt).groups


def test_the_spec_is_replaced_and_control_plane_groups_alone_are_rolled_one_after_the_other(
    kops: Kops, change: Make, said: list[str]
) -> None:
    before = kops.spec
    planned = change().plan(POLICY, WEBHOOK, WANTED, False)
    assert kops.spec == before
    assert "set kubeAPIServer.auditWebhookBatchMaxWait: 60s" in planned
    assert planned[-2:] == [f"replace the nodes of instance group control-plane-{group} (Master)" for group in "ab"]
    kops.forget()
    assert on(change()) == ["control-plane-a", "control-plane-b"]
    rolls = [f"rolling-update cluster --instance-group control-plane-{group} --yes" for group in "ab"]
    assert kops.calls == [*READ, "replace -f -", "update cluster --yes", ASK, *rolls]
    assert kops.spec["kubeAPIServer"]["auditWebhookBatchMaxWait"] == "1m0s", "kops spells durations anew"
    assert kops.spec["kubeAPIServer"]["eventTTL"] == "3h0m0s"
    assets = {asset["name"]: asset for asset in kops.spec["fileAssets"]}
    assert assets["sysctl"] == before["fileAssets"][0]
    assert assets["k8s-audit-webhook"] == {
        "name": "k8s-audit-webhook",
        "path": f"{FOLDER}/k8s-audit-webhook.yaml",
        "roles": ["Master"],
        "content": WEBHOOK,
    }
    assert "Cluster validated." in " ".join(said)
    assert TOKEN not in " ".join([*said, *planned, *kops.calls])

    kops.forget()
    assert on(change()) == ["control-plane-a", "control-plane-b"]
    assert change().plan(POLICY, WEBHOOK, WANTED, False) == []
    assert not [
        call for call in kops.calls if call.startswith("replace") or "--instance-group control-plane-a --yes" in call
    ]
    state = change().read(WANTED)
    assert state
    assert (state.live.arguments, state.live.policy, state.live.webhook) == (WANTED, POLICY, WEBHOOK)
    assert (state.live.intact, state.pending) == (True, [])

    change().restore()
    assert kops.spec == before
    assert not any(kops.old(group) for group in GROUPS)
    kops.forget()
    change().restore()
    assert not [call for call in kops.calls if call.startswith("replace")]


def test_a_spec_that_kops_refuses_changes_nothing_and_its_answer_is_told_without_the_token(
    kops: Kops, change: Make
) -> None:
    before = kops.spec
    kops.fail("replace")
    with pytest.raises(
        ToolError, match=r"`kops replace` failed \(exit 1\). It said:\n  \| Error: error replacing"
    ) as caught:
        on(change())
    assert TOKEN not in str(caught.value)
    assert kops.spec == before
    assert "update cluster --yes" not in kops.calls


def test_when_the_cloud_refuses_the_spec_goes_back(kops: Kops, change: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(text: str) -> None:
        raise ToolError("no way")

    before = kops.spec
    kops.fail("update cluster")
    with pytest.raises(ChangeError, match="deadline exceeded") as caught:
        on(change())
    assert "The cluster's spec is as it was before, and no node was replaced" in str(caught.value)
    assert kops.spec == before
    cluster = change().cluster
    replacing = iter([cluster.replace, refused])
    monkeypatch.setattr(cluster, "replace", lambda text: next(replacing)(text))
    with pytest.raises(HalfRolledError, match=r"deadline exceeded[^$]*The spec could not be put back, too: no way"):
        on(KopsChange(cluster))


def test_a_roll_that_fails_half_way_says_what_is_left_and_the_next_one_goes_on_there(kops: Kops, change: Make) -> None:
    kops.fail("rolling-update cluster@control-plane-b --yes")
    with pytest.raises(HalfRolledError, match="has not yet joined cluster") as caught:
        on(change())
    assert caught.value.pending == ["control-plane-b"]
    assert "Instance groups that have it: control-plane-a; not yet: control-plane-b." in str(caught.value)
    assert f"kops rolling-update cluster --name {NAME} --instance-group control-plane-b --cloudonly --yes" in str(
        caught.value
    )
    state = change().read(WANTED)
    assert state
    assert state.pending == ["control-plane-b"]
    kops.fail("")
    kops.forget()
    on(change())
    rolled = [call for call in kops.calls if call.endswith("--yes") and call.startswith("rolling")]
    assert rolled == ["rolling-update cluster --instance-group control-plane-b --yes"]
    assert not kops.old("control-plane-b")


def test_each_group_is_proved_before_the_next_is_rolled_and_a_proof_that_fails_stops_it(
    kops: Kops, change: Make
) -> None:
    asked: list[list[str]] = []
    faults = {"control-plane-a": "nothing came"}

    def prove(groups: Sequence[str]) -> None:
        asked.append(list(groups))
        for fault in [faults[group] for group in groups if group in faults]:
            raise DeliveryError(fault)

    with pytest.raises(HalfRolledError, match="nothing came") as caught:
        change().apply(POLICY, WEBHOOK, WANTED, False, prove)
    assert (caught.value.pending, asked) == (["control-plane-b"], [["control-plane-a"]])
    assert "have it: control-plane-a; not yet: control-plane-b. Delivery of those that have it is not proved" in str(
        caught.value
    )
    assert kops.old("control-plane-b")
    with pytest.raises(HalfRolledError, match="nothing came"):
        change().apply(POLICY, WEBHOOK, WANTED, False, prove)
    assert kops.old("control-plane-b"), "the next one does not go past it either"
    faults.clear()
    asked.clear()
    change().apply(POLICY, WEBHOOK, WANTED, False, prove)
    assert asked == [["control-plane-a"]], "the last group's is for the proof that comes after all"
    assert not kops.old("control-plane-b")


def test_a_half_rolled_change_is_taken_back_too(kops: Kops, change: Make) -> None:
    before = kops.spec
    kops.fail("rolling-update cluster@--yes")
    with pytest.raises(HalfRolledError):
        on(change())
    with pytest.raises(HalfRolledError):
        on(change(), policy=POLICY.replace("Metadata", "Request"))
    kops.write("nodes", kops.read("nodes") | {"control-plane-a": kops.read("templates")["control-plane-a"]})
    with pytest.raises(HalfRolledError, match="not yet: control-plane-a"):
        change().restore()
    assert kops.spec == before
    kops.fail("")
    change().restore()
    assert not any(kops.old(group) for group in GROUPS)


def test_dedicated_groups_of_api_servers_get_the_files_and_come_after_the_control_plane(
    kops: Kops, change: Make
) -> None:
    groups = {"apiserver-a": "APIServer", "masters": "Master", "nodes-a": "Node"}
    kops.write("groups", groups)
    kops.write("nodes", {name: kops.digest(role) for name, role in groups.items()})
    assert on(change()) == ["masters", "apiserver-a"]
    assert {tuple(asset["roles"]) for asset in kops.spec["fileAssets"][1:]} == {("APIServer", "Master")}
    rolled = [call for call in kops.calls if call.endswith("--yes") and call.startswith("rolling")]
    assert [re.findall(r"group (\S+)", call)[0] for call in rolled] == ["masters", "apiserver-a"]


def test_newer_versions_can_reconcile_and_older_ones_say_that_they_cannot(
    kops: Kops, change: Make, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on(change(apply="reconcile", state_store="s3://state"))
    assert kops.calls[-1] == "reconcile cluster --state s3://state --yes"
    assert not [call for call in kops.calls if call.startswith("update")]
    monkeypatch.setenv("KOPS_STANDIN_VERSION", "Client version: 1.30.4 (git-v1.30.4)")
    with pytest.raises(
        ToolError, match=r"kops 1\.30 has no `kops reconcile`, which came with 1.31; set audit:platform.apply"
    ):
        on(change(apply="reconcile"))
    monkeypatch.setenv("KOPS_STANDIN_VERSION", "Client version: 1.99.0")
    on(change())
    assert "kops 1.99 is newer than what is known, 1.36; going on" in said
    monkeypatch.setenv("KOPS_STANDIN_VERSION", "Version 1.11.1 (git-0f2aa8d30)")
    with pytest.raises(ToolError, match=r"kops 1\.11 is too old; needed: 1.15 or newer"):
        on(change())


def test_another_webhook_backend_is_a_conflict_with_ways_out_and_adopt_takes_it_over_and_gives_it_back(
    kops: Kops, change: Make
) -> None:
    theirs = {
        "auditWebhookConfigFile": f"{FOLDER}/theirs.yaml",
        "auditPolicyFile": f"{FOLDER}/policy.yaml",
        "auditLogMaxAge": 3,
    }
    cluster = kops.read("cluster")
    cluster["spec"]["kubeAPIServer"] |= theirs
    kops.write("cluster", cluster)
    with pytest.raises(
        ConflictError, match=r"kubeAPIServer.auditPolicyFile: .*/policy.yaml, and we would set .*adopt: true"
    ):
        on(change())
    assert kops.read("cluster") == cluster
    on(change(), adopt=True)
    assert kops.spec["kubeAPIServer"]["auditWebhookConfigFile"] == f"{FOLDER}/k8s-audit-webhook.yaml"
    change().restore()
    assert kops.read("cluster") == cluster


def test_what_somebody_else_changed_since_stays(kops: Kops, change: Make) -> None:
    on(change())
    cluster = kops.read("cluster")
    cluster["spec"]["kubernetesVersion"] = "1.33.0"
    cluster["spec"]["kubeAPIServer"]["auditWebhookBatchMaxWait"] = "9s"
    kops.write("cluster", cluster)
    state = change().read(WANTED)
    assert state
    assert state.live.arguments["audit-webhook-batch-max-wait"] == "9s"
    change().restore()
    assert kops.spec["kubernetesVersion"] == "1.33.0"
    assert kops.spec["kubeAPIServer"] == {"eventTTL": "3h0m0s", "auditWebhookBatchMaxWait": "9s"}


def test_a_cluster_that_kops_does_not_know_is_told_and_gone_when_it_is_taken_back(
    kops: Kops, change: Make, said: list[str]
) -> None:
    with pytest.raises(HostError, match=r"kops knows no cluster old.example.com in s3://state"):
        on(change(name="old.example.com", state_store="s3://state"))
    assert change(name="old.example.com", state_store="s3://state").read(WANTED) is None
    change(name="old.example.com", state_store="s3://state").restore()
    elsewhere = r"may be another one than before; set audit:platform\.stateStore"
    with pytest.raises(HostError, match=elsewhere):
        change(name="old.example.com").read(WANTED)
    with pytest.raises(HostError, match=elsewhere):
        change(name="old.example.com").restore()
    kops.fail("get cluster")
    with pytest.raises(ToolError, match="bucket does not exist"):
        change().restore()
    assert said[:4] == ['Error: cluster not found "old.example.com"'] * 3 + [
        "kops knows no cluster old.example.com any more; nothing to take back"
    ]


def test_a_tool_that_is_not_there_says_where_to_get_it(change: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        ToolError, match=r"kops is not on the PATH; https://kops\.sigs\.k8s\.io/getting_started/install/"
    ):
        on(change())


def test_the_passphrase_of_pulumi_is_not_handed_on_and_the_kubeconfig_is(
    kops: Kops, change: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kops.folder / "bin" / "kops").write_text("#!/bin/sh\nenv >&2\nexit 1\n")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "sesame")
    said: list[str] = []
    cluster = KopsCluster(KopsPlace(NAME, kubeconfig="/root/.kube/prod"), Event(), said.append)
    with pytest.raises(ToolError):
        cluster.groups()
    assert "KUBECONFIG=/root/.kube/prod" in said
    assert "sesame" not in " ".join(said)


def test_stop_and_time_out_end_the_tool_and_what_it_started(kops: Kops, change: Make, tmp_path: Path) -> None:
    (kops.folder / "bin" / "kops").write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo 1.32.0 && exit\n(sleep 60; touch {tmp_path}/alive) & echo $! > {tmp_path}/child; wait\n'
    )
    stop = Event()
    stop.set()
    with pytest.raises(ToolError, match="`kops update cluster` was stopped"):
        change(stop=stop).cluster.update()
    with pytest.raises(ToolError, match=r"`kops update cluster` took more than 0.3 s"):
        change(update_timeout=0.3).cluster.update()
    child = Path("/proc", (tmp_path / "child").read_text().strip())
    deadline = time.monotonic() + 10
    while child.exists() and "Z" not in (child / "stat").read_text().split()[2:3] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.exists() or (child / "stat").read_text().split()[2] == "Z"


def test_secrets_of_a_webhook_are_those_that_are_hidden() -> None:
    endpoint = ReceiverEndpoint(
        "s", "https://s/a", client_certificate="C", client_key="KEY", username="me", password="pw"
    )
    assert secrets_in(render_webhook(endpoint)) == ["pw", "S0VZ"]
    assert json.dumps(secrets_in(WEBHOOK)) == f'["{TOKEN}"]'


def test_naming_the_state_store_that_came_from_the_environment_replaces_nothing() -> None:
    assert KopsSpecAuditResource.replaces == {"cluster"}


def test_a_table_that_does_not_tell_of_a_group_is_an_error_and_all_groups_are_left(
    kops: Kops, change: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = json.dumps(kops.read("cluster"))
    for table in ("", "NAME STATUS NEEDUPDATE\ncontrol-plane-b Ready 0\n"):
        monkeypatch.setattr(Run, "output", lambda *_, table=table: table)
        with pytest.raises(ToolError, match="does not tell whether nodes of instance group control-plane-a are old"):
            change().cluster.pending(["control-plane-a"])
        with pytest.raises(HalfRolledError) as caught:
            change()._bring(spec, spec, ["control-plane-a"])
        assert caught.value.pending == ["control-plane-a"]


@pytest.mark.parametrize("apply", ["rolling-update", "reconcile"])
def test_a_stop_puts_the_spec_back_or_tells_what_is_left(
    kops: Kops, change: Make, monkeypatch: pytest.MonkeyPatch, apply: str
) -> None:
    before, stop = kops.spec, Event()
    made = change(stop=stop, apply=apply)

    def stopped() -> None:
        stop.set()
        if apply == "reconcile":
            kops.write("templates", {name: kops.digest(role) for name, role in GROUPS.items()})
            kops.write("nodes", kops.read("nodes") | {"control-plane-a": kops.read("templates")["control-plane-a"]})
        raise ToolError("stopped")

    monkeypatch.setattr(made.cluster, "update" if apply == "rolling-update" else "reconcile", stopped)
    with pytest.raises(ChangeError, match="stopped") as caught:
        on(made)
    if apply == "rolling-update":
        assert kops.spec == before
    else:
        assert isinstance(caught.value, HalfRolledError)
        assert caught.value.pending == ["control-plane-b"]


def test_kops_own_diff_is_shown_by_doctor_and_refresh_without_values(kops: Kops, change: Make, said: list[str]) -> None:
    on(change())
    kops.write("templates", dict.fromkeys(GROUPS, "older"))
    said.clear()
    assert change().plan(POLICY, WEBHOOK, WANTED, False)
    of_one = [line for line in said if "nodes-a" in line]
    assert of_one == [
        "kops update cluster would create ManagedFile/nodeupconfig-nodes-a",
        "kops update cluster would modify LaunchTemplate/nodes-a: UserData, Tags",
        "kops update cluster would delete LaunchTemplateVersion/nodes-a/3",
    ]
    assert TOKEN not in str(said)
    before = list(said)
    said.clear()
    assert change().read(WANTED)
    assert said == before


def test_a_cloud_that_is_behind_the_spec_leaves_all_groups(kops: Kops, change: Make) -> None:
    on(change())
    made = change()
    made.cluster.replace(json.dumps(kops.read("cluster")).replace("Metadata", "Request"))
    state = change().read(WANTED)
    assert state
    assert state.pending == ["control-plane-a", "control-plane-b"]


def test_the_old_token_is_hidden_too(kops: Kops, change: Make) -> None:
    on(change())
    made = change()
    made.cluster.hidden = []
    made.apply(POLICY, WEBHOOK.replace(TOKEN, "new-one"), WANTED, False)
    assert TOKEN in made.cluster.hidden
