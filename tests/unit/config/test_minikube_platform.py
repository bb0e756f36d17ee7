"""What a stack's file may say of a minikube cluster, and where minikube's folder is."""

import json
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.config.platforms.minikube import HOME, MinikubePlatform
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.errors import ConfigError
from tests.project import CHECKOUT

HTTP = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}


def judged(delivery: dict[str, Any] | None = None, kubeconfig: str = "admin.conf", **platform: Any) -> Stack:
    cluster = {"name": "dev-1"} | ({"kubeconfig": kubeconfig} if kubeconfig else {})
    return load_stack(
        {
            "audit:cluster": json.dumps(cluster),
            "audit:platform": json.dumps({"kind": "minikube"} | platform),
            "audit:receivers": json.dumps([HTTP]),
            "audit:delivery": json.dumps(delivery or {}),
        }
    )


def test_the_example_is_a_stack_that_warns_of_files_on_other_profiles_nodes() -> None:
    stack = load_stack(*read_stack_file((CHECKOUT / "stacks" / "Pulumi.minikube.yaml").read_text()))
    assert isinstance(stack.platform, MinikubePlatform)
    assert stack.platform.profile == "minikube"
    assert "the nodes of each other profile as well" in stack.warnings()[0]


@pytest.mark.parametrize(
    ("variable", "home", "folder"),
    [
        ("", None, "{user}/.minikube"),
        ("/a", None, "/a/.minikube"),
        ("/a/.minikube", None, "/a/.minikube"),
        ("/a", "~/b", "{user}/b"),
    ],
)
def test_minikubes_folder_is_found_as_minikube_finds_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, home: str | None, folder: str
) -> None:
    monkeypatch.setenv(HOME, variable)
    platform = MinikubePlatform.model_validate({"kind": "minikube"} | ({"home": home} if home else {}))
    assert str(platform.folder()) == folder.format(user=Path.home())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"profile": "-p"}, "audit:platform.profile: "),
        ({"profile": "a/../b"}, "audit:platform.profile: "),
        ({"home": "minikube"}, "audit:platform.home: "),
        ({"driver": "docker"}, "audit:platform.driver: unknown key"),
        ({"kubeconfig": ""}, "audit:cluster.kubeconfig: missing"),
        (
            {"delivery": {"log": {"path": "/var/log/audit.log"}}},
            "audit:delivery.log.path: /var/log/audit.log; allowed: -",
        ),
    ],
)
def test_bad_input_is_one_message(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        judged(**given)
    assert [fault for fault in raised.value.faults if fault.startswith(said)], raised.value.faults
    assert len(raised.value.faults) == 1
