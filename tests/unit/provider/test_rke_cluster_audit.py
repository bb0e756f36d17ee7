"""What `refresh` finds and the next `up` mends, where somebody changed an RKE cluster by hand: the file on a host, cluster.yml, both."""

from pathlib import Path
from threading import Event

import pytest

from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import HostError
from k8s_audit.platforms.rke.cluster_file import DIGEST, paths
from k8s_audit.provider.resource import Context, Values
from k8s_audit.provider.resources import rke_cluster_audit
from k8s_audit.provider.resources.rke_cluster_audit import RkeClusterAuditInputs, RkeClusterAuditResource
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from tests.standins.rke import Rke

POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n"
WEBHOOK = render_webhook(ReceiverEndpoint("siem", "https://siem.example/audit", token="canary-4711"))
FOUND = "# ours\nnodes:\n- {address: 10.0.0.11, role: [controlplane, etcd]}\nservices:\n  kube-api:\n    extra_args: {v: '4'}\n"
WAIT = "audit-webhook-batch-max-wait"
RESOURCE, CONTEXT = RkeClusterAuditResource(), Context(Event(), lambda _: None)


@pytest.fixture
def rke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rke:
    made = Rke.made(tmp_path / "rke")
    for name, value in made.variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(rke_cluster_audit, "contract_of", lambda *_: None)  # nobody listens there
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cluster.yml"
    path.write_text(FOUND)
    return path


@pytest.fixture
def inputs(file: Path, tmp_path: Path) -> RkeClusterAuditInputs:
    host = {"access": "local", "name": "cp-1", "node": "10.0.0.11", "apiServer": "https://10.0.0.11:6443"}
    given = {"clusterFile": str(file), "hosts": [host], "policy": POLICY, "webhook": WEBHOOK, "arguments": {}}
    arguments = AuditFlags().arguments(*paths(str(tmp_path / "node" / "k8s-audit")))
    return RkeClusterAuditInputs.model_validate(given | {"arguments": arguments})


@pytest.fixture
def made(rke: Rke, inputs: RkeClusterAuditInputs) -> Values:
    _, outputs = RESOURCE.create(CONTEXT, "payments-1", inputs)
    rke.forget()
    return outputs


def webhook(inputs: RkeClusterAuditInputs) -> Path:
    return Path(inputs.arguments["audit-webhook-config-file"])


def read(inputs: RkeClusterAuditInputs, old: Values) -> Values:
    found = RESOURCE.read(CONTEXT, "rke", inputs, old)
    assert found
    return found.outputs


def update(inputs: RkeClusterAuditInputs, old: Values) -> Values:
    return RESOURCE.update(CONTEXT, "rke", inputs, old)


def test_what_was_changed_by_hand_is_read_and_mended_by_one_run_of_rke(
    rke: Rke, file: Path, inputs: RkeClusterAuditInputs, made: Values
) -> None:
    """The flag, the policy and the digest in cluster.yml, and the webhook file on the host."""
    assert read(inputs, made) == made
    assert RESOURCE.stale(made) == []
    ours = file.read_text()
    theirs = ours.replace(f"{WAIT}: 1s", f"{WAIT}: 8s").replace("level: Metadata", "level: None").replace("'4'", "'6'")
    file.write_text(theirs)
    webhook(inputs).write_text("somebody's")
    drifted = read(inputs, made)
    assert drifted["arguments"] == inputs.arguments | {WAIT: "8s"}
    assert "level: None" in drifted["policy"]
    assert drifted["webhook"] == "somebody's"
    assert drifted["digest"] != made["digest"]
    assert rke.calls == []

    mended = update(inputs, drifted)
    assert rke.calls == [f"up --config {file}"]
    assert file.read_text() == ours.replace("'4'", "'6'"), "what is not ours stays as they made it"
    assert rke.brought["extra_args"][WAIT] == "1s"
    assert rke.brought["audit_log"]["configuration"]["policy"]["rules"] == [{"level": "Metadata"}]
    assert (webhook(inputs).read_text(), webhook(inputs).stat().st_mode & 0o777) == (WEBHOOK, 0o600)
    assert mended == made
    assert read(inputs, mended) == mended
    assert update(inputs, mended) == mended
    assert len(rke.calls) == 1, "a second time rke is not run"

    RESOURCE.delete(CONTEXT, "rke", mended)
    assert file.read_text() == FOUND.replace("'4'", "'6'")
    assert not webhook(inputs).parent.exists()


