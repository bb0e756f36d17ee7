"""The policy pack, run by the real engine: programs whose resources are given, plugins that make nothing.

The language host of the tests cannot run packs, so the engine's older way is used: `runtime: python3`, and a program on the
PATH that starts Pulumi's policy server. That one line is all that differs from the pack as it stands.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

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
