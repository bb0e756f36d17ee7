import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from k8s_audit.control_plane.change import AuditSetup
from k8s_audit.control_plane.health import StoppedError
from k8s_audit.control_plane.journal import Step
from k8s_audit.control_plane.plan import plan
from k8s_audit.control_plane.static_pod import reformat
from k8s_audit.errors import ChangeError, ConflictError, HostError
from k8s_audit.receivers.recorder import Recorder

MUTATIONS = 60
"""More than any change makes; the tests find the end by themselves."""


def api_server_process(audited: Any) -> psutil.Process:
    status = audited.cluster.read()
    return psutil.Process(status.pids["kube-apiserver"])


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_auditing_is_on_when_apply_returns_and_a_second_time_changes_nothing(audited: Any, recorder: Recorder) -> None:
    before = audited.manifest.read_bytes()
    live = audited.change().apply(audited.setup)
    process = api_server_process(audited)
    assert f"--audit-policy-file={audited.place.policy}" in process.cmdline()
    assert audited.ready()
    assert live.policy == audited.setup.policy
    assert live.arguments == dict(audited.setup.arguments)
    assert live.intact
    state = Path(audited.place.state_folder)
    assert (state / "before" / "kube-apiserver.yaml").read_bytes() == before
    assert "pulumi destroy" in (state / "UNDO.md").read_text()
    assert sorted(p.name for p in audited.cluster.manifests.iterdir()) == ["etcd.yaml", "kube-apiserver.yaml"]
    kept = files_of(state) | files_of(Path(audited.place.config_folder))
    assert audited.change().apply(audited.setup) == live
    assert api_server_process(audited) == process
    assert files_of(state) | files_of(Path(audited.place.config_folder)) == kept
    assert plan(audited.change(), audited.setup).actions == []
    assert os.stat(audited.place.webhook).st_mode & 0o777 == 0o600, "secrets are readable by their owner alone"
    assert os.stat(audited.place.config_folder).st_mode & 0o777 == 0o700
    assert os.stat(audited.place.state_folder).st_mode & 0o777 == 0o700


def test_another_policy_alone_restarts_the_api_server_and_the_way_back_by_hand_that_the_note_says_works(
    audited: Any,
) -> None:
    before = audited.manifest.read_bytes()
    audited.change().apply(audited.setup)
    process = api_server_process(audited)
    changed = replace(audited.setup, policy=audited.setup.policy + "# another\n")
    assert audited.change().apply(changed).policy == changed.policy
    assert api_server_process(audited) != process
    note = (Path(audited.place.state_folder) / "UNDO.md").read_text()
    command = next(line.strip() for line in note.splitlines() if line.strip().startswith("cp -p"))
    subprocess.run(["/bin/sh", "-ec", command], check=True)
    assert audited.manifest.read_bytes() == before


def test_a_policy_changed_by_hand_and_a_restore_cut_off_at_once_are_mended_by_one_restart(audited: Any) -> None:
    audited.change().apply(audited.setup)
    for cut_off in (False, True):
        process = api_server_process(audited)
        if cut_off:
            journal = audited.change().journal
            journal.write(journal.read().model_copy(update={"step": Step.RESTORING}))
        else:
            Path(audited.place.policy).write_text(audited.setup.policy + "# by hand\n")
        assert plan(audited.change(), audited.setup).actions[-1].endswith("kube-apiserver restarts once")
        live = audited.change().apply(audited.setup)
        assert live.policy == audited.setup.policy
        assert live.intact
        restarted = api_server_process(audited)
        assert restarted != process, "it has read the policy again"
        assert audited.change().apply(audited.setup) == live
        assert api_server_process(audited) == restarted
        assert plan(audited.change(), audited.setup).actions == []


def test_a_hand_made_change_of_our_flag_is_mended_and_what_somebody_else_changed_survives_the_restore(
    audited: Any,
) -> None:
    before = audited.manifest.read_text()
    audited.change().apply(audited.setup)
    ours = audited.manifest.read_text()
    staged = audited.cluster.folder / "staged"
    staged.write_text(ours.replace("--audit-webhook-batch-max-wait=100ms", "--audit-webhook-batch-max-wait=9s"))
    staged.rename(audited.manifest)
    assert audited.change().read().arguments["audit-webhook-batch-max-wait"] == "9s"
    assert "set --audit-webhook-batch-max-wait=100ms (was 9s)" in plan(audited.change(), audited.setup).actions or (
        not audited.ready()
    )
    audited.cluster.create()
    audited.change().apply(audited.setup)
    assert audited.manifest.read_text() == ours

    theirs = "    - --goaway-chance=0.001 # theirs\n"
    staged.write_text(ours.replace("    - kube-apiserver\n", f"    - kube-apiserver\n{theirs}"))
    staged.rename(audited.manifest)
    audited.cluster.create()
    audited.change().restore()
    expected = before.replace("    - kube-apiserver\n", f"    - kube-apiserver\n{theirs}")
    assert audited.manifest.read_bytes() == reformat(expected.encode())
    assert audited.ready()
    staged.write_text(before)
    staged.rename(audited.manifest)