def test_a_webhook_file_alone_that_was_changed_or_is_gone_is_brought_with_a_restart(
    rke: Rke, file: Path, inputs: RkeClusterAuditInputs, made: Values
) -> None:
    started = rke.brought["extra_env"]
    webhook(inputs).unlink()
    drifted = read(inputs, made)
    assert (drifted["webhook"], drifted["arguments"]) == ("", inputs.arguments)
    mended = update(inputs, drifted)
    assert webhook(inputs).read_text() == WEBHOOK
    assert rke.calls == [f"up --config {file}"]
    assert rke.brought["extra_env"] != started, "RKE starts an API server anew only where its definition is another one"
    assert read(inputs, mended) == mended


def test_a_digest_that_is_gone_and_a_change_that_was_cut_off_are_stale(
    rke: Rke, file: Path, inputs: RkeClusterAuditInputs, made: Values
) -> None:
    ours = file.read_text()
    file.write_text("".join(line for line in ours.splitlines(keepends=True) if DIGEST not in line))
    drifted = read(inputs, made)
    assert (drifted["intact"], RESOURCE.stale(drifted)) == (False, ["intact"])
    assert {key: value for key, value in drifted.items() if key != "intact"} == {
        key: value for key, value in made.items() if key != "intact"
    }
    assert update(inputs, drifted) == made
    assert file.read_text() == ours
    assert len(rke.calls) == 1


def test_what_was_there_before_is_known_by_the_state_too(
    rke: Rke, file: Path, inputs: RkeClusterAuditInputs, made: Values
) -> None:
    """As in another checkout: nothing lies beside cluster.yml there."""
    file.with_name("cluster.yml.k8s-audit").unlink()
    file.write_text(file.read_text().replace(f"{WAIT}: 1s", f"{WAIT}: 8s"))
    mended = update(inputs, read(inputs, made))
    assert len(rke.calls) == 1
    assert mended == made
    RESOURCE.delete(CONTEXT, "rke", mended)
    assert file.read_text() == FOUND


def test_a_node_that_joined_is_told_and_up_refuses_before_anything_changes(
    rke: Rke, file: Path, inputs: RkeClusterAuditInputs, made: Values
) -> None:
    joined = file.read_text().replace("nodes:\n", "nodes:\n- {address: 10.0.0.12, role: [controlplane]}\n")
    file.write_text(joined)
    drifted = read(inputs, made)
    assert (drifted["unaudited"], RESOURCE.stale(drifted)) == (["10.0.0.12"], ["unaudited"])
    with pytest.raises(HostError, match=r"10\.0\.0\.12 is a control-plane node of .* and no host"):
        update(inputs, drifted)
    assert (file.read_text(), rke.calls) == (joined, [])


def test_another_folder_takes_the_place_of_the_old_one(
    rke: Rke, file: Path, inputs: RkeClusterAuditInputs, made: Values, tmp_path: Path
) -> None:
    arguments = AuditFlags().arguments(*paths(str(tmp_path / "other" / "k8s-audit")))
    moved = inputs.model_copy(update={"arguments": arguments})
    now = update(moved, made)
    assert not (tmp_path / "node").exists()
    assert webhook(moved).read_text() == WEBHOOK
    assert rke.brought["extra_args"]["audit-webhook-config-file"] == now["path"] == str(webhook(moved))
    RESOURCE.delete(CONTEXT, "rke", now)
    assert file.read_text() == FOUND
    assert not (tmp_path / "other").exists()
