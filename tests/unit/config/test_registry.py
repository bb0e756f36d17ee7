"""What is there is registered everywhere: run this while a platform or a receiver is being added, and it names what is missing yet."""

import inspect
import pkgutil
import re
from importlib import import_module
from threading import Event
from typing import Any

import pulumi
import pytest

import k8s_audit
from k8s_audit import platforms
from k8s_audit.config.platforms.hosts import HostsPlatform
from k8s_audit.config.reach import change
from k8s_audit.config.registry import API_SERVERS, AUDITED, PLACES, PLATFORMS, RECEIVERS, RENDERS, STREAMS
from k8s_audit.config.stack import load_stack, read_stack_file
from k8s_audit.provider import resources
from k8s_audit.provider.components import COMPONENTS
from k8s_audit.provider.resources.every import RESOURCES
from rules.auditing_on import JUDGES
from tests.project import CHECKOUT
from tests.unit.cli.test_init import ANSWERS

BUILT = [kind for kind, model in PLATFORMS.items() if model]
NOT_RENDERED = {"eks", "gke", "aks", "iks"}
"""Clouds, whose API servers get nothing as text."""
NOT_JUDGED = {"IksAuditWebhook"}
"""Its policies are IBM's own."""
SHARED = {"host_audit", "every"}
"""A module of `provider/resources/` that is no resource."""


@pytest.mark.parametrize("kind", BUILT)
def test_a_platform_has_a_place_a_text_and_an_answer_to_init(kind: str) -> None:
    rows = {row for row in (API_SERVERS.get(kind), STREAMS.get(kind)) if row}
    assert rows, "config/registry.py: API_SERVERS, STREAMS or TOOLED"
    assert all(import_module(f"k8s_audit.platforms.{row}").place for row in rows)
    assert (kind in RENDERS) != (kind in NOT_RENDERED), "config/registry.py: RENDERS"
    if kind in RENDERS:
        assert import_module(f"k8s_audit.platforms.{RENDERS[kind]}").render
    assert kind in ANSWERS, "tests/unit/cli/test_init.py: ANSWERS"


@pytest.mark.parametrize("kind", [kind for kind in BUILT if issubclass(PLATFORMS[kind] or object, HostsPlatform)])
def test_a_host_of_a_platform_leads_to_the_change_of_its_api_server(kind: str) -> None:
    stack = load_stack(*read_stack_file((CHECKOUT / "stacks" / f"Pulumi.{kind}.yaml").read_text()))
    assert isinstance(stack.platform, HostsPlatform)
    for host in stack.platform.hosts:
        assert change(stack.platform, host, None, Event(), print), "config/reach.py: change"


def test_a_receiver_has_a_place() -> None:
    assert PLACES.keys() == {kind for kind, model in RECEIVERS.items() if model}, "config/registry.py: PLACES"


def test_each_resource_is_served_has_a_public_class_and_a_judge_if_it_holds_a_policy() -> None:
    modules = {each.name for each in pkgutil.iter_modules(resources.__path__)} - SHARED
    served = {each.name: each.inputs.model_fields.keys() for each in RESOURCES}
    assert {snake(name) for name in served} == modules, "provider/resources/every.py"
    assert all(type(resources.resource(each.name)) is type(each) for each in RESOURCES), "the name tells the module"
    assert [resources.resource(name) for name in ("Nothing", "every", "..every", "")] == [None] * 4
    assert served.keys() <= set(k8s_audit.__all__), "k8s_audit/__init__.py"
    audited = {token.rpartition(":")[2] for token in AUDITED}
    assert {name for name, fields in served.items() if "policy" in fields} <= audited, "config/registry.py: AUDITED"
    judged = {token.rpartition(":")[2] for token in JUDGES}
    assert audited - NOT_JUDGED <= judged, "policies/rules/auditing_on.py: JUDGES"


def test_each_component_is_hosted_and_public() -> None:
    found = {each for each in components() if each.__name__.endswith("Audit")}
    assert found <= set(COMPONENTS), "provider/components.py: COMPONENTS"
    assert {each.__name__ for each in COMPONENTS} <= set(k8s_audit.__all__), "k8s_audit/__init__.py"


def test_each_public_name_is_where_it_is_said_to_be() -> None:
    assert all(inspect.isclass(getattr(k8s_audit, name)) for name in k8s_audit.__all__)


def test_each_platform_and_receiver_has_a_page_an_example_and_a_row_in_the_readme() -> None:
    readme = (CHECKOUT / "README.md").read_text()
    examples = "".join(file.read_text() for file in (CHECKOUT / "stacks").glob("Pulumi.*.yaml"))
    for folder, registry in (("platforms", PLATFORMS), ("receivers", RECEIVERS)):
        built = {name for name, model in registry.items() if model}
        pages = {page.stem: page.read_text() for page in (CHECKOUT / "docs" / folder).glob("*.md")}
        assert pages.keys() == built, f"docs/{folder}"
        for name, text in pages.items():
            assert f"kind: {name}" in text, f"docs/{folder}/{name}.md: a stack"
            assert f"(docs/{folder}/{name}.md)" in readme, f"README.md: {name}"
            assert re.search(rf"\bkind: {re.escape(name)}(?![\w.-])", examples), f"stacks: {name}"
        assert all(name.lower() in readme.lower() for name in built)


def components() -> list[type[Any]]:
    modules = [import_module(each.name) for each in pkgutil.walk_packages(platforms.__path__, f"{platforms.__name__}.")]
    return [
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, pulumi.ComponentResource) and each.__module__ == module.__name__
    ]


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
