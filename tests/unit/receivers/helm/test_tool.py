from pathlib import Path

import pytest

from k8s_audit.errors import ToolError
from k8s_audit.receivers.helm.tool import environment, helm, parsed, reason


def program(folder: Path, text: str) -> str:
    """A helm of another version: it only says so."""
    file = folder / "helm"
    file.write_text(f"#!/bin/sh\necho '{text}'\n")
    file.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_a_missing_helm_is_one_message_with_the_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"helm is not on the PATH; .*tools.setup helm.*https://helm.sh") as error:
        helm("version")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("version", "said"), [("v3.7.2", "helm v3.7.2 is too old; needed: 3.8"), ("k", "no version")])
def test_a_helm_that_is_too_old_or_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, said: str
) -> None:
    monkeypatch.setenv("PATH", program(tmp_path, version))
    with pytest.raises(ToolError, match=said):
        helm("pull", "x")


@pytest.mark.parametrize("version", ["v3.8.0", "v3.22.0+gabc", "v4.0.0-rc.1"])
def test_the_oldest_that_fits_and_all_newer_ones_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("PATH", program(tmp_path, version))
    assert helm("version") == f"{version}\n"
    assert parsed(version) >= (3, 8)


def test_the_users_plugins_and_repositories_are_not_used_and_registry_credentials_are() -> None:
    given = {
        "HELM_PLUGINS": "/p",
        "HELM_REPOSITORY_CONFIG": "/r",
        "HELM_CONFIG_HOME": "/home/ops/helm",
        "DOCKER_CONFIG": "/d",
    }
    found = environment(given, Path("/cache/helm"))
    assert found == {
        "DOCKER_CONFIG": "/d",
        "HELM_CACHE_HOME": "/cache/helm/cache",
        "HELM_CONFIG_HOME": "/cache/helm/config",
        "HELM_DATA_HOME": "/cache/helm/data",
        "HELM_REGISTRY_CONFIG": "/home/ops/helm/registry/config.json",
    }
    assert environment({"HELM_REGISTRY_CONFIG": "/own"}, Path("/c"))["HELM_REGISTRY_CONFIG"] == "/own"
    xdg = environment({"XDG_CONFIG_HOME": "/x"}, Path("/c"))
    assert xdg["HELM_REGISTRY_CONFIG"] == "/x/helm/registry/config.json"


def test_helms_own_last_line_is_the_reason() -> None:
    with pytest.raises(ToolError, match=r"^helm lint: Error: ") as error:
        helm("lint", "/nowhere")
    assert "\n" not in str(error.value)


def test_a_helm_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(tmp_path, "v3.22.0")
    (tmp_path / "helm").write_text('#!/bin/sh\nif [ "$1" = version ]; then echo v3.22.0; else exec sleep 60; fi\n')
    monkeypatch.setenv("PATH", path)
    with pytest.raises(ToolError, match="helm pull took more than 1 s"):
        helm("pull", "x", timeout=1)


def test_the_line_that_says_why_is_shown_and_not_the_advice_after_it() -> None:
    said = "W1124 a warning\nError: execution error at (x/templates/y.yaml:3:4): a name is needed\n\nUse --debug flag to render\n"
    assert reason(said) == "Error: execution error at (x/templates/y.yaml:3:4): a name is needed"
    assert reason("flag needs an argument\n") == "flag needs an argument"
    assert reason("\n") == ""
