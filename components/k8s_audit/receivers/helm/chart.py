"""A Helm chart as data: found on this machine or pulled, completed with its sub-charts, and read.

A folder may be a chart's source, whose sub-charts lie beside it: Helm takes those only from its `charts/` (and
`helm dependency update` does not complete a sub-chart's own: https://github.com/helm/helm/issues/2247), so a copy in the user's cache
gets them there. What its values mean is not judged here: that is `values.py`.
"""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from k8s_audit.config.receivers.helm import ChartConfig
from k8s_audit.errors import ConfigError, ToolError
from k8s_audit.receivers.helm.folders import expand, kept, unpack
from k8s_audit.receivers.helm.tool import helm
from k8s_audit.receivers.helm.versions import PINNED

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""A chart's values have up to 1,600 lines; the one in C reads them ten times faster."""
READ = re.compile(r"\.Values((?:\.\w+)+)")
"""Where a template reads a value."""
TOP = "Chart.yaml"


@dataclass(frozen=True)
class Chart:
    """A chart, read.

    Args:
        name: its own name.
        version: its version.
        path: its folder on this machine, sub-charts included.
        values: its values.yaml.
        schema: its values.schema.json; None: it ships none.
        subcharts: by the key of their values: alias, else name.
        reference: what `chart=` of a Release takes.
        repository: what the `repo` of a Release's `repository_opts` takes; None: the reference says all.
        warnings: what a preview says about it.
        reads: the values that its templates read, such as `image.digest`; not all of them are in its values.yaml.
        condition: for a sub-chart: the values of its parent that switch it on, the first that is set decides.
        library: whether it has no objects of its own; its templates then read its parent's values.
    """

    name: str
    version: str
    path: Path
    values: dict[str, Any]
    schema: dict[str, Any] | None
    subcharts: dict[str, "Chart"]
    reference: str
    repository: str | None = None
    warnings: tuple[str, ...] = ()
    reads: frozenset[str] = field(default=frozenset(), repr=False)
    condition: tuple[str, ...] = ()
    library: bool = False


def load_chart(name: str, config: ChartConfig, where: str = "chart") -> Chart:
    """Find a chart and read it: a folder or .tgz by its path, else the repository's, pulled once into the user's cache.

    Args:
        name: one of `versions.PINNED`.
        config: where it comes from.
        where: how messages call the configuration, such as `audit:receivers[0].chart`.

    Raises:
        ConfigError: it is not there, or no chart, or another one, or of another version than the configuration says.
        ToolError: helm is missing or older than 3.8, or cannot pull it.
    """
    pinned = PINNED[name]
    notes: list[str] = []
    reference, repository = name, None
    if config.path:
        given = Path(config.path).expanduser()
        reference = str(given)
        if given.is_dir():
            folder = _complete(given, where, notes)
            reference = str(folder)
        elif given.is_file():
            folder = _unpacked(given, where)
        else:
            raise ConfigError([f"{where}.path: {given} is not there; a chart's folder or .tgz is needed"])
    else:
        repository = config.repository or pinned.repository
        folder = _pulled(name, repository, config.version or pinned.version, where)
        if repository.startswith("oci://"):
            reference, repository = f"{repository}/{name}", None
    chart = _read(folder, where, reference, repository)
    if chart.name != name:
        raise ConfigError([f"{where}: {reference} is the chart {chart.name}; needed: {name}"])
    if config.version and config.version.removeprefix("v") != chart.version.removeprefix("v"):
        raise ConfigError([f"{where}.version: {config.version} is asked for, and {reference} is {chart.version}"])
    if chart.version != pinned.version:
        notes.append(
            f"chart {name} {chart.version} is not the version that this package is tested with: {pinned.version}"
        )
    return replace(chart, warnings=tuple(notes))


def _pulled(name: str, repository: str, version: str, where: str) -> Path:
    """The folder of a repository's chart; a published version does not change, so it is pulled once."""
    key = f"{name}-{version}-{sha256(repository.encode()).hexdigest()[:16]}"
    source = [f"{repository}/{name}"] if repository.startswith("oci://") else [name, "--repo", repository]

    def pull(folder: Path) -> None:
        try:
            helm("pull", *source, "--version", version, "--untar", "--untardir", str(folder))
        except ToolError as error:
            raise ToolError(f"{where}: chart {name} {version} cannot be had from {repository}: {error}") from None
        expand(_chart_in(folder, where), where)

    return _chart_in(kept(pull, key), where)


def _unpacked(archive: Path, where: str) -> Path:
    key = sha256(archive.read_bytes()).hexdigest()[:16]

    def fill(folder: Path) -> None:
        expand(unpack(archive, folder, f"{where}.path"), f"{where}.path")

    return _chart_in(kept(fill, key), where)


