"""A stack with two masters of OpenShift 3.11 over SSH: real OpenSSH servers and sudo, two real API servers of one authority.

What they are not: OpenShift. What stands in for its kubelet starts a kube-apiserver with what `auditConfig` says.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import asyncssh
import pytest
import yaml

from tests.project import free_ports
from tests.standins.api_server import ApiServer
from tests.standins.origin_node import MASTER_CONFIG, OriginNode, origin_node
from tests.standins.ssh_node import OPS, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
KEY = asyncssh.generate_private_key("ssh-ed25519")
FOLDER = "/etc/origin/master/k8s-audit"
OTHER = "/etc/origin/second"
"""The second master's folder: the nodes share this machine's processes, which are told apart by it."""
THEIRS = (
    MASTER_CONFIG
    + "auditConfig:\n  enabled: true\n  auditFilePath: /var/lib/origin/audit.log   # theirs\n  logFormat: json\n"
)


@pytest.fixture(scope="module")
def masters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[OriginNode]]:
    with ExitStack() as ends:
        first = ends.enter_context(origin_node(tmp_path_factory.mktemp("cp-1"), KEY))
        pki = first.cp.node.kubernetes / "pki"
        yield [first, ends.enter_context(origin_node(tmp_path_factory.mktemp("cp-2"), KEY, "openshift", pki, OTHER))]


@pytest.fixture
def text(masters: list[OriginNode]) -> str:
    hosts = "".join(
        f"    - {{access: ssh, name: cp-{number}, address: 127.0.0.1, port: {master.cp.node.port}, user: {OPS},"
        f' hostKey: {master.cp.node.host_key}, apiServer: "{master.cp.cluster.api_server}", restartTimeout: 60s}}\n'
        for number, master in enumerate(masters, 1)
    )
    hosts = hosts.replace(
        "name: cp-2,",
        f"name: cp-2, adopt: true, masterConfig: {OTHER}/master-config.yaml, configFolder: {OTHER}/k8s-audit,",
    )
    return f"""\
config:
  audit:cluster: {{name: old-1, kubeconfig: "{masters[0].cp.node.kubernetes}/admin.conf"}}
  audit:platform:
    kind: openshift-3.11
    hosts:
{hosts}
  audit:receivers:
  - {{kind: recorder, name: recorder, port: {free_ports(1)[0]}}}
"""


def test_one_master_after_the_other_is_changed_and_proved_and_given_back(
    masters: list[OriginNode], new_project: Callable[..., Any], text: str
) -> None:
    one, two = masters
    before = one.config.read_bytes()
    two.config.write_text(THEIRS)
    project = new_project(text)
    key = KEY.export_private_key().decode()
    project.set_secret("sshPrivateKey", key)
    two.settings(refuses="audit-webhook-config-file")
    failed = project.up(check=False).stdout
    assert "host cp-2: kube-apiserver started 3 times with the new arguments and ended each time" in failed
    assert "the host is as it was before" in failed
    assert f"--audit-webhook-config-file={FOLDER}/webhook.yaml" in one.arguments()
    assert "| Invalid MasterConfig" in failed
    assert two.config.read_text() == THEIRS
    assert two.cp.ready()
    two.settings(refuses="", restart_fails=True)
    stuck = project.up(check=False).stdout
    assert "master-restart api: Cannot connect to the Docker daemon" in stuck
    two.settings(restart_fails=False)
    printed = project.up().stdout
    checks = project.outputs()["deliveryChecks"]
    assert [check["apiServer"] for check in checks] == [master.cp.cluster.api_server for master in masters]
    section = yaml.safe_load(two.config.read_text())["auditConfig"]
    assert section["auditFilePath"] == "/var/lib/origin/k8s-audit/audit.log", "adopted, and given back"
    assert section["policyFile"] == f"{OTHER}/k8s-audit/policy.yaml"
    assert one.config.read_bytes().startswith(before)

    ours = one.config.read_text()
    one.config.write_text(ours.replace("webHookMode: batch", "webHookMode: blocking"))
    api = ApiServer(one.cp.node.kubernetes / "admin.conf")
    for name in ("cp-1", "cp-2", "joined"):
        labels = {"node-role.kubernetes.io/master": "true"}
        api.request("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
    doctor = project.command("doctor", "--stack", project.stack)
    assert doctor.returncode == 1
    assert "nodes joined run the control plane, and at least 1 of them is no host of this stack" in doctor.stdout
    assert f"host cp-2 ({OTHER}): audits, by us\n  nothing to do" in doctor.stdout, doctor.stderr
    assert "set --audit-webhook-mode=batch (was blocking)" in doctor.stdout
    drift = project.run("preview", "--refresh", "--diff").stdout
    assert re.search(r'~ audit-webhook-mode *: "blocking" => "batch"', drift)
    one.config.write_text(ours)
    assert "unchanged" in project.up("--expect-no-changes").stdout
    for shown in (failed, stuck, printed, drift, project.state()):
        assert key.splitlines()[1] not in shown

    one.config.write_text(ours + "# added since\n")
    project.destroy()
    assert one.config.read_bytes() == before + b"# added since\n"
    assert two.config.read_text() == THEIRS
    for master in masters:
        assert not any(given.startswith("--audit-webhook") for given in master.arguments())
        assert master.cp.ready()
        assert not (master.folder / "k8s-audit").exists()
        assert not (master.cp.node.folder / "var" / "lib" / "k8s-audit").exists()
