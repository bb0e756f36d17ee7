"""The policy pack, run by the real engine on `preview` and `up`.

The language host of the tests cannot run packs, so the engine's older way is used: `runtime: python3`, and a program on the
PATH that starts Pulumi's policy server. That one line is all that differs from the pack as it stands.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rules import RULES
from rules.test_rules import FAULTS, FINE
from tests.project import CHECKOUT, Project
from tests.standins.echo_plugin import attached

PROGRAM = """\
import json
import pulumi

class Given(pulumi.CustomResource):
    pass

source = Given("test:index:Source", "source", {"known": "a"} | dict.fromkeys(["later"]))
for index, (kind, properties) in enumerate(json.load(open("given.json"))):
    if kind == "unknown":
        Given("kubernetes:core/v1:ConfigMap", "open", {"data": {"x": source.later, "password": properties}})
    else:
        Given(kind, f"given-{index}", properties)
"""
PACKAGES = ("aws", "gcp", "azure-native", "kubernetes", "k8s-audit", "test", "any")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack with the one line that the older host needs."""
    folder = tmp_path_factory.mktemp("a pack") / "policies"
    shutil.copytree(CHECKOUT / "policies", folder)
    manifest = folder / "PulumiPolicy.yaml"
    manifest.write_text(re.sub(r"runtime:\n(  .*\n)+", "runtime: python3\n", manifest.read_text()))
    starter = folder.parent / "bin" / "pulumi-analyzer-policy-python3"
    starter.parent.mkdir()
    starter.write_text('#!/bin/sh\nexec python -u -m pulumi.policy "$1" "$2"\n')
    starter.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def plugins() -> Iterator[str]:
    with attached(*PACKAGES) as value:
        yield value


@pytest.fixture
def stack(new_project: Callable[..., Project], pack: Path, plugins: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PATH", str(pack.parent / "bin"), prepend=":")

    def make(name: str, *resources: Any) -> Project:
        project = new_project("config: {}\n", name)
        (project.folder / "__main__.py").write_text(PROGRAM)
        (project.folder / "given.json").write_text(json.dumps(resources))
        project.variables["PULUMI_DEBUG_PROVIDERS"] = plugins
        return project

    return make


def test_each_rule_stops_or_advises_by_its_own_stack(stack: Callable[..., Project], pack: Path) -> None:
    violating = {
        rule.id: next(case for case in FAULTS if case[0] is rule) for rule in RULES if rule.id != "auditing-stays-on"
    }
    given = {rule: (kind, properties) for rule, (_, kind, properties, _) in violating.items()}
    given["auditing-stays-on"] = ("k8s-audit:index:EksClusterLogging", {"types": ["authenticator"]})
    projects = {rule: stack(rule, resource) for rule, resource in given.items()}

    def preview(rule: str) -> Any:
        return projects[rule].run("preview", "--policy-pack", str(pack), check=False)

    with ThreadPoolExecutor(2) as both:
        runs = dict(zip(projects, both.map(preview, projects), strict=True))
    for rule in RULES:
        done = runs[rule.id]
        told = " ".join(done.stdout.split())
        assert f"[{'mandatory' if rule.mandatory else 'advisory'}]" in told, told
        assert rule.id in told
        assert rule.mend.split()[0] in told
        assert (done.returncode != 0) == rule.mandatory


def test_what_is_fine_passes_on_preview_and_up(stack: Callable[..., Project], pack: Path) -> None:
    project = stack("fine", *((kind, properties) for _, kind, properties in FINE))
    assert "mandatory" not in project.run("preview", "--policy-pack", str(pack)).stdout
    project.up("--policy-pack", str(pack))


def test_an_unknown_value_silences_nothing(stack: Callable[..., Project], pack: Path) -> None:
    project = stack("open", ("unknown", ""))
    told = project.run("preview", "--policy-pack", str(pack)).stdout
    assert "can't run policy 'no-plain-secrets'" in told
    assert "data.x can't be known during preview" in " ".join(told.split())
    (project.folder / "given.json").write_text(json.dumps([("unknown", "hunter2")]))
    done = project.run("preview", "--policy-pack", str(pack), check=False)
    assert done.returncode
    assert "data.password" in done.stdout
    assert "hunter2" not in done.stdout
    assert "data.password" in project.up("--policy-pack", str(pack), check=False).stdout


def test_a_configuration_is_heeded(stack: Callable[..., Project], pack: Path) -> None:
    kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    project = stack("set", (kind, {"cidrIpv4": "0.0.0.0/0", "fromPort": 8443, "toPort": 8443}))
    project.run("preview", "--policy-pack", str(pack))
    settings = project.folder / "settings.json"
    settings.write_text(json.dumps({"no-open-ports": {"ports": [8443]}, "all": "mandatory"}))
    options = ("--policy-pack", str(pack), "--policy-pack-config", str(settings))
    assert "TCP 8443 is open" in project.run("preview", *options, check=False).stdout
