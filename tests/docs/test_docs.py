"""The docs are true: their stack files are judged, their programs previewed, their commands run, their links followed."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from typer.core import TyperGroup

from benchmarks import plot
from benchmarks.__main__ import BENCHMARKS
from k8s_audit.cli.app import app
from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.model import ConfigModel
from k8s_audit.config.platforms.aks import AksPlatform, SeedForwarder, VnetIntegration
from k8s_audit.config.platforms.eks import EksPlatform, ExistingStream, PrivateEndpoints, StreamConfig
from k8s_audit.config.platforms.event_hubs import CustomerKey, EventHubsConfig, ExistingHubs, NetworkRules
from k8s_audit.config.platforms.gke import DataAccessConfig, FirewallConfig, GkePlatform, PubSubConfig
from k8s_audit.config.platforms.hosts import JumpHost
from k8s_audit.config.platforms.kubeadm import ControlPlaneHost, KubeadmPlatform
from k8s_audit.config.platforms.kubespray import KubesprayPlatform
from k8s_audit.config.platforms.openshift import CustomRule, OpenshiftPlatform
from k8s_audit.config.platforms.rke import OF_STATIC_PODS, RkeHost
from k8s_audit.config.registry import API_SERVERS, PLATFORMS, TOOLED
from k8s_audit.config.stack import load_stack, read_project_file, read_stack_file
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.platforms.aks import rights as aks_rights
from k8s_audit.platforms.eks import rights
from k8s_audit.platforms.gke import rights as gke_rights
from tests.pages import PAGES, blocks, commands, title
from tests.project import CHECKOUT

OF_SERVICES = {
    kind: (model, get_args(model.model_fields["hosts"].annotation)[0])
    for kind, model in PLATFORMS.items()
    if model and API_SERVERS.get(kind) == "hosts_place" and kind != "kubeadm"
}
"""Platforms whose hosts have keys of their own beside kubeadm's: their models, and those of a host."""
LACKING = """\
config:
  audit:cluster: {name: prod-1, kubeconfig: admin.conf}
  audit:platform: {kind: kubeadm, hosts: [{access: ssh, address: 10.0.0.1, user: ops}]}
"""
"""A stack without receivers."""
CODE = re.compile(r"`[^`\n]+`|^ {4}.*$", re.MULTILINE)
"""In a line of text, or a line of its own."""
LINK = re.compile(r"\]\(([^)#:]+)(?:#([^)]*))?\)")


@pytest.mark.parametrize("text", blocks("yaml"))
def test_a_stack_file_is_valid(text: str) -> None:
    """Or the defaults of a Pulumi.yaml are, with a stack that lacks them."""
    defaults: dict[str, str] = {}
    if text.startswith("name: audit\n"):
        defaults, text = read_project_file(text)[0], LACKING
    values, secrets = read_stack_file(text)
    load_stack(defaults | values, secrets)


@pytest.mark.parametrize("program", blocks("python"))
def test_a_program_can_be_previewed(program: str, new_project: Callable[..., Any]) -> None:
    project = new_project("config: {}\n")
    (project.folder / "inventory" / "payments-1" / "group_vars" / "k8s_cluster").mkdir(parents=True)
    (project.folder / "__main__.py").write_text(program)
    assert re.search(r"\+ \d+ to create", project.run("preview").stdout)


