"""The files that a stack's file names, such as an audit policy, an authority or a chart: what it is made of, beside itself. Pure but for looking whether they are there."""

from pathlib import Path

import yaml


def named_files(config: Path, project: Path) -> list[Path]:
    """The files at paths that are values, and those of charts' folders; none where it cannot be read.

    Args:
        config: a stack's file, or the project's.
        project: the folder of Pulumi.yaml, from which relative paths count.
    """
    try:
        values = [yaml.safe_load(config.read_text("utf-8"))]
    except (OSError, ValueError, yaml.YAMLError):
        return []
    found: list[Path] = []
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values += value.values()
        elif isinstance(value, list):
            values += value
        elif isinstance(value, str) and value:
            found += _files_at(value, project)
    return found


def _files_at(value: str, project: Path) -> list[Path]:
    """The file at a path, or all of a chart's folder; other folders are no part of a stack: most are a host's."""
    try:
        path = project / Path(value).expanduser()
        if (path / "Chart.yaml").is_file():
            return [file for file in path.rglob("*") if file.is_file()]
        return [path] if path.is_file() else []
    except (
        OSError,
        ValueError,
        RuntimeError,
    ):  # no path: too long, with a zero byte, or a user's home that is not known
        return []
