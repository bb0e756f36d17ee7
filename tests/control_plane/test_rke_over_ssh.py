"""The webhook file of an RKE cluster on its nodes: two real OpenSSH servers with real sudo; rke itself is the stand-in."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import asyncssh
import pytest

from k8s_audit.config.platforms.rke import RkeHost
from k8s_audit.config.reach import reach
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import ChangeError, HostError
from k8s_audit.platforms.rke.change import RkeChange, RkeCluster, Wanted, opened
from k8s_audit.platforms.rke.cluster_file import paths
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from tests.project import free_ports
from tests.standins.rke import Rke
from tests.standins.ssh_node import OPS, SshNode, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
KEY = asyncssh.generate_private_key("ssh-ed25519")
FILE = "nodes:\n- {address: 10.0.0.11, role: [controlplane]}\n- {address: 10.0.0.12, role: [controlplane]}\n"
WEBHOOK = render_webhook(ReceiverEndpoint("siem", "https://siem.example/audit", token="a-token"))
WANTED = Wanted(
    "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n",
    WEBHOOK,
    AuditFlags().arguments(*paths("/var/rke/k8s-audit")),
)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[SshNode]]:
    with ExitStack() as ends:
        yield [ends.enter_context(SshNode(tmp_path / f"cp-{n}", port, KEY)) for n, port in enumerate(free_ports(2), 1)]


def test_each_node_has_the_file_for_root_alone_before_rke_and_none_when_it_failed_or_is_taken_back(
    nodes: list[SshNode], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rke = Rke.made(tmp_path / "rke")
    for name, value in rke.variables().items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "cluster.yml"
    file.write_text(FILE)
    on_nodes = [node.folder / "var" / "rke" / "k8s-audit" / "webhook.yaml" for node in nodes]
    settings = {"access": "ssh", "address": "127.0.0.1", "user": OPS, "reconnectTimeout": "3s"}
    hosts = {}
    for number, node in enumerate(nodes, 1):
        own = {"name": f"cp-{number}", "port": node.port, "hostKey": node.host_key, "node": f"10.0.0.1{number}"}
        host = RkeHost.model_validate(settings | own)
        hosts[host.in_file] = reach(host, KEY.export_private_key().decode())
    change = RkeChange(RkeCluster(opened(str(file)), hosts, 60, False, Event(), lambda _: None))

    nodes[1].stop()
    with pytest.raises(HostError, match=r"host cp-2: .* cannot be reached"):
        change.apply(WANTED)
    nodes[1].start()
    assert not any(path.exists() for path in on_nodes), "all nodes are looked at before one is changed"

    rke.fail(1)
    with pytest.raises(ChangeError, match="The cluster is as it was before"):
        change.apply(WANTED)
    assert not any(path.parent.parent.exists() for path in on_nodes)

    change.apply(WANTED)
    for path in on_nodes:
        assert path.read_text() == WEBHOOK
        assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (0, 0o600)
    change.restore(WANTED.path)
    assert not any(path.parent.parent.exists() for path in on_nodes)
    assert file.read_text() == FILE
