"""A stack whose receiver is a URL, through the real engine: Falco's limits and answers, TLS, token and client certificate."""

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.project import Project
from tests.standins.certificates import Authority, Pair
from tests.standins.falco import FalcoLike

TOKEN = "token-4711-4712"
NAME = "falco.security.svc"


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def pair(authority: Authority) -> Pair:
    return authority.pair()


@pytest.fixture
def falco(authority: Authority, tmp_path: Path) -> Iterator[FalcoLike]:
    pem = authority.pair(NAME).write(tmp_path)
    with FalcoLike(pem, client_ca=authority.certificate, token=TOKEN) as made:
        yield made


@pytest.fixture
def http_stack(
    kubeadm_stack: Callable[..., str], falco: FalcoLike, authority: Authority, pair: Pair
) -> Callable[..., str]:
    def make(**changed: Any) -> str:
        receiver = {
            "kind": "http",
            "name": "falco",
            "url": falco.url,
            "ca": authority.certificate,
            "clientCertificate": pair.certificate,
            "authorization": "bearer",
            "tlsServerName": NAME,
            "bodyLimit": "12MiB",
            "eventLimit": "256KiB",
        } | changed
        lines = kubeadm_stack().splitlines(keepends=True)
        return "".join(f"  - {json.dumps(receiver)}\n" if "kind: recorder" in line else line for line in lines)

    return make


def with_secrets(project: Project, pair: Pair, token: str = TOKEN) -> None:
    project.set_secret("receiverToken", token)
    project.set_secret("receiverClientKey", pair.key)


def secrets_of(project: Project) -> str:
    """The lines of a stack's file that hold them, encrypted."""
    lines = project.stack_file.read_text().splitlines(keepends=True)
    return "".join(
        line + following
        for line, following in pairwise(lines)
        if line.startswith(("  audit:receiverToken", "  audit:receiverClientKey"))
    )


def test_up_proof_no_change_commands_and_no_secret_anywhere(
    new_project: Callable[..., Project],
    http_stack: Callable[..., str],
    falco: FalcoLike,
    pair: Pair,
    cluster: LocalCluster,
) -> None:
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_bytes()
    project = new_project(http_stack())
    with_secrets(project, pair)
    asked = project.command("doctor", "--stack", project.stack)
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert len(falco.batches) == 2, "a small body and the largest, from where the API server runs"

    printed = asked.stdout + project.run("up", "--yes", "--diff").stdout  # its preview, then the update
    (check,) = project.outputs()["deliveryChecks"]
    assert (check["receiver"], check["proof"]) == ("falco", "accepted")
    assert check["auditID"] in falco.received
    assert falco.dropped == []
    assert "--audit-webhook-truncate-max-event-size=262144" in manifest.read_text()
    assert project.is_unchanged()

    verified = project.command("verify", "--stack", project.stack, "--json")
    assert json.loads(verified.stdout)[0]["proof"] == "accepted"
    asked = project.command("doctor", "--stack", project.stack)
    assert (asked.returncode, "nothing to do" in asked.stdout) == (0, True)
    falco.fault = 503
    asked = project.command("doctor", "--stack", project.stack)
    assert asked.returncode == 1
    assert "it answers 503 (a fault); it is there, but cannot take events now" in asked.stdout
    falco.fault = None

    printed += asked.stdout + verified.stdout + project.run("preview", "--refresh", "--diff").stdout
    body = pair.key.splitlines()[1]
    for place in (printed, project.state(), project.run("stack", "export").stdout):
        assert TOKEN not in place
        assert body not in place
    project.destroy()
    assert manifest.read_bytes() == before


def test_a_receiver_that_would_not_take_the_events_leaves_the_host_untouched(
    new_project: Callable[..., Project],
    http_stack: Callable[..., str],
    falco: FalcoLike,
    pair: Pair,
    cluster: LocalCluster,
) -> None:
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_bytes()
    project = new_project(http_stack())
    with_secrets(project, pair)
    secrets = secrets_of(project)
    falco.expected = f"{TOKEN}-new"
    for changed, said in (
        ({}, "it answers 401; it refuses the credentials"),
        ({"tlsServerName": "other.security.svc"}, "its certificate is for another name"),
        ({"ca": Authority("another").certificate}, "its certificate is signed by an unknown authority"),
        ({"url": f"https://127.0.0.1:{falco.port}/k8s_audit"}, "there is no such path"),
        ({"url": "https://127.0.0.1:1/k8s-audit"}, "the connection is refused"),
    ):
        project.write(http_stack(**changed) + secrets)
        failed = project.up(check=False)
        assert failed.returncode != 0
        assert "host cp-1: receiver falco would not take its events, so nothing was changed" in failed.stdout
        assert said in failed.stdout
        assert TOKEN not in failed.stdout
    assert manifest.read_bytes() == before
    assert not (cluster.folder / "state").exists()


def test_a_key_that_does_not_fit_is_refused_before_anything_is_registered(
    new_project: Callable[..., Project], http_stack: Callable[..., str], authority: Authority
) -> None:
    project = new_project(http_stack())
    stranger = authority.pair()
    with_secrets(project, stranger)
    failed = project.run("preview", check=False)
    assert failed.returncode != 0
    assert "audit:receiverClientKey: does not fit the client certificate of receiver falco" in failed.stdout
    assert stranger.key.splitlines()[1] not in failed.stdout
    assert "k8s-audit:index" not in failed.stdout
