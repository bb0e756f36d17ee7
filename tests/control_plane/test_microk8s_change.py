"""The transaction on a node of MicroK8s, over real SSH: a real API server behind what stands in for snap and kubelite."""

from collections.abc import Iterator
from threading import Event

import asyncssh
import pytest

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.config.platforms.microk8s import Microk8sHost
from k8s_audit.config.reach import microk8s_change
from k8s_audit.control_plane.change import AuditSetup, Change
from k8s_audit.control_plane.plan import plan
from k8s_audit.delivery.flags import AuditFlags, LogBackend
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import ConflictError, HostError
from k8s_audit.receivers.recorder import Recorder
from tests.standins.rancher_node import RancherNode, rancher_node
from tests.standins.ssh_node import OPS, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
KEY = asyncssh.generate_private_key("ssh-ed25519")
FOLDER = "/var/snap/microk8s/common/k8s-audit"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RancherNode]:
    with rancher_node(tmp_path_factory.mktemp("a node"), KEY, "microk8s") as made:
        yield made


def change(server: RancherNode) -> Change:
    node = server.cp.node
    given = {"access": "ssh", "address": "127.0.0.1", "port": node.port, "user": OPS, "hostKey": node.host_key}
    more = {"apiServer": server.cp.cluster.api_server, "name": "cp-1", "restartTimeout": "60s"}
    return microk8s_change(Microk8sHost.model_validate(given | more), KEY.export_private_key().decode(), Event())


def test_what_is_in_the_way_is_said_auditing_is_on_and_all_of_it_goes_back(
    server: RancherNode, recorder: Recorder
) -> None:
    flags = AuditFlags(log=LogBackend(path="/var/snap/microk8s/common/log/audit.log"))
    arguments = flags.arguments(f"{FOLDER}/policy.yaml", f"{FOLDER}/webhook.yaml")
    setup = AuditSetup(render_policy(load_profile("detection")), render_webhook(recorder.endpoint()), arguments)
    snap = server.cp.node.folder / "var" / "snap" / "microk8s"
    file, lock = snap / "1" / "args" / "kube-apiserver", snap / "1" / "var" / "lock" / "clustered.lock"
    before = file.read_bytes()
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(HostError, match="it joined as a worker, and has no API server"):
        change(server).apply(setup)
    lock.unlink()
    file.write_bytes(before + b"--audit-webhook-config-file=/theirs\n")
    with pytest.raises(
        ConflictError, match="kube-apiserver already has --audit-webhook-config-file=/theirs, and we would"
    ):
        change(server).apply(setup)
    file.write_bytes(before)

    live = change(server).apply(setup)
    assert live.intact
    assert live.arguments == arguments
    assert {f"--{name}={value}" for name, value in arguments.items()} <= set(server.arguments())
    process = server.arguments()
    assert change(server).apply(setup) == live
    assert server.arguments() == process
    assert plan(change(server), setup).actions == []
    change(server).restore()
    assert file.read_bytes() == before
    assert not any(argument.startswith("--audit") for argument in server.arguments())
    assert server.cp.ready()
    assert not (snap / "common" / "k8s-audit").exists()
    assert not (server.cp.node.folder / "var/lib/k8s-audit").exists()
