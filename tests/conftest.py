"""For all tests: projects for the engine; the longest tests first, so that a parallel run does not end with one of them."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from k8s_audit.local_cluster import LocalCluster, Ports
from tests.project import CHECKOUT, Project, free_ports
from tests.standins.hasty_cluster import Hasty

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

LONGEST = (
    "test_kills test_ssh_stack test_rollout test_bad_input test_pages test_local_stack test_kubeadm_stack test_eks_way test_aks_way"
    " test_gke_way test_openshift_way test_k3s_stack test_rke_stack test_kops_stack test_in_cluster_stack test_change test_rancher_change"
    " test_iks_stack test_kubespray_stack test_audit_sink_stack test_openshift_3_stack test_minishift_stack test_minikube_stack test_talos_stack test_kind_stack"
    " test_cluster_api_stack test_kubernetes_plugin test_http_receiver test_forwarder"
    " test_sysdig_receivers test_falco test_malformed test_package"
).split()
APART = {"test_kills", "test_bad_input"}
"""Files whose tests take a minute each and share nothing."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the files to the workers, as cards: those of LONGEST first, then those of `control_plane`, then the rest as it was.

    Each worker begins with as many tests as another, which lie together (`--dist worksteal`).
    """

    def rank(group: list[pytest.Item]) -> int:
        path = group[0].path
        if path.stem in LONGEST:
            return LONGEST.index(path.stem)
        return len(LONGEST) + (path.parent.name != "control_plane")

    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(item.nodeid if item.path.stem in APART else str(item.path), []).append(item)
    ranked = sorted(groups.values(), key=rank)
    hands: list[list[pytest.Item]] = [[] for _ in range(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))]
    for number, group in enumerate(ranked):
        hand = hands[number % len(hands)] if rank(group) < len(LONGEST) else min(hands, key=len)
        hand += group
    items[:] = [item for hand in hands for item in hand]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout's virtual environment, whose pip is asked but once what is installed.

    The engine asks before each run, for a fifth of its time, and no test changes what is installed.
    """
    folder, real = tmp_path_factory.mktemp("environment"), CHECKOUT / ".venv"
    (folder / "bin").mkdir()
    for file in (*(real / "bin").iterdir(), *(real / name for name in ("lib", "include", "pyvenv.cfg"))):
        (folder / file.relative_to(real)).symlink_to(file)
    question = "-m pip list -v --format json"
    answer = folder / "installed.json"
    answer.write_bytes(subprocess.check_output([real / "bin" / "python", *question.split()]))
    for name in ("python", "python3"):
        asked = folder / "bin" / name
        asked.unlink(missing_ok=True)
        asked.write_text(f'#!/bin/sh\n[ "$*" = "{question}" ] && exec cat "{answer}"\nexec "{real}/bin/{name}" "$@"\n')
        asked.chmod(0o755)
    return folder


@pytest.fixture
def new_project(tmp_path: Path, environment: Path) -> Iterator[Callable[..., Project]]:
    """Makes projects whose stacks are destroyed at the end, unless the test has done so."""
    made: list[Project] = []

    def make(stack_file: str, name: str = "a project") -> Project:
        folder = tmp_path / name
        folder.mkdir()
        for file in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(CHECKOUT / file, folder / file)
        (folder / "components").symlink_to(CHECKOUT / "components")
        (folder / ".venv").symlink_to(environment)
        project = Project(folder)
        project.write(stack_file)
        subprocess.run(
            ["pulumi", "stack", "init", project.stack],
            cwd=folder,
            env=project.environment(),
            check=True,
            capture_output=True,
        )
        made.append(project)
        return project

    yield make
    for project in made:
        if project.is_down:
            continue
        if project.is_locked:
            project.run("cancel", "--yes")
        if project.holds_anything:
            project.destroy()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A real control plane that kubeadm made and no stack owns; its path has a space in it."""
    made = Hasty(tmp_path_factory.mktemp("a control plane") / "cp 1", Ports(*free_ports(3)))
    try:
        made.create()
        configuration = (made.folder / "kubeadm.yaml").read_text()
        yield made
        assert (made.folder / "kubeadm.yaml").read_text() == configuration, "nobody made it anew"
    finally:
        made.delete()
