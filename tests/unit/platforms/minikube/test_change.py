"""When a minikube node has all that a stack asks for, though a start wrote its manifest anew."""

from pathlib import Path
from threading import Event

from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.kubeadm import StaticPodHost
from k8s_audit.control_plane.change import AuditSetup, sha256
from k8s_audit.control_plane.journal import Record, Step
from k8s_audit.platforms.minikube.change import NodeChange
from k8s_audit.platforms.minikube.node import Reached

FOUND = (Path(__file__).parents[2] / "control_plane" / "kube-apiserver.yaml").read_bytes()


def test_a_manifest_of_the_same_flags_that_a_start_wrote_is_left_and_one_that_we_wrote_of_other_files_is_not(
    tmp_path: Path,
) -> None:
    given = {"access": "local", "apiServer": "https://192.168.49.2:8443", "configFolder": str(tmp_path)}
    change = NodeChange(Reached(judge(StaticPodHost, "", given), None), "dev", Event())
    setup = AuditSetup("POLICY", "WEBHOOK", {"audit-policy-file": change.place.policy, "audit-webhook-mode": "batch"})
    for path, content in ((change.place.policy, "POLICY"), (change.place.webhook, "WEBHOOK")):
        Path(path).write_text(content)

    ours = change.edit(FOUND, FOUND, None, setup)
    assert ours
    made = ours.ours

    def left(current: bytes, after: bytes) -> bool:
        record = Record(
            step=Step.APPLIED,
            manifest=change.server.path,
            policy=change.place.policy,
            webhook=change.place.webhook,
            before=sha256(FOUND),
            previous=sha256(FOUND),
            after=sha256(after),
            ours=made,
        )
        return change.edit(FOUND, current, record, setup) is None

    anew = change.server.turn_on(FOUND, setup.arguments, "another", False).manifest
    assert left(ours.manifest, after=ours.manifest)
    assert left(anew, after=ours.manifest)
    assert not left(anew, after=anew)
    other = change.server.turn_on(FOUND, {**setup.arguments, "audit-webhook-mode": "blocking"}, "another", False)
    assert not left(other.manifest, after=ours.manifest)
    Path(change.place.policy).write_text("SOMEBODY'S")
    assert not left(anew, after=ours.manifest)
