"""A stack of kind minikube, from preview to destroy: the real engine, a node that is a real OpenSSH server with a real API server, a stand-in for minikube."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.project import free_ports
from tests.standins.minikube import NAME, Minikube
from tests.standins.ssh_control_plane import control_plane_node
from tests.standins.ssh_node import why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
KEY = asyncssh.generate_private_key("ssh-rsa")
OURS = [f"etc/ssl/certs/k8s-audit/{NAME}/{name}.yaml" for name in ("policy", "webhook")]


@pytest.fixture
def minikube(tmp_path: Path) -> Iterator[Minikube]:
    with control_plane_node(tmp_path / "a node", KEY) as cp:
        yield Minikube.made(tmp_path / "minikube", cp, KEY)


def test_preview_a_change_that_goes_back_proof_a_start_that_keeps_it_drift_and_destroy(
    new_project: Callable[..., Any], minikube: Minikube
) -> None:
    manifest, profile = minikube.cp.manifest, minikube.profile.read_text()
    before = manifest.read_bytes()
    text = f"""\
config:
  audit:cluster: {{name: dev-1, kubeconfig: "{minikube.cp.cluster.kubeconfig}"}}
  audit:platform: {{kind: minikube, restartTimeout: 40s}}
  audit:receivers: [{{kind: recorder, name: recorder, port: {free_ports(1)[0]}, tls: true, clientCertificate: true}}]
  audit:delivery: {{maxWait: 100ms}}
"""
    project = new_project(text)
    project.variables |= minikube.variables(project.environment()["PATH"])
    preview = project.run("preview").stdout
    assert f"profile {NAME} of minikube not read: a preview contacts no host" in preview
    assert not (minikube.folder / "docker-calls").exists()

    refused = (text + "  audit:policy: {profile: detection}\n").replace(
        "kind: minikube,", "kind: minikube, profile: other,"
    )
    project.write(refused)
    assert "minikube has no profile other" in project.up(check=False).stdout
    project.write(text)

    up = project.up().stdout
    (check,) = project.outputs()["deliveryChecks"]
    assert check["proof"] == "auditID"
    assert minikube.kept() == ["etc/motd", *OURS]
    assert minikube.options()["audit-policy-file"] == f"/{OURS[0]}"
    assert minikube.options()["audit-log-path"] == "-"
    assert b"k8s-audit-config" not in manifest.read_bytes(), "the folder is mounted by kubeadm itself"
    assert "unchanged" in project.up("--expect-no-changes").stdout

    (minikube.cp.node.folder / "certificates" / "k8s-audit").rename(minikube.folder / "gone with a reboot")
    minikube.start()
    assert b"k8s-audit/config-sha256" not in manifest.read_bytes()
    assert b"--audit-webhook-config-file" in manifest.read_bytes()
    assert "unchanged" in project.up("--refresh", "--expect-no-changes").stdout
    doctor = project.command("doctor", "--stack", project.stack)
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert f"profile {NAME} of minikube: audits, by us" in doctor.stdout
    assert "nothing to do" in doctor.stdout

    minikube.profile.write_text(profile)
    drift = project.run("preview", "--refresh", "--diff").stdout
    assert re.search(r"intact *: false => true|intact", drift), drift
    mended = project.up("--refresh").stdout
    assert minikube.options()["audit-policy-file"] == f"/{OURS[0]}"

    key = next(Path(project.folder).rglob("recorder.tls")) / "client.key"
    secret = key.read_text().splitlines()[1]
    printed = "".join([preview, up, drift, mended, doctor.stdout, doctor.stderr])
    for place in (printed, project.state(), minikube.profile.read_text()):
        assert secret not in place
        assert "client-key-data" not in place
    assert "client-key-data" in (minikube.home / "files" / OURS[1]).read_text(), "it lies there, as the page says"
    project.destroy()
    assert manifest.read_bytes() == before
    assert minikube.profile.read_text() == profile
    assert minikube.kept() == ["etc/motd"]
    left = [path.name for path in (minikube.cp.node.folder / "var" / "lib" / "minikube").rglob("*")]
    assert left == []
