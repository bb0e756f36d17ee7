"""A stack with three control-plane hosts over SSH: real OpenSSH servers and sudo, three real API servers of one authority.

What they are not: one cluster; each has an etcd of its own, so that kubeadm's own configuration lies in the first alone.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import asyncssh
import pytest
from kubernetes import client, config

from k8s_audit.delivery import api_server_pods
from k8s_audit.platforms.kubeadm_cluster import NAME, NAMESPACE
from tests.project import free_ports
from tests.standins.ssh_control_plane import ControlPlaneNode, control_plane_node
from tests.standins.ssh_node import OPS, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
KEY = asyncssh.generate_private_key("ssh-ed25519")
PEM = KEY.export_private_key().decode()
OF_KUBEADM = "/etc/kubernetes/kubeadm.yaml"
WAIT = "audit-webhook-batch-max-wait"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ControlPlaneNode]]:
    with ExitStack() as ends:
        first = ends.enter_context(control_plane_node(tmp_path_factory.mktemp("cp-1"), KEY))
        others = [
            ends.enter_context(control_plane_node(tmp_path_factory.mktemp(name), KEY, first.node.kubernetes / "pki"))
            for name in ("cp-2", "cp-3")
        ]
        upload = ["kubeadm", "init", "phase", "upload-config", "kubeadm", "--config", OF_KUBEADM]
        subprocess.run(
            first.node.command(*upload, "--kubeconfig", "/etc/kubernetes/admin.conf"), check=True, capture_output=True
        )
        yield [first, *others]


@pytest.fixture
def core(nodes: list[ControlPlaneNode]) -> Iterator[client.CoreV1Api]:
    settings = client.Configuration()
    config.load_kube_config(str(nodes[0].node.kubernetes / "admin.conf"), client_configuration=settings)
    with client.ApiClient(settings) as made:
        yield client.CoreV1Api(made)


@pytest.fixture
def ssh_stack(nodes: list[ControlPlaneNode]) -> str:
    hosts = "".join(
        f"    - {{access: ssh, name: cp-{number}, address: 127.0.0.1, port: {cp.node.port}, user: {OPS}, hostKey: {cp.node.host_key},"
        f' apiServer: "{cp.cluster.api_server}", logs: /etc/kubernetes/logs/kube-apiserver.log, restartTimeout: 60s,'
        f" reconnectTimeout: 5s}}\n"
        for number, cp in enumerate(nodes, 1)
    )
    return f"""\
config:
  audit:cluster: {{name: prod-1, kubeconfig: "{nodes[0].node.kubernetes}/admin.conf"}}
  audit:platform:
    kind: kubeadm
    hosts:
{hosts}
  audit:receivers:
  - {{kind: recorder, name: recorder, port: {free_ports(1)[0]}}}
  audit:delivery: {{maxWait: 100ms}}
