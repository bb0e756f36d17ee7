"""A stack with two server nodes of K3s over SSH: real OpenSSH servers and sudo, two real API servers of one authority.

What they are not: K3s. What stands in for its service merges its configuration and starts a kube-apiserver.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import asyncssh
import pytest

from tests.project import free_ports
from tests.standins.api_server import ApiServer
from tests.standins.rancher_node import RancherNode, rancher_node
from tests.standins.ssh_node import OPS, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
KEY = asyncssh.generate_private_key("ssh-ed25519")
THEIRS = "token: SECRET\nkube-apiserver-arg:\n  - event-ttl=2h\n"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RancherNode]]:
    with ExitStack() as ends:
        first = ends.enter_context(rancher_node(tmp_path_factory.mktemp("cp-1"), KEY, "k3s"))
        pki = first.cp.node.kubernetes / "pki"
        yield [first, ends.enter_context(rancher_node(tmp_path_factory.mktemp("cp-2"), KEY, "k3s", pki))]


@pytest.fixture
def k3s_stack(servers: list[RancherNode]) -> str:
    hosts = "".join(
        f"    - {{access: ssh, name: cp-{number}, address: 127.0.0.1, port: {server.cp.node.port}, user: {OPS},"
        f' hostKey: {server.cp.node.host_key}, apiServer: "{server.cp.cluster.api_server}", restartTimeout: 60s}}\n'
        for number, server in enumerate(servers, 1)
    )
    return f"""\
config:
  audit:cluster: {{name: edge-1, kubeconfig: "{servers[0].cp.node.kubernetes}/admin.conf"}}
  audit:platform:
    kind: k3s
    hosts:
{hosts}
  audit:receivers:
  - {{kind: recorder, name: recorder, port: {free_ports(1)[0]}}}
  audit:delivery: {{maxWait: 100ms}}
"""


def test_one_server_after_the_other_is_changed_and_proved_and_given_back(
    servers: list[RancherNode], new_project: Callable[..., Any], k3s_stack: str
) -> None:
    one, two = servers
    (one.config / "config.yaml").write_text(THEIRS)
    project = new_project(k3s_stack)
    key = KEY.export_private_key().decode()
    project.set_secret("sshPrivateKey", key)
    two.settings(refuses="--audit-policy-file")
    failed = project.up(check=False).stdout
    assert "host cp-2: service k3s ended 3 times after its restart; the host is as it was before" in failed
    assert two.cp.ready()
    assert list(two.config.iterdir()) == []
    assert "--audit-policy-file=/etc/rancher/k3s/k8s-audit/policy.yaml" in one.arguments()
    assert "--event-ttl=2h" in one.arguments()
    two.settings(refuses="no")
    printed = project.up().stdout
    assert printed.index("RancherServerAudit edge-1-cp-2 created") < printed.index("edge-1-cp-2-delivery created")
    checks = project.outputs()["deliveryChecks"]
    assert [check["apiServer"] for check in checks] == [server.cp.cluster.api_server for server in servers]

    ours = two.drop_in.read_text()
    two.drop_in.write_text(ours.replace("max-wait=100ms", "max-wait=9s"))
    api = ApiServer(one.cp.node.kubernetes / "admin.conf")
    for name in ("cp-1", "cp-2", "joined"):
        labels = {"node-role.kubernetes.io/control-plane": "true"}
        api.request("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
    doctor = project.command("doctor", "--stack", project.stack)
    assert doctor.returncode == 1
    beyond = "nodes joined run the control plane, and at least 1 of them is no host of this stack"
    assert beyond in doctor.stdout
    assert "host cp-1 (/etc/rancher/k3s/config.yaml.d): audits, by us\n  nothing to do" in doctor.stdout, doctor.stderr
    assert "set --audit-webhook-batch-max-wait=100ms (was 9s)" in doctor.stdout
    drift = project.run("preview", "--refresh", "--diff").stdout
    assert re.search(r'~ audit-webhook-batch-max-wait *: "9s" => "100ms"', drift)
    assert re.search(r'~ unaudited *: \[\s*\+ \[0\]: "joined"', drift)
    assert beyond in drift
    two.drop_in.write_text(ours)
    assert "unchanged" in project.up("--expect-no-changes").stdout
    for text in (failed, printed, drift, project.state()):
        assert "SECRET" not in text
        assert key.splitlines()[1] not in text

    project.destroy()
    assert [path.name for path in one.config.iterdir()] == ["config.yaml"]
    assert (one.config / "config.yaml").read_text() == THEIRS
    assert list(two.config.iterdir()) == []
    for server in servers:
        assert not any(given.startswith("--audit-webhook") for given in server.arguments())
        assert server.cp.ready()
        assert not (server.cp.node.folder / "var" / "lib" / "k8s-audit").exists()
