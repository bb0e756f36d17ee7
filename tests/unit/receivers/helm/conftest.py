from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

NewChart = Callable[..., Path]
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Chart.Name }}}
data: {level: {{ .Values.level | quote }}}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own; its path has a space in it."""
    folder = tmp_path / "a cache"
    monkeypatch.setenv("K8S_AUDIT_CACHE", str(folder))
    return folder


@pytest.fixture
def new_chart(tmp_path: Path) -> NewChart:
    """Makes the source folder of a chart."""

    def make(name: str, version: str = "1.0.0", values: Any = None, template: str = CONFIG_MAP, **top: Any) -> Path:
        folder = tmp_path / "some charts" / name
        (folder / "templates").mkdir(parents=True)
        (folder / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", "name": name, "version": version} | top))
        (folder / "values.yaml").write_text(yaml.safe_dump({"level": "info"} if values is None else values))
        (folder / "templates" / "all.yaml").write_text(template)
        return folder

    return make
