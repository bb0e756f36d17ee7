"""A stack of kind kind, from a cluster without auditing to one that was created with it: the real engine and a real API server."""

import json
import re
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.standins.certificates import Authority
from tests.standins.falco import FalcoLike
from tests.standins.kind_cluster import POD, KindCluster

TOKEN, NAME = "token-4711-4712", "falco.security.svc"


@pytest.fixture
def kind(cluster: LocalCluster) -> Iterator[KindCluster]:
    made = KindCluster(cluster)
    made.create("")
    yield made
    made.delete()


def test_up_tells_how_the_cluster_is_created_then_proves_it_and_sees_another_policy(
    new_project: Callable[..., Any], cluster: LocalCluster, kind: KindCluster, tmp_path: Path
) -> None:
    """The receiver is reached by this machine's name, wants a bearer token and has a certificate of its own authority."""
    authority = Authority()
    with FalcoLike(authority.pair(NAME).write(tmp_path), token=TOKEN, address="0.0.0.0") as falco:
        url = falco.url.replace("127.0.0.1", socket.gethostname())
        receiver = {"kind": "http", "name": "falco", "url": url, "authorization": "bearer", "tlsServerName": NAME}
        folder = tmp_path / "a cluster"
        text = f"""\
config:
  audit:cluster: {{name: kind-1, kubeconfig: "{cluster.kubeconfig}"}}
  audit:platform: {{kind: kind, folder: "{folder}"}}
  audit:receivers: [{json.dumps(receiver | {"ca": authority.certificate})}]
  audit:delivery: {{maxWait: 100ms, log: {{path: "{cluster.folder}/audit-log/audit.log"}}}}
"""
        project = new_project(text)
        project.set_secret("receiverToken", TOKEN)
        commands = (
            f"k8s-audit render --stack {project.stack} --write",
            "kind delete cluster --name kind",
            f"kind create cluster --config '{folder}/kind.yaml'",
        )

        preview = project.run("preview").stdout
        assert all(line in preview for line in ("cluster not read: `up` reads it", *commands))
        failed = project.up(check=False)
        assert failed.returncode != 0
        said = failed.stdout
        assert f"{POD} was created without audit logging" in said
        assert all(line in said for line in ("Nothing was changed", *commands))
        assert "DeliveryCheck" not in said

        printed = project.command("render", "--stack", project.stack)
        assert not folder.exists(), "to print is to write nothing"
        written = project.command("render", "--stack", project.stack, "--write")
        assert written.returncode == 0, written.stderr
        assert f"next: {commands[2]}" in written.stdout
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        (webhook,) = (folder / "files").glob("webhook-*.yaml")
        assert f"token: {TOKEN}" in webhook.read_text()
        kind.create((folder / "kind.yaml").read_text())

        up = project.up().stdout
        (check,) = project.outputs()["deliveryChecks"]
        assert check["proof"] == "accepted"
        assert check["auditID"] in falco.received
        assert project.is_unchanged()
        doctor = project.command("doctor", "--stack", project.stack)
        assert (doctor.returncode, "created with what is wanted" in doctor.stdout) == (0, True), doctor.stderr

        kind.create("")
        drift = project.run("preview", "--refresh", "--diff").stdout
        assert re.search(r'\+ audit-policy-file *: "/etc/kubernetes/k8s-audit/policy-\w{12}.yaml"', drift)
        doctor = project.command("doctor", "--stack", project.stack)
        assert (doctor.returncode, f"{POD} was created without audit logging" in doctor.stdout) == (1, True)
        shown = (preview, said, up, drift, doctor.stdout, printed.stdout, written.stdout, project.state())
        assert not any(TOKEN in text for text in shown)
        project.destroy()
