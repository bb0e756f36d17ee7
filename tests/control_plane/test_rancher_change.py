"""The transaction on a server node of RKE2 and of K3s, over real SSH: a real API server behind what stands in for the service."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import asyncssh
import pytest

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.config.platforms.rke2 import Rke2Host
from k8s_audit.config.reach import rancher_change
from k8s_audit.control_plane.change import AuditSetup, Change
from k8s_audit.control_plane.journal import Step
from k8s_audit.control_plane.plan import plan
from k8s_audit.delivery.flags import AuditFlags, LogBackend
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import ChangeError, ConflictError, HostError
from k8s_audit.receivers.recorder import Recorder
from tests.standins.rancher_node import RancherNode, rancher_node
from tests.standins.ssh_node import OPS, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
KEY = asyncssh.generate_private_key("ssh-ed25519")
FOLDER = "/etc/rancher/rke2/k8s-audit"
LOG = "/var/lib/rancher/rke2/server/logs/audit.log"
THEIRS = "profile: cis\ntoken: SECRET\nkube-apiserver-arg: [event-ttl=2h]  # theirs\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RancherNode]:
    with rancher_node(tmp_path_factory.mktemp("a node"), KEY, "rke2") as made:
        yield made


def change(server: RancherNode, drop_in: bool = True) -> Change:
    node = server.cp.node
    given = {"access": "ssh", "address": "127.0.0.1", "port": node.port, "user": OPS, "hostKey": node.host_key}
    more = {"apiServer": server.cp.cluster.api_server, "name": "cp-1", "restartTimeout": "60s"}
    host = Rke2Host.model_validate(given | more)
    return rancher_change("rke2", drop_in, host, KEY.export_private_key().decode(), Event(), print)


@pytest.fixture
def setup(recorder: Recorder) -> AuditSetup:
    flags = AuditFlags(log=LogBackend(path=LOG)).arguments(f"{FOLDER}/policy.yaml", f"{FOLDER}/webhook.yaml")
    return AuditSetup(render_policy(load_profile("detection")), render_webhook(recorder.endpoint()), flags)


def last(server: RancherNode, name: str) -> str:
    return [given for given in server.arguments() if given.startswith(f"--{name}=")][-1].partition("=")[2]


def test_auditing_is_on_beside_what_is_theirs_goes_back_when_it_fails_and_is_taken_back(
    server: RancherNode, setup: AuditSetup
) -> None:
    config = server.config / "config.yaml"
    config.write_text(THEIRS)
    found = plan(change(server), setup)
    assert (found.state, found.obstacle) == ("does not audit", "")
    live = change(server).apply(setup)
    assert live.intact
    assert server.cp.ready()
    assert last(server, "audit-policy-file") == f"{FOLDER}/policy.yaml"
    assert last(server, "audit-log-path") == LOG
    assert last(server, "event-ttl") == "2h"
    assert not (server.config / "audit-policy.yaml").exists()
    assert config.read_text() == THEIRS
    before = server.arguments()
    assert change(server).apply(setup) == live
    assert server.arguments() == before
    assert plan(change(server), setup).actions == []

    nothing = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Everything\n"
    with pytest.raises(ChangeError, match="the host is as it was before") as caught:
        change(server).apply(replace(setup, policy=nothing))
    assert "Everything" in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert change(server).read() == live

    work = change(server)
    record = work.journal.read()
    assert record
    work.journal.write(record.model_copy(update={"step": Step.RESTORING}))
    work.host.write("/var/lib/k8s-audit/restart", b"")
    server.drop_in.unlink()
    change(server).restore()
    assert "--audit-webhook-config-file" not in " ".join(server.arguments())
    assert sorted(path.name for path in server.config.iterdir()) == ["audit-policy.yaml", "config.yaml"]
    assert config.read_text() == THEIRS
    assert server.cp.ready()
    assert not (server.cp.node.folder / "var/lib/k8s-audit").exists()


def test_before_1_22_config_yaml_itself_is_edited_and_given_back(server: RancherNode, setup: AuditSetup) -> None:
    config = server.config / "config.yaml"
    config.write_text(THEIRS)
    server.settings(version="v1.21.5")
    live = change(server, drop_in=False).apply(setup)
    assert live.intact
    assert last(server, "audit-policy-file") == f"{FOLDER}/policy.yaml"
    assert last(server, "event-ttl") == "2h"
    assert not server.drop_in.parent.exists()
    assert "token: SECRET\n" in config.read_text()
    assert plan(change(server, drop_in=False), setup).actions == []
    config.write_text(config.read_text() + "debug: true\n")
    change(server, drop_in=False).restore()
    assert config.read_text().split() == (THEIRS + "debug: true\n").split()
    assert not any(given.startswith("--audit-webhook") for given in server.arguments())
    config.unlink()
    (server.config / "audit-policy.yaml").unlink(missing_ok=True)
    server.settings(version="v1.34.4")


def test_what_is_in_the_way_is_said_before_anything_changes(server: RancherNode, setup: AuditSetup) -> None:
    folder = server.config / "config.yaml.d"
    folder.mkdir(exist_ok=True)
    theirs = "audit-webhook-config-file=/theirs.yaml"
    obstacles = {
        (folder / "10-theirs.yaml", f"kube-apiserver-arg+: [{theirs}]\n"): rf"10-theirs\.yaml already has {theirs}",
        (folder / "10-theirs.yaml", "audit-policy-file: /theirs.yaml\n"): "already has audit-policy-file=/theirs.yaml",
        (folder / "zz.yaml", "kube-apiserver-arg: [v=2]\n"): r"zz\.yaml comes after .*99-k8s-audit\.yaml and sets",
        (folder / "zz.yaml", "disable-apiserver: true\n"): "it has no API server",
        (folder / "zz.yaml", "token: [SECRET\n"): r"zz\.yaml is not YAML: line 2$",
    }
    for (file, text), message in obstacles.items():
        file.write_text(text)
        with pytest.raises((ConflictError, HostError), match=message):
            change(server).apply(setup)
        file.unlink()
    for settings, message in (
        (
            {"command": "server --config /other.yaml"},
            "reads /other.yaml, not /etc/rancher/rke2/config.yaml; set configFile",
        ),
        (
            {"command": f"server '--kube-apiserver-arg={theirs}'"},
            f"the command line of service rke2-server already has {theirs}",
        ),
        ({"version": "v1.21.5"}, 'set audit:platform.kubernetesVersion: "1.21"'),
        ({"units": ["rke2-agent"]}, "it runs rke2-agent, and an agent node has no API server"),
        ({"units": ["x"]}, "there is no service rke2-server, so no RKE2 server"),
    ):
        server.settings(**settings)
        with pytest.raises((ConflictError, HostError), match=message):
            change(server).apply(setup)
        server.settings(command="server", version="v1.34.4", units=["rke2-server"])
    assert not (server.config / "k8s-audit").exists()
    assert list(folder.iterdir()) == []
    folder.rmdir()
