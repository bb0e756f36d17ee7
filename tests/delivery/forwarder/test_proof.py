"""The proof through a stream: a real API server, the real Bento with the rendered pipeline, their log read as from any node.

In the place of the cloud's stream the pipeline reads what is POSTed to it, in CloudWatch's shape.
"""

import gzip
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from k8s_audit.config.forwarder import NAME
from k8s_audit.delivery.forwarder.proof import prove_forwarded
from k8s_audit.delivery.pipeline.model import KinesisSource, Pipeline, Sink, SqsDeadLetter
from k8s_audit.delivery.pipeline.render import configuration
from k8s_audit.delivery.proof import Proof
from k8s_audit.errors import DeliveryError
from k8s_audit.local_cluster import LocalCluster
from tests.audited import audited
from tests.delivery.forwarder.bento import Receiver
from tests.delivery.forwarder.placed import SETTINGS, place, plain
from tests.project import free_ports
from tests.standins.log_shipping import LogShipping
from tests.standins.node import Node

NAMESPACE = "audit-proof"
RIGHTS = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: proof, namespace: default}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: proof, namespace: audit-proof}
rules:
- {apiGroups: [""], resources: [pods], verbs: [list]}
- {apiGroups: [""], resources: [pods/log], verbs: [get]}
"""
"""As docs/delivery.md says; without pods/proxy, so without metrics."""


class Kubectl:
    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig

    def __call__(self, *arguments: str, given: str = "") -> str:
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, input=given).stdout


@pytest.fixture(scope="module")
def kubectl(cluster: LocalCluster) -> Iterator[Kubectl]:
    run = Kubectl(cluster.kubeconfig)
    run("create", "namespace", NAMESPACE)
    run("create", "--filename", "-", given=RIGHTS)
    for user, namespaces in (("prover", ("default", NAMESPACE)), ("blind", ("default",))):
        run("create", "serviceaccount", user)
        for namespace in namespaces:
            subject = ("--role", "proof", "--serviceaccount", f"default:{user}", "--namespace", namespace)
            run("create", "rolebinding", f"proof-{user}", *subject)
    yield run
    run("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture(scope="module")
def log(cluster: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with audited(cluster, tmp_path_factory.mktemp("a log"), "metadata") as path:
        yield path


def text(url: str, port: int) -> str:
    whole = configuration(
        Pipeline(KinesisSource("events", "eu-west-1", "t"), "eks", Sink(url), SqsDeadLetter("http://127.0.0.1:9/", "x"))
    )
    source = {"http_server": {"address": f"127.0.0.1:{port}", "path": "/post"}}
    return yaml.safe_dump(whole | {"input": source}, sort_keys=False)


@contextmanager
def forwarder(kubectl: Kubectl, log: Path, url: str, let: Callable[[str], bool] = lambda line: True) -> Iterator[Node]:
    """A forwarder in the cluster that gets the lines of the audit log which may pass."""
    (port,) = free_ports(1)
    objects = place(SETTINGS | {"replicas": 1, "namespace": NAMESPACE}, pipeline=text(url, port))
    wanted = [plain(objects[key]) for key in ("account", "pipeline", "deployment")]
    for each in wanted:
        each.pop("opts", None)
    listed = json.dumps({"kind": "List", "apiVersion": "v1", "items": wanted})

    def send(lines: list[str]) -> None:
        passed = [{"id": "1", "timestamp": 1, "message": line} for line in lines if let(line)]
        message = {"messageType": "DATA_MESSAGE", "logGroup": "/aws/eks/prod-1/cluster", "logEvents": passed}
        if passed:
            body = gzip.compress(json.dumps(message).encode())
            httpx.post(f"http://127.0.0.1:{port}/post", content=body, trust_env=False).raise_for_status()

    kubectl("create", "--filename", "-", given=listed)
    try:
        with Node(kubectl.kubeconfig) as node, LogShipping(log, send):
            yield node
    finally:
        kubectl("delete", "--wait=false", "--filename", "-", given=listed)


def prove(kubeconfig: Path, timeout: float = 12, name: str = "forwarder") -> Proof:
    return prove_forwarded(str(kubeconfig), "siem", f"{NAMESPACE}/{name}", timeout)


def of_user(kubectl: Kubectl, user: str, folder: Path) -> Path:
    """A kubeconfig of a service account's token."""
    config = yaml.safe_load(kubectl.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": kubectl("create", "token", user).strip()}
    path = folder / f"{user}.conf"
    path.write_text(yaml.safe_dump(config))
    return path


def test_it_is_proved_by_the_pods_log_with_the_documented_rights_alone(
    kubectl: Kubectl, log: Path, tmp_path: Path
) -> None:
    with Receiver(200) as receiver, forwarder(kubectl, log, receiver.url):
        proof = prove(of_user(kubectl, "prover", tmp_path), timeout=60)
        assert (proof.proof, proof.receiver) == ("forwarded", "siem")
        assert 0 < proof.latency_seconds < 60
        items = [json.loads(body)["items"] for body in receiver.bodies]
        assert proof.audit_id in {event["auditID"] for batch in items for event in batch}


def is_marked(line: str) -> bool:
    return "k8s-audit-check-" in line


@pytest.mark.parametrize(
    ("code", "let", "said"),
    [
        (503, lambda line: True, ["at the receiver, which takes nothing", "it answers 5xx"]),
        (200, lambda line: False, ["in the cloud: nothing came out of the stream", "Nothing is read from the stream"]),
        (
            200,
            lambda line: not is_marked(line),
            ["between the API server and the cloud's export", "audit policy drops"],
        ),
    ],
    ids=["receiver", "cloud", "policy"],
)
def test_it_says_where_the_way_ends(
    code: int, let: Callable[[str], bool], said: list[str], kubectl: Kubectl, log: Path
) -> None:
    with Receiver(code) as receiver, forwarder(kubectl, log, receiver.url, let) as node:
        wait_until_it_runs(node)
        with pytest.raises(DeliveryError) as raised:
            prove(kubectl.kubeconfig)
        for words in said:
            assert words in str(raised.value)
        assert "logs --selector app.kubernetes.io/instance=forwarder" in str(raised.value)


def test_it_says_that_no_pod_runs(kubectl: Kubectl, log: Path) -> None:
    with pytest.raises(DeliveryError, match="before the forwarder, of which no pod runs"):
        prove(kubectl.kubeconfig, timeout=0.1, name=NAME)


def test_it_says_which_right_the_kubeconfig_lacks(kubectl: Kubectl, log: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DeliveryError, match=r"needs the right to list pods in namespace audit-proof.*\n.*can-i list pods"
    ):
        prove(of_user(kubectl, "blind", tmp_path))


def wait_until_it_runs(node: Node) -> None:
    deadline = time.monotonic() + 60
    while "Launching a Bento instance" not in node.log():
        assert time.monotonic() < deadline, node.log()
        time.sleep(0.1)