def test_a_policy_that_the_api_server_refuses_is_rolled_back_with_its_own_words(audited: Any) -> None:
    before = audited.manifest.read_bytes()
    refused = replace(audited.setup, policy="apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Everything\n")
    with pytest.raises(ChangeError) as caught:
        audited.change().apply(refused)
    assert "the host is as it was before" in str(caught.value)
    assert "Everything" in str(caught.value), "the API server's own last lines are shown"
    assert audited.manifest.read_bytes() == before
    assert audited.ready()


def test_a_flag_that_the_api_server_does_not_know_is_rolled_back(audited: Any, with_arguments: Any) -> None:
    before = audited.manifest.read_bytes()
    with pytest.raises(ChangeError, match="unknown flag: --audit-no-such-flag"):
        audited.change().apply(with_arguments(audited.setup, audit_no_such_flag="1"))
    assert audited.manifest.read_bytes() == before
    assert audited.ready()


def test_an_api_server_that_never_gets_ready_is_rolled_back_to_the_change_before(
    audited: Any, with_arguments: Any
) -> None:
    """Strict blocking with a dead receiver: each request, /readyz too, waits for an event that nobody takes."""
    audited.change().apply(audited.setup)
    good = files_of(Path(audited.place.config_folder)) | {"manifest": audited.manifest.read_bytes()}
    audited.place = replace(audited.place, timeout=12)
    everything = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n"
    dead = audited.setup.webhook.replace("server: http://127.0.0.1:", "server: http://127.0.0.1:1#").split("#")[0]
    webhook = f"{dead}/k8s-audit\n" + audited.setup.webhook.split("/k8s-audit\n", 1)[1]
    strict = with_arguments(audited.setup, audit_webhook_mode="blocking-strict")
    with pytest.raises(ChangeError, match="after 12 s kube-apiserver runs but is not ready"):
        audited.change().apply(replace(strict, policy=everything, webhook=webhook))
    assert files_of(Path(audited.place.config_folder)) | {"manifest": audited.manifest.read_bytes()} == good
    assert audited.ready()
    assert audited.change().read().intact


def test_a_receiver_that_is_down_leaves_the_api_server_healthy(audited: Any, recorder: Recorder) -> None:
    recorder.delete()
    try:
        audited.change().apply(audited.setup)
        assert audited.ready()
    finally:
        recorder.create()


def test_a_stop_while_waiting_goes_back(audited: Any) -> None:
    before = audited.manifest.read_bytes()
    threading.Timer(0.7, audited.stop.set).start()
    with pytest.raises(ChangeError, match="stopped while waiting"):
        audited.change().apply(audited.setup)
    assert audited.manifest.read_bytes() == before
    assert audited.ready()
    assert issubclass(StoppedError, ChangeError)


def test_a_foreign_webhook_is_a_conflict_that_changes_nothing_and_adopt_takes_it_over(
    audited: Any, with_arguments: Callable[..., AuditSetup]
) -> None:
    before = audited.manifest.read_bytes()
    folder = audited.cluster.folder / "theirs"
    folder.mkdir(exist_ok=True)
    (folder / "policy.yaml").write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n")
    (folder / "webhook.yaml").write_text(audited.setup.webhook)
    theirs = before.decode()
    flags = f"    - --audit-policy-file={folder}/policy.yaml\n    - --audit-webhook-config-file={folder}/webhook.yaml\n"
    theirs = theirs.replace("    - kube-apiserver\n", f"    - kube-apiserver\n{flags}")
    theirs = theirs.replace(
        "    volumeMounts:\n", f"    volumeMounts:\n    - mountPath: {folder}\n      name: theirs\n"
    )
    theirs = theirs.replace(
        "  volumes:\n", f"  volumes:\n  - hostPath:\n      path: {folder}\n      type: Directory\n    name: theirs\n"
    )
    staged = audited.cluster.folder / "staged"
    staged.write_text(theirs)
    staged.rename(audited.manifest)
    audited.cluster.create()
    try:
        with pytest.raises(ConflictError) as caught:
            audited.change().apply(audited.setup)
        assert f"--audit-policy-file={folder}/policy.yaml" in str(caught.value)
        assert audited.place.policy in str(caught.value)
        assert audited.manifest.read_text() == theirs
        assert not Path(audited.place.state_folder).exists()
        found = plan(audited.change(), audited.setup)
        assert found.state == "audits already, not by us: --audit-policy-file --audit-webhook-config-file"
        assert "adopt: true" in found.obstacle
        live = audited.change().apply(replace(audited.setup, adopt=True))
        assert live.arguments["audit-policy-file"] == audited.place.policy
        assert audited.ready()
        audited.change().restore()
        assert audited.manifest.read_text() == theirs
    finally:
        staged.write_bytes(before)
        staged.rename(audited.manifest)
        audited.cluster.create()


