import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from k8s_audit.config.receivers.helm import ChartConfig
from k8s_audit.errors import ConfigError, ToolError
from k8s_audit.receivers.helm.chart import Chart, load_chart
from k8s_audit.receivers.helm.tool import helm
from k8s_audit.receivers.helm.versions import PINNED
from k8s_audit.receivers.recorder.certificates import make
from tests.unit.receivers.helm import oci_registry

NAME = "event-generator"
VERSION = PINNED[NAME].version
NewChart = Callable[..., Path]


def load(folder: Path, version: str | None = None) -> Chart:
    return load_chart(NAME, ChartConfig(path=str(folder), version=version), "audit:receivers[0].chart")


def test_sub_charts_beside_a_folder_are_part_of_it_and_theirs_too(new_chart: NewChart) -> None:
    new_chart("common", "1.6.0", type="library", template="{{/* .Values.global.secretName */}}")
    new_chart(
        "agent", "2.0.1", dependencies=[{"name": "common", "version": "~1.6.0", "repository": "file://../common"}]
    )
    dependency = {"name": "agent", "version": "~2.0.0", "repository": "file://../agent", "alias": "theAgent"}
    source = new_chart(NAME, VERSION, dependencies=[dependency | {"condition": "theAgent.enabled,all.enabled"}])
    chart = load(source)
    assert chart.subcharts["theAgent"].condition == ("theAgent.enabled", "all.enabled")
    assert chart.subcharts["theAgent"].subcharts["common"].library
    assert "global.secretName" in chart.subcharts["theAgent"].reads
    assert "name: theAgent" in helm("template", "r", chart.reference)
    assert "name: theAgent" not in helm("template", "r", chart.reference, "--set", "theAgent.enabled=false")
    assert not (source / "charts").exists()


def test_another_content_is_another_reference_and_the_same_content_the_same(new_chart: NewChart, cache: Path) -> None:
    source = new_chart(NAME, VERSION)
    first = load(source).reference
    assert load(source).reference == first
    (source / "templates" / "all.yaml").write_text("# nothing\n")
    assert load(source).reference != first
    assert Path(first).is_relative_to(cache)


def test_a_sub_chart_of_a_repository_that_lies_beside_the_folder_stands_in_and_is_told(new_chart: NewChart) -> None:
    new_chart("sidekick", "0.14.0")
    dependency = {"name": "sidekick", "version": "0.12.*", "repository": "https://charts.invalid", "alias": "side"}
    chart = load(new_chart(NAME, VERSION, dependencies=[dependency]))
    (told,) = chart.warnings
    assert (
        told == "sub-chart sidekick 0.14.0 from beside event-generator stands in for 0.12.* of https://charts.invalid"
    )
    assert 'level: "debug"' in helm("template", "r", chart.reference, "--set", "side.level=debug")


def test_a_sub_chart_that_is_nowhere_is_named_with_the_mend(new_chart: NewChart) -> None:
    source = new_chart(
        NAME, VERSION, dependencies=[{"name": "a", "version": "1.0.0", "repository": "https://b.invalid"}]
    )
    with pytest.raises(
        ConfigError, match=r"chart.path: a, a sub-chart of event-generator,.*`helm dependency update .*` fetches"
    ):
        load(source)


def test_sub_charts_that_contain_one_another_are_refused(new_chart: NewChart) -> None:
    new_chart("a", dependencies=[{"name": "b", "version": "1.0.0", "repository": "file://../b"}])
    new_chart("b", dependencies=[{"name": "a", "version": "1.0.0", "repository": "file://../a"}])
    source = new_chart(NAME, VERSION, dependencies=[{"name": "a", "version": "1.0.0", "repository": "file://../a"}])
    with pytest.raises(ConfigError, match="contain one another"):
        load(source)


def test_a_packed_chart_is_read_and_stays_the_reference(new_chart: NewChart, tmp_path: Path) -> None:
    inner = new_chart("agent", "2.0.1")
    source = new_chart(NAME, VERSION, dependencies=[{"name": "agent", "version": "2.0.1"}])
    helm("package", str(inner), "--destination", str(source / "charts"))
    helm("package", str(source), "--destination", str(tmp_path))
    archive = tmp_path / f"{NAME}-{VERSION}.tgz"
    chart = load(archive)
    assert (chart.version, chart.reference, chart.repository) == (VERSION, str(archive), None)
    assert chart.subcharts["agent"].values == {"level": "info"}
    # packed sub-charts of a folder are unpacked in its copy
    assert load(source).subcharts["agent"].version == "2.0.1"


