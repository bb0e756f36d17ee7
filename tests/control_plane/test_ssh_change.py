"""The transaction over SSH, on a real API server; the connection is cut, or the host lost, at each step of the journal."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import asyncssh
import pytest

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.control_plane import health
from k8s_audit.control_plane.change import AuditSetup, Place, StaticPodChange
from k8s_audit.control_plane.journal import Record, Step
from k8s_audit.control_plane.plan import plan
from k8s_audit.control_plane.ssh_access import SshAccess, SshServer
from k8s_audit.control_plane.ssh_host import SshHost
from k8s_audit.delivery.contract import contract_of
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import ChangeError
from k8s_audit.receivers.recorder import Recorder
from tests.standins.ssh_control_plane import ControlPlaneNode, control_plane_node
from tests.standins.ssh_node import OPS, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
KEY = asyncssh.generate_private_key("ssh-ed25519")
LOST = (Step.PREPARED, Step.FILES_WRITTEN, Step.MANIFEST_MOVED)
"""The steps at which a lost host leaves something to recover."""


@pytest.fixture(scope="module")
def cp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlaneNode]:
    with control_plane_node(tmp_path_factory.mktemp("a node"), KEY) as made:
        yield made


class Watched(SshHost):
    """Over SSH; does something to the node when the journal has reached a step."""

    def __init__(self, access: SshAccess, node: ControlPlaneNode, steps: dict[Step, str]) -> None:
        super().__init__(access, "/etc/kubernetes/logs/kube-apiserver.log")
        self.node, self.steps, self.reached = node, steps, list[Step]()

    def write(self, path: str, content: bytes, mode: int = 0o600) -> None:
        super().write(path, content, mode)
        if path.endswith("k8s-audit/journal.json"):
            step = Record.model_validate_json(content).step
            self.reached.append(step)
            if action := self.steps.get(step):
                getattr(self.node.node, action)()


def change(cp: ControlPlaneNode, steps: dict[Step, str] | None = None, patience: float = 20) -> StaticPodChange:
    server = SshServer("127.0.0.1", OPS, cp.node.port, cp.node.host_key)
    access = SshAccess("cp-1", server, private_key=KEY.export_private_key().decode(), reconnect_timeout=patience)
    place = Place("/etc/kubernetes/manifests", cp.cluster.api_server, timeout=40)
    return StaticPodChange(Watched(access, cp, steps or {}), place, Event())


@pytest.fixture
def setup(recorder: Recorder) -> AuditSetup:
    endpoint = recorder.endpoint()
    webhook = render_webhook(endpoint)
    flags = AuditFlags().within(endpoint.body_limit, endpoint.event_limit)
    arguments = flags.arguments("/etc/kubernetes/k8s-audit/policy.yaml", "/etc/kubernetes/k8s-audit/webhook.yaml")
    contract = contract_of(webhook, arguments, print)
    return AuditSetup(render_policy(load_profile("detection")), webhook, arguments, contract=contract)


def ours_on(cp: ControlPlaneNode) -> list[Path]:
    return [path for path in (cp.node.kubernetes / "k8s-audit", cp.node.folder / "var/lib/k8s-audit") if path.exists()]


def test_auditing_is_on_a_second_time_changes_nothing_and_all_of_it_goes_back(
    cp: ControlPlaneNode, setup: AuditSetup
) -> None:
    before = cp.manifest.read_bytes()
    found = plan(change(cp), setup)
    assert (found.state, found.obstacle) == ("does not audit", "")
    assert "replace /etc/kubernetes/manifests/kube-apiserver.yaml; kube-apiserver restarts once" in found.actions
    live = change(cp).apply(setup)
    assert live.intact
    assert cp.ready()
    webhook = cp.node.kubernetes / "k8s-audit" / "webhook.yaml"
    assert (webhook.stat().st_mode & 0o7777, webhook.stat().st_uid) == (0o600, 0)
    host = change(cp).host
    running = health.running(host, cp.manifest.read_bytes())
    assert change(cp).apply(setup) == live
    assert health.running(host, cp.manifest.read_bytes()) == running
    assert plan(change(cp), setup).actions == []
    with pytest.raises(ChangeError) as caught:
        change(cp).apply(
            replace(setup, policy="apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Everything\n")
        )
    assert "the host is as it was before. Its last log lines:" in str(caught.value)
    assert "Everything" in str(caught.value)
    assert change(cp).read() == live
    change(cp).restore()
    assert cp.manifest.read_bytes() == before
    assert ours_on(cp) == []
    assert cp.ready()


def test_a_connection_that_is_cut_at_each_step_of_the_journal_does_no_harm(
    cp: ControlPlaneNode, setup: AuditSetup
) -> None:
    before = cp.manifest.read_bytes()
    work = change(cp, dict.fromkeys(Step, "cut"))
    assert work.apply(setup).intact
    assert cp.ready()
    work.restore()
    assert isinstance(work.host, Watched)
    assert set(work.host.reached) == set(Step)
    assert cp.manifest.read_bytes() == before
    assert ours_on(cp) == []


@pytest.mark.parametrize("step", LOST)
def test_a_host_that_is_lost_in_mid_change_says_so_and_the_next_run_recovers_it(
    cp: ControlPlaneNode, setup: AuditSetup, step: Step
) -> None:
    before = cp.manifest.read_bytes()
    with pytest.raises(
        ChangeError, match=r"the connection was cut, .*is finished or taken back by the next `up`"
    ) as lost:
        change(cp, {step: "stop"}, patience=0.5).apply(setup)
    assert str(lost.value).count("the connection was cut") == 1
    assert str(lost.value).endswith("; the host is not back yet; the next `up` goes on")
    cp.node.start()
    record = change(cp).journal.read()
    assert record
    assert record.step == step
    found = plan(change(cp), setup)
    assert found.state == f"holds a change that was cut off at step {step}; `up` finishes or undoes it first"
    change(cp).recover()
    assert cp.manifest.read_bytes() == before
    assert ours_on(cp) == []
    assert cp.ready()