def test_a_host_without_a_manifest_or_a_ready_api_server_is_refused_before_anything_changes(audited: Any) -> None:
    elsewhere = replace(audited.place, manifests=str(audited.cluster.folder / "nowhere"))
    audited_place, audited.place = audited.place, elsewhere
    with pytest.raises(HostError, match="is not there: no kubeadm control plane, or another folder"):
        audited.change().apply(audited.setup)
    audited.place = replace(audited_place, api_server="https://127.0.0.1:1")
    with pytest.raises(HostError, match="is not ready; nothing was changed"):
        audited.change().apply(audited.setup)
    assert not Path(audited_place.state_folder).exists()
    audited.place = audited_place


def killed(audited: Any, operation: str, after: int) -> bool:
    """Run an operation in a process that is killed after so many mutations; False if it got to its end."""
    given = {
        "operation": operation,
        "after": after,
        "place": asdict(audited.place),
        "setup": asdict(replace(audited.setup, arguments=dict(audited.setup.arguments))),
    }
    script = Path(__file__).with_name("killed_change.py")
    done = subprocess.run([sys.executable, str(script)], input=json.dumps(given), text=True)
    assert done.returncode in (0, -signal.SIGKILL)
    return done.returncode != 0


def steps_seen(audited: Any) -> set[Step]:
    record = audited.change().journal.read()
    return {record.step} if record else set()


def test_a_kill_after_any_mutation_of_an_apply_is_undone_or_finished(audited: Any) -> None:
    """Every mutation, and so every step of the journal; each time recover, then by turns apply or restore."""
    before = audited.manifest.read_bytes()
    steps: set[Step] = set()
    for after in range(1, MUTATIONS):
        if not killed(audited, "apply", after):
            break
        steps |= steps_seen(audited)
        audited.change().recover()
        assert audited.ready() or audited.cluster.create().ready
        if audited.change().journal.read() is None:
            assert audited.manifest.read_bytes() == before
            assert not Path(audited.place.state_folder).exists()
        else:
            assert audited.change().read().intact
            audited.change().restore()
    else:
        pytest.fail("the change never got to its end")
    assert steps == {Step.PREPARED, Step.FILES_WRITTEN, Step.MANIFEST_MOVED, Step.APPLIED}
    assert audited.change().read().intact


def test_a_kill_in_a_restore_is_finished_by_the_next(audited: Any) -> None:
    """After each of the first mutations, which are the steps that matter, then after some of the clearing up."""
    before = audited.manifest.read_bytes()
    steps: set[Step] = set()
    for after in (1, 2, 3, *range(5, MUTATIONS, 8)):
        audited.change().apply(audited.setup)
        if not killed(audited, "restore", after):
            break
        steps |= steps_seen(audited)
        audited.change().restore()
        assert audited.manifest.read_bytes() == before
        assert not Path(audited.place.state_folder).exists()
        assert audited.ready() or audited.cluster.create().ready
    assert steps >= {Step.RESTORING, Step.RESTORED}


def test_a_kill_in_an_update_goes_back_to_the_change_before(audited: Any) -> None:
    audited.change().apply(audited.setup)
    good = audited.manifest.read_bytes()
    update = replace(audited, setup=replace(audited.setup, policy=audited.setup.policy + "# another\n"))
    for after in range(1, MUTATIONS):
        if not killed(update, "apply", after):
            break
        audited.change().recover()
        if audited.manifest.read_bytes() == good:
            assert audited.change().read().policy == audited.setup.policy
        else:
            assert audited.change().read().policy == update.setup.policy
            audited.change().apply(audited.setup)
        assert audited.change().read().intact
    assert audited.change().read().policy == update.setup.policy
    assert audited.ready()