"""


def audits(cp: ControlPlaneNode) -> bool:
    return b"--audit-policy-file" in cp.manifest.read_bytes()


def configuration(core: client.CoreV1Api) -> str:
    return (core.read_namespaced_config_map(NAME, NAMESPACE).data or {})["ClusterConfiguration"]


def in_order(printed: str, *lines: str) -> None:
    places = [re.search(line, printed) for line in lines]
    assert all(places), (printed, lines)
    starts = [place.start() for place in places if place]
    assert starts == sorted(starts), printed


def test_one_host_after_the_other_is_changed_and_proved_kept_for_upgrades_and_given_back(
    nodes: list[ControlPlaneNode], new_project: Callable[..., Any], ssh_stack: str, core: client.CoreV1Api
) -> None:
    two, three = nodes[1:]
    before = [cp.manifest.read_bytes() for cp in nodes]
    stored = configuration(core)
    project = new_project(ssh_stack)
    project.set_secret("sshPrivateKey", PEM)

    two.node.stop()
    preview = project.run("preview").stdout
    assert "+ 11 to create" in preview
    assert "host cp-2 not read: a preview contacts no host" in preview
    failed = project.up(check=False).stdout
    assert f"host cp-2: {OPS}@127.0.0.1:{two.node.port} cannot be reached: Connection refused" in failed
    assert "Hosts before this one stay as they are; not touched yet: cp-3. The next `pulumi up` goes on here" in failed
    assert [audits(cp) for cp in nodes] == [True, False, False]
    assert configuration(core) == stored

    two.node.start()
    printed = project.up().stdout
    in_order(
        printed,
        r"StaticPodAudit prod-1-cp-2 created",
        r"DeliveryCheck prod-1-cp-2-delivery created",
        r"StaticPodAudit prod-1-cp-3 creating",
        r"StaticPodAudit prod-1-cp-3 created",
        r"DeliveryCheck prod-1-cp-3-delivery created",
        r"KubeadmConfigAudit prod-1-kubeadm-config created",
    )
    checks = project.outputs()["deliveryChecks"]
    assert [check["apiServer"] for check in checks] == [cp.cluster.api_server for cp in nodes]
    ours = [cp.manifest.read_text() for cp in nodes]
    kept = configuration(core)
    assert "audit-policy-file" in kept
    assert "unchanged" in project.up("--expect-no-changes").stdout
    printed += preview + failed + project.run("stack", "output", "--json").stdout + project.state()
    assert PEM.splitlines()[1] not in printed

    changed = ours[2].replace(f"--{WAIT}=100ms", f"--{WAIT}=9s")
    (three.node.kubernetes / "staged").write_text(changed)
    (three.node.kubernetes / "staged").rename(three.manifest)
    three.do("create")
    body = {"data": {"ClusterConfiguration": kept.replace("value: 100ms", "value: 9s")}}
    core.patch_namespaced_config_map(NAME, NAMESPACE, body)
    joined: Any = {
        "metadata": {"name": "kube-apiserver-cp-4", "labels": dict([api_server_pods.OF_KUBEADM.split("=")])},
        "spec": {
            "nodeName": "cp-4",
            "containers": [{"name": "kube-apiserver", "image": "x", "command": ["kube-apiserver"]}],
        },
    }
    account: Any = {"metadata": {"name": "default"}}
    core.create_namespaced_service_account(NAMESPACE, account)
    core.create_namespaced_pod(NAMESPACE, joined)
    project.run("preview", "--expect-no-changes")
    doctor = project.command("doctor", "--stack", project.stack)
    assert doctor.returncode == 1, doctor.stdout + doctor.stderr
    assert "host cp-1 (/etc/kubernetes/manifests): audits, by us\n  nothing to do" in doctor.stdout
    assert f"set --{WAIT}=100ms (was 9s)" in doctor.stdout
    assert f"ConfigMap kube-system/kubeadm-config\n  set {WAIT}: 100ms\n" in doctor.stdout
    assert "node cp-4 (no address): kube-apiserver without an audit policy" in doctor.stdout
    drift = project.run("preview", "--refresh", "--diff").stdout
    assert len(re.findall(rf'~ {WAIT} *: "9s" => "100ms"', drift)) == 2
    mended = project.up("--refresh").stdout
    assert "kube-apiserver has no audit policy on cp-4: put each of these nodes among audit:platform.hosts" in mended
    assert [cp.manifest.read_text() for cp in nodes] == ours
    assert configuration(core) == kept
    core.delete_namespaced_pod("kube-apiserver-cp-4", NAMESPACE, grace_period_seconds=0)

    destroyed = project.destroy().stdout
    in_order(destroyed, *(rf"StaticPodAudit prod-1-cp-{number} deleted" for number in (3, 2, 1)))
    assert [cp.manifest.read_bytes() for cp in nodes] == before
    assert configuration(core) == stored
    assert all(cp.ready() for cp in nodes)
    for cp in nodes:
        assert not (cp.node.kubernetes / "k8s-audit").exists()
        assert not (cp.node.folder / "var" / "lib" / "k8s-audit").exists()