@pytest.mark.parametrize("script", blocks("sh"))
def test_commands_succeed(script: str, tmp_path: Path) -> None:
    done = subprocess.run(["bash", "-euc", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_command_of_ours_that_a_page_shows_is_one_with_these_options() -> None:
    """Those that name a stack are run, too: tests/engine/test_pages.py."""
    written = [(page, line) for page in PAGES for line in commands(page, "k8s-audit")]
    assert len(written) > 50
    for page, line in written:
        bare = re.split(r"\s[>|]|\s&&", line)[0]
        command, words = typer.main.get_command(app), shlex.split(bare)[1:]
        while isinstance(command, TyperGroup) and words and words[0] in command.commands:
            command, words = command.commands[words[0]], words[1:]
        assert not isinstance(command, TyperGroup) or words == [] or words[0].startswith("-"), (page, line)
        command.make_context(f"{page}: {line}", words)


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target, anchor in LINK.findall(text):
        file = (page.parent / target).resolve()
        assert file.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_each_extra_and_each_benchmark_that_a_page_names_is_one() -> None:
    extras = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["optional-dependencies"].keys()
    installed = [line for page in PAGES for line in commands(page, "pip")]
    assert len(installed) > 4
    assert {
        extra for line in installed for extra in re.findall(r"[a-z]+", line.partition("[")[2].partition("]")[0])
    } <= extras
    measured = [line.split()[3:] for page in PAGES for line in commands(page, "python") if " benchmarks " in line]
    assert measured
    assert {name for names in measured for name in names} <= BENCHMARKS.keys()


def test_make_has_each_target_that_a_page_names() -> None:
    makefile = (CHECKOUT / "Makefile").read_text()
    written = [page for page in PAGES if page.parent.name != "reference"]
    code = [text for page in written for text in CODE.findall(page.read_text())]
    named = {target for text in code for target in re.findall(r"\bmake (?:-s )?([a-z]+(?:-[a-z]+)?)\b", text)}
    missing = {
        target for target in named if not re.search(rf"^([a-z ]+ )?{target}( [a-z ]+)?:", makefile, re.MULTILINE)
    }
    assert {"up", "down", "test", "bench"} <= named
    assert not missing


def test_the_table_of_platforms_has_each_in_one_row_without_an_empty_cell() -> None:
    _, _, *rows = re.findall(r"^\| .* \|$", (CHECKOUT / "docs" / "platforms.md").read_text(), re.MULTILINE)
    named = [kind for row in rows for kind in re.findall(r"\(platforms/([a-z0-9.-]+)\.md\)", row.split(" | ")[0])]
    assert sorted(named) == sorted(kind for kind, model in PLATFORMS.items() if model)
    for row in rows:
        assert len([cell for cell in row.strip("| ").split(" | ") if cell]) == 7, row


def test_the_page_of_delivery_names_each_key_and_flag_with_our_value() -> None:
    page = (CHECKOUT / "docs" / "delivery.md").read_text()
    for key in keys(DeliveryConfig) - {"kind", "style", "throttle", "truncate", "log"}:
        assert f"`{key}`" in page, key
    for name, value in AuditFlags().arguments("POLICY", "WEBHOOK").items():
        if name.endswith(("policy-file", "config-file")):
            continue
        row = next(row for row in page.splitlines() if re.match(r"\| `", row) and flag_of(row, name))
        shown = {"1048576": "1 MiB", "10485760": "10 MiB"}.get(value, value)
        assert shown in row, (name, row)


def flag_of(row: str, flag: str) -> bool:
    """Whether a row of the table is about a flag; `…` in it stands for the ends of several."""
    named = re.findall(r"`(audit-[a-z-]+)(…)?`", row)
    return any(flag == name or (dots and flag.startswith(name)) for name, dots in named)


def test_the_page_of_kubeadm_has_a_row_for_each_key_of_a_host_with_its_default() -> None:
    page = (CHECKOUT / "docs" / "platforms" / "kubeadm.md").read_text()
    for name, field in ControlPlaneHost.model_fields.items():
        row = next(row for row in page.splitlines() if row.startswith(f"| `{field.alias or name}` |"))
        if not field.is_required() and field.default is not None:
            default = str(field.default).lower() if isinstance(field.default, bool) else field.default
            assert f"`{str(default)[:40]}" in row, row
    for model in (KubeadmPlatform, JumpHost):
        for key in keys(model) - {"kind", "hosts"}:
            assert f"`{key}`" in page, key


def test_the_page_of_kubespray_names_each_key_that_kubeadm_has_not() -> None:
    page = (CHECKOUT / "docs" / "platforms" / "kubespray.md").read_text()
    assert all(f"| `{key}` |" in page for key in keys(KubesprayPlatform) - keys(KubeadmPlatform))
    assert f"`{KubesprayPlatform.model_fields['group'].default}`" in page


def test_the_pages_of_services_have_a_row_for_each_key_that_kubeadm_has_not_and_for_other_defaults() -> None:
    for kind, (platform, host) in OF_SERVICES.items():
        page = (CHECKOUT / "docs" / "platforms" / f"{kind}.md").read_text()
        for name, field in host.model_fields.items():
            if field.default != getattr(ControlPlaneHost.model_fields.get(name), "default", None):
                row = next(row for row in page.splitlines() if row.startswith(f"| `{field.alias or name}` |"))
                assert f"`{field.default}`" in row, row
        for key in keys(platform) - {"kind", "hosts"}:
            assert f"`{key}`" in page, key


@pytest.mark.parametrize("kind", TOOLED)
def test_the_page_of_a_tool_or_controller_has_a_row_for_each_key_with_its_default(kind: str) -> None:
    model = PLATFORMS[kind]
    assert model
    page = (CHECKOUT / "docs" / "platforms" / f"{kind}.md").read_text()
    for key in keys(RkeHost) - {RkeHost.model_fields[name].alias for name in OF_STATIC_PODS} if kind == "rke" else ():
        assert f"`{key}`" in page, key
    for name, field in model.model_fields.items():
        if name == "kind":
            continue
        row = next(row for row in page.splitlines() if row.startswith(f"| `{field.alias or name}` |"))
        default = field.get_default(call_default_factory=True) if not field.is_required() else None
        if isinstance(default, list):
            default = f"[{', '.join(default)}]" if default else None
        if default is not None:
            assert f"`{str(default).lower() if isinstance(default, bool) else default}`" in row, row


def test_the_page_of_eks_names_each_key_and_each_right() -> None:
    page = (CHECKOUT / "docs" / "platforms" / "eks.md").read_text()
    for model in (EksPlatform, StreamConfig, ExistingStream, PrivateEndpoints):
        for key in keys(model) - {"kind"}:
            assert f"`{key}`" in page, key
    lists = (rights.DELIVERY, rights.READER, rights.CHAIN, rights.DEAD_LETTER, rights.POLLER, rights.SENDERS)
    for listed in (*lists, rights.PREVIEW, rights.UP):
        for right in listed:
            assert f"`{right.action}`" in page, right.action


def test_the_page_of_gke_names_each_key_each_role_and_each_right_and_no_other() -> None:
    page = (CHECKOUT / "docs" / "platforms" / "gke.md").read_text()
    for model in (GkePlatform, DataAccessConfig, PubSubConfig, FirewallConfig):
        for key in keys(model) - {"kind"}:
            assert f"`{key}`" in page, key
    given = (gke_rights.WRITER, gke_rights.READER, gke_rights.AGENT, gke_rights.IMPERSONATION, gke_rights.BRIDGE)
    listed = {grant.role for each in given for grant in each}
    listed |= {right.permission for each in (gke_rights.PREVIEW, gke_rights.UP) for right in each}
    section = page.partition("## Rights")[2].partition("\n## ")[0]
    assert set(re.findall(r"`((?:roles/)?[a-zA-Z]+\.[a-zA-Z.]+)`", section)) == listed


def test_the_page_of_openshift_has_a_row_for_each_key_with_its_default_and_names_what_a_record_loses() -> None:
    page = (CHECKOUT / "docs" / "platforms" / "openshift.md").read_text()
    for name, field in OpenshiftPlatform.model_fields.items():
        if name == "kind":
            continue
        row = next(row for row in page.splitlines() if row.startswith(f"| `{field.alias or name}` |"))
        default = field.get_default(call_default_factory=True)
        for shown in default if isinstance(default, dict) else [default]:
            assert shown in (None, []) or f"`{shown}`" in row, row
    assert all(f"`{key}`" in page for key in keys(CustomRule))


def test_the_page_of_aks_names_each_key_and_each_right_and_no_other_right() -> None:
    page = (CHECKOUT / "docs" / "platforms" / "aks.md").read_text()
    hubs = (EventHubsConfig, ExistingHubs, NetworkRules, CustomerKey)
    for model in (AksPlatform, VnetIntegration, SeedForwarder, *hubs):
        for key in keys(model) - {"kind"}:
            assert f"`{key}`" in page, key
    rules = (*aks_rights.MONITOR_MANAGES, *aks_rights.FORWARDER_READS, *aks_rights.FORWARDER_DEAD_LETTERS)
    given = {right.action for right in (*rules, *aks_rights.PREVIEW, *aks_rights.UP)}
    assert given - {"Listen", "Send", "Manage"} == set(re.findall(r"`(Microsoft\.[A-Za-z/]+)`", page))


def keys(model: type[ConfigModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_the_picture_of_the_benchmarks_is_that_of_their_table() -> None:
    """`python -m benchmarks.plot docs/benchmarks.md docs/benchmarks.svg` draws it."""
    table = (CHECKOUT / "docs" / "benchmarks.md").read_text()
    assert (CHECKOUT / "docs" / "benchmarks.svg").read_text() == plot.svg(table)
    drawn = list(plot.bars(table))
    assert len(drawn) == len(re.findall(r"\| (?:met|missed) +\|$", table, re.MULTILINE))
    missed = [bar for bar in drawn if bar.verdict == "missed"]
    assert all(bar.shares[0] > 1 for bar in missed)
    assert all(bar.shares[0] <= 1 for bar in drawn if bar not in missed)
