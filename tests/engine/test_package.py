"""The package as others use it: the schema, a component constructed remotely, an import from a wheel."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import k8s_audit
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.provider.components import COMPONENTS
from k8s_audit.provider.resources.every import RESOURCES
from tests.engine.eks_cloud import serving
from tests.project import CHECKOUT, Project, free_ports
from tests.standins.aws_cloud import ACCOUNT

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
    components = {f"k8s-audit:index:{each.__name__}" for each in COMPONENTS}
    assert found.keys() == components | {f"k8s-audit:index:{each.name}" for each in RESOURCES}
    assert {name for name, resource in found.items() if resource.get("isComponent")} == components
    assert found["k8s-audit:index:StaticPodAudit"]["inputProperties"]["webhook"]["secret"] is True
    assert schema == json.loads((CHECKOUT / "docs" / "reference" / "schema.json").read_text()), (
        "python -m tools.reference"
    )
    places = [(f"{token}.{key}", each) for token, one in found.items() for key, each in one["inputProperties"].items()]
    places += [
        (f"{token}.{key}", each)
        for token, one in schema["types"].items()
        if token.endswith("Host")
        for key, each in one["properties"].items()
    ]
    assert [place for place, each in places if not each.get("description")] == []
    host = schema["types"]["k8s-audit:index:StaticPodHost"]
    assert {"access", "apiServer"} == set(host["required"])


OWNER = """\
import pulumi
from k8s_audit import RecorderReceiver

recorder = RecorderReceiver("recorder", {{"folder": {folder!r}, "port": {port}}})
pulumi.export("url", recorder.url)
"""


def test_a_component_constructed_remotely_audits_a_real_control_plane(
    new_project: Callable[..., Any], cluster: LocalCluster
) -> None:
    owner = new_project("config: {}\n", "the receiver's")
    (owner.folder / "__main__.py").write_text(OWNER.format(folder=str(owner.folder / "events"), port=free_ports(1)[0]))
    owner.up()

    project = new_project("config: {}\n", "a program of one's own")
    args: dict[str, Any] = {
        "hosts": [host_of(cluster)],
        "receiver": {"name": "recorder", "url": owner.outputs()["url"]},
        "kubeconfig": str(cluster.kubeconfig),
        "delivery": delivery_of(cluster),
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


def host_of(cluster: LocalCluster) -> dict[str, Any]:
    """The shared control plane as an entry of `hosts`."""
    return {
        "access": "local",
        "name": "cp-1",
        "apiServer": cluster.api_server,
        "manifests": str(cluster.manifests),
        "configFolder": f"{cluster.folder}/etc/k8s-audit",
        "stateFolder": f"{cluster.folder}/state/k8s-audit",
        "logs": f"{cluster.folder}/logs/kube-apiserver.log",
        "restartTimeout": "30s",
    }


def delivery_of(cluster: LocalCluster) -> dict[str, Any]:
    return {"maxWait": "100ms", "log": {"path": f"{cluster.folder}/audit-log/audit.log"}}


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


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of another team's: the wheel made of the sdist, and what it needs; nothing of this checkout."""
    folder = tmp_path_factory.mktemp("another team's")
    hook = f"from setuptools import build_meta; build_meta.build_sdist({str(folder)!r})"
    subprocess.run([sys.executable, "-c", hook], cwd=CHECKOUT, check=True, capture_output=True)
    (source,) = folder.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    into = [*pip, "--python", str(environment / "bin" / "python"), "install", "--no-deps", str(wheel)]
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(into, check=True, env=alone)
    (packages,) = environment.glob("lib/python*/site-packages")
    assert (packages / "k8s_audit" / "py.typed").is_file()
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment


TEAM = """\
import json
import pulumi
import pulumi_aws
from k8s_audit import EksAudit, KubeadmAudit

receivers = pulumi.StackReference("organization/audit/cluster-1")
args = json.load(open("args.json"))
args["receiver"] = {"name": "recorder", "url": receivers.require_output("url")}
pulumi.export("checks", KubeadmAudit("ours", args).delivery_checks)
eks = {"region": "eu-west-1", "accountId": args.pop("account")}
aws = pulumi.ResourceOptions(providers=[pulumi_aws.Provider("aws", region="eu-west-1")])
pulumi.export("stream", EksAudit("cloud", {"cluster": "theirs", "settings": eks, "forwarder": "none"}, aws).stream)
"""


def test_a_program_of_another_team_with_the_wheel_and_values_of_another_stack(
    new_project: Callable[..., Any], cluster: LocalCluster, team: Path, tmp_path: Path
) -> None:
    """Its own layout, no path to a plugin: the engine finds that on the PATH of the team's environment."""
    owner = new_project("config: {}\n", "the receiver's")
    (owner.folder / "__main__.py").write_text(OWNER.format(folder=str(owner.folder / "events"), port=free_ports(1)[0]))
    owner.up()

    folder = tmp_path / "repository" / "infra" / "clusters"
    folder.mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(
        f"name: clusters\nmain: program\nruntime: {{name: python, options: {{virtualenv: {team}}}}}\n"
    )
    (folder / "program").mkdir()
    (folder / "program" / "__main__.py").write_text(TEAM)
    args = {
        "hosts": [host_of(cluster)],
        "kubeconfig": str(cluster.kubeconfig),
        "delivery": delivery_of(cluster),
        "account": ACCOUNT,
    }
    (folder / "program" / "args.json").write_text(json.dumps(args))
    with serving() as cloud:
        cloud.cluster("theirs")
        project = Project(folder, variables=cloud.variables())
        project.variables |= {
            "PATH": f"{team / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": "",
            "PULUMI_BACKEND_URL": f"file://{owner.folder / 'state'}",
        }
        project.run("stack", "init")
        try:
            printed = project.up().stdout
            outputs = project.outputs()
            assert [check["apiServer"] for check in outputs["checks"]] == [cluster.api_server]
            assert cloud.types("theirs") == {"audit"}
            assert "unchanged" in project.up("--expect-no-changes").stdout
        finally:
            project.destroy()
        assert str(CHECKOUT) not in printed
        assert cloud.left() == []


def test_every_public_name_can_be_had() -> None:
    assert all(getattr(k8s_audit, name) for name in k8s_audit.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        k8s_audit.Nothing  # noqa: B018
