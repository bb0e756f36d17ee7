"""The package as others use it: the schema, a component constructed remotely, an import from a wheel."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import k8s_audit
from k8s_audit.local_cluster import LocalCluster
from tests.project import CHECKOUT

COMPONENTS = {
    "AdmissionControllerReceiver",
    "ClusterApiAudit",
    "ClusterShieldReceiver",
    "AksAudit",
    "EksAudit",
    "FalcoReceiver",
    "Forwarder",
    "GkeAudit",
    "HttpReceiver",
    "HypershiftAudit",
    "IksAudit",
    "K3dAudit",
    "K3sAudit",
    "KindAudit",
    "KopsAudit",
    "KubeadmAudit",
    "KubesprayAudit",
    "LocalAudit",
    "Microk8sAudit",
    "MinikubeAudit",
    "OpenshiftAudit",
    "OpenshiftSinkAudit",
    "RecorderReceiver",
    "Rke2Audit",
    "RkeAudit",
    "SysdigAgentReceiver",
    "SysdigShieldReceiver",
    "TalosAudit",
}
RESOURCES = {
    "AdmissionCheck",
    "CreatedAudit",
    "DeliveryCheck",
    "EksClusterLogging",
    "EksLogGroup",
    "GkeDataAccess",
    "HostedClusterAudit",
    "IksAuditWebhook",
    "KopsSpecAudit",
    "KubeadmControlPlaneAudit",
    "KubeadmConfigAudit",
    "KubesprayVariables",
    "LocalControlPlane",
    "MetricsApi",
    "Microk8sServerAudit",
    "MinikubeNodeAudit",
    "OpenshiftAuditProfile",
    "OpenshiftAuditSink",
    "RancherServerAudit",
    "ReceiverCertificate",
    "ReceiverPods",
    "Recorder",
    "RkeClusterAudit",
    "StaticPodAudit",
    "TalosNodeAudit",
}
REMOTE = """\
import json
import pulumi

args = json.load(open("args.json"))


class KubeadmAudit(pulumi.ComponentResource):
    def __init__(self, name, props):
        super().__init__("k8s-audit:index:KubeadmAudit", name, {**props, "deliveryChecks": None}, None, remote=True)


args["receiver"]["clientKey"] = pulumi.Output.secret("TOPSECRET")
pulumi.export("checks", KubeadmAudit("remote", args).deliveryChecks)
"""


def test_the_schema_has_components_and_resources_with_their_secrets(new_project: Callable[..., Any]) -> None:
    project = new_project("config: {}\n")
    plugin = CHECKOUT / "components" / "pulumi-resource-k8s-audit"
    text = subprocess.run(
        ["pulumi", "package", "get-schema", str(plugin)],
        cwd=project.folder,
        env=project.environment(),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    schema = json.loads(text)
    found = schema["resources"]
    assert found.keys() == {f"k8s-audit:index:{name}" for name in COMPONENTS | RESOURCES}
    assert {name for name, r in found.items() if r.get("isComponent")} == {f"k8s-audit:index:{c}" for c in COMPONENTS}
    assert found["k8s-audit:index:StaticPodAudit"]["inputProperties"]["webhook"]["secret"] is True
    host = schema["types"]["k8s-audit:index:StaticPodHost"]
    assert {"access", "apiServer"} == set(host["required"])


def test_a_component_constructed_remotely_audits_a_real_control_plane(
    new_project: Callable[..., Any], kubeadm_stack: Callable[..., str], cluster: LocalCluster
) -> None:
    owner = new_project(kubeadm_stack(), "the receiver's")
    owner.up()
    url = owner.run("stack", "export").stdout
    receiver = next(r for r in json.loads(url)["deployment"]["resources"] if r["type"] == "k8s-audit:index:Recorder")
    host = next(r for r in json.loads(url)["deployment"]["resources"] if r["type"] == "k8s-audit:index:StaticPodAudit")
    owner.run("destroy", "--yes", "--skip-preview", "--target", host["urn"], "--target-dependents")

    project = new_project("config: {}\n", "a program of one's own")
    folder = cluster.folder
    args: dict[str, Any] = {
        "hosts": [host["inputs"]["host"]],
        "receiver": {"name": "recorder", "url": receiver["outputs"]["url"]},
        "kubeconfig": str(cluster.kubeconfig),
        "delivery": {"maxWait": "100ms", "log": {"path": f"{folder}/audit-log/audit.log"}},
    }
    (project.folder / "args.json").write_text(json.dumps(args))
    (project.folder / "__main__.py").write_text(REMOTE)
    printed = project.up().stdout
    (check,) = project.outputs()["checks"]
    assert check["apiServer"] == cluster.api_server
    assert "TOPSECRET" not in printed + project.state()
    project.run("preview", "--expect-no-changes")
    args["hosts"][0]["acess"] = "local"
    (project.folder / "args.json").write_text(json.dumps(args))
    refused = project.run("preview", check=False, traceback=True)  # the SDK's own, for any remote component that fails
    assert refused.returncode
    assert "hosts[0].acess: unknown key; did you mean access?" in refused.stdout
    project.destroy()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(CHECKOUT)], check=True
    )
    (wheel,) = folder.glob("k8s_audit-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)], check=True)
    return folder / "site"


def test_a_program_imports_the_components_from_the_wheel(installed: Path) -> None:
    code = (
        "import k8s_audit; from k8s_audit import KubeadmAudit, LocalAudit, RecorderReceiver; print(k8s_audit.__file__)"
    )
    run = [sys.executable, "-P", "-c", code]
    environment = os.environ | {"PYTHONPATH": str(installed)}
    printed = subprocess.run(run, env=environment, check=True, capture_output=True, text=True, cwd="/").stdout
    assert printed.strip().startswith(str(installed))
    show = [sys.executable, "-P", "-m", "k8s_audit.cli", "policy", "show", "--profile", "seed"]
    text = subprocess.run(show, env=environment, check=True, capture_output=True, text=True, cwd="/").stdout
    assert "kind: Policy" in text


def test_every_public_name_can_be_had() -> None:
    assert all(getattr(k8s_audit, name) for name in k8s_audit.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        k8s_audit.Nothing  # noqa: B018
