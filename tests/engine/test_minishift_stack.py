"""A stack of kind minishift, from preview to destroy: the real engine, a machine that is a real OpenSSH server with a real API server, a stand-in for MiniShift."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import yaml

from tests.project import free_ports
from tests.standins.minishift import NAME, Minishift
from tests.standins.origin_node import origin_node
from tests.standins.ssh_node import why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
KEY = asyncssh.generate_private_key("ssh-rsa")
BASE = "/var/lib/minishift/base/kube-apiserver"


@pytest.fixture
def minishift(tmp_path: Path) -> Iterator[Minishift]:
    with origin_node(tmp_path / "a node", KEY, "hypershift") as machine:
        (tmp_path / "minishift").mkdir()
        yield Minishift.made(tmp_path / "minishift", machine, KEY)


def test_a_change_that_goes_back_then_proof_drift_and_destroy(
    new_project: Callable[..., Any], minishift: Minishift
) -> None:
    machine = minishift.machine
    before = machine.config.read_bytes()
    project = new_project(
        f"""\
config:
  audit:cluster: {{name: dev-1, kubeconfig: "{machine.cp.cluster.kubeconfig}"}}
  audit:platform:
    kind: minishift
    apiServer: {machine.cp.cluster.api_server}
    knownHosts: "{minishift.folder}/known_hosts"
    restartTimeout: 60s
  audit:receivers: [{{kind: recorder, name: recorder, port: {free_ports(1)[0]}, tls: true, clientCertificate: true}}]
  audit:delivery: {{maxWait: 100ms}}
"""
    )
    project.variables |= minishift.variables(project.environment()["PATH"])
    machine.settings(refuses="audit-webhook-config-file")
    failed = project.up(check=False).stdout
    assert "OpenShift restarted successfully" in failed
    assert "host minishift: kube-apiserver started 3 times with the new arguments and ended each time" in failed
    assert "the host is as it was before" in failed, failed
    assert "| Invalid MasterConfig" in failed, failed
    assert machine.config.read_bytes() == before
    assert machine.cp.ready()

    machine.settings(refuses="")
    up = project.up().stdout
    (check,) = project.outputs()["deliveryChecks"]
    assert (check["proof"], check["apiServer"]) == ("auditID", machine.cp.cluster.api_server)
    given = yaml.safe_load(machine.config.read_text())["kubernetesMasterConfig"]["apiServerArguments"]
    assert given["event-ttl"] == ["2h"]
    assert given["audit-policy-file"] == ["/etc/origin/master/k8s-audit/policy.yaml"]
    assert b"    # tuned by hand\n" in machine.config.read_bytes()
    assert "--audit-webhook-batch-max-wait=100ms" in machine.arguments()

    ours = machine.config.read_bytes()
    machine.config.write_bytes(ours.replace(b"- 100ms", b"- 9s"))
    drift = project.run("preview", "--refresh", "--diff").stdout
    assert re.search(r'~ audit-webhook-batch-max-wait *: "9s" => "100ms"', drift)
    doctor = project.command("doctor", "--stack", project.stack)
    assert f"profile {NAME} of minishift: audits, by us" in doctor.stdout, doctor.stderr
    assert "set --audit-webhook-batch-max-wait=100ms (was 9s)" in doctor.stdout
    machine.config.write_bytes(ours)
    assert "unchanged" in project.up("--expect-no-changes").stdout

    secret = (next(Path(project.folder).rglob("recorder.tls")) / "client.key").read_text().splitlines()[1]
    for place in (failed, up, drift, doctor.stdout, doctor.stderr, project.state(), *minishift.calls()):
        assert secret not in place
        assert "client-key-data" not in place
    project.destroy()
    assert machine.config.read_bytes() == before
    assert not any(argument.startswith("--audit") for argument in machine.arguments())
    assert not (machine.folder / "k8s-audit").exists()
    assert not (machine.cp.node.folder / "var/lib/minishift/k8s-audit").exists()