def _chart_in(folder: Path, where: str) -> Path:
    found = [file.parent for file in folder.glob(f"*/{TOP}")]
    if not found:
        raise ConfigError([f"{where}: no chart is in {folder}; remove that folder"])
    return found[0]


def _complete(source: Path, where: str, notes: list[str]) -> Path:
    """A copy of a chart's folder with all sub-charts in its `charts/`; another content is another folder."""

    def fill(folder: Path) -> None:
        target = folder / _named(source, where)
        notes.extend(_copy(source, target, where))

    return _chart_in(kept(fill), where)


def _named(source: Path, where: str) -> str:
    """The name in a chart's folder, fit to be a folder's."""
    name = str(_document(source / TOP, where).get("name"))
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise ConfigError([f"{where}.path: {source / TOP} names no chart"])
    return name


def _copy(source: Path, target: Path, where: str, depth: int = 0) -> list[str]:
    """Copy a chart and, below it, its sub-charts; what took the place of something else is noted."""
    if depth > 8:
        raise ConfigError([f"{where}.path: the sub-charts of {source} contain one another"])
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".git", "Chart.lock"))
    expand(target, f"{where}.path")
    top = _document(target / TOP, where)
    notes: list[str] = []
    for dependency in top.get("dependencies") or []:
        name, repository = str(dependency["name"]), str(dependency.get("repository", ""))
        if (target / "charts" / name).exists():
            continue
        is_file = repository.startswith("file://")
        beside = source / repository.removeprefix("file://") if is_file else source.resolve().parent / name
        if not (beside / TOP).is_file():
            raise ConfigError(
                [
                    f"{where}.path: {name}, a sub-chart of {source.name}, is neither in its charts/ nor at {beside};"
                    f" `helm dependency update {source}` fetches it"
                ]
            )
        version = str(_document(beside / TOP, where).get("version"))
        if not is_file:
            notes.append(
                f"sub-chart {name} {version} from beside {source.name} stands in for {dependency['version']} of {repository}"
            )
        # to one whose version does not fit Helm gives no alias, and so not its values, without a word
        dependency["version"] = version
        notes += _copy(beside, target / "charts" / name, where, depth + 1)
    (target / TOP).write_text(yaml.safe_dump(top, sort_keys=False))
    return notes


def _read(
    folder: Path, where: str, reference: str, repository: str | None = None, condition: tuple[str, ...] = ()
) -> Chart:
    """A chart and its sub-charts, from a complete folder."""
    top = _document(folder / TOP, where)
    schema = folder / "values.schema.json"
    values = folder / "values.yaml"
    subcharts = {key: _read(path, where, key, None, names) for key, path, names in _subcharts(folder, top)}
    own = (file.read_text("utf-8", "replace") for file in sorted((folder / "templates").rglob("*")) if file.is_file())
    reads = {path.removeprefix(".") for text in own for path in READ.findall(text)}
    for subchart in subcharts.values():
        if subchart.library:
            reads |= subchart.reads
    return Chart(
        name=str(top.get("name")),
        version=str(top.get("version")),
        path=folder,
        values=_document(values, where) if values.is_file() else {},
        schema=_document(schema, where) if schema.is_file() else None,
        subcharts=subcharts,
        reference=reference,
        repository=repository,
        reads=frozenset(reads),
        condition=condition,
        library=top.get("type") == "library",
    )


def _subcharts(folder: Path, top: dict[str, Any]) -> Iterator[tuple[str, Path, tuple[str, ...]]]:
    """Of each sub-chart: the key of its values, its folder, its condition."""
    there = {path.name: path for path in sorted((folder / "charts").glob("*")) if (path / TOP).is_file()}
    declared = top.get("dependencies") or []
    for dependency in declared:
        if path := there.get(dependency["name"]):
            names = str(dependency.get("condition") or "").replace(" ", "")
            yield dependency.get("alias") or dependency["name"], path, tuple(filter(None, names.split(",")))
    for name in there.keys() - {dependency["name"] for dependency in declared}:
        yield name, there[name], ()


def _document(file: Path, where: str) -> dict[str, Any]:
    """The mapping in a chart's YAML or JSON file."""
    try:
        text = file.read_text("utf-8")
        found = json.loads(text) if file.suffix == ".json" else yaml.load(text, LOADER)
    except FileNotFoundError:
        raise ConfigError([f"{where}.path: no chart: {file} is not there"]) from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError([f"{where}: {file} cannot be read: {first}"]) from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ConfigError([f"{where}: {file} holds no mapping"])
    return found