@pytest.fixture
def repository(new_chart: NewChart, tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    """A real repository, as any web server is one; it notes what it was asked for."""
    folder = tmp_path / "repository"
    helm("package", str(new_chart(NAME, VERSION)), "--destination", str(folder))
    helm("repo", "index", str(folder))
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        server.asked = asked  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_a_mirror_takes_the_place_of_the_publisher_and_is_asked_once(repository: ThreadingHTTPServer) -> None:
    config = ChartConfig(repository=url(repository))
    chart = load_chart(NAME, config)
    assert (chart.reference, chart.repository, chart.version) == (NAME, url(repository), VERSION)
    assert chart.values == {"level": "info"}
    asked = len(repository.asked)  # type: ignore[attr-defined]
    assert asked
    assert load_chart(NAME, config) == chart
    assert len(repository.asked) == asked  # type: ignore[attr-defined]


def test_a_version_that_a_repository_does_not_have_is_told_with_all_three_names(
    repository: ThreadingHTTPServer, cache: Path
) -> None:
    with pytest.raises(
        ToolError, match=rf"chart: chart {NAME} 9.9.9 cannot be had from {url(repository)}: helm pull: .*9.9.9"
    ):
        load_chart(NAME, ChartConfig(repository=url(repository), version="9.9.9"))
    assert not list((cache / "charts").iterdir())


def test_another_version_than_the_pinned_one_is_warned_about(new_chart: NewChart) -> None:
    assert f"not the version that this package is tested with: {VERSION}" in load(new_chart(NAME, "9.9.9")).warnings[0]


def test_another_version_than_the_configuration_says_is_refused(new_chart: NewChart) -> None:
    with pytest.raises(ConfigError, match=re.escape("audit:receivers[0].chart.version: 1.2.3 is asked for, and ")):
        load(new_chart(NAME, VERSION), "1.2.3")


def test_another_chart_is_refused(new_chart: NewChart) -> None:
    with pytest.raises(ConfigError, match=rf"is the chart falco; needed: {NAME}"):
        load(new_chart("falco"))


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("Chart.yaml", "a: [", "Chart.yaml cannot be read"),
        ("Chart.yaml", "name: ../x", "names no chart"),
        ("Chart.yaml", "- a", "holds no mapping"),
        ("values.yaml", "a: b: c", "values.yaml cannot be read"),
        ("values.schema.json", "{", "values.schema.json cannot be read"),
    ],
)
def test_a_folder_that_is_no_chart_is_named(new_chart: NewChart, file: str, text: str, said: str) -> None:
    source = new_chart(NAME, VERSION)
    (source / file).write_text(text)
    with pytest.raises(ConfigError, match=said) as error:
        load(source)
    assert len(error.value.faults) == 1


def test_what_is_not_there_or_no_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"audit:receivers\[0\].chart.path: .*nowhere is not there"):
        load(tmp_path / "nowhere")
    (tmp_path / "a.tgz").write_text("no archive")
    with pytest.raises(ConfigError, match=r"chart.path: .*a.tgz cannot be unpacked"):
        load(tmp_path / "a.tgz")
    with pytest.raises(ConfigError, match=r"Chart.yaml is not there"):
        load(tmp_path)


def test_several_that_load_at_once_share_one_folder_and_leave_nothing_else(new_chart: NewChart, cache: Path) -> None:
    source = new_chart(NAME, VERSION)
    with ProcessPoolExecutor(4) as pool:
        references = {chart.reference for chart in pool.map(load, [source] * 12)}
    assert len(references) == 1
    assert [path.name for path in (cache / "charts").iterdir()] == [Path(references.pop()).parent.name]


def test_a_chart_is_pulled_from_a_registry_with_the_users_own_credentials(
    new_chart: NewChart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helm("package", str(new_chart(NAME, VERSION)), "--destination", str(tmp_path))
    make(tmp_path / "certificates")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificates" / "ca.crt"))
    monkeypatch.setenv("HELM_CONFIG_HOME", str(tmp_path / "helm of the user"))
    with oci_registry.serving(tmp_path / f"{NAME}-{VERSION}.tgz", VERSION, tmp_path / "certificates") as registry:
        config = ChartConfig(repository=f"oci://{registry}/mirror")
        with pytest.raises(ToolError, match=f"cannot be had from oci://{registry}/mirror: helm pull: .*"):
            load_chart(NAME, config)
        login = tmp_path / "helm of the user" / "registry" / "config.json"
        login.parent.mkdir(parents=True)
        login.write_text(json.dumps({"auths": {registry: {"auth": oci_registry.USER}}}))
        chart = load_chart(NAME, config)
    assert (chart.reference, chart.repository) == (f"oci://{registry}/mirror/{NAME}", None)
    assert chart.values == {"level": "info"}
